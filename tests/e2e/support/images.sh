#!/bin/bash
# Root filesystems for containers, made of this machine's own files and the probe. See README.md.
set -euo pipefail

support_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
kinds=(glibc glibc-nocache glibc-rhel glibc-aarch64 musl)
cache=${XDG_CACHE_HOME:-/var/cache}/nvbox-simhost

usage() {
  cat <<'TEXT'
usage: images.sh [--cache DIR] KIND         make the image if need be and print its directory
       images.sh [--cache DIR] --copy DEST KIND   make DEST a copy of it to write to
       images.sh --list                     list the kinds
TEXT
}

die() {
  printf 'images.sh: %s\n' "$*" >&2
  exit 1
}

require_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null ||
      die "$tool is missing: install it (Debian: apt-get install gcc musl-tools busybox-static libc-bin)"
  done
}

# What every image has: merged /usr, busybox, mount points and the usual files of /etc.
make_base() {
  local root=$1 libdirs=$2 name
  mkdir -p "$root"/{dev,etc,opt/image/lib,proc,root,run,sys,tmp,usr/{bin,sbin,lib,local/lib},var}
  chmod 1777 "$root/tmp"
  for name in bin sbin lib $libdirs; do
    mkdir -p "$root/usr/$name"
    ln -s "usr/$name" "$root/$name"
  done
  ln -s ../run "$root/var/run"
  cp "$(command -v busybox)" "$root/usr/bin/busybox"
  for name in cat chmod cp echo env grep id ln ls mkdir mount readlink rm sh sleep sort stat test touch true umount; do
    ln -s busybox "$root/usr/bin/$name"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
}

# What the compiler's name begins with, and what runs its programs, for an image of another machine.
tools='' emulator=()

# A library of the image's own, in a directory only its configuration knows: it must still be found
# when the driver's libraries have been added.
make_own_library() {
  local file=$1
  printf 'const char *nvbox_stub_name(void) { return "%s"; }\n' "${file##*/}" |
    "${tools}gcc" -xc - -shared -nostdlib -fPIC -Wl,-soname,"${file##*/}" -o "$file"
}

# As ldd prints it, which asks the loader of this machine.
list_libraries() {
  local loader
  loader=$(readelf -l "$1" | grep -o '/lib[^]]*/ld-[^]]*')
  "${emulator[@]}" "$loader" --list "$1"
}

# Copies the libraries of `program` to `libdir` and its loader to the path that is compiled into it.
copy_libraries() {
  local root=$1 libdir=$2 program=$3 file
  mkdir -p "$root$libdir"
  while read -r file; do
    case $file in
      */ld-linux*) cp -L "$file" "$root$file" ;;
      *) cp -L "$file" "$root$libdir/" ;;
    esac
  done < <(list_libraries "$program" | grep -o '/[^ ]*')
}

make_glibc_files() {
  local root=$1 libdir=$2 libc name
  require_tools "${tools}gcc" readelf busybox
  make_base "$root" lib64
  "${tools}gcc" -O2 -Wall "$support_dir/probe.c" -o "$root/usr/bin/probe"
  copy_libraries "$root" "$libdir" "$root/usr/bin/probe"
  # Every image with glibc has these, and a real libcuda needs them, whatever the probe itself does.
  libc=$(list_libraries "$root/usr/bin/probe" | sed -nE 's/.*=> (.*libc\.so\.6) .*/\1/p')
  for name in libdl.so.2 libm.so.6 libpthread.so.0 librt.so.1; do
    cp -L "${libc%/*}/$name" "$root$libdir/"
  done
  make_own_library "$root/opt/image/lib/libnvbox_image.so.1"
  mkdir "$root/etc/ld.so.conf.d"
  echo /opt/image/lib >"$root/etc/ld.so.conf.d/image.conf"
}

make_glibc_nocache() {
  local root=$1 multiarch
  multiarch=$("${tools}gcc" -print-multiarch)
  make_glibc_files "$root" "/usr/lib/$multiarch"
  echo 12.5 >"$root/etc/debian_version"
  echo 'include /etc/ld.so.conf.d/*.conf' >"$root/etc/ld.so.conf"
  echo /usr/local/lib >"$root/etc/ld.so.conf.d/libc.conf"
  printf '/usr/local/lib/%s\n/lib/%s\n/usr/lib/%s\n' "$multiarch" "$multiarch" "$multiarch" \
    >"$root/etc/ld.so.conf.d/$multiarch.conf"
}

make_glibc() {
  make_glibc_nocache "$1"
  ldconfig -r "$1"
}

# Its busybox is this machine's, so that a shell needs no emulator. $SIMHOST_LDCONFIG is a command that runs the
# other machine's ldconfig.
make_glibc_aarch64() {
  local ldconfig
  tools=aarch64-linux-gnu-
  [[ $(uname -m) == aarch64 ]] || emulator=(qemu-aarch64-static)
  make_glibc_nocache "$1"
  read -ra ldconfig <<<"${SIMHOST_LDCONFIG:-ldconfig}"
  "${ldconfig[@]}" -r "$1"
}

# This loader is Debian's and finds /usr/lib64 by the cache only, so whoever loses an entry is found out.
make_glibc_rhel() {
  local root=$1
  make_glibc_files "$root" /usr/lib64
  echo 'Red Hat Enterprise Linux release 9.4 (Plow)' >"$root/etc/redhat-release"
  echo 'include ld.so.conf.d/*.conf' >"$root/etc/ld.so.conf"
  ldconfig -r "$root" /usr/lib64
}

make_musl() {
  local root=$1 loader
  require_tools musl-gcc gcc busybox
  make_base "$root" ''
  musl-gcc -O2 -Wall "$support_dir/probe.c" -o "$root/usr/bin/probe"
  loader=$(readelf -l "$root/usr/bin/probe" | grep -o '/lib/ld-musl[^]]*')
  cp -L "$loader" "$root$loader"
  make_own_library "$root/usr/local/lib/libnvbox_image.so.1"
  echo 3.19.1 >"$root/etc/alpine-release"
}

# Sets `image`.
prepare() {
  local kind=$1 sum new
  sum=$({ cat -- "$support_dir/images.sh" "$support_dir/probe.c" && printf %s "${SIMHOST_LDCONFIG-}"; } | cksum)
  image=$cache/images/$kind-${sum%% *}
  [[ ! -d $image ]] || return 0
  mkdir -p -- "$cache/images" || die "cannot make $cache/images: choose another place with --cache"
  exec {lock}>"$cache/images/lock"
  flock "$lock"
  if [[ ! -d $image ]]; then
    new=$(mktemp -d "$cache/images/.build.XXXXXX")
    trap 'rm -rf -- "$new"' EXIT
    "make_${kind//-/_}" "$new"
    chmod 0755 "$new"
    mv -T -- "$new" "$image"
    trap - EXIT
  fi
  exec {lock}>&-
}

copy_to=
while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --list) printf '%s\n' "${kinds[@]}"; exit 0 ;;
    --cache | --copy)
      (($# >= 2)) || die "$1 needs a value"
      if [[ $1 == --cache ]]; then cache=$2; else copy_to=$2; fi
      shift 2
      ;;
    -*) die "unknown option $1" ;;
    *) break ;;
  esac
done
(($# == 1)) || { usage >&2; exit 2; }
[[ " ${kinds[*]} " == *" $1 "* ]] || die "unknown image '$1': there are ${kinds[*]}"

prepare "$1"
if [[ -n $copy_to ]]; then
  mkdir -p -- "$copy_to"
  cp -a -- "$image/." "$copy_to"
else
  printf '%s\n' "$image"
fi
