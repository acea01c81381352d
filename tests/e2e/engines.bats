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
# of hooks.d that NVIDIA's packages had.
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

# podman_cdi LOW_LEVEL DEVICE... -- PROBE_ARGUMENT...: podman reads our specification itself. Debian's knows
# nothing newer than CDI 0.5.0.
podman_cdi() {
  run on_host "${profile:-a100x8}" "$1" bash -c '
    low_level=$1 support=$2
    shift 2
    nvidia-ctk --quiet cdi generate --cdi-version=0.5.0 --output=/etc/cdi/nvidia.yaml ${GENERATE-}
    devices=()
    while [ "$1" != -- ]; do devices+=(--device "$1"); shift; done
    "$support/images.sh" --copy /run/image glibc
    podman --cgroup-manager=cgroupfs --runtime "/usr/local/lib/simhost/$low_level" run --rm --network=none \
      --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "${devices[@]}" --rootfs /run/image probe "${@:2}"' \
    bash "$1" "$support" "${@:2}"
  find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
}

@test "podman with devices of the generated specification: one, two, all" {
  for low_level in runc crun; do
    podman_cdi "$low_level" nvidia.com/gpu=0 -- nodes -- dlopen libcuda.so.1 libnvidia-ml.so.1
    [ "$status" -eq 0 ]
    has_line '/dev/nvidia1 195:1 0666 0:0'
    has_no_text '/dev/nvidia0 '
    has_text 'libcuda.so.1: libcuda.so.550.163.01'
    has_text 'libnvidia-ml.so.1: libnvidia-ml.so.550.163.01'
    podman_cdi "$low_level" nvidia.com/gpu=2 nvidia.com/gpu=GPU-87a10000-0000-4a10-8000-000000000004 -- nodes
    [ "$status" -eq 0 ]
    [ "$(grep -cE '^/dev/nvidia[0-9]+ ' <<<"$output")" -eq 2 ]
    podman_cdi "$low_level" nvidia.com/gpu=all -- nodes
    [ "$status" -eq 0 ]
    [ "$(grep -cE '^/dev/nvidia[0-9]+ ' <<<"$output")" -eq 8 ]
  done
}

# A user namespace may not mount a procfs or sysfs of its own where parts of the host's are covered, as they
# are here: the container shares them.
@test "podman without root, with a device of the generated specification" {
  for low_level in runc crun; do
    run on_host a100x8 "$low_level" bash -c '
      nvidia-ctk --quiet cdi generate --cdi-version=0.5.0 --output=/etc/cdi/nvidia.yaml
      echo "tester:x:1500:1500::/run/tester:/bin/sh" >>/etc/passwd
      echo "tester:x:1500:" >>/etc/group
      echo "tester:200000:65536" | tee /etc/subuid >/etc/subgid
      mkdir -p /run/tester/run
      "$1/images.sh" --copy /run/tester/image glibc
      chown -R 1500:1500 /run/tester
      cd /run/tester
      setpriv --reuid 1500 --regid 1500 --clear-groups env -i "PATH=$PATH" HOME=/run/tester XDG_RUNTIME_DIR=/run/tester/run \
        podman --cgroup-manager=cgroupfs --runtime "/usr/local/lib/simhost/$2" run --rm --network=host --pid=host \
        --device nvidia.com/gpu=0 --rootfs /run/tester/image probe nodes -- dlopen libcuda.so.1' \
      bash "$support" "$low_level"
    [ "$status" -eq 0 ]
    has_text '/dev/nvidia1 195:1'
    has_no_text '/dev/nvidia0 '
    has_text 'libcuda.so.1: libcuda.so.550.163.01'
  done
}

@test "podman with a MIG device and with an IMEX channel of generated specifications" {
  profile=a100mig podman_cdi runc nvidia.com/gpu=1:0 -- nodes
  [ "$status" -eq 0 ]
  [ "$(grep -cE '^/dev/nvidia-caps/nvidia-cap[0-9]+ ' <<<"$output")" -eq 2 ]
  GENERATE="--mode=imex --class=imex-channel" profile=h200x8 podman_cdi runc nvidia.com/imex-channel=0 -- nodes
  [ "$status" -eq 0 ]
  has_text /dev/nvidia-caps-imex-channels/channel0
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

@test "containerd with the runtime in cdi mode and the generated specification" {
  run on_host a100x8 runc bash -c '
    nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
    "$1/containerd.sh" glibc --runc-binary /usr/bin/nvidia-container-runtime.cdi \
      --env NVIDIA_VISIBLE_DEVICES=0 -- probe nodes -- dlopen libcuda.so.1' bash "$support"
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia1 195:1 0666 0:0'
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
}

@test "containerd shows the error" {
  containerd_gpu 9 nodes
  [ "$status" -ne 0 ]
  has_text 'device 9: this host has GPUs 0-7'
}
