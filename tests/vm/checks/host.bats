#!/usr/bin/env bats
# The host itself: what other checks stand on.

bats_require_minimum_version 1.5.0

@test "GPUs are on the bus, bound to the driver, and in /proc" {
  run -0 cat /sys/bus/pci/devices/0000:3b:00.0/{vendor,device,class}
  [ "$output" = $'0x10de\n0x20b5\n0x030200' ]
  [ "$(basename "$(readlink /sys/bus/pci/devices/0000:3b:00.0/driver)")" = nvidia ]
  grep -q 'NVIDIA A100' /proc/driver/nvidia/gpus/0000:3b:00.0/information
}

@test "a node opens, and the kernel's log says who opened it" {
  run -0 dd if=/dev/nvidia0 of=/dev/null count=0
  nvsim opens | grep -q '195:0 by dd'
}

@test "systemd and cgroup v2" {
  [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
  run systemctl is-system-running
  echo "$output"
  systemctl --failed --no-legend
  [ "$(systemctl --failed --no-legend | wc -l)" -eq 0 ]
}
