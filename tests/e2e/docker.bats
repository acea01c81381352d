#!/usr/bin/env bats
# A real dockerd that knows nvidia-container-runtime as the runtime "nvidia". It lives in one
# simulated host for all tests of this file; the client talks to it through its socket.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

setup_file() {
  require dockerd docker containerd runc jq unshare
  DOCKER_DIR=$(mktemp -d)
  export DOCKER_DIR DOCKER_HOST=unix://$DOCKER_DIR/docker.sock
  on_host a100x8 runc "$support/docker.sh" start --storage vfs \
    --runtime nvidia=/usr/bin/nvidia-container-runtime \
    --runtime plain=/usr/local/lib/simhost/runc "$DOCKER_DIR" 3>&-
  "$support/docker.sh" import "$DOCKER_DIR" glibc glibc
  "$support/docker.sh" import "$DOCKER_DIR" glibc-nocache glibc-nocache
  "$support/docker.sh" import "$DOCKER_DIR" musl musl
}

teardown_file() {
  "$support/docker.sh" stop "$DOCKER_DIR"
  rm -rf "$DOCKER_DIR"
}

# gpu DEVICES DOCKER_RUN_ARGUMENT...
gpu() {
  run docker run --rm --network=none --runtime=nvidia -e "NVIDIA_VISIBLE_DEVICES=$1" "${@:2}"
}

gpus_inside() {
  grep -oE '^/dev/nvidia[0-9]+ ' <<<"$output" | tr -d ' ' | paste -sd ' '
}

@test "docker: all GPUs" {
  gpu all glibc probe nodes -- dlopen libcuda.so.1 libnvidia-ml.so.1 libnvbox_image.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = "$(printf '/dev/nvidia%d\n' {0..7} | paste -sd ' ')" ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.550.163.01'
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1'
}

@test "docker: one GPU by index, by UUID" {
  for name in 4 GPU-87a10000-0000-4a10-8000-000000000004; do
    gpu "$name" glibc probe nodes -- open /dev/nvidia5
    [ "$status" -eq 0 ]
    [ "$(gpus_inside)" = /dev/nvidia5 ]
    has_line '/dev/nvidia5: ENXIO'
  done
}

@test "docker: another GPU's node is denied by the cgroup" {
  gpu 4 --cap-add MKNOD glibc sh -c 'mknod /tmp/other c 195 0; probe open /tmp/other'
  [ "$status" -eq 0 ]
  has_line '/tmp/other: EPERM'
}

@test "docker: none, void and nothing asked for" {
  gpu none glibc probe nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = '' ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  gpu void glibc probe nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  has_text 'libcuda.so.1: cannot open shared object file'
  run docker run --rm --network=none --runtime=nvidia glibc probe nodes
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "docker: utility only" {
  gpu 0 -e NVIDIA_DRIVER_CAPABILITIES=utility glibc probe nodes -- dlopen libnvidia-ml.so.1 libcuda.so.1
  [ "$status" -eq 0 ]
  has_no_text nvidia-uvm
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.550.163.01'
  has_text 'libcuda.so.1: cannot open shared object file'
}

@test "docker: a privileged container" {
  gpu 0 --privileged glibc probe dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
}

@test "docker: a read-only root file system" {
  gpu 0 --read-only glibc probe dlopen libcuda.so.1 -- write /etc/passwd
  [ "$status" -eq 0 ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  has_line '/etc/passwd: EROFS'
}

@test "docker: an image without a loader cache and a musl image" {
  for image in glibc-nocache musl; do
    gpu 0 "$image" probe dlopen libcuda.so.1 libnvbox_image.so.1
    [ "$status" -eq 0 ]
    has_text 'libcuda.so.1: libcuda.so.550.163.01'
    has_text 'libnvbox_image.so.1: libnvbox_image.so.1'
  done
}

@test "docker: a user that is not root reaches the nodes" {
  gpu 0 -e NVIDIA_DRIVER_CAPABILITIES=all --user 1000:1000 glibc probe open /dev/nvidiactl \
    /dev/nvidia1 /dev/dri/renderD129
  [ "$status" -eq 0 ]
  has_line '/dev/nvidiactl: ENXIO'
  has_line '/dev/dri/renderD129: ENXIO'
}

@test "docker: an error reaches the user whole" {
  gpu 9 glibc true
  [ "$status" -ne 0 ]
  has_text 'device 9: this host has GPUs 0-7'
}

@test "docker: GPU access survives docker update" {
  run docker run -d --network=none --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0 glibc sleep 60
  [ "$status" -eq 0 ]
  id=$output
  docker update --cpu-shares 512 "$id"
  run docker exec "$id" probe open /dev/nvidia1
  docker rm -f "$id"
  has_line '/dev/nvidia1: ENXIO'
}
