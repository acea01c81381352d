#!/usr/bin/env bats
# What containers ask for beside GPUs: NVIDIA_GDS, NVIDIA_MOFED, NVIDIA_GDRCOPY and NVIDIA_NVSWITCH.

# shellcheck disable=SC2154,SC2016 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require runc jq unshare
}

# asking PROFILE NAME=VALUE... -- CONTAINER_SH_ARGUMENT...: a container with these variables.
asking() {
  local profile=$1 options=()
  shift
  while [ "$1" != -- ]; do
    options+=(--env "$1")
    shift
  done
  run start "$profile" runc "${options[@]}" "${@:2}"
}

# logged PROFILE NAME=VALUE...: what the log file of the runtime says about such a container.
logged() {
  local profile=$1 options=() variable
  for variable in "${@:2}"; do options+=(--env "$variable"); done
  run on_host "$profile" runc bash -c '
    "$1/bundle.sh" "${@:2}" /run/b glibc true
    nvidia-container-runtime --log /run/log --log-format json run --bundle /run/b c </dev/null
    echo "status $?"
    jq -r "\"\(.level): \(.msg)\"" /run/log' bash "$support" "${options[@]}"
}

# The nodes of the container whose paths match.
nodes_inside() {
  sed -nE "s|^($1) [0-9]+:[0-9]+ .*|\\1|p" <<<"$output" | paste -sd ' '
}

@test "GPUDirect Storage: its nodes and files, the GPU, and nothing of other features" {
  asking a100x8 NVIDIA_VISIBLE_DEVICES=0 NVIDIA_GDS=enabled -- glibc probe nodes -- mounts /run/udev \
    -- mounts /etc/cufile.json -- cat /etc/cufile.json /run/udev/data/b259:0 -- write /run/udev/data/b259:0
  [ "$status" -eq 0 ]
  [ "$(nodes_inside '/dev/nvidia[0-9]+')" = /dev/nvidia1 ]
  [ "$(grep -c '^/dev/nvidia-fs[0-9]* 506:[0-9]* 0666 0:0$' <<<"$output")" -eq 16 ]
  has_line '/run/udev nodev,nosuid,relatime,ro'
  has_line '/etc/cufile.json nodev,nosuid,relatime,ro'
  has_text allow_compat_mode
  has_line 'E:ID_MODEL=Simulated NVMe'
  has_line '/run/udev/data/b259:0: EROFS'
  has_no_text gdrdrv
  has_no_text infiniband
  has_no_text nvswitch
}

@test "every feature at once" {
  asking a100x8 NVIDIA_VISIBLE_DEVICES=all NVIDIA_GDS=enabled NVIDIA_MOFED=enabled \
    NVIDIA_GDRCOPY=enabled NVIDIA_NVSWITCH=enabled -- glibc probe nodes -- open /dev/nvidia-fs15 \
    /dev/infiniband/uverbs8 /dev/infiniband/rdma_cm /dev/gdrdrv /dev/nvidia-nvswitch5
  [ "$status" -eq 0 ]
  [ "$(nodes_inside '/dev/nvidia[0-9]+')" = "$(printf '/dev/nvidia%d\n' {0..7} | paste -sd ' ')" ]
  [ "$(nodes_inside '/dev/infiniband/[^ ]*')" = \
    "/dev/infiniband/rdma_cm $(printf '/dev/infiniband/uverbs%d\n' {0..8} | paste -sd ' ')" ]
  [ "$(nodes_inside '/dev/nvidia-nvswitch[^ ]*')" = \
    "$(printf '/dev/nvidia-nvswitch%s\n' {0..5} ctl | paste -sd ' ')" ]
  has_line '/dev/gdrdrv 505:0 0666 0:0'
  # The device cgroup allows them; there is no driver behind them.
  for node in nvidia-fs15 infiniband/uverbs8 gdrdrv nvidia-nvswitch5; do
    has_line "/dev/$node: ENXIO"
  done
  has_no_text '/dev/infiniband/rdma_cm: EPERM'
}

@test "a feature that is not asked for is not allowed either" {
  asking a100x8 NVIDIA_VISIBLE_DEVICES=0 NVIDIA_GDS=enabled NVIDIA_GDRCOPY=1 NVIDIA_MOFED=Enabled -- \
    glibc sh -c 'mknod /tmp/gdrdrv c 505 0 && probe nodes -- open /tmp/gdrdrv'
  [ "$status" -eq 0 ]
  has_line '/tmp/gdrdrv: EPERM'
  has_no_text infiniband
}

@test "features are for GPU containers only" {
  asking a100x8 NVIDIA_GDS=enabled NVIDIA_MOFED=enabled -- glibc probe nodes -- mounts /run
  [ "$status" -eq 0 ]
  has_no_text /dev/
  has_no_text /run/udev
}

@test "a feature that the host lacks is a warning, and the container starts with its GPU" {
  asking t4x1 NVIDIA_VISIBLE_DEVICES=all NVIDIA_MOFED=enabled NVIDIA_GDS=enabled -- glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(nodes_inside '/dev/nvidia[0-9]+')" = /dev/nvidia0 ]
  logged t4x1 NVIDIA_VISIBLE_DEVICES=all NVIDIA_MOFED=enabled
  has_line 'status 0'
  has_line 'warning: mofed is asked for, but /dev/infiniband/uverbs* does not exist; it is made by the kernel module ib_uverbs'
}

@test "a misspelt variable is told, even when nothing is asked for" {
  logged t4x1 NVIDIA_VISIBLE_DEVICE=all NVIDIA_PRODUCT_NAME=CUDA
  [ "$status" -eq 0 ]
  has_line 'warning: ignoring variable "NVIDIA_VISIBLE_DEVICE": did you mean NVIDIA_VISIBLE_DEVICES?'
  has_no_text NVIDIA_PRODUCT_NAME
}

@test "rights over MIG need a privileged container" {
  logged a100mig NVIDIA_VISIBLE_DEVICES=all NVIDIA_MIG_CONFIG_DEVICES=all
  has_line 'status 1'
  has_line 'error: NVIDIA_MIG_CONFIG_DEVICES=all: the container is not privileged; give it CAP_SYS_ADMIN (docker run --privileged), or unset the variable'
}
