#!/usr/bin/env bats
# What NVIDIA's device plugin for Kubernetes asks for, in each of its strategies, with the
# configuration for Kubernetes.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

low_level=${E2E_LOW_LEVEL:-runc}
gpu=GPU-87a10000-0000-4a10-8000-000000000004 # /dev/nvidia5

setup() {
  require "$low_level" jq unshare
}

# pod CONTAINER_SH_ARGUMENT...
pod() {
  run on_host "${profile:-a100x8}" "$low_level" bash -c '
    nvidia-ctk config --profile kubernetes --in-place
    nvidia-ctk config --set "nvidia-container-runtime.runtimes=/usr/local/lib/simhost/$2" --in-place
    # As the plugin writes it.
    nvidia-ctk --quiet cdi generate --vendor=k8s.device-plugin.nvidia.com --device-name-strategy=uuid \
      --output=/var/run/cdi/k8s.device-plugin.nvidia.com-gpu.json
    "$1/container.sh" "${@:3}"' bash "$support" "$low_level" "$@"
}

gpus_inside() {
  grep -oE '^/dev/nvidia[0-9]+ ' <<<"$output" | tr -d ' ' | paste -sd ' '
}

@test "strategy volume-mounts" {
  pod --env NVIDIA_VISIBLE_DEVICES=/var/run/nvidia-container-devices \
    --mount "/dev/null:/var/run/nvidia-container-devices/$gpu" glibc probe nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia5 ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
}

# The plugin gives the variable the folder of its mounts (internal/plugin/server.go of k8s-device-plugin:
# deviceListAsVolumeMountsContainerPathRoot).
@test "strategy volume-mounts without the profile names the profile" {
  run start a100x8 "$low_level" --env NVIDIA_VISIBLE_DEVICES=/var/run/nvidia-container-devices \
    --mount "/dev/null:/var/run/nvidia-container-devices/$gpu" glibc probe nodes
  [ "$status" -eq 1 ]
  has_line 'log: NVIDIA_VISIBLE_DEVICES=/var/run/nvidia-container-devices: the devices are named by mounts, which accept-nvidia-visible-devices-as-volume-mounts = false ignores; for Kubernetes run nvidia-ctk config --profile kubernetes --in-place on the node'
}

@test "strategy cdi-annotations" {
  pod --annotation "cdi.k8s.io/nvidia-device-plugin_x=k8s.device-plugin.nvidia.com/gpu=$gpu" glibc probe nodes \
    -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia5 ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
}

@test "a CDI name as a volume mount" {
  pod --mount "/dev/null:/var/run/nvidia-container-devices/cdi/k8s.device-plugin.nvidia.com/gpu/$gpu" \
    glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia5 ]
}

@test "MIG devices by their UUIDs, as a volume mount and by an annotation" {
  profile=a100mig
  mig=MIG-86a10000-0000-5000-8000-000009000000
  pod --mount "/dev/null:/var/run/nvidia-container-devices/$mig" glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia1 ]
  [ "$(grep -oE 'nvidia-cap[0-9]+ ' <<<"$output" | paste -sd ' ')" = 'nvidia-cap219  nvidia-cap220 ' ]
  pod --annotation "cdi.k8s.io/nvidia-device-plugin_x=k8s.device-plugin.nvidia.com/gpu=$mig" glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(grep -oE 'nvidia-cap[0-9]+ ' <<<"$output" | paste -sd ' ')" = 'nvidia-cap219  nvidia-cap220 ' ]
}

@test "the environment of a pod without privileges gives it nothing, with them it does" {
  pod --env NVIDIA_VISIBLE_DEVICES=all glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = '' ]
  pod --privileged --env NVIDIA_VISIBLE_DEVICES=all glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(grep -cE '^/dev/nvidia[0-9]+ ' <<<"$output")" -eq 8 ]
}
