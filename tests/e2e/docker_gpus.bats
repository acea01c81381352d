#!/usr/bin/env bats
# A real dockerd that finds nvidia-container-runtime-hook in its PATH: `docker run --gpus`, alone, with
# the runtime, and with the runtime as the default; and nvidia-docker against the same daemon.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

setup_file() {
  require dockerd docker containerd runc jq unshare
  DOCKER_DIR=$(mktemp -d)
  export DOCKER_DIR DOCKER_HOST=unix://$DOCKER_DIR/docker.sock
  on_host a100x8 runc sh -c 'nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml && exec "$@"' sh \
    "$support/docker.sh" start --storage vfs --default-runtime plain \
    --runtime nvidia=/usr/bin/nvidia-container-runtime \
    --runtime legacy=/usr/bin/nvidia-container-runtime.legacy \
    --runtime cdi=/usr/bin/nvidia-container-runtime.cdi \
    --runtime plain=/usr/local/lib/simhost/runc "$DOCKER_DIR" 3>&-
  "$support/docker.sh" import "$DOCKER_DIR" glibc glibc
  "$support/docker.sh" import "$DOCKER_DIR" musl musl
}

teardown_file() {
  "$support/docker.sh" stop "$DOCKER_DIR"
  rm -rf "$DOCKER_DIR"
}

docker_run() {
  run docker run --rm --network=none "$@"
}

gpus_inside() {
  grep -oE '^/dev/nvidia[0-9]+ ' <<<"$output" | tr -d ' ' | paste -sd ' '
}

all_gpus=$(printf '/dev/nvidia%d\n' {0..7} | paste -sd ' ')

@test "--gpus all" {
  docker_run --gpus all glibc probe nodes -- dlopen libcuda.so.1 libnvidia-ml.so.1 libnvbox_image.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = "$all_gpus" ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.550.163.01'
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1'
}

@test "--gpus with a count, with indices and with UUIDs" {
  docker_run --gpus 1 glibc probe nodes -- open /dev/nvidia1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia1 ]
  has_line '/dev/nvidia1: ENXIO'
  docker_run --gpus '"device=4,2"' glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = '/dev/nvidia0 /dev/nvidia5' ]
  docker_run --gpus device=GPU-87a10000-0000-4a10-8000-000000000004 glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia5 ]
}

@test "--gpus with lists of capabilities" {
  docker_run --gpus '"device=0","capabilities=utility"' glibc probe nodes -- dlopen libnvidia-ml.so.1 libcuda.so.1
  [ "$status" -eq 0 ]
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.550.163.01'
  has_text 'libcuda.so.1: cannot open shared object file'
  docker_run --gpus '"device=0","capabilities=compute,video,graphics"' glibc probe nodes -- dlopen libcuda.so.1 \
    libnvcuvid.so.1
  [ "$status" -eq 0 ]
  has_text 'libnvcuvid.so.1: libnvcuvid.so.550.163.01'
  has_text /dev/dri/
}

@test "--gpus and --runtime=nvidia together give each GPU once" {
  docker_run --gpus '"device=0"' --runtime=nvidia glibc probe nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia1 ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
}

@test "--gpus with the legacy runtime keeps one hook" {
  docker_run --gpus '"device=0"' --runtime=legacy glibc probe nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia1 ]
  docker_run --runtime=legacy -e NVIDIA_VISIBLE_DEVICES=0 glibc probe nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia1 ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
}

@test "the runtime in cdi mode with the generated specification" {
  docker_run --runtime=cdi -e NVIDIA_VISIBLE_DEVICES=0 glibc probe nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia1 ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  docker_run --runtime=cdi -e NVIDIA_VISIBLE_DEVICES=nvidia.com/gpu=all glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = "$all_gpus" ]
  docker_run --runtime=cdi -e NVIDIA_VISIBLE_DEVICES=9 glibc true
  [ "$status" -ne 0 ]
  has_text 'nvidia.com/gpu=9'
}

@test "--gpus: a musl image, and a read-only root file system" {
  docker_run --gpus all musl probe dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  docker_run --gpus all --read-only glibc probe nodes -- write /etc/passwd
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = "$all_gpus" ]
  has_line '/etc/passwd: EROFS'
}

@test "--gpus: what goes wrong reaches the user whole" {
  docker_run --gpus '"device=9"' glibc true
  [ "$status" -ne 0 ]
  has_text 'nvidia-container-runtime-hook: device error: 9: unknown device; this host has GPUs 0-7'
  docker_run --gpus 9 glibc true
  [ "$status" -ne 0 ]
  has_text '8: unknown device; 9 GPUs are asked for (0 to 8), and this host has 8'
  docker_run --gpus all -e 'NVIDIA_REQUIRE_CUDA=cuda>=99.0' glibc true
  [ "$status" -ne 0 ]
  has_text 'unsatisfied condition: cuda>=99.0'
  has_text 'this host has driver 550.163.01, cuda 12.4'
  has_text 'NVIDIA_DISABLE_REQUIRE=1'
  docker_run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,flying glibc true
  [ "$status" -ne 0 ]
  has_text flying
  docker_run --gpus all -e NVIDIA_MIG_CONFIG_DEVICES=all glibc true
  [ "$status" -ne 0 ]
  has_text NVIDIA_MIG_CONFIG_DEVICES
}

# This dockerd manages cgroups itself. Where systemd does (Docker 28.5, systemd 262, cgroup v2) only the
# runtimes' containers keep them, and the hook says so: hook.bats.
@test "docker update keeps the GPUs of --gpus without systemd, and of the runtimes" {
  run docker info --format '{{.CgroupDriver}}'
  has_line cgroupfs
  for options in '--gpus device=0' '--runtime=legacy -e NVIDIA_VISIBLE_DEVICES=0' \
    '--runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0'; do
    # shellcheck disable=SC2086 # words
    run docker run -d --network=none $options glibc sleep 60
    [ "$status" -eq 0 ]
    id=$output
    docker update --cpus 1 "$id"
    run docker exec "$id" probe open /dev/nvidia1
    docker rm -f "$id"
    has_line '/dev/nvidia1: ENXIO'
  done
}

# nvidia_docker NAME=VALUE... NVIDIA_DOCKER_ARGUMENT...: in a host of its own with the same GPUs.
nvidia_docker() {
  local variables=()
  while [[ $1 == *=* ]]; do
    variables+=("$1")
    shift
  done
  run on_host a100x8 runc env "DOCKER_HOST=$DOCKER_HOST" "${variables[@]}" nvidia-docker "$@"
}

@test "nvidia-docker: NV_GPU with indices, ranges, UUIDs and blanks" {
  nvidia_docker NV_GPU=4 run --rm --network=none glibc probe nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia5 ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  nvidia_docker 'NV_GPU=6-7 2' run --rm --network=none glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = '/dev/nvidia0 /dev/nvidia6 /dev/nvidia7' ]
  nvidia_docker NV_GPU=GPU-87a10000-0000-4a10-8000-000000000004 container run --rm --network=none glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia5 ]
}

@test "nvidia-docker: --gpus of the same daemon by NV_MODE, and the strict form of version 2" {
  nvidia_docker NV_GPU=0,2 NV_MODE=gpus run --rm --network=none glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = '/dev/nvidia0 /dev/nvidia1' ]
  nvidia_docker 'NV_GPU=0 2' NV_COMPAT=strict run --rm --network=none glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = '/dev/nvidia0 /dev/nvidia1' ]
}

@test "nvidia-docker: a GPU that is not there is said before docker is called" {
  nvidia_docker NV_GPU=9 run --rm --network=none glibc true
  [ "$status" -eq 1 ]
  has_text 'this host has GPUs 0-7'
  [ "${#lines[@]}" -eq 1 ]
}

@test "the runtime as the default: a plain container has nothing of it" {
  nvidia=$BATS_TEST_TMPDIR/default
  mkdir "$nvidia"
  on_host a100x8 runc "$support/docker.sh" with --storage vfs --default-runtime nvidia \
    --runtime nvidia=/usr/bin/nvidia-container-runtime "$nvidia" -- bash -c '
    "$1/docker.sh" import "$2" glibc glibc
    docker run --rm --network=none glibc probe nodes -- dlopen libcuda.so.1
    docker run --rm --network=none --gpus all glibc probe dlopen libcuda.so.1' bash "$support" "$nvidia" >"$nvidia.out" 3>&-
  output=$(cat "$nvidia.out")
  has_text 'libcuda.so.1: cannot open shared object file'
  has_no_text '/dev/nvidia'
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
}
