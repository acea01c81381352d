#!/usr/bin/env bats
# A container keeps its GPUs when systemd or the engine applies its device rules again (nvidia-container-toolkit
# issues 48, 251 and 1227; nvidia-container-runtime pull request 55 about `docker update`).
# shellcheck disable=SC2154 # variables of vm.bash
bats_require_minimum_version 1.5.0

load vm.bash

setup_file() {
  set_up_docker
  set_up_podman
  nvidia-ctk runtime configure --runtime=podman
  add_hooks
}

teardown_file() {
  remove_hooks
  rm -f /etc/containers/containers.conf.d/99-nvidia.conf
}

teardown() { end; }

# systemd marks the rules of all units at a reload, and applies them when it next realizes the control groups of the
# slice: at the start of any other unit in it (seen with systemd 257: a reload alone changes nothing).
reload() {
  timeout 60 systemctl daemon-reload
  timeout 60 systemd-run -q --wait --slice="$slice" true
}

# docker-update and podman-update(1) hand the whole of the container's resources to the low-level runtime.
update() { timeout 120 "$engine" update --memory 300m --memory-swap 400m "$id"; }

# Not here: `podman update` of a container with CDI devices or with GPUs of a hook. Podman tells crun of those devices
# only that it gave itself, with or without nvbox: crun 1.21 then takes the others away, and crun 1.28 refuses.

# Beside the GPUs, a device that the user gave the container stays as well: the engine's rules count on.
survives() {
  local step
  expect_own_gpu /dev/fuse
  for step in "$@"; do
    echo "after $step:"
    "$step"
    expect_own_gpu /dev/fuse
  done
}

@test "docker --runtime=nvidia, daemon-reload" {
  start docker --device /dev/fuse --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0
  survives reload
}

@test "docker --runtime=nvidia, update and daemon-reload" {
  start docker --device /dev/fuse --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0
  survives update reload
}

@test "docker --gpus, daemon-reload" {
  start docker --device /dev/fuse --gpus device=0
  survives reload
}

@test "docker --gpus, update and daemon-reload" {
  start docker --device /dev/fuse --gpus device=0
  survives update reload
}

@test "docker CDI, daemon-reload" {
  start docker --device /dev/fuse --device nvidia.com/gpu=0
  survives reload
}

@test "docker CDI, update and daemon-reload" {
  start docker --device /dev/fuse --device nvidia.com/gpu=0
  survives update reload
}

@test "podman CDI, daemon-reload" {
  start podman --device /dev/fuse --device nvidia.com/gpu=0
  survives reload
}

@test "podman --runtime=nvidia, daemon-reload" {
  start podman --device /dev/fuse --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0
  survives reload
}

@test "podman --runtime=nvidia, update and daemon-reload" {
  start podman --device /dev/fuse --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0
  survives update reload
}

@test "podman hooks.d, daemon-reload" {
  start podman --device /dev/fuse -e NVIDIA_VISIBLE_DEVICES=0
  survives reload
}
