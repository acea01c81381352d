#!/usr/bin/env bats
# Hosts with the driver in other places than the usual ones: a container starts on each of them in every mode, and
# what tests/hosts/capture writes down there is the host that the unit tests know.

# shellcheck disable=SC2154,SC2016 # variables of helpers.bash; text for an inner shell
# shellcheck disable=SC2030,SC2031 # every test is a subshell

load helpers

bats_require_minimum_version 1.5.0

setup() {
  require runc jq unshare
  describe=${DESCRIBE_HOST:-$e2e_dir/../../build/tests/describe_host}
}

# one_container PROFILE MODE DIRECTORY: a container with the GPU, which uses a program of the driver's and its
# libraries, which are in DIRECTORY.
one_container() {
  run on_host "$1" runc "$support/in_mode.sh" "$2" "$support/container.sh" \
    --env NVIDIA_VISIBLE_DEVICES=all --env NVIDIA_DRIVER_CAPABILITIES=all glibc \
    sh -c 'nvidia-smi; exec probe dlopen libcuda.so.1 libnvidia-ml.so.1 libEGL_nvidia.so.0 libnvbox_image.so.1 -- open /dev/nvidia0 /dev/nvidia-uvm'
  echo "$1 in mode $2: $output"
  [ "$status" -eq 0 ]
  has_line nvidia-smi
  has_line "libcuda.so.1: libcuda.so.535.261.03 $3/libcuda.so.1"
  has_line "libnvidia-ml.so.1: libnvidia-ml.so.535.261.03 $3/libnvidia-ml.so.1"
  has_line "libEGL_nvidia.so.0: libEGL_nvidia.so.535.261.03 $3/libEGL_nvidia.so.0"
  has_line "libnvbox_image.so.1: libnvbox_image.so.1 /opt/image/lib/libnvbox_image.so.1"
  has_line "/dev/nvidia0: ENXIO"
  has_line "/dev/nvidia-uvm: ENXIO"
}

# containers PROFILE DIRECTORY: which is the host's with CDI; nvidia-container-cli puts libraries where the image has its
# own.
containers() {
  one_container "$1" jit-cdi "$2"
  one_container "$1" cdi "$2"
  one_container "$1" legacy /lib/x86_64-linux-gnu
}

@test "debian-current: libraries behind /etc/alternatives" { containers debian-current /usr/lib/x86_64-linux-gnu/nvidia/current; }
@test "nixos: a tree of links below /run/opengl-driver" { containers nixos /nix/store/aaaa-nvidia-x11-535.261.03/lib; }
@test "talos: a C library of its own below /usr/local/glibc" { containers talos /usr/local/glibc/usr/lib; }
@test "bottlerocket: /usr is a link into another root" { containers bottlerocket /x86_64-bottlerocket-linux-gnu/sys-root/usr/lib/nvidia/tesla; }
@test "driver-container: the driver root is a whole system" { containers driver-container /lib/x86_64-linux-gnu; }
@test "alpine: libraries in /usr/lib, no loader's cache" { containers alpine /usr/lib; }
@test "readonly: neither / nor /etc can be written, and there is no ldconfig" { containers readonly /usr/lib64; }

# A GPU whose brand no table knows: NVML would be asked, and cannot be where there is no glibc.
@test "alpine: without a loader of glibc everything is told but what only NVML knows" {
  run --separate-stderr on_host alpine runc busybox sh -c '
    busybox mv /usr/lib64/ld-linux-x86-64.so.2 /usr/lib64/ld-linux.away
    nvidia-container-cli info
    nvidia-ctk --quiet cdi generate --output=/run/nvidia.yaml && busybox grep -c "containerPath: /usr/lib/lib" /run/nvidia.yaml'
  echo "$output $stderr"
  [ "$status" -eq 0 ]
  has_line 'NVRM version:   535.261.03'
  has_line 'Model:          NVIDIA GeForce RTX 3060'
  has_line 'Brand:          '
  [ "${lines[-1]}" -ge 25 ]
  [[ $stderr == *'NVML needs the GNU C library, whose loader is /lib64/ld-linux-x86-64.so.2'* ]]
}

@test "readonly: nothing can be written" {
  run on_host readonly runc sh -c 'for place in / /etc /usr; do touch "$place/x" 2>/dev/null || echo "$place"; done'
  [ "$output" = "/
/etc
/usr" ]
}

# captured PROFILE: as the golden file says, whatever this machine is.
captured() {
  local file=$BATS_TEST_TMPDIR/$1.host
  run on_host "$1" runc "$e2e_dir/../hosts/capture" "$file"
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  run "$describe" "$file"
  [ "$status" -eq 0 ]
}

@test "a captured host is described like the host itself" {
  local golden name
  for golden in "$e2e_dir"/../hosts/*.golden; do
    name=${golden##*/}
    captured "${name%.golden}"
    diff "$golden" - <<<"$output"
  done
}

# What nvidia-container-cli lists on the host itself: nothing of it is lost in what was captured.
@test "a captured host has every GPU, and every file that nvidia-container-cli lists" {
  local profile thing
  for profile in $("$simhost" --list); do
    captured "$profile"
    run --separate-stderr on_host "$profile" runc bash -c '
      nvidia-container-cli list | grep -v ^/proc/
      sed -n "s/^Model:[[:space:]]*//p" /proc/driver/nvidia/gpus/*/information 2>/dev/null || true'
    [ "$status" -eq 0 ]
    "$describe" "$BATS_TEST_TMPDIR/$profile.host" >"$BATS_TEST_TMPDIR/description"
    while read -r thing; do
      grep -qF -- "$thing" "$BATS_TEST_TMPDIR/description" || {
        echo "$profile: $thing is missing"
        return 1
      }
    done <<<"$output"
  done
}

@test "a captured host has no UUID of a GPU" {
  captured a100mig
  run on_host a100mig runc sh -c 'sed -n "s/^GPU UUID:[^G]*//p" /proc/driver/nvidia/gpus/*/information'
  [ "${#lines[@]}" -eq 2 ]
  local uuid
  for uuid in "${lines[@]}"; do
    run grep -c -- "$uuid" "$BATS_TEST_TMPDIR/a100mig.host"
    [ "$output" = 0 ]
  done
}
