# shellcheck shell=bash
# The cache: one directory per content of profile and generator, made once and then only read,
# so that a start costs mounts and one tar, and several starts can share it.
#   <profile>-<sum>/usr, etc   lower layers with the driver's files
#   <profile>-<sum>/live.tar   what goes into /proc/driver, /dev and /sys
#   <profile>-<sum>/firmware   what goes into /sys/firmware, if anything
#   <profile>-<sum>/run        sockets, which tar cannot hold, and more
#   <profile>-<sum>/ldcache-*  ld.so.cache of this host and the driver together
# shellcheck disable=SC2154 # cache and simhost_dir come from the caller

# Sets `layer` and `ldcache`.
prepare_layer() {
  local profile=$1 name sum
  name=${profile##*/}
  sum=$(cat -- "$profile" "$simhost_dir"/lib/*.sh "$simhost_dir"/stubs/* "$simhost_dir"/runtime/* \
    "$simhost_dir"/*-files.txt | cksum)
  layer=$cache/${name%.profile}-${sum%% *}
  [[ -d $layer ]] || locked build_layer "$profile"

  sum=$(cksum <<<"${SIMHOST_LDCONFIG-}")
  ldcache=$layer/ldcache-$(stat -c %Y.%s /etc/ld.so.cache 2>/dev/null || echo none)-${sum%% *}
  [[ -d $ldcache ]] || locked build_ldcache
}

# Sets `links`: a layer with a link to nvbox for every applet it lists. Keyed by that list, since
# forty links are a third of the start-up time otherwise.
prepare_links() {
  local binary=$1 list sum
  list=$("$binary" --list) || die "$binary --list: exit status $?"
  sum=$(cksum <<<"$list")
  links=$cache/links-${sum%% *}
  [[ -d $links ]] || locked build_links "$list"
}

# Two starts may find the cache cold at once: the second one waits and finds it warm.
locked() {
  mkdir -p -- "$cache/stage" 2>/dev/null || die "cannot make $cache/stage: choose another place with --cache"
  exec {lock}>"$cache/lock"
  flock "$lock"
  "$@"
  exec {lock}>&-
}

# What stands under its final name is always complete.
publish() {
  chmod 0755 "$1"
  mv -T -- "$1" "$2"
}

build_layer() {
  local profile=$1 new
  [[ ! -d $layer ]] || return 0
  require_tools gcc as ld nm objcopy jq
  new=$(mktemp -d "$cache/.build.XXXXXX")
  if ! /bin/bash "$simhost_dir/lib/build.sh" "$profile" "$new"; then
    rm -rf -- "$new"
    exit 1
  fi
  publish "$new" "$layer"
}

build_links() {
  local list=$1 new name
  [[ ! -d $links ]] || return 0
  new=$(mktemp -d "$cache/.build.XXXXXX")
  mkdir "$new/bin"
  while read -r name _; do
    [[ -z $name || $name == nvbox ]] || ln -s nvbox "$new/bin/$name"
  done <<<"$list"
  publish "$new" "$links"
}

build_ldcache() {
  local new
  [[ ! -d $ldcache ]] || return 0
  require_tools ldconfig
  new=$(mktemp -d "$cache/.build.XXXXXX")
  if ! unshare --mount --propagation private -- \
    /bin/bash "$simhost_dir/lib/ldcache.sh" "$layer" "$new" >"$cache/ldconfig.log" 2>&1; then
    rm -rf -- "$new"
    die "ldconfig failed: see $cache/ldconfig.log"
  fi
  publish "$new" "$ldcache"
}
