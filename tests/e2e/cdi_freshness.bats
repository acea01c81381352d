#!/usr/bin/env bats
# CDI specifications that were made for another driver, or for other devices than the host has now.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031,SC2034 # variables of helpers.bash and for it; text for an inner shell

load cdi_containers

# What NVIDIA's toolkit of an older driver left behind.
stale_spec='cat >/etc/cdi/nvidia.yaml <<SPEC
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
- name: "0"
  containerEdits: {deviceNodes: [{path: /dev/nvidia0}]}
containerEdits:
  env: [STALE=1]
  mounts:
  - hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.418.40.04
    containerPath: /usr/lib/x86_64-linux-gnu/libcuda.so.418.40.04
    options: [ro, nosuid, nodev, rbind, rprivate]
SPEC'

@test "a specification of somebody else that names a missing file is refused, and the error says which" {
  cdi "$stale_spec" nvidia.com/gpu=0 glibc true
  [ "$status" -eq 1 ]
  has_text '/etc/cdi/nvidia.yaml: /usr/lib/x86_64-linux-gnu/libcuda.so.418.40.04 does not exist on this host; '
  has_text "run 'nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml'"
}

@test "a device that no specification has is refused, however old they are" {
  cdi "$stale_spec" nvidia.com/gpu=all glibc true
  [ "$status" -eq 1 ]
  has_text 'unresolvable CDI devices nvidia.com/gpu=all; nvidia.com/gpu has 0'
  cdi "$(stamped 418.40.04)" nvidia.com/gpu=all glibc true
  [ "$status" -eq 1 ]
  has_text 'unresolvable CDI devices nvidia.com/gpu=all; nvidia.com/gpu has 0'
}

# stamped DRIVER: a specification of nvidia-ctk's, made for a driver and for no GPU that is here.
stamped() {
  printf '%s\n' 'cat >/var/run/cdi/nvidia.yaml <<SPEC' --- "# nvbox: driver=$1 devices=0123456789abcdef" \
    'cdiVersion: 0.5.0' 'kind: nvidia.com/gpu' 'devices:' '- name: "0"' '  containerEdits:' \
    '    env: [STALE=1]' SPEC
}

@test "a specification that says what it was made for is compared with the host" {
  cdi "$(stamped 418.40.04)" nvidia.com/gpu=0 glibc probe nodes -- env
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia0 195:0 0666 0:0'
  has_no_text STALE
  has_text 'warning: /var/run/cdi/nvidia.yaml is stale: it was made for driver 418.40.04, and 535.261.03 is loaded; '
  cdi "$(stamped 535.261.03)" nvidia.com/gpu=0 glibc probe env
  [ "$status" -eq 0 ]
  has_no_text STALE
  has_text 'warning: /var/run/cdi/nvidia.yaml is stale: it was made for other devices than there are now; '
}

@test "what nvidia-ctk cdi generate writes is fresh, and gives the GPUs" {
  profile=a100x8
  cdi 'nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml' nvidia.com/gpu=2 glibc \
    probe nodes -- dlopen libcuda.so.1 -- env
  [ "$status" -eq 0 ]
  [ "$(grep -oE '^/dev/nvidia[0-9]+ ' <<<"$output")" = '/dev/nvidia0 ' ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  has_line NVIDIA_VISIBLE_DEVICES=void
  has_no_text warning:
}

@test "what nvidia-ctk cdi generate wrote for another driver or other GPUs is stale" {
  profile=a100x8
  generate='nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
    sed -i s/550.163.01/418.40.04/ /var/run/cdi/nvidia.yaml'
  cdi "$generate" nvidia.com/gpu=2 glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(grep -oE '^/dev/nvidia[0-9]+ ' <<<"$output")" = '/dev/nvidia0 ' ]
  has_text 'is stale: it was made for driver 418.40.04, and 550.163.01 is loaded; '
}

# An administrator may leave devices out on purpose.
@test "a stale specification is described anew for the devices that it has, and no others" {
  profile=a100x8
  generate='nvidia-ctk --quiet cdi generate --device-id=1 --disable-hook=all --output=/var/run/cdi/nvidia.yaml
    sed -i s/550.163.01/418.40.04/ /var/run/cdi/nvidia.yaml'
  cdi "$generate" nvidia.com/gpu=0 glibc true
  [ "$status" -eq 1 ]
  has_text 'unresolvable CDI devices nvidia.com/gpu=0; nvidia.com/gpu has 1, '
  for name in 1 all; do
    cdi "$generate" "nvidia.com/gpu=$name" glibc probe nodes
    [ "$status" -eq 0 ]
    [ "$(grep -oE '^/dev/nvidia[0-9]+ ' <<<"$output")" = '/dev/nvidia2 ' ]
    has_text 'is stale: it was made for driver 418.40.04, and 550.163.01 is loaded; '
  done
}

@test "a stale specification names the GPUs that it named, whatever their numbers are by now" {
  profile=a100x8
  one='nvidia-ctk --quiet cdi generate --device-id=1 --output=/var/run/cdi/nvidia.yaml
    rm -r /proc/driver/nvidia/gpus/0000:07:00.0'
  for name in 1 all GPU-0fa10000-0000-4a10-8000-000000000001; do
    cdi "$one" "nvidia.com/gpu=$name" glibc probe nodes
    [ "$status" -eq 0 ]
    [ "$(grep -oE '^/dev/nvidia[0-9]+ ' <<<"$output")" = '/dev/nvidia2 ' ]
    has_text 'is stale: '
  done
  for naming in uuid index; do
    cdi "nvidia-ctk --quiet cdi generate --device-name-strategy=$naming --output=/var/run/cdi/nvidia.yaml
      rm -r /proc/driver/nvidia/gpus/0000:bd:00.0" nvidia.com/gpu=all glibc probe nodes
    [ "$status" -eq 0 ]
    [ "$(grep -cE '^/dev/nvidia[0-9]+ ' <<<"$output")" -eq 7 ]
    has_text 'is stale: '
  done
}

@test "a specification of other devices under the name of GPUs never becomes GPUs" {
  profile=h200x8
  cdi 'nvidia-ctk --quiet cdi generate --mode=imex --class=gpu --output=/var/run/cdi/nvidia.yaml
    sed -i s/devices=0/devices=1/ /var/run/cdi/nvidia.yaml
    rm -r "$(printf "%s\n" /proc/driver/nvidia/gpus/* | tail -1)"' nvidia.com/gpu=0 glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(grep -cE '^/dev/nvidia[0-9]+ ' <<<"$output")" -eq 0 ]
}

@test "a specification of a driver root with nodes elsewhere is fresh" {
  profile=a100x8
  cdi 'mkdir -p /run/nvidia/driver && mount --rbind / /run/nvidia/driver
    mkdir -p /run/empty && mount --bind /run/empty /run/nvidia/driver/dev
    nvidia-ctk --quiet cdi generate --driver-root=/run/nvidia/driver --dev-root=/ --output=/var/run/cdi/nvidia.yaml
    sed -i "/^.nvidia-container-cli./a root = \"/run/nvidia/driver\"" /etc/nvidia-container-runtime/config.toml' \
    nvidia.com/gpu=2 glibc true
  has_no_text 'is stale'
}

@test "what a specification does not contain may change" {
  profile=a100x8
  cdi 'nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
    chmod 0600 /dev/nvidia3; chgrp 7 /dev/nvidia4
    mkdir -p /dev/nvidia-caps-imex-channels; mknod /dev/nvidia-caps-imex-channels/channel7 c 509 7' \
    nvidia.com/gpu=2 glibc true
  [ "$status" -eq 0 ]
  has_no_text warning:
  cdi 'nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
    rm /dev/nvidia-uvm' nvidia.com/gpu=2 glibc true
  [ "$status" -eq 1 ]
  has_text 'the host has no device /dev/nvidia-uvm; load its driver'
  has_no_text stale
  cdi 'nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
    rm /dev/nvidia-uvm; mknod /dev/nvidia-uvm c 77 0' nvidia.com/gpu=2 glibc true
  has_text 'is stale: /dev/nvidia-uvm is device 77:0 now; '
}

@test "a specification of other devices is never stale" {
  cdi "$stale_spec
    sed -i s,nvidia.com/gpu,acme.com/gpu, /etc/cdi/nvidia.yaml" acme.com/gpu=0 glibc true
  [ "$status" -ne 0 ]
  has_text libcuda.so.418.40.04
}
