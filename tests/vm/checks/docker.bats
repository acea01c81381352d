#!/usr/bin/env bats
# Docker with systemd's control groups, in each way that it knows to ask for a GPU.
# shellcheck disable=SC2154 # variables of vm.bash
bats_require_minimum_version 1.5.0

load vm.bash

setup_file() { set_up_docker; }

# Live restore is not for other checks.
teardown_file() {
  sed -i 's/"live-restore": true/"live-restore": false/' "$docker_settings"
  timeout 60 systemctl reload docker
}

teardown() { docker ps -aq | xargs -r timeout 120 docker rm -f; }

# A container has its own GPU and no other, and its start has opened no GPU: to open one wakes it, which takes
# seconds (docs.nvidia.com, "Driver Persistence"). The probe is in the log, so others would be.
gives_one_gpu() {
  local before
  before=$(count_opens)
  start docker "$@"
  [ "$(openers_since "$before")" = '' ]
  expect_own_gpu
  [ "$(openers_since "$before")" = probe ]
  run -0 docker exec "$id" probe dlopen libcuda.so.1
  [[ $output == 'libcuda.so.1: libcuda.so.550.163.01 '* ]]
}

@test "--runtime=nvidia" { gives_one_gpu --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0; }

@test "--gpus" { gives_one_gpu --gpus device=0; }

@test "CDI" { gives_one_gpu --device nvidia.com/gpu=0; }

# NVIDIA's MIG User Guide, "Device Nodes and Capabilities": a device needs the nodes of its GPU instance and
# its compute instance; that of another is not opened. 1:0 is instance 9 (tests/simhost/profiles/a100mig.profile).
@test "a MIG device: its own capabilities open, those of another do not" {
  local information own=() expected='' path
  information=/proc/driver/nvidia/capabilities/gpu1/mig
  for path in "$information"/gi9/{access,ci0/access}; do
    own+=("/dev/nvidia-caps/nvidia-cap$(sed -n 's/^DeviceFileMinor: //p' "$path")")
  done
  local other
  other=$(sed -n 's/^DeviceFileMinor: //p' "$information/gi7/access")
  start docker --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=1:0
  for path in /dev/nvidia1 "${own[@]}"; do expected+="$path: OK"$'\n'; done
  run -0 docker exec "$id" sh -c "busybox mknod /dev/other c 511 $other; busybox mknod /dev/gpu0 c 195 0
    probe open /dev/nvidia1 ${own[*]} /dev/other /dev/gpu0"
  echo "$output"
  [ "$output" = "$expected"$'/dev/other: EPERM\n/dev/gpu0: EPERM' ]
}

# compose-spec, "deploy": reservations.devices; "gpus" needs Compose 2.30, which Debian 13 does not have.
@test "compose: device reservations of the drivers nvidia and cdi, and a runtime" {
  local project=$BATS_TEST_TMPDIR service
  cat >"$project/compose.yaml" <<TEXT
x-probe: &probe
  image: glibc
  network_mode: none
  command: ["sh", "-c", "$other_gpu; probe open $all_nodes /dev/other"]
services:
  reserved:
    <<: *probe
    deploy: {resources: {reservations: {devices: [{driver: nvidia, device_ids: ['0'], capabilities: [gpu]}]}}}
  named:
    <<: *probe
    deploy:
      resources: {reservations: {devices: [{driver: cdi, device_ids: ['nvidia.com/gpu=0'], capabilities: [gpu]}]}}
  runtime:
    <<: *probe
    runtime: nvidia
    environment: {NVIDIA_VISIBLE_DEVICES: '0'}
TEXT
  cd "$project"
  timeout 120 docker compose -p probe up --no-color --no-log-prefix 2>&1
  for service in reserved named runtime; do
    run -0 docker logs "probe-$service-1"
    echo "$service: $output"
    [ "$output" = $'/dev/nvidia0: OK\n/dev/nvidiactl: OK\n/dev/nvidia-uvm: OK\n/dev/other: EPERM' ]
  done
}

# docs.docker.com, "Live restore": containers run on while the daemon is away, and it takes them back.
@test "live restore: GPUs stay over a restart of the daemon, and come back with one of the container" {
  local ids=()
  jq '."live-restore" = true' "$docker_settings" >"$BATS_TEST_TMPDIR/daemon.json"
  cp "$BATS_TEST_TMPDIR/daemon.json" "$docker_settings"
  timeout 60 systemctl reload docker
  start docker --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0
  ids+=("$id")
  start docker --gpus device=0
  ids+=("$id")
  start docker --device nvidia.com/gpu=0
  ids+=("$id")
  timeout 120 systemctl restart docker
  for id in "${ids[@]}"; do
    expect_own_gpu
    timeout 120 docker restart -t 0 "$id"
    expect_own_gpu
  done
}
