#!/bin/bash
# An OCI bundle for runc and crun. See README.md.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: bundle.sh [OPTION...] DIR IMAGE [--] ARG...

Makes DIR a bundle that runs ARG... in a copy of IMAGE, a kind of images.sh or a directory.

  --env NAME=VALUE         add to the environment (any number of times, any order counts)
  --annotation NAME=VALUE  add an annotation
  --mount SOURCE:TARGET    bind SOURCE
  --privileged             CAP_SYS_ADMIN in all sets
  --readonly               read-only root
  --bind-proc              the host's /proc instead of a new one
TEXT
}

die() {
  printf 'bundle.sh: %s\n' "$*" >&2
  exit 1
}

support_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
env=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
annotations=() mounts=() privileged=false readonly=false bind_proc=false

while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --env | --annotation | --mount)
      (($# >= 2)) || die "$1 needs a value"
      case $1 in
        --env) env+=("$2") ;;
        --annotation) annotations+=("$2") ;;
        --mount) mounts+=("$2") ;;
      esac
      shift 2
      ;;
    --privileged) privileged=true; shift ;;
    --readonly) readonly=true; shift ;;
    --bind-proc) bind_proc=true; shift ;;
    -*) die "unknown option $1" ;;
    *) break ;;
  esac
done
(($# >= 3)) || { usage >&2; exit 2; }
dir=$1 image=$2
shift 2
[[ $1 != -- ]] || shift
(($#)) || die "no command given"

if [[ -d $image ]]; then
  mkdir -p -- "$dir/rootfs"
  cp -a -- "$image/." "$dir/rootfs"
else
  "$support_dir/images.sh" --copy "$dir/rootfs" "$image"
fi

# A device rule that denies everything comes first, as engines write it; there is no cgroup mount, which
# crun refuses on some machines, and no network namespace, which needs nothing tested here.
# shellcheck disable=SC2016 # jq's variables
jq -n --argjson privileged "$privileged" --argjson readonly "$readonly" --argjson bind_proc "$bind_proc" \
  --arg annotations "$(printf '%s\n' "${annotations[@]}")" --arg mounts "$(printf '%s\n' "${mounts[@]}")" \
  --arg env "$(printf '%s\n' "${env[@]}")" '
  def lines: split("\n") | map(select(. != ""));
  def pairs: lines | map(capture("(?<key>[^=]*)=(?<value>.*)")) | from_entries;
  (["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID",
    "CAP_SYS_CHROOT", "CAP_AUDIT_WRITE"]
   + if $privileged then ["CAP_SYS_ADMIN"] else [] end) as $capabilities
  | {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: {uid: 0, gid: 0},
      args: $ARGS.positional,
      env: ($env | lines),
      cwd: "/",
      capabilities: {bounding: $capabilities, effective: $capabilities, permitted: $capabilities},
      noNewPrivileges: true
    },
    root: {path: "rootfs", readonly: $readonly},
    hostname: "container",
    mounts: ([
      (if $bind_proc then {destination: "/proc", type: "bind", source: "/proc", options: ["rbind"]}
       else {destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]} end),
      {destination: "/dev", type: "tmpfs", source: "tmpfs",
       options: ["nosuid", "strictatime", "mode=755", "size=65536k"]},
      {destination: "/dev/pts", type: "devpts", source: "devpts",
       options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
      {destination: "/dev/shm", type: "tmpfs", source: "shm",
       options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
      {destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]},
      {destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"]}
    ] + ($mounts | lines | map(capture("(?<source>[^:]*):(?<destination>.*)")
                               + {type: "bind", options: ["rbind", "rprivate", "ro"]}))),
    annotations: ($annotations | pairs),
    linux: {
      resources: {devices: [{allow: false, access: "rwm"}]},
      namespaces: ([{type: "mount"}, {type: "ipc"}, {type: "uts"}]
                   + if $bind_proc then [] else [{type: "pid"}] end),
      maskedPaths: [],
      readonlyPaths: []
    }
  }' --args -- "$@" >"$dir/config.json"
