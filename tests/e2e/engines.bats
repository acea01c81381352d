#!/usr/bin/env bats
# The other engines with nvidia-container-runtime registered as README.md says.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require podman containerd runc crun jq unshare
}

# Podman asks for more open files and processes than root may have on small machines, and leaves an
# empty parent cgroup behind.
podman_gpu() { # podman_gpu LOW_LEVEL DEVICES PROBE_ARGUMENT...
  run on_host a100x8 "$1" bash -c '
    mkdir -p /etc/containers
    printf "[engine.runtimes]\nnvidia = [\"/usr/bin/nvidia-container-runtime\"]\n" \
      >/etc/containers/containers.conf
    "$1/images.sh" --copy /run/image glibc
    podman --cgroup-manager=cgroupfs --runtime nvidia run --rm --network=none \
      --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
      -e "NVIDIA_VISIBLE_DEVICES=$2" --rootfs /run/image probe "${@:3}"' \
    bash "$support" "${@:2}"
  find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
}

@test "podman with runc and with crun" {
  for low_level in runc crun; do
    podman_gpu "$low_level" 0 nodes -- dlopen libcuda.so.1
    [ "$status" -eq 0 ]
    has_line '/dev/nvidia1 195:1 0666 0:0'
    has_text 'libcuda.so.1: libcuda.so.550.163.01'
  done
}

# podman_hooks LOW_LEVEL DEVICES PROBE_ARGUMENT...: podman without the runtime, with the hook in the file
# of hooks.d that the peer's packages had.
podman_hooks() {
  run on_host a100x8 "$1" bash -c '
    mkdir -p /run/hooks.d
    cat >/run/hooks.d/oci-nvidia-hook.json <<EOF
{"version": "1.0.0",
 "hook": {"path": "/usr/bin/nvidia-container-runtime-hook", "args": ["nvidia-container-runtime-hook", "prestart"],
          "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
 "when": {"always": true, "commands": [".*"]},
 "stages": ["prestart"]}
EOF
    "$1/images.sh" --copy /run/image glibc
    podman --cgroup-manager=cgroupfs --hooks-dir /run/hooks.d --runtime "/usr/local/lib/simhost/$2" run --rm --network=none \
      --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
      -e "NVIDIA_VISIBLE_DEVICES=$3" --rootfs /run/image probe "${@:4}"' \
    bash "$support" "$1" "${@:2}"
  find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
}

@test "podman with the hook in hooks.d" {
  for low_level in runc crun; do
    podman_hooks "$low_level" 0 nodes -- dlopen libcuda.so.1
    [ "$status" -eq 0 ]
    has_line '/dev/nvidia1 195:1 0666 0:0'
    has_text 'libcuda.so.1: libcuda.so.550.163.01'
    podman_hooks "$low_level" void nodes -- dlopen libcuda.so.1
    [ "$status" -eq 0 ]
    has_no_text /dev/nvidia
    has_text 'libcuda.so.1: cannot open shared object file'
  done
}

@test "podman shows the error" {
  podman_gpu crun 9 nodes
  [ "$status" -ne 0 ]
  has_text 'device 9: this host has GPUs 0-7'
}

# containerd_gpu DEVICES PROBE_ARGUMENT...
containerd_gpu() {
  run on_host a100x8 runc "$support/containerd.sh" glibc \
    --runc-binary /usr/bin/nvidia-container-runtime --env "NVIDIA_VISIBLE_DEVICES=$1" \
    -- probe "${@:2}"
}

@test "containerd" {
  containerd_gpu 0 nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia1 195:1 0666 0:0'
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
}

@test "containerd shows the error" {
  containerd_gpu 9 nodes
  [ "$status" -ne 0 ]
  has_text 'device 9: this host has GPUs 0-7'
}
