#!/usr/bin/env bats
# The simulated host itself; nothing here needs the nvbox binary.

# shellcheck disable=SC2016 # scripts for the inside
# shellcheck disable=SC2030,SC2031 # every test is a subshell

bats_require_minimum_version 1.5.0

setup_file() {
  # C17, where a function type may leave the arguments open.
  gcc -std=gnu17 -Wall "$BATS_TEST_DIRNAME/ask_nvml.c" -o "$BATS_FILE_TMPDIR/ask_nvml"
  musl-gcc -std=gnu17 -Wall "$BATS_TEST_DIRNAME/ask_nvml.c" -o "$BATS_FILE_TMPDIR/ask_nvml_musl"
}

setup() {
  ask=$BATS_FILE_TMPDIR/ask_nvml
  simhost=$BATS_TEST_DIRNAME/simhost
  support=$BATS_TEST_DIRNAME/../e2e/support
  wrappers=/usr/local/lib/simhost
}

# What the real host has where a simulated one writes. Sizes and times too, but no access times.
# Terminals and shared memory are everybody's: fuzzers make and remove folders there meanwhile.
host_state() {
  find /dev /usr/bin /usr/local /usr/lib/firmware /usr/lib/x86_64-linux-gnu /etc /run /var/lib /var/cache/ldconfig \
    \( -path /dev/pts -o -path /dev/shm \) -prune -o -printf '%p %y %m %U:%G %s %T@ %l\n' 2>/dev/null | sort
  ls /proc/driver /sys/bus/pci/devices
  cat /proc/devices
  awk '{ $1 = $2 = ""; print }' /proc/self/mountinfo
}

@test "lists its profiles" {
  run "$simhost" --list
  [ "$status" -eq 0 ]
  [ "$output" = "a100mig
a100x8
alpine
bottlerocket
dead1of4
debian-current
driver-container
h200x8
jetson-orin-dgpu
jetson-orin
jetson-thor
nixos
readonly
t4x1
talos
wsl2" ]
}

@test "passes arguments, exit status, input and output through, and says nothing itself" {
  run --separate-stderr "$simhost" t4x1 -- sh -c 'cat; printf "%s|" "$@"; exit 42' sh 'a b' '' <<<in
  [ "$status" -eq 42 ]
  [ "$output" = "in
a b||" ]
  [ -z "$stderr" ]
}

@test "a command killed by a signal is seen as killed" {
  run "$simhost" t4x1 sh -c 'kill -TERM $$'
  [ "$status" -eq 143 ]
}

@test "errors are one line" {
  run "$simhost" t4x2 true
  [ "$status" -eq 1 ]
  [ "$output" = "simhost: unknown profile 't4x2': there are a100mig a100x8 alpine bottlerocket dead1of4 debian-current driver-container h200x8 jetson-orin-dgpu jetson-orin jetson-thor nixos readonly t4x1 talos wsl2" ]
  run "$simhost" --install /nowhere t4x1 true
  [ "$status" -eq 1 ]
  [ "$output" = "simhost: --install /nowhere: not an executable file" ]
  run "$simhost" t4x1
  [ "$status" -eq 2 ]
  [ "${#lines[@]}" -eq 1 ]
  run unshare --user "$simhost" t4x1 true
  [ "$status" -eq 1 ]
  [ "$output" = "simhost: must be root: it mounts file systems and makes device nodes" ]
}

@test "a profile of one's own; a line nobody knows is named" {
  printf 'driver 1.2\ngpu 0000:01:00.0 0 0 0x030000 0x1234 GPU-1 My GPU\n' >"$BATS_TEST_TMPDIR/own.profile"
  run "$simhost" --cache "$BATS_TEST_TMPDIR/cache" "$BATS_TEST_TMPDIR/own.profile" grep Model /proc/driver/nvidia/gpus/0000:01:00.0/information
  [ "$output" = $'Model: \t\t My GPU' ]
  echo 'gqu' >>"$BATS_TEST_TMPDIR/own.profile"
  run "$simhost" --cache "$BATS_TEST_TMPDIR/cache" "$BATS_TEST_TMPDIR/own.profile" true
  [ "$status" -eq 1 ]
  [ "$output" = "simhost: own.profile:3: unknown key 'gqu'" ]
}

@test "a driver at other places, and a root that cannot be written" {
  cat >"$BATS_TEST_TMPDIR/odd.profile" <<'PROFILE'
driver 1.2
gpu 0000:01:00.0 0 0 0x030000 0x2684 GPU-1 One
without /usr/share/*
move /usr/lib/x86_64-linux-gnu /odd/lib
linked /usr/lib/x86_64-linux-gnu /odd/links
usr /elsewhere/usr
node /dev/odd/node 10 200 0640
copy /odd/passwd /etc/passwd
bind /odd/lib /run/bound
absent /etc/ld.so.cache
firmware_path /odd/firmware
config odd = 1
read_only yes
PROFILE
  run "$simhost" "$BATS_TEST_TMPDIR/odd.profile" -- sh -c '
    readlink /odd/lib/libcuda.so.1 /odd/links/libcuda.so.1 /usr
    ls /usr/lib/x86_64-linux-gnu/libcuda.so.1 /usr/share/nvidia /etc/ld.so.cache 2>/dev/null
    stat -c "%n %a %t:%T" /dev/odd/node
    cmp /odd/passwd /etc/passwd; cmp /run/bound/libcuda.so.1.2 /odd/lib/libcuda.so.1.2
    cat /sys/module/firmware_class/parameters/path
    head -n 1 /etc/nvidia-container-runtime/config.toml
    touch /x || touch /usr/x || touch /etc/x || touch /tmp && cd /usr/bin && pwd -P'
  [ "$status" -eq 0 ]
  [ "$(grep -v ^touch <<<"$output")" = "libcuda.so.1.2
/odd/lib/libcuda.so.1
./elsewhere/usr
/dev/odd/node 640 a:c8
/odd/firmware
odd = 1
/elsewhere/usr/bin" ]
  [ "$(grep -c "^touch: .*Read-only file system" <<<"$output")" -eq 3 ]
  [ ! -e /odd ]
}

@test "a host without the kernel module" {
  printf 'driver 1.2\nmodule none\n' >"$BATS_TEST_TMPDIR/none.profile"
  run "$simhost" "$BATS_TEST_TMPDIR/none.profile" -- sh -c 'ls -A /proc/driver; echo /dev/nvidia*; grep -c nvidia /proc/devices; test -e /dev/null'
  [ "$status" -eq 0 ]
  [ "$output" = "/dev/nvidia*
0" ]
}

@test "two starts with a cold cache" {
  "$simhost" --cache "$BATS_TEST_TMPDIR/cache" t4x1 cat /proc/driver/nvidia/version >"$BATS_TEST_TMPDIR/one" &
  run "$simhost" --cache "$BATS_TEST_TMPDIR/cache" t4x1 cat /proc/driver/nvidia/version
  wait $!
  [ "$status" -eq 0 ]
  [ "$output" = "$(<"$BATS_TEST_TMPDIR/one")" ]
  [ "$(find "$BATS_TEST_TMPDIR/cache" -maxdepth 1 -name '.build*' | wc -l)" -eq 0 ]
}

@test "t4x1: procfs, nodes and sysfs" {
  run "$simhost" t4x1 -- sh -c '
    head -n 1 /proc/driver/nvidia/version
    grep -E "UUID|Minor|Location" /proc/driver/nvidia/gpus/*/information
    grep ModifyDeviceFiles /proc/driver/nvidia/params
    grep -E "nvidia|mem$" /proc/devices
    stat -c "%n %t:%T %a %u:%g" /dev/nvidia* /dev/dri/* | grep -v "dri/by-path"
    readlink /dev/dri/by-path/*
    cat /sys/bus/pci/devices/0000:3b:00.0/class; ls /sys/bus/pci/devices/0000:3b:00.0/drm
    test -S /run/nvidia-persistenced/socket'
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == "NVRM version: NVIDIA UNIX "*" Kernel Module  535.261.03  "* ]]
  [ "$(tail -n +2 <<<"$output")" = "$(printf '%b' 'GPU UUID: \t GPU-00000074-0000-0000-0000-000000000000
Bus Location: \t 0000:3b:00.0
Device Minor: \t 0
ModifyDeviceFiles: 1
  1 mem
195 nvidia
195 nvidia-modeset
195 nvidiactl
510 nvidia-uvm
511 nvidia-caps
/dev/nvidia-caps 0:0 755 0:0
/dev/nvidia-modeset c3:fe 666 0:0
/dev/nvidia-uvm 1fe:0 666 0:0
/dev/nvidia-uvm-tools 1fe:1 666 0:0
/dev/nvidia0 c3:0 666 0:0
/dev/nvidiactl c3:ff 666 0:0
/dev/dri/card0 e2:0 660 0:0
/dev/dri/renderD128 e2:80 666 0:0
../card0
../renderD128
0x030200
card0
renderD128')" ]
}

@test "t4x1: the driver's files are those of the recorded host, of the right kind" {
  run "$simhost" t4x1 -- bash -c '
    while read -r kind path target; do
      path=${path//@VERSION@/535.261.03} target=${target//@VERSION@/535.261.03}
      case $kind in
        f) [[ -f $path && ! -L $path ]] || echo "no file $path" ;;
        l) [[ $(readlink "$path") == "$target" ]] || echo "no link $path" ;;
      esac
    done <"$1"
    nvidia-smi
    lib=/usr/lib/x86_64-linux-gnu
    readelf -d $lib/libcuda.so.1 $lib/libnvidia-eglcore.so.535.261.03 $lib/libnvidia-allocator.so.1 | grep -o "soname.*"
    readelf -h /usr/lib/i386-linux-gnu/libcuda.so.1 | grep -o ELF32
    ldconfig -p | grep -o "libnvidia-ml.so.1 .*"' bash "$BATS_TEST_DIRNAME/driver-files.txt"
  [ "$output" = "nvidia-smi
soname: [libcuda.so.1]
soname: [libnvidia-eglcore.so.535.261.03]
soname: [libnvidia-allocator.so.1]
ELF32
libnvidia-ml.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libnvidia-ml.so.1
libnvidia-ml.so.1 (libc6) => /lib/i386-linux-gnu/libnvidia-ml.so.1" ]
}

@test "a100x8: minors in another order than bus ids, gids, switches" {
  run "$simhost" a100x8 -- sh -c '
    sed -n "s/Device Minor: *\t //p" /proc/driver/nvidia/gpus/*/information | paste -sd " "
    stat -c %g:%a /dev/dri/card1 /dev/dri/renderD129
    ls -d /dev/nvidia[0-9]* /dev/nvidia-nvswitch* | wc -l
    ls /run/nvidia-fabricmanager/socket'
  [ "$output" = "1 2 0 3 5 4 7 6
44:660
106:660
15
/run/nvidia-fabricmanager/socket" ]
}

@test "a100x8: what features need" {
  run "$simhost" a100x8 -- sh -c '
    stat -c "%n %t:%T %a" /dev/nvidia-fs15 /dev/gdrdrv /dev/infiniband/*[m0]
    ls -d /dev/nvidia-fs* | wc -l
    ls -d /run/udev/data /etc/cufile.json
    grep -E " (nvidia-fs|gdrdrv|infiniband_verbs)$" /proc/devices'
  [ "$output" = "/dev/nvidia-fs15 1fa:f 666
/dev/gdrdrv 1f9:0 666
/dev/infiniband/rdma_cm a:7b 666
/dev/infiniband/umad0 e7:0 600
/dev/infiniband/uverbs0 e7:c0 666
16
/etc/cufile.json
/run/udev/data
231 infiniband_verbs
505 gdrdrv
506 nvidia-fs" ]
}

@test "a100mig: the second GPU's instances have the driver's cap numbers" {
  run "$simhost" a100mig -- sh -c '
    cd /proc/driver/nvidia/capabilities/gpu1/mig
    ls | sort -V | paste -sd " "
    cat gi7/access gi13/ci0/access
    grep -E "^(config|monitor|gpu1/gi7/access|gpu1/gi13/ci0/access|gpu31/gi14/ci7/access) " /proc/driver/nvidia-caps/mig-minors
    stat -c "%n %t:%T %a" /dev/nvidia-caps/nvidia-cap1 /dev/nvidia-caps/nvidia-cap256'
  [ "$output" = "gi7 gi8 gi9 gi10 gi11 gi12 gi13
DeviceFileMinor: 201
DeviceFileMode: 292
DeviceFileModify: 1
DeviceFileMinor: 256
DeviceFileMode: 292
DeviceFileModify: 1
config 1
monitor 2
gpu1/gi7/access 201
gpu1/gi13/ci0/access 256
gpu31/gi14/ci7/access 4322
/dev/nvidia-caps/nvidia-cap1 1ff:1 400
/dev/nvidia-caps/nvidia-cap256 1ff:100 444" ]
}

# nvidia-container-cli takes no other (nvc_info.c, "new ABI").
@test "libnvidia-tls says which kernel it needs, as NVIDIA's does" {
  run "$simhost" t4x1 -- sh -c '
    for library in /usr/lib/*/libnvidia-tls.so.*.*; do readelf --notes "$library"; done | grep -e OS: -e Owner
    readelf --notes /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.*.*'
  [ "$output" = "  Owner                Data size 	Description
    OS: Linux, ABI: 2.3.99
  Owner                Data size 	Description
    OS: Linux, ABI: 2.3.99" ]
}

@test "h200x8: open kernel modules and IMEX channels" {
  run "$simhost" h200x8 -- sh -c '
    head -n 1 /proc/driver/nvidia/version
    grep imex /proc/devices
    stat -c "%n %t:%T %a" /dev/nvidia-caps-imex-channels/*'
  [[ ${lines[0]} == "NVRM version: NVIDIA UNIX Open Kernel Module for "*"  570.172.08  Release Build  "* ]]
  [ "$(tail -n +2 <<<"$output")" = "509 nvidia-caps-imex-channels
/dev/nvidia-caps-imex-channels/channel0 1fd:0 666
/dev/nvidia-caps-imex-channels/channel1 1fd:1 666
/dev/nvidia-caps-imex-channels/channel2 1fd:2 666
/dev/nvidia-caps-imex-channels/channel3 1fd:3 666" ]
}

@test "dead1of4: the second GPU's information cannot be read, its node is there" {
  run "$simhost" dead1of4 -- sh -c '
    ls /dev/nvidia1
    cat /proc/driver/nvidia/gpus/0000:3b:00.0/information'
  [ "$status" -eq 1 ]
  [[ ${lines[0]} == /dev/nvidia1 ]]
  [[ ${lines[1]} == *"Is a directory" ]]
}

# own_nvml_host LINE...: sets `own` to a profile of two GPUs with these lines.
own_nvml_host() {
  own=$BATS_TEST_TMPDIR/own.profile
  printf '%s\n' 'driver 560.1' 'gpu 0000:01:00.0 1 0 0x030000 0x1eb8 GPU-00000001-a Some GPU' \
    'gpu 0000:02:00.0 0 1 0x030000 0x1234 GPU-00000002-b Other GPU' "$@" >"$own"
}

# on_own [OPTION...] COMMAND [ARG...]: runs it there.
on_own() { run "$simhost" --cache "$BATS_TEST_TMPDIR/cache" "$own" "$@"; }

@test "NVML: what a100mig answers; MIG devices are not in the order of instances" {
  run "$simhost" a100mig "$ask" 00000000:3B:00.0 0000:86:00.0 0000:87:00.0
  [ "$output" = "libnvidia-ml.so.550.163.01 [550.163.01] [12040]
gpu 0 [0] [0] [GPU-3ba10000-0000-4a10-8000-000000000000] [NVIDIA A100 80GB PCIe] [14] [8.0] [0.0] [Not Supported]
slot 0: Not Found
slot 1: Not Found
slot 2: Not Found
slot 3: Not Found
slot 4: Not Found
slot 5: Not Found
slot 6: Not Found
gpu 1 [1] [1] [GPU-86a10000-0000-4a10-8000-000000000001] [NVIDIA A100 80GB PCIe] [14] [8.0] [1.1] [Not Supported]
slot 0 [9] [0] [0] [MIG-86a10000-0000-5000-8000-000009000000] [NVIDIA A100 80GB PCIe MIG 1g.10gb]
slot 1 [7] [0] [1] [MIG-86a10000-0000-5000-8000-000007000000] [NVIDIA A100 80GB PCIe MIG 1g.10gb]
slot 2 [8] [0] [2] [MIG-86a10000-0000-5000-8000-000008000000] [NVIDIA A100 80GB PCIe MIG 1g.10gb]
slot 3 [10] [0] [3] [MIG-86a10000-0000-5000-8000-00000a000000] [NVIDIA A100 80GB PCIe MIG 1g.10gb]
slot 4 [11] [0] [4] [MIG-86a10000-0000-5000-8000-00000b000000] [NVIDIA A100 80GB PCIe MIG 1g.10gb]
slot 5 [12] [0] [5] [MIG-86a10000-0000-5000-8000-00000c000000] [NVIDIA A100 80GB PCIe MIG 1g.10gb]
slot 6 [13] [0] [6] [MIG-86a10000-0000-5000-8000-00000d000000] [NVIDIA A100 80GB PCIe MIG 1g.10gb]
00000000:3B:00.0 [0]
0000:86:00.0 [1]
0000:87:00.0: Not Found" ]
}

# nvml.h says that a MIG handle has no PCI address of its own, so the one shown is its GPU's; the oldest form of
# nvmlPciInfo_t ends before the long address. The profile of the instance is the one that the list of profiles
# (by number: 1, 2, 3, 4 and 7 slices; first the GPU instance's, then the compute instance's) has under its number.
@test "NVML: what a device with a UUID is, and how an instance is cut" {
  own_nvml_host 'mig 0 3 1 2g.20gb'
  on_own "$ask" gpu-00000001-A MIG-00000002-0000-5000-8000-000003000001 MIG-none
  [ "$(tail -n 3 <<<"$output")" = "gpu-00000001-A [0] [Invalid Argument] [0] [0000:01:00.0 0 1 0 ?] [0000:01:00.0 0 1 0 00000000:01:00.0] [Invalid Argument] [80]
MIG-00000002-0000-5000-8000-000003000001 [1] [0] [1] [0000:02:00.0 0 2 0 ?] [0000:02:00.0 0 2 0 00000000:02:00.0] [20480] [80] [3] [1] [1] [19] [0] [14] [1] [9] [Not Supported] [5] [Not Supported] [0] [Not Supported]
MIG-none: Not Found" ]
}

@test "NVML: a program of musl gets the same answers" {
  run "$simhost" a100mig -- sh -c '
    "$1" >"$2/glibc"
    LD_LIBRARY_PATH=$(dirname /lib/*/libnvidia-ml.so.1) "$1_musl" | diff "$2/glibc" -' sh "$ask" "$BATS_TEST_TMPDIR"
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "NVML: the table may change while the host runs; slots may have holes" {
  run "$simhost" a100mig -- sh -c '
    sed -i "/ MIG-.*-000007000000 /d" /etc/simhost/nvml
    echo "  cuda 13020 " >>/etc/simhost/nvml
    echo "gpu 00000000:3B:00.0 0 GPU-new 2 12.1 1 Another  model" >>/etc/simhost/nvml
    "$1" | sed "3,9d;14,\$d"
    rm /etc/simhost/nvml
    "$1"' sh "$ask"
  [ "$output" = "libnvidia-ml.so.550.163.01 [550.163.01] [13020]
gpu 0 [0] [0] [GPU-new] [Another  model] [2] [12.1] [0.0] [1]
gpu 1 [1] [1] [GPU-86a10000-0000-4a10-8000-000000000001] [NVIDIA A100 80GB PCIe] [14] [8.0] [1.1] [Not Supported]
slot 0 [9] [0] [0] [MIG-86a10000-0000-5000-8000-000009000000] [NVIDIA A100 80GB PCIe MIG 1g.10gb]
slot 1: Not Found
slot 2 [8] [0] [2] [MIG-86a10000-0000-5000-8000-000008000000] [NVIDIA A100 80GB PCIe MIG 1g.10gb]
init: Driver Not Loaded" ]
}

@test "NVML: lines of a profile; a driver without a function; a UUID that procfs masks" {
  own_nvml_host 'mig 0 3 1 2g.20gb' 'mig 0 5 0' 'masked 0000:02:00.0' 'nvml cuda 13020' \
    'nvml fail nvmlDeviceGetBrand 999' 'nvml_without nvmlDeviceGetAddressingMode'
  on_own -- sh -c '"$1" | grep -v ": Not Found"; sed -n "s/GPU UUID: *\t //p" /proc/driver/nvidia/gpus/*/information' sh "$ask"
  [ "$output" = "libnvidia-ml.so.560.1 [560.1] [13020]
gpu 0 [0] [1] [GPU-00000001-a] [Some GPU] [Unknown Error] [7.5] [Not Supported] [Function Not Found]
gpu 1 [1] [0] [GPU-00000002-b] [Other GPU] [Unknown Error] [12.1] [1.1] [Function Not Found]
slot 0 [3] [1] [0] [MIG-00000002-0000-5000-8000-000003000001] [Other GPU MIG 2g.20gb]
slot 1 [5] [0] [1] [MIG-00000002-0000-5000-8000-000005000000] [Other GPU MIG 1g.10gb]
GPU-00000001-a
GPU-????????-????-????-????-????????????" ]
  own_nvml_host 'nvml_without nvmlDeviceGetMig'
  on_own true
  [ "$status" -eq 1 ]
  [ "$output" = "simhost: nvml_without nvmlDeviceGetMig: no function of the simulated libnvidia-ml" ]
}

@test "NVML: failures, and GPUs that are not there" {
  own_nvml_host 'nvml fail init 18'
  on_own "$ask"
  [ "$status" -eq 1 ]
  [ "$output" = "init: Driver/library version mismatch" ]
  run "$simhost" dead1of4 "$ask" 0000:3b:00.0 0000:af:00.0
  [ "$(sed -n '3p;6,$p' <<<"$output")" = "gpu 1: GPU is lost
0000:3b:00.0: GPU is lost
0000:af:00.0 [3]" ]
}

@test "NVML: a driver that hangs, crashes or talks nonsense" {
  run "$simhost" t4x1 -- sh -c '
    ulimit -c 0
    ask=$1
    on() { echo "$1" >>/etc/simhost/nvml; shift; "$@"; echo "= $?"; }
    on "garbage init" "$ask"
    on "fail init 0" true
    on "crash nvmlDeviceGetUUID" "$ask" 2>/dev/null
    on "hang 0000:3b:00.0" timeout 0.3 "$ask"' sh "$ask"
  [ "$output" = $'}{ garbage \x01
= 0
= 0
= 132
= 124' ]
}

@test "NVML: asking for a GPU opens its node and no other" {
  run "$simhost" a100x8 -- sh -c '
    strace -qq -e trace=openat -o "$2" "$1"
    echo gpu 0000:01:00.0 77 GPU-1 2 7.5 - One >/etc/simhost/nvml
    strace -qq -e trace=openat -o "$3" "$1"' sh "$ask" "$BATS_TEST_TMPDIR/all" "$BATS_TEST_TMPDIR/one"
  opened() { grep -o '/dev/nvidia[a-z0-9]*", O_RDWR' "$BATS_TEST_TMPDIR/$1" | cut -d '"' -f 1 | paste -sd ' '; }
  [ "$(opened all)" = "/dev/nvidiactl /dev/nvidia1 /dev/nvidia2 /dev/nvidia0 /dev/nvidia3 /dev/nvidia5 /dev/nvidia4 /dev/nvidia7 /dev/nvidia6" ]
  [ "$(opened one)" = "/dev/nvidiactl /dev/nvidia77" ]
}

@test "--install: the binary and a link for each applet" {
  printf '#!/bin/sh\n[ "$1" != --list ] || printf "nvbox core\\nnvidia-ctk cli\\nnvidia-smi-not cli\\n"\n' >"$BATS_TEST_TMPDIR/binary"
  chmod +x "$BATS_TEST_TMPDIR/binary"
  run "$simhost" --install "$BATS_TEST_TMPDIR/binary" t4x1 -- sh -c '
    readlink /usr/bin/nvidia-ctk /usr/bin/nvidia-smi-not; test -L /usr/bin/nvbox || cmp /usr/bin/nvbox "$1"' sh "$BATS_TEST_TMPDIR/binary"
  [ "$status" -eq 0 ]
  [ "$output" = "nvbox
nvbox" ]
}

@test "config.toml names the wrappers or what the caller wants" {
  run "$simhost" t4x1 cat /etc/nvidia-container-runtime/config.toml
  [ "${lines[1]}" = 'runtimes = ["/usr/local/lib/simhost/runc", "/usr/local/lib/simhost/crun"]' ]
  SIMHOST_RUNTIMES='/a/b crun' run "$simhost" t4x1 cat /etc/nvidia-container-runtime/config.toml
  [ "${lines[1]}" = 'runtimes = ["/a/b", "crun"]' ]
}

@test "nothing reaches the real host" {
  "$simhost" t4x1 true
  "$support/images.sh" glibc >/dev/null
  host_state >"$BATS_TEST_TMPDIR/before"
  "$simhost" t4x1 -- sh -c '
    touch /etc/x /usr/bin/x /usr/lib/x /run/x /var/lib/x /dev/x /dev/shm/x /proc/driver/x
    rm /etc/hostname; mkdir /var/lib/docker/x; ldconfig
    "$1"/bundle.sh "$2/b" glibc true && $3/runc run -b "$2/b" leak' sh "$support" "$BATS_TEST_TMPDIR" "$wrappers"
  host_state >"$BATS_TEST_TMPDIR/after"
  diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
  [ ! -e /dev/shm/x ]
}

# plain_container RUNTIME IMAGE [ARG...]: what a container without GPUs sees of the driver.
plain_container() {
  local runtime=$1 image=$2
  run "$simhost" t4x1 -- sh -c '
    "$1"/bundle.sh "$2" "$3" -- probe cat /proc/driver/nvidia/registry -- nodes -- open /dev/null -- dlopen libcuda.so.1 &&
    exec "$4" run --bundle "$2" "$5"' sh "$support" "$BATS_TEST_TMPDIR/b" "$image" "$wrappers/$runtime" "$runtime-$image"
  [ "$status" -eq 0 ]
  [ "$(head -n 5 <<<"$output")" = '== cat /proc/driver/nvidia/registry
Binary: ""
== nodes
== open /dev/null
/dev/null: OK' ]
  [[ ${lines[6]} == "libcuda.so.1: "*"No such file or directory" ]]
}

@test "a container of runc, image glibc" { plain_container runc glibc; }
@test "a container of runc, image glibc-rhel" { plain_container runc glibc-rhel; }
@test "a container of runc, image musl" { plain_container runc musl; }
@test "a container of crun, image glibc-nocache" { plain_container crun glibc-nocache; }
@test "a container of crun, image musl" { plain_container crun musl; }

@test "the wrappers understand where the bundle is, and leave a bound /proc alone" {
  run "$simhost" t4x1 -- bash -c '
    set -e
    "$1"/bundle.sh "$2" glibc true
    config=$2/config.json pristine=$(<"$2/config.json")
    try() { printf "%s" "$pristine" >"$config"; "$@"; jq -c "[.hooks.prestart[]?.args[0]]" "$config"; }
    try "$3"/runc --root /run/r --log /dev/null --log-format json run --bundle "$2" w1
    try "$3"/runc --root=/run/r run "--bundle=$2" w2
    try "$3"/runc run -b "$2" w3
    try "$3"/crun --root /run/c --log=/run/log run -b "$2" w4
    try "$3"/crun run "-b$2" w5
    cd "$2"; try "$3"/crun run w6; cd /
    try "$3"/crun --version >/dev/null
    "$1"/bundle.sh --bind-proc "$2/bound" glibc -- probe cat /proc/driver/nvidia/registry
    cd "$2/bound"; "$3"/runc run w7; jq -c .hooks config.json' bash "$support" "$BATS_TEST_TMPDIR/b" "$wrappers"
  [ "$output" = '["bind-proc-driver"]
["bind-proc-driver"]
["bind-proc-driver"]
["bind-proc-driver"]
["bind-proc-driver"]
["bind-proc-driver"]
Binary: ""
null' ]
}

@test "the wrapper leaves an invalid config.json alone and the runtime to complain" {
  mkdir "$BATS_TEST_TMPDIR/b"
  printf '{"oci' >"$BATS_TEST_TMPDIR/b/config.json"
  run "$simhost" t4x1 "$wrappers/runc" run --bundle "$BATS_TEST_TMPDIR/b" x
  [ "$status" -ne 0 ]
  [ "$(<"$BATS_TEST_TMPDIR/b/config.json")" = '{"oci' ]
}

@test "a device cgroup denies what the bundle does not allow" {
  run "$simhost" t4x1 -- sh -c '
    "$1"/bundle.sh "$2" glibc -- probe open /dev/nvidia0 /dev/nvidiactl &&
    jq ".linux.devices = [{path: \"/dev/nvidia0\", type: \"c\", major: 195, minor: 0}, {path: \"/dev/nvidiactl\", type: \"c\", major: 195, minor: 255}]
        | .linux.resources.devices += [{allow: true, type: \"c\", major: 195, minor: 0, access: \"rw\"}]" "$2/config.json" >"$2/new" &&
    mv "$2/new" "$2/config.json" && exec "$3"/runc run --bundle "$2" cgroup' sh "$support" "$BATS_TEST_TMPDIR/b" "$wrappers"
  [ "$output" = "/dev/nvidia0: ENXIO
/dev/nvidiactl: EPERM" ]
}

@test "dockerd starts, runs containers with the wrappers and leaves nothing behind" {
  host_state >"$BATS_TEST_TMPDIR/before"
  run "$simhost" a100x8 -- "$support/docker.sh" with --runtime "sim=$wrappers/runc" --runtime "sim-crun=$wrappers/crun" \
    --default-runtime sim /run/docker-test -- sh -c '
      "$1"/docker.sh import /run/docker-test image glibc
      docker run --rm --network=none image probe cat /proc/driver/nvidia/version
      docker run --rm --network=none --runtime=sim-crun image probe cat /proc/driver/nvidia/registry
      docker run --rm --network=none --privileged image probe open /dev/nvidia0
      docker run -d --network=none image sleep 4242 >/dev/null
      jq -r ".[\"cgroup-parent\"]" /run/docker-test/daemon.json >"$2"
      exit 9' sh "$support" "$BATS_TEST_TMPDIR/cgroup"
  [ "$status" -eq 9 ]
  [[ ${lines[0]} == *"550.163.01"* ]]
  [ "${lines[2]}" = 'Binary: ""' ]
  [ "${lines[3]}" = "/dev/nvidia0: ENXIO" ]
  host_state >"$BATS_TEST_TMPDIR/after"
  diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
  run find /sys/fs/cgroup -name "$(basename "$(<"$BATS_TEST_TMPDIR/cgroup")")"
  [ -z "$output" ]
  run ! pgrep -f 'sleep 4242'
}
