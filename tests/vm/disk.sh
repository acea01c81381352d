# shellcheck shell=bash
# The disk: the base with modules, the driver's files and what runs the checks.
# shellcheck disable=SC2154 # base, disk, cache and the rest come from build

make_disk() {
  local work
  work=$(mktemp -d "$cache/.disk.XXXXXX")
  # shellcheck disable=SC2064 # now
  trap "umount -R '$work/root' 2>/dev/null; rm -rf '$work'" EXIT
  root=$work/root
  mkdir "$work"/{root,upper,scratch,made}
  mount -t overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/scratch" nvbox-vm "$root"
  mount -t proc proc "$root/proc"
  say 'modules'
  build_modules
  add_driver_files "$work/driver"
  add_guest
  umount "$root/proc"
  say 'disk'
  cp "$root"/boot/vmlinuz-* "$work/made/vmlinuz"
  cp "$root"/boot/initrd.img-* "$work/made/initrd"
  cp "$base/versions" "$work/made/versions"
  truncate -s 12G "$work/made/disk.img"
  mkfs.ext4 -q -E root_owner=0:0 -O ^has_journal -d "$root" "$work/made/disk.img"
  umount "$root"
  mv -T "$work/made" "$disk"
  trap - EXIT
  rm -rf "$work"
}

build_modules() {
  local version
  version=$(basename "$(ls -d "$root"/lib/modules/*)")
  mkdir -p "$root/usr/src/nvsim" "$root/lib/modules/$version/updates"
  cp "$vm_dir"/kernel/* "$root/usr/src/nvsim/"
  in_root make -s -C "/lib/modules/$version/build" M=/usr/src/nvsim modules >"$cache/modules.log" 2>&1 ||
    die "the modules do not build: see $cache/modules.log"
  cp "$root"/usr/src/nvsim/*.ko "$root/lib/modules/$version/updates/"
  in_root depmod "$version"
  # DRM first, because what is in updates/ needs it; the driver itself is loaded by its PCI ids.
  printf '%s\n' drm nvsim_pci 9pnet_virtio >"$root/etc/modules-load.d/nvsim.conf"
}

# The files of the driver as simhost makes them; of its kernel half, what the modules read.
add_driver_files() {
  local made=$1 tree=$1.tree
  mkdir "$made" "$tree"
  bash "$simhost_dir/lib/build.sh" "$simhost_dir/profiles/$profile.profile" "$made"
  rm -rf "$made/usr/local/lib/simhost"
  cp -a "$made/usr/." "$root/usr/"
  cp -a "$made/etc/." "$root/etc/"
  in_root ldconfig
  tar -xf "$made/live.tar" -C "$tree"
  mkdir -p "$root/usr/lib/nvsim"
  write_tree "$tree/proc" >"$root/usr/lib/nvsim/tree"
  write_pci "$tree/sys/bus/pci/devices" >"$root/usr/lib/nvsim/pci"
}

# The lines that kernel/nvidia.c reads. Directories come before what is in them.
write_tree() {
  local proc=$1 path mode
  while IFS= read -r path; do
    mode=$(stat -c %a "$proc/$path")
    if [[ -d $proc/$path ]]; then
      printf 'd %s %s\n' "$mode" "$path"
    else
      printf 'f %s %s %s\n' "$mode" "$(stat -c %s "$proc/$path")" "$path"
      cat "$proc/$path"
    fi
  done < <(cd "$proc" && find driver -mindepth 1 | sort)
}

write_pci() {
  local device
  for device in "$1"/*; do
    printf '%s %s %s\n' "${device##*/}" "$(<"$device/class")" "$(<"$device/device")"
  done
}

add_guest() {
  install_file 0755 nvsim /usr/sbin/nvsim
  install_file 0755 nvbox-checks /usr/sbin/nvbox-checks
  install_file 0644 nvsim-nodes.service /etc/systemd/system/nvsim-nodes.service
  install_file 0644 nvbox-checks.service /etc/systemd/system/nvbox-checks.service
  in_root systemctl -q enable nvsim-nodes nvbox-checks
  echo vm >"$root/etc/hostname"
  printf '127.0.0.1 localhost vm\n' >"$root/etc/hosts"
  mkdir -p "$root/share"
  # Waits for a network that there is not, and timers that would work beside the checks.
  in_root systemctl -q mask systemd-networkd-wait-online systemd-resolved apt-daily.timer apt-daily-upgrade.timer \
    man-db.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer
  in_root useradd -m -s /bin/bash ann
  printf 'ann:200000:65536\n' | tee -a "$root/etc/subuid" >>"$root/etc/subgid"
  mkdir -p "$root/var/lib/systemd/linger"
  touch "$root/var/lib/systemd/linger/ann"
  # Whoever looks around with `run --shell` needs no password.
  in_root passwd -q -d root
}

install_file() { install -m "$1" "$vm_dir/guest/$2" "$root$3"; }
