#!/bin/bash
# A Docker daemon of the test's own, inside a simulated host. See README.md.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: docker.sh start [OPTION...] DIR         start a daemon that keeps everything in DIR
       docker.sh stop DIR                      stop it and whatever it started
       docker.sh restart DIR                   stop it and start it with DIR/daemon.json as it is
       docker.sh import DIR NAME IMAGE         make IMAGE (kind or directory) the image NAME
       docker.sh with [OPTION...] DIR [--] COMMAND [ARG...]
                                               start, run COMMAND with DOCKER_HOST set, stop
options of start and with:
  --runtime NAME=PATH     register a runtime
  --default-runtime NAME  use it when docker run names none
  --storage DRIVER        overlay2 (default) or vfs
After start, clients need DOCKER_HOST=unix://DIR/docker.sock.
TEXT
}

die() {
  printf 'docker.sh: %s\n' "$*" >&2
  exit 1
}

support_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
runtimes=() default_runtime=runc storage=overlay2 arguments=()

# Sets the variables above; what is left goes to `arguments`.
parse_options() {
  while (($#)); do
    case $1 in
      --runtime | --default-runtime | --storage)
        (($# >= 2)) || die "$1 needs a value"
        case $1 in
          --runtime) runtimes+=("$2") ;;
          --default-runtime) default_runtime=$2 ;;
          --storage) storage=$2 ;;
        esac
        shift 2
        ;;
      -*) die "unknown option $1" ;;
      *) break ;;
    esac
  done
  arguments=("$@")
}

# One cgroup above all of a daemon's containers, to find and remove them by. Another simulated host may
# use the same directory name, so the mount namespace is part of it.
cgroup_of() {
  local namespace sum
  namespace=$(readlink /proc/self/ns/mnt)
  sum=$(cksum <<<"$namespace $1")
  printf 'simhost-docker-%s\n' "${sum%% *}"
}

write_daemon_config() {
  local dir=$1
  # shellcheck disable=SC2016 # jq's variables
  jq -n --arg dir "$dir" --arg default "$default_runtime" --arg storage "$storage" --arg cgroup "/$(cgroup_of "$dir")" '{
    "data-root": ($dir + "/data"),
    "exec-root": ($dir + "/exec"),
    pidfile: ($dir + "/docker.pid"),
    hosts: ["unix://" + $dir + "/docker.sock"],
    bridge: "none",
    iptables: false,
    "ip6tables": false,
    "storage-driver": $storage,
    "cgroup-parent": $cgroup,
    "exec-opts": ["native.cgroupdriver=cgroupfs"],
    "default-runtime": $default,
    runtimes: ($ARGS.positional | map(capture("(?<key>[^=]*)=(?<path>.*)") | {key, value: {path}}) | from_entries)
  }' --args -- "${runtimes[@]}" >"$dir/daemon.json"
}

# The daemon runs in its own session: a Ctrl-C at the test must not reach it before stop does.
# LAUNCHER... is what to start it with.
start() {
  local dir=$1 tries
  shift
  [[ -n ${SIMHOST_PROFILE-} ]] || die "not inside a simulated host: run it under tests/simhost/simhost"
  command -v dockerd >/dev/null || die "dockerd is missing: install it (Debian: apt-get install docker.io)"
  mkdir -p -- "$dir"
  [[ -e $dir/daemon.json ]] || write_daemon_config "$dir"
  setsid "$@" dockerd --config-file "$dir/daemon.json" >"$dir/log" 2>&1 </dev/null &
  for ((tries = 0; tries < 150; tries++)); do
    ! DOCKER_HOST=unix://$dir/docker.sock docker version >/dev/null 2>&1 || return 0
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  tail -n 5 "$dir/log" >&2
  stop "$dir"
  die "the daemon did not start: see $dir/log"
}

# The daemon, its containerd and its shims all have a file of `dir` as an argument.
is_of_daemon() {
  local dir=$1 word
  shift
  for word in "$@"; do
    [[ $word != "$dir/daemon.json" && $word != "$dir/exec/"* ]] || return 0
  done
  return 1
}

# Prints what belongs to the daemon or runs in its cgroup. Processes end while this looks, which is no error.
processes_of() {
  local dir=$1 cgroup namespace proc words cgroups
  cgroup=$(cgroup_of "$dir")
  namespace=/proc/$$/ns/mnt
  for proc in /proc/[0-9]*; do
    words=() cgroups=
    { mapfile -d '' -t words <"$proc/cmdline" && read -r -d '' cgroups <"$proc/cgroup"; } 2>/dev/null || true
    if [[ $cgroups == *"/$cgroup/"* ]] ||
      { [[ $proc/ns/mnt -ef $namespace ]] && is_of_daemon "$dir" "${words[@]}"; }; then
      printf '%s\n' "${proc#/proc/}"
    fi
  done
}

# Or the daemon grants each ten seconds to end, and a container's init ignores SIGTERM.
kill_containers() {
  local running
  mapfile -t running < <(DOCKER_HOST=unix://$1/docker.sock docker ps -q 2>/dev/null)
  ((${#running[@]} == 0)) || DOCKER_HOST=unix://$1/docker.sock docker kill "${running[@]}" >/dev/null 2>&1 || true
}

wait_until_gone() {
  local pid=$1 tries
  for ((tries = 0; tries < 150; tries++)); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
}

stop() {
  local dir=$1 pid
  kill_containers "$dir"
  if pid=$(cat "$dir/docker.pid" 2>/dev/null); then
    kill "$pid" 2>/dev/null || true
    wait_until_gone "$pid"
  fi
  kill_rest "$dir"
  remove_cgroups "$(cgroup_of "$dir")"
  unmount_below "$dir"
}

# Whatever a daemon that did not end in order has left.
kill_rest() {
  local dir=$1 rest tries
  for ((tries = 0; tries < 50; tries++)); do
    mapfile -t rest < <(processes_of "$dir")
    ((${#rest[@]})) || return 0
    kill -KILL "${rest[@]}" 2>/dev/null || true
    sleep 0.1
  done
}

# A cgroup is busy until the processes killed in it have been reaped.
remove_cgroups() {
  local tries
  for ((tries = 0; tries < 50; tries++)); do
    find /sys/fs/cgroup -depth -type d -path "*/$1*" -exec rmdir {} + 2>/dev/null || true
    [[ -n $(find /sys/fs/cgroup -type d -name "$1" 2>/dev/null) ]] || return 0
    sleep 0.1
  done
}

unmount_below() {
  local dir=$1 mounts
  mapfile -t mounts < <(awk -v prefix="$dir/" 'index($5, prefix) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
  ((${#mounts[@]} == 0)) || umount --lazy -- "${mounts[@]}"
}

import() {
  local dir=$1 name=$2 image=$3
  [[ -d $image ]] || image=$("$support_dir/images.sh" "$image")
  tar --numeric-owner -C "$image" -c . | DOCKER_HOST=unix://$dir/docker.sock docker import - "$name" >/dev/null
}

with() {
  local dir=$1
  shift
  [[ ${1-} != -- ]] || shift
  (($#)) || die "no command given"
  # shellcheck disable=SC2064 # this directory
  trap "stop ${dir@Q}" EXIT
  # Should this script be killed, there is nobody left to stop the daemon.
  start "$dir" setpriv --pdeathsig TERM
  DOCKER_HOST=unix://$dir/docker.sock "$@"
}

absolute() {
  [[ $1 == /* ]] || die "$1: not an absolute path"
}

case ${1-} in
  start)
    parse_options "${@:2}"
    ((${#arguments[@]} == 1)) || die "start needs one directory"
    absolute "${arguments[0]}"
    start "${arguments[0]}"
    ;;
  with)
    parse_options "${@:2}"
    ((${#arguments[@]} >= 2)) || die "with needs a directory and a command"
    absolute "${arguments[0]}"
    with "${arguments[@]}"
    ;;
  restart)
    (($# == 2)) || die "restart needs one directory"
    absolute "$2"
    stop "$2"
    start "$2"
    ;;
  stop)
    (($# == 2)) || die "stop needs one directory"
    absolute "$2"
    stop "$2"
    ;;
  import)
    (($# == 4)) || die "import needs a directory, a name and an image"
    import "${@:2}"
    ;;
  --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
