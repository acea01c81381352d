#!/usr/bin/env bats
# From a host that knows nothing of GPUs to a GPU container in one command, and back.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require dockerd docker containerd podman runc jq unshare
}

# `refused TEXT COMMAND...` holds when COMMAND fails and says TEXT. Under `set -e` a command behind `!`
# ends nothing, whatever it returns (bash(1), "set -e").
prelude='
  set -e
  refused() {
    if said=$("${@:2}" 2>&1); then
      echo "was not refused: ${*:2}"
      return 1
    fi
    grep -qF -- "$1" <<<"$said" || { echo "refused without the words $1: $said"; return 1; }
  }
'

# on SCRIPT: bash in a host with eight GPUs; $1 is the directory of the tools.
on() {
  run on_host a100x8 runc bash -c "$prelude$1" bash "$support"
}

@test "docker: configure, restart, a GPU container, roll back, restart" {
  on '
    dir=$(mktemp -d /run/docker.XXXXXX)
    trap "\"$1/docker.sh\" stop $dir" EXIT
    export DOCKER_HOST=unix://$dir/docker.sock
    # The plain runtime of such a host is its wrapper.
    "$1/docker.sh" start --storage vfs --default-runtime plain --runtime plain=/usr/local/lib/simhost/runc "$dir" 3>&-
    "$1/docker.sh" import "$dir" glibc glibc
    cp "$dir/daemon.json" /run/stock.json
    gpu() { docker run --rm --network=none --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0 glibc probe nodes; }
    refused "untime" gpu
    nvidia-ctk --quiet runtime configure --runtime=docker --config="$dir/daemon.json"
    "$1/docker.sh" restart "$dir" 3>&-
    gpu
    nvidia-ctk --quiet runtime configure --runtime=docker --config="$dir/daemon.json" --rollback
    cmp "$dir/daemon.json" /run/stock.json
    "$1/docker.sh" restart "$dir" 3>&-
    refused "untime" gpu
    docker run --rm --network=none glibc echo plain'
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia1 195:1 0666 0:0'
  has_line plain
}

@test "containerd: the stock configuration, changed and changed back" {
  on '
    mkdir -p /etc/containerd
    containerd config default >/etc/containerd/config.toml
    cp /etc/containerd/config.toml /run/stock.toml
    nvidia-ctk --quiet runtime configure --runtime=containerd
    binary=$(containerd config dump | sed -n "/runtimes.nvidia.options/,/^\$/s/ *BinaryName = \"\(.*\)\"/\1/p")
    echo "binary: $binary"
    "$1/containerd.sh" glibc --runc-binary "$binary" --env NVIDIA_VISIBLE_DEVICES=0 -- probe nodes
    nvidia-ctk --quiet runtime configure --runtime=containerd --rollback
    cmp /etc/containerd/config.toml /run/stock.toml
    containerd config dump >/run/dump.toml
    refused "" grep runtimes.nvidia /run/dump.toml
    echo gone'
  [ "$status" -eq 0 ]
  has_line 'binary: /usr/bin/nvidia-container-runtime'
  has_line '/dev/nvidia1 195:1 0666 0:0'
  has_line gone
}

@test "podman: its runtime and a specification that it reads, and back" {
  on '
    "$1/images.sh" --copy /run/image glibc
    run() {
      podman --cgroup-manager=cgroupfs --runtime "$1" run --rm --network=none \
        --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "${@:2}"
    }
    gpu() { run /usr/local/lib/simhost/runc --device nvidia.com/gpu=0 --rootfs /run/image probe nodes; }
    refused "nvidia.com/gpu=0" gpu
    nvidia-ctk --quiet runtime configure --runtime=podman --cdi.enabled
    gpu
    run nvidia -e NVIDIA_VISIBLE_DEVICES=2 --rootfs /run/image probe nodes
    nvidia-ctk --quiet runtime configure --runtime=podman --rollback
    refused "nvidia.com/gpu=0" gpu
    refused nvidia run nvidia --rootfs /run/image true
    run /usr/local/lib/simhost/runc --rootfs /run/image echo plain'
  find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia1 195:1 0666 0:0'
  has_line '/dev/nvidia0 195:0 0666 0:0'
  has_line plain
}
