#!/usr/bin/env bats
# Podman with crun: as root, as a user without rights (ann, with subordinate ids and a manager of her own), and
# started by systemd.
# shellcheck disable=SC2034 # read by vm.bash
bats_require_minimum_version 1.5.0

load vm.bash

setup_file() {
  set_up_podman
  as_ann podman image inspect glibc >/dev/null 2>&1 || as_ann podman import /share/images/glibc.tar glibc
}

teardown() {
  end
  remove_hooks
  rm -f /etc/containers/systemd/probe.container
}

# The nodes that a container has of the driver. Without root there is no device cgroup: a user who could make no
# node anyway is kept from other GPUs by their absence.
node_names() { sed -n 's/^\(\/dev\/nvidia[^ :]*\) [0-9].*/\1/p' <<<"$1" | sort | tr '\n' ' '; }

gives_ann_one_gpu() {
  run -0 as_ann podman run --rm --network=none --device nvidia.com/gpu=0 "$@" glibc \
    probe open /dev/nvidia0 -- dlopen libcuda.so.1 -- nodes
  echo "$output"
  [[ $output == *$'\n/dev/nvidia0: OK\n'* ]]
  [[ $output == *$'\nlibcuda.so.1: libcuda.so.550.163.01 '* ]]
  [ "$(node_names "$output")" = \
    '/dev/nvidia-modeset /dev/nvidia-uvm /dev/nvidia-uvm-tools /dev/nvidia0 /dev/nvidiactl ' ]
}

@test "root: CDI" {
  local before
  before=$(count_opens)
  start podman --device nvidia.com/gpu=0
  [ "$(openers_since "$before")" = '' ]
  expect_own_gpu
}

@test "root: CDI, and the container is stopped and started" {
  start podman --device nvidia.com/gpu=0
  timeout 120 podman restart -t 0 "$id"
  expect_own_gpu
}

@test "root: hooks.d gives a GPU to who asks for one, and nothing to others" {
  local before
  add_hooks
  before=$(count_opens)
  start podman -e NVIDIA_VISIBLE_DEVICES=0
  [ "$(openers_since "$before")" = '' ]
  expect_own_gpu
  run -0 timeout 120 podman run --rm --network=none glibc probe nodes
  [ "$output" = '' ]
}

@test "without root: CDI" { gives_ann_one_gpu; }

# podman-run(1), --userns: the user's own id in the container, and no root's.
@test "without root: CDI with --userns=keep-id" {
  gives_ann_one_gpu --userns=keep-id
  run -0 as_ann podman run --rm --network=none --userns=keep-id --device nvidia.com/gpu=0 glibc busybox id -u
  [ "$output" = "$(id -u ann)" ]
}

@test "without root: a MIG device" {
  run -0 as_ann podman run --rm --network=none --device nvidia.com/gpu=1:0 glibc probe open /dev/nvidia1 -- nodes
  echo "$output"
  [[ $output == *$'\n/dev/nvidia1: OK\n'* ]]
  # Capabilities of instance 9, which is the first in tests/simhost/profiles/a100mig.profile.
  [ "$(grep -o '^/dev/nvidia-caps/[^ ]*' <<<"$output" | sort)" = "$(
    cat /proc/driver/nvidia/capabilities/gpu1/mig/gi9/{access,ci0/access} |
      sed -n 's|^DeviceFileMinor: |/dev/nvidia-caps/nvidia-cap|p' | sort
  )" ]
}

# podman-systemd.unit(5): AddDevice=, with the control groups below the service's own (--cgroups=split).
@test "quadlet: a service with AddDevice has its GPU, also over daemon-reload" {
  mkdir -p /etc/containers/systemd
  printf '%s\n' '[Container]' Image=localhost/glibc:latest Exec='sleep 1000' Network=none AddCapability=MKNOD \
    ContainerName=probe AddDevice=nvidia.com/gpu=0 >/etc/containers/systemd/probe.container
  systemctl daemon-reload
  timeout 120 systemctl start probe
  engine=podman id=probe
  expect_own_gpu
  systemctl daemon-reload
  timeout 60 systemd-run -q --wait true
  expect_own_gpu
  timeout 60 systemctl stop probe
  id=
}
