#!/bin/bash
# Usage: enter.sh STAGE LAYER LDCACHE LINKS BINARY COMMAND [ARG...]
# Second half of simhost: runs in the new mount namespace, furnishes it and becomes COMMAND.
# STAGE is an empty directory; LINKS and BINARY may be empty. mount -n, because /run/mount is the real host's.
set -euo pipefail

stage=$1 layer=$2 ldcache=$3 links=$4 binary=$5
shift 5

# shellcheck source=tests/simhost/lib/hide.sh
. "${BASH_SOURCE[0]%/*}/hide.sh"

die() {
  printf 'simhost: %s\n' "$*" >&2
  exit 1
}

# Everything that is written goes to this tmpfs and ends with the namespace.
make_stage() {
  mount -n -t tmpfs -o mode=0755 simhost "$stage"
  mkdir -p "$stage"/{usr,etc,lib,opt,top}/{upper,work} "$stage/root" "$stage/usr/upper/bin" "$stage/dev" "$stage/pci" \
    "$stage/etc/upper/nvidia-container-runtime" "$stage"/storage/{docker,containerd,containers,ldconfig}
}

write_config() {
  local runtimes quoted
  read -ra runtimes <<<"${SIMHOST_RUNTIMES:-/usr/local/lib/simhost/runc /usr/local/lib/simhost/crun}"
  printf -v quoted '"%s", ' "${runtimes[@]}"
  {
    [[ ! -r $layer/config ]] || cat "$layer/config"
    printf '[nvidia-container-runtime]\nruntimes = [%s]\n' "${quoted%, }"
  } >"$stage/etc/upper/nvidia-container-runtime/config.toml"
}

write_groups() {
  local known
  [[ -r $layer/groups ]] || return 0
  known=$(</etc/group)
  [[ $known == *$'\n'render:* ]] || printf '%s\n' "$known" "$(<"$layer/groups")" >"$stage/etc/upper/group"
}

overlay() {
  local name=$1 target=$2 lowers=$3
  mount -n -t overlay -o "lowerdir=$lowers$target,upperdir=$stage/$name/upper,workdir=$stage/$name/work" \
    simhost "$target"
}

# What the real host has and this one lacks.
hide_absent() {
  local path
  [[ -r $layer/absent ]] || return 0
  while read -r path; do
    [[ $path != /etc/ld.so.cache ]] || ldcache=
    [[ ! -e $path ]] || hide "$path"
  done <"$layer/absent"
}

mount_overlays() {
  overlay usr /usr "${links:+$links:}$layer/usr:$stage/hidden/usr:"
  overlay etc /etc "${ldcache:+$ldcache:}$layer/etc:$stage/hidden/etc:"
  overlay lib /var/lib ""
  [[ ! -d $stage/hidden/opt ]] || overlay opt /opt "$stage/hidden/opt:"
}

# Engines stack overlays of their own on these, which an overlay cannot carry.
mount_storage() {
  local name
  for name in docker containerd containers; do
    [[ -d /var/lib/$name ]] || mkdir "/var/lib/$name"
    mount -n --bind "$stage/storage/$name" "/var/lib/$name"
  done
  # ldconfig's notes about the real host's libraries.
  [[ ! -d /var/cache/ldconfig ]] || mount -n --bind "$stage/storage/ldconfig" /var/cache/ldconfig
}

mount_run() {
  mount -n -t tmpfs -o nosuid,mode=0755 simhost /run
  cp -a "$layer/run/." /run
}

mount_dev() {
  mount -n -t tmpfs -o nosuid,strictatime,mode=0755 simhost "$stage/dev"
  mkdir "$stage/dev"/{pts,shm,mqueue}
  # The host's own devpts, or the caller's terminal would lose its name.
  mount -n --bind /dev/pts "$stage/dev/pts"
  mount -n -t tmpfs -o nosuid,nodev,mode=1777 simhost "$stage/dev/shm"
  mount -n -t mqueue mqueue "$stage/dev/mqueue" 2>/dev/null || true
  mount -n --move "$stage/dev" /dev
}

mount_kernel_views() {
  cp -a /sys/bus/pci/devices/. "$stage/pci" 2>/dev/null || true
  [[ -d /sys/bus/pci/devices ]] || die "this kernel has no /sys/bus/pci/devices to put GPUs in"
  mount -n --bind "$stage/pci" /sys/bus/pci/devices
  mount -n -t tmpfs -o nosuid,nodev,noexec,mode=0555 simhost /proc/driver
  tar -xf "$layer/live.tar" -C / --numeric-owner
  [[ ! -d $layer/firmware ]] || mount -n -o ro --bind "$layer/firmware" /sys/firmware
  write_proc_devices
  mount -n --bind "$stage/devices" /proc/devices
}

# The real majors plus the driver's, in the kernel's order.
write_proc_devices() {
  local line characters=() rest=()
  while IFS= read -r line; do
    if ((${#rest[@]})) || [[ -z $line ]]; then
      rest+=("$line")
    elif [[ $line == *[0-9]* && $line != *" nvidia"* ]]; then
      characters+=("$line")
    fi
  done </proc/devices
  {
    echo "Character devices:"
    printf '%s\n' "${characters[@]}" "$(<"$layer/majors")" | sort -s -n -k 1,1
    printf '%s\n' "${rest[@]}"
  } >"$stage/devices"
}

# Directories beside /usr and /etc cannot be made on the real host. Where a profile has some, or its root is
# read-only, the root becomes an overlay in which everything else is what it was.
mount_top() {
  local entry cwd=$PWD
  [[ -d $layer/top || -e $layer/read_only ]] || return 0
  # Not as a lower layer, which must not lie in another one.
  [[ ! -d $layer/top ]] || cp -a "$layer/top/." "$stage/top/upper"
  mount -n -t overlay -o "lowerdir=/,upperdir=$stage/top/upper,workdir=$stage/top/work" simhost "$stage/root"
  for entry in /*; do
    if [[ $entry == /usr && -r $layer/usr_path ]]; then
      mount -n --rbind /usr "$stage/root$(<"$layer/usr_path")"
      rmdir "$stage/root/usr" 2>/dev/null || rm -r "$stage/root/usr"
      ln -s ".$(<"$layer/usr_path")" "$stage/root/usr"
    elif [[ -d $entry && ! -L $entry ]]; then
      mount -n --rbind "$entry" "$stage/root$entry"
    fi
  done
  cd "$stage/root"
  pivot_root . .
  umount -n --lazy .
  cd "$cwd"
}

mount_binds() {
  local from to
  [[ -r $layer/binds ]] || return 0
  while read -r from to; do
    mkdir -p "$to"
    mount -n --rbind "$from" "$to"
  done <"$layer/binds"
}

make_read_only() {
  [[ -e $layer/read_only ]] || return 0
  mount -n -o remount,bind,ro /usr
  mount -n -o remount,bind,ro /etc
  mount -n -o remount,bind,ro /
}

# Where the kernel looks first for firmware, as the boot of some distributions sets it.
write_firmware_path() {
  [[ ! -r $layer/firmware_path ]] ||
    mount -n --bind "$layer/firmware_path" /sys/module/firmware_class/parameters/path
}

# crun refuses a machine that has both cgroup versions mounted.
hide_hybrid_cgroup() {
  ! mountpoint -q /sys/fs/cgroup/unified || umount -n /sys/fs/cgroup/unified
}

make_stage
write_config
write_groups
[[ -z $binary ]] || cp -- "$binary" "$stage/usr/upper/bin/nvbox"
hide_installed
hide_absent
mount_overlays
mount_storage
mount_run
mount_dev
mount_kernel_views
hide_hybrid_cgroup
write_firmware_path
mount_top
mount_binds
make_read_only
umount -n --lazy "$stage"
exec "$@"
