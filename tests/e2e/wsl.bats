#!/usr/bin/env bats
# Containers on WSL 2, where Windows lends its GPUs: what they get is NVIDIA's (v1.20.0: pkg/nvcdi/driver-wsl.go,
# device-wsl.go; libnvidia-container's src/nvc_mount.c for the hook).

# shellcheck disable=SC2154,SC2016 # variables of helpers.bash; text for an inner shell
# shellcheck disable=SC2030,SC2031 # every test is a subshell

load helpers

bats_require_minimum_version 1.5.0

store=/usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783

setup() {
  require runc jq unshare
}

# on_wsl MODE PREPARATION BUNDLE_OPTION... IMAGE ARG...: a container in this mode, on a host that a shell command has
# changed before.
on_wsl() {
  run on_host wsl2 runc bash -c '
    eval "$3"
    exec "$2/in_mode.sh" "$1" "$2/container.sh" "${@:4}"' bash "$1" "$support" "${@:2}"
}

# What a program of CUDA's needs: the loader by its usual names, the store beside it, Windows' node, nvidia-smi.
has_the_driver() {
  [ "$status" -eq 0 ]
  has_line nvidia-smi
  has_line "libcuda.so.1: libcuda_loader.so $store/libcuda.so.1"
  has_line "libcuda.so: libcuda_loader.so $store/libcuda.so.1"
  has_line "libnvidia-ml.so.1: libnvidia-ml.so.1 $store/libnvidia-ml.so.1"
  has_line "libdxcore.so: libdxcore.so /usr/lib/wsl/lib/libdxcore.so"
  has_line "libnvbox_image.so.1: libnvbox_image.so.1 /opt/image/lib/libnvbox_image.so.1"
  has_line "/dev/dxg 10:125 0666 0:0"
  has_text nvcubins.bin
  has_text libcuda.so.1.1
}

program='nvidia-smi; ls '$store'; exec probe dlopen libcuda.so.1 libcuda.so libnvidia-ml.so.1 libdxcore.so libnvbox_image.so.1 -- nodes'

@test "a container in each mode, whatever the device is called" {
  local mode device
  for mode in jit-cdi legacy; do
    for device in all 0 7 GPU-5f2c; do
      on_wsl $mode '' --env NVIDIA_VISIBLE_DEVICES=$device glibc sh -c "$program"
      has_the_driver
    done
  done
  on_wsl cdi '' --env NVIDIA_VISIBLE_DEVICES=all glibc sh -c "$program"
  has_the_driver
}

@test "an image of musl" {
  on_wsl jit-cdi '' --env NVIDIA_VISIBLE_DEVICES=all musl probe dlopen libcuda.so.1 libnvidia-ml.so.1
  [ "$status" -eq 0 ]
  has_line "libcuda.so.1: libcuda_loader.so $store/libcuda.so.1"
}

@test "none is no device, and nothing is nothing" {
  local mode
  for mode in jit-cdi legacy; do
    on_wsl $mode '' --env NVIDIA_VISIBLE_DEVICES=none glibc sh -c "nvidia-smi; exec probe nodes"
    [ "$status" -eq 0 ]
    has_line nvidia-smi
    has_no_text /dev/dxg
    on_wsl $mode '' glibc sh -c "ls /usr/lib/wsl; exec probe nodes"
    has_no_text drivers
    has_no_text /dev/dxg
  done
}

@test "conditions of images about versions that nobody knows do not stop a container" {
  local mode
  for mode in jit-cdi legacy; do
    on_wsl $mode '' --env NVIDIA_VISIBLE_DEVICES=all --env NVIDIA_REQUIRE_CUDA='cuda>=99' glibc nvidia-smi
    [ "$status" -eq 0 ]
    has_line nvidia-smi
  done
}

@test "the device cgroup allows Windows' node and no other" {
  on_wsl legacy '' --env NVIDIA_VISIBLE_DEVICES=all glibc sh -c '
    mknod /tmp/other c 10 126; exec probe open /dev/dxg /tmp/other'
  has_line '/tmp/other: EPERM'
  has_no_text '/dev/dxg: EPERM'
}

@test "nvidia-ctk: mode wsl is the automatic one, and describes one device" {
  run --separate-stderr on_host wsl2 runc sh -c '
    nvidia-ctk cdi generate >/run/auto
    nvidia-ctk --quiet cdi generate --mode=wsl --device-name-strategy=uuid --device-id=3 >/run/wsl
    cmp /run/auto /run/wsl || exit
    grep -v "^ *- \(ro\|nosuid\|nodev\|rbind\|rprivate\)$" /run/wsl'
  [ "$status" -eq 0 ]
  [[ $stderr == *'2 directories in /usr/lib/wsl/drivers have libcuda.so.1.1; '$store' is used, which /usr/lib/wsl/lib was filled from'* ]]
  [ "$(grep -c 'name: ' <<<"$output")" -eq 1 ]
  has_line '    - name: all'
  has_line '            - path: /dev/dxg'
  [ "$(grep -c "containerPath: $store/" <<<"$output")" -eq 18 ]
  [ "$(grep -c 'containerPath:' <<<"$output")" -eq 19 ]
  has_line "            - $store/nvidia-smi::/usr/bin/nvidia-smi"
  [ "$(grep -A 1 -e --folder <<<"$output" | grep -o '/usr.*')" = "$store
/usr/lib/wsl/lib" ]
  has_no_text enable-cuda-compat
  has_no_text disable-device-node-modification
}

@test "nvidia-container-cli: info, list and configure" {
  run --separate-stderr on_host wsl2 runc bash -c '
    "$1/images.sh" --copy /run/image glibc
    nvidia-container-cli info --csv
    nvidia-container-cli list
    unshare --mount --propagation private bash -ec "
      mount --bind /run/image /run/image; mount -t proc proc /run/image/proc; mount -t tmpfs none /run/image/dev
      nvidia-container-cli configure --no-cgroups --device=all --compute --utility /run/image
      chroot /run/image sh -c \"nvidia-smi; exec probe dlopen libcuda.so.1 -- nodes\""' bash "$support"
  echo "$output $stderr"
  [ "$status" -eq 0 ]
  has_line '0,0,,,,,'
  has_line /dev/dxg
  has_line $store/nvcubins.bin
  has_line $store/libcuda.so.1.1
  has_line /usr/lib/wsl/lib/libdxcore.so
  has_no_text nvidiactl
  has_line nvidia-smi
  has_line "libcuda.so.1: libcuda_loader.so $store/libcuda.so.1"
  has_line "/dev/dxg 10:125 0666 0:0"
}

@test "without a driver store: one line for each program" {
  local words='this is WSL, and no directory in /usr/lib/wsl/drivers has libcuda.so.1.1; install NVIDIA'"'"'s driver for Windows, then run '"'"'wsl --shutdown'"'"' there'
  local mode
  for mode in jit-cdi legacy; do
    on_wsl $mode "rm -r $store /usr/lib/wsl/drivers/nv_dispi.inf_amd64_0*" --env NVIDIA_VISIBLE_DEVICES=all glibc true
    [ "$status" -ne 0 ]
    has_text "$words"
  done
  run on_host wsl2 runc sh -c '
    rm -r /usr/lib/wsl/drivers/nv*
    nvidia-container-cli info; nvidia-container-cli list; nvidia-ctk --quiet cdi generate --output=/run/x.yaml'
  [ "$(grep -cF "$words" <<<"$output")" -eq 3 ]
  [ "${#lines[@]}" -eq 3 ]
}

@test "another driver root, and another host, are told in one line" {
  run on_host t4x1 runc sh -c 'nvidia-ctk --quiet cdi generate --mode=wsl'
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 1 ]
  has_text 'this is no WSL 2 with a GPU: /dev/dxg does not exist'
  # e_machine, at offset 18 of an ELF file: 183 is aarch64's.
  run on_host t4x1 runc bash -c '
    mkdir -p /run/other/usr/lib64 && cp /usr/lib/x86_64-linux-gnu/lib{cuda,nvidia-ml}.so.535.261.03 /run/other/usr/lib64
    for file in /run/other/usr/lib64/*; do printf "\267" | dd of="$file" bs=1 seek=18 conv=notrunc status=none; done
    nvidia-container-cli --root /run/other list'
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 1 ]
  has_text 'the libraries of driver 535.261.03 are not for this machine: /usr/lib64/lib'
  has_text 'is a 64-bit file for ELF machine 183, and x86_64 needs 64-bit files for machine 62; install'
}
