#!/bin/bash
# One LXC container, from a new rootfs to its end. See README.md.
#
# usage: lxc.sh [--unprivileged] [--config LINE]... IMAGE [--] ARG...
#
# Runs inside a simulated host. Prints what ARG... printed; if the container did not start, LXC's log.
set -euo pipefail

support_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
unprivileged=false config=()
while (($#)); do
  case $1 in
    --unprivileged) unprivileged=true; shift ;;
    --config) config+=("$2"); shift 2 ;;
    *) break ;;
  esac
done
image=$1
shift
[[ $1 != -- ]] || shift

name=nvbox-$$
root=/run/lxc-test/$name/rootfs
log=${root%/*}/log
mkdir -p "${root%/*}"
"$support_dir/images.sh" --copy "$root" "$image"
mkdir -p "$root/dev/pts"
{
  printf 'lxc.include = /usr/share/lxc/config/common.conf\n'
  if $unprivileged; then
    printf 'lxc.include = /usr/share/lxc/config/userns.conf\n'
    printf 'lxc.idmap = %s 0 100000 65536\n' u g
  fi
  printf '%s\n' "lxc.uts.name = $name" "lxc.rootfs.path = dir:$root" 'lxc.net.0.type = empty' \
    'lxc.console.path = none' 'lxc.tty.max = 0' "${config[@]}"
  # A new procfs shows the drivers of the kernel, which here is none.
  printf 'lxc.mount.entry = /proc/driver proc/driver none bind 0 0\n'
} >"$root/../config"

if $unprivileged; then
  # Where uidmap is installed, LXC may let its tools write the map.
  echo root:100000:65536 | tee /etc/subuid >/etc/subgid
  chown -R 100000:100000 "$root"
  # The kernel lets a user namespace mount a procfs and a sysfs only where one without anything
  # mounted over its directories is in sight, and a simulated host has mounted over both.
  if [[ ! -d /run/full ]]; then
    mkdir -p /run/full/{proc,sys}
    mount -n -t proc proc /run/full/proc
    mount -n -t sysfs full /run/full/sys
  fi
fi

status=0
lxc-start -F -P /run/lxc-test -n "$name" -f "$root/../config" -o "$log" -l DEBUG -- \
  /bin/sh -c 'exec "$@" >/result 2>&1' sh "$@" </dev/null >/dev/null 2>&1 || status=$?
if [[ -e $root/result ]]; then
  cat "$root/result"
else
  # What the hooks said, of which LXC logs several lines at once, and then what LXC says of it.
  sed -n -e 's/.* produced output: //p' -e t -e '/^lxc-start /!p' "$log"
  sed -n 's/.* ERROR .*:[0-9]* - /lxc: /p' "$log"
fi
# LXC waits in this cgroup while it removes the container's.
rmdir /sys/fs/cgroup/*/lxc.pivot 2>/dev/null || true
exit "$status"
