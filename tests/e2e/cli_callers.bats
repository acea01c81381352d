#!/usr/bin/env bats
# Those who call nvidia-container-cli, for real: LXC with its own hook, containerd's contrib/nvidia,
# and a container made by hand.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require lxc-start containerd ctr runc jq unshare pivot_root
}

@test "LXC's own hook in an unprivileged container" {
  run on_host t4x1 runc "$support/lxc.sh" --unprivileged \
    --config 'lxc.hook.mount = /usr/share/lxc/hooks/nvidia' \
    --config 'lxc.environment = NVIDIA_VISIBLE_DEVICES=all' \
    --config 'lxc.environment = NVIDIA_DRIVER_CAPABILITIES=compute,utility' \
    glibc -- /usr/bin/probe nodes -- dlopen libcuda.so.1 libnvbox_image.so.1 -- mounts /usr/bin
  [ "$status" -eq 0 ]
  has_text '/dev/nvidia0 195:0 0666'
  has_text 'libcuda.so.1: libcuda.so.535.261.03'
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1'
  has_line '/usr/bin/nvidia-smi nodev,nosuid,relatime,ro'
}

@test "LXC's own hook: utility only, and a requirement that does not hold" {
  run on_host t4x1 runc "$support/lxc.sh" --unprivileged \
    --config 'lxc.hook.mount = /usr/share/lxc/hooks/nvidia' \
    --config 'lxc.environment = NVIDIA_VISIBLE_DEVICES=0' \
    --config 'lxc.environment = NVIDIA_DRIVER_CAPABILITIES=utility' \
    glibc -- /usr/bin/probe dlopen libnvidia-ml.so.1 libcuda.so.1
  [ "$status" -eq 0 ]
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.535.261.03'
  has_text 'libcuda.so.1: cannot open shared object file'
  run on_host t4x1 runc "$support/lxc.sh" --unprivileged \
    --config 'lxc.hook.mount = /usr/share/lxc/hooks/nvidia' \
    --config 'lxc.environment = NVIDIA_VISIBLE_DEVICES=0' \
    --config 'lxc.environment = NVIDIA_REQUIRE_CUDA=cuda>=99.0' \
    glibc -- /usr/bin/probe nodes
  [ "$status" -ne 0 ]
  has_text 'Failed to run mount hooks'
}

@test "a privileged LXC container whose mount hook calls us" {
  run on_host t4x1 runc bash -c '
    printf "#!/bin/sh\nexec nvidia-container-cli configure --no-cgroups --device=all --compute \
      --utility \"\$LXC_ROOTFS_MOUNT\"\n" >/run/hook
    chmod +x /run/hook
    "$1/lxc.sh" --config "lxc.hook.mount = /run/hook" glibc -- \
      /usr/bin/probe nodes -- dlopen libcuda.so.1' bash "$support"
  [ "$status" -eq 0 ]
  has_text '/dev/nvidia0 195:0 0666'
  has_text 'libcuda.so.1: libcuda.so.535.261.03'
}

@test "containerd: ctr run --gpus" {
  run on_host a100x8 runc "$support/containerd.sh" --gpus 0 \
    --runc-binary /usr/local/lib/simhost/runc \
    -- /usr/bin/probe nodes -- dlopen libcuda.so.1 -- open /dev/nvidia1
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia1 195:1 0666 0:0'
  has_no_text /dev/nvidia0
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  has_line '/dev/nvidia1: ENXIO'
}

@test "a container made by hand" {
  run on_host a100x8 runc bash -c '
    "$1/images.sh" --copy /run/root glibc
    unshare --mount --pid --fork --propagation private bash -ec "
      mount --bind /run/root /run/root
      mount -t proc proc /run/root/proc
      # A new procfs shows the drivers of the kernel, which here is none.
      mount --bind /proc/driver /run/root/proc/driver
      nvidia-container-cli configure --no-cgroups --device=0 --compute --utility /run/root
      cd /run/root
      mkdir -p old
      pivot_root . old
      umount -l /old
      exec /usr/bin/probe nodes -- dlopen libcuda.so.1 libnvidia-ml.so.1"' bash "$support"
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia1 195:1 0666 0:0'
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.550.163.01'
}
