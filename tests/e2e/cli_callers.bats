#!/usr/bin/env bats
# The programs that call nvidia-container-cli themselves: LXC's hook, containerd's --gpus, a script.

# shellcheck disable=SC2154,SC2016 # variables of helpers.bash; text for another shell

load helpers

setup() {
  require unshare pivot_root containerd ctr runc lxc-start jq
}

# called PROFILE SUPPORT_SCRIPT ARGUMENT...
called() {
  run "$simhost" --install "$nvbox" "$1" -- "$support/$2" "${@:3}"
}

by_hand() {
  run "$simhost" --install "$nvbox" "$1" -- bash -c '
    "$1/images.sh" --copy /run/image "$2"
    "$1/handmade.sh" /run/image "${@:3}"' bash "$support" "${@:2}"
}

# lxc_gpu PROFILE IMAGE ENVIRONMENT ARGUMENT...: unprivileged, with the hook that LXC brings.
lxc_gpu() {
  local variable config=(--config 'lxc.hook.mount = /usr/share/lxc/hooks/nvidia')
  for variable in $3; do config+=(--config "lxc.environment = $variable"); done
  called "$1" lxc.sh --unprivileged "${config[@]}" "$2" "${@:4}"
}

has_t4_driver() {
  has_text 'libcuda.so.1: libcuda.so.535.261.03 '
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.535.261.03 '
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1 '
}

@test "a container made by hand" {
  by_hand t4x1 glibc probe nodes -- mounts /usr -- mounts /mnt \
    -- dlopen libcuda.so.1 libnvidia-ml.so.1 libnvbox_image.so.1
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia0 195:0 0666 0:0'
  has_line '/dev/nvidiactl 195:255 0666 0:0'
  has_line '/usr/bin/nvidia-smi nodev,nosuid,relatime,ro'
  has_t4_driver
  has_no_text '/mnt/'
  has_no_text libGLX
  by_hand t4x1 glibc nvidia-smi
  [ "$status" -eq 0 ]
}

@test "a container made by hand of another distribution" {
  by_hand t4x1 glibc-rhel probe dlopen libcuda.so.1 libnvidia-ml.so.1 libnvbox_image.so.1
  [ "$status" -eq 0 ]
  has_t4_driver
  has_text ' /usr/lib64/libcuda.so.1'
}

@test "containerd: ctr run --gpus" {
  called a100x8 containerd.sh glibc --gpus 0 -- probe nodes -- open /dev/nvidiactl /dev/nvidia1 \
    -- dlopen libcuda.so.1 libGLX_nvidia.so.0 libnvbox_image.so.1 -- mounts /usr/bin
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia1 195:1 0666 0:0'
  has_no_text '/dev/nvidia0 '
  has_text 'libcuda.so.1: libcuda.so.550.163.01 '
  has_text 'libGLX_nvidia.so.0: libGLX_nvidia.so.550.163.01 '
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1 '
  has_line '/usr/bin/nvidia-smi nodev,nosuid,relatime,ro'
  # The device cgroup allows them: the node has no driver behind it, which is ENXIO and not EPERM.
  has_line '/dev/nvidiactl: ENXIO'
  has_line '/dev/nvidia1: ENXIO'
}

@test "containerd: the GPUs that were not asked for stay closed" {
  called a100x8 containerd.sh glibc --gpus 0 -- sh -c \
    'busybox mknod /run/other c 195 0 && busybox mknod /run/mine c 195 1 && probe open /run/other /run/mine'
  [ "$status" -eq 0 ]
  has_line '/run/other: EPERM'
  has_line '/run/mine: ENXIO'
}

@test "containerd shows the error" {
  called a100x8 containerd.sh glibc --gpus 9 -- probe nodes
  [ "$status" -ne 0 ]
  has_text 'nvidia-container-cli: device error: 9: unknown device; this host has GPUs 0-7'
}

@test "LXC, unprivileged, with its own hook" {
  lxc_gpu t4x1 glibc 'NVIDIA_VISIBLE_DEVICES=0 NVIDIA_DRIVER_CAPABILITIES=compute,utility' \
    probe nodes -- mounts /usr -- open /dev/nvidia0 \
    -- dlopen libcuda.so.1 libnvidia-ml.so.1 libnvbox_image.so.1 libGLX_nvidia.so.0
  [ "$status" -eq 0 ]
  # The nodes are the host's, whose root has no number in the container.
  has_line '/dev/nvidia0 195:0 0666 65534:65534'
  has_line '/dev/nvidiactl 195:255 0666 65534:65534'
  has_line '/dev/nvidia0: ENXIO'
  has_line '/usr/bin/nvidia-smi nodev,nosuid,relatime,ro'
  has_t4_driver
  has_text 'libGLX_nvidia.so.0: cannot open'
  lxc_gpu t4x1 glibc NVIDIA_VISIBLE_DEVICES=0 nvidia-smi
  [ "$status" -eq 0 ]
}

@test "LXC, unprivileged, with all capabilities and a requirement" {
  lxc_gpu t4x1 glibc-rhel \
    'NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all NVIDIA_REQUIRE_CUDA=cuda>=12.0' \
    probe nodes -- dlopen libcuda.so.1 libnvidia-ml.so.1 libnvbox_image.so.1 libGLX_nvidia.so.0
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia-modeset 195:254 0666 65534:65534'
  has_t4_driver
  has_text 'libGLX_nvidia.so.0: libGLX_nvidia.so.535.261.03 /usr/lib64/'
}

@test "LXC, unprivileged, with the driver and no GPU, as Incus asks for it" {
  lxc_gpu t4x1 glibc NVIDIA_VISIBLE_DEVICES=none probe nodes -- dlopen libnvidia-ml.so.1
  [ "$status" -eq 0 ]
  has_line '/dev/nvidiactl 195:255 0666 65534:65534'
  has_no_text /dev/nvidia0
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.535.261.03 '
}

@test "LXC without a GPU" {
  for devices in '' NVIDIA_VISIBLE_DEVICES=void; do
    lxc_gpu t4x1 glibc "$devices" probe nodes -- mounts /usr
    [ "$status" -eq 0 ]
    has_no_text nvidia
  done
}

# LXC logs what a hook says in pieces of some hundred bytes and cuts off the rest, so the message is
# not looked for here.
@test "LXC does not start a container whose GPU does not exist" {
  lxc_gpu t4x1 glibc NVIDIA_VISIBLE_DEVICES=7 probe nodes
  [ "$status" -ne 0 ]
  has_line 'lxc: Script exited with status 1'
}

# LXC sets the device rules itself after its hooks, so they are in its configuration.
@test "LXC, privileged, calling us without a hook script" {
  called t4x1 lxc.sh --config 'lxc.hook.version = 1' --config "lxc.hook.mount = nvidia-container-cli \
--load-kmods configure --no-cgroups --device=0 --compute --utility \$LXC_ROOTFS_MOUNT" \
    --config 'lxc.cgroup.devices.allow = c 195:* rw' \
    glibc probe nodes -- open /dev/nvidia0 /dev/nvidia-uvm -- dlopen libcuda.so.1 libnvidia-ml.so.1 libnvbox_image.so.1
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia0 195:0 0666 0:0'
  has_line '/dev/nvidia0: ENXIO'
  has_line '/dev/nvidia-uvm: EPERM'
  has_t4_driver
}

# In a PID namespace of its own with the outer /proc, the number of the caller's parent is another's.
@test "without --pid the rules go to the caller's own device cgroup" {
  run "$simhost" --install "$nvbox" t4x1 -- bash -c '
    own=/sys/fs/cgroup/devices/nvbox-test-$$
    mkdir "$own"
    trap "rmdir $own" EXIT
    "$1/images.sh" --copy /run/image glibc
    bash -ec "
      echo \$\$ >$own/cgroup.procs
      echo a >$own/devices.deny
      echo \"c 1:* rwm\" >$own/devices.allow
      exec unshare --mount --pid --fork nvidia-container-cli configure --device=0 --utility /run/image"
    cat "$own/devices.list"' bash "$support"
  [ "$status" -eq 0 ]
  has_text 'c 195:0 rw'
  has_text 'c 195:255 rw'
}
