#!/usr/bin/env bats
# Jetson boards (mode csv), with a real low-level runtime: $E2E_LOW_LEVEL, runc or crun. What the peer makes of
# these hosts was recorded from its version 1.20.0 (support/peer_jetson-*.json).

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

low_level=${E2E_LOW_LEVEL:-runc}
files=/etc/nvidia-container-runtime/host-files-for-container.d
tegra=/usr/lib/aarch64-linux-gnu

setup() {
  require "$low_level" jq unshare
}

# In front of every set-up. `mode MODE` sets that of config.toml, and `csv FILE` writes one.
prelude='
  set -e
  files=/etc/nvidia-container-runtime/host-files-for-container.d
  config=/etc/nvidia-container-runtime/config.toml
  sed -i "/^\[nvidia-container-runtime\]/a debug = \"/run/debug.log\"" $config
  mode() { sed -i "/^\[nvidia-container-runtime\]/a mode = \"$1\"" $config; }
  csv() { cat >"$files/$1"; }'

# jetson PROFILE SETUP CONTAINER_SH_ARGUMENT...: a container, where SETUP (bash) was run; and what is logged.
jetson() {
  run on_host "$1" "$low_level" bash -c '
    eval "$2"
    status=0
    "$1/container.sh" "${@:3}" || status=$?
    [ ! -e /run/debug.log ] || jq -r "select(.level == \"warning\") | .level + \": \" + .msg" /run/debug.log
    exit $status' bash "$support" "$prelude
$2" "${@:3}"
}

# What every container with the integrated GPU has.
has_orin() {
  has_line '/dev/nvidia0 195:0 0666 0:0'
  has_line '/dev/nvmap 503:0 0660 0:44'
  has_line 'libcuda.so.1: libcuda.so.1.1 '"$tegra/nvidia/libcuda.so.1"
  has_text 'libEGL_nvidia.so.0: libEGL_nvidia.so.0'
  has_line "$tegra/libcuda.so -> nvidia/libcuda.so.1.1"
}
# `probe nodes` shows the usual driver's.
orin=(sh -c 'for node in /dev/nvmap /dev/nvgpu/*/*; do
    [ ! -e "$node" ] || stat -c "$node %t %T 0%a %u:%g" "$node"
  done | while read -r path major minor rest; do echo "$path $((0x$major)):$((0x$minor)) $rest"; done
  exec probe nodes -- dlopen libcuda.so.1 libEGL_nvidia.so.0 -- links '"$tegra"' "$@"' sh)

@test "auto and csv: nodes, libraries, loader cache and links, whatever the capabilities" {
  for mode in auto csv jit-cdi; do
    jetson jetson-orin "mode $mode" --env NVIDIA_VISIBLE_DEVICES=all --env NVIDIA_DRIVER_CAPABILITIES=utility glibc \
      "${orin[@]}" -- open /dev/nvmap -- env -- cat /etc/nv_tegra_release
    [ "$status" -eq 0 ]
    has_orin
    has_line '/dev/nvgpu/igpu0/channel 502:1 0660 0:44'
    has_line '/dev/nvmap: ENXIO'
    has_line NVIDIA_VISIBLE_DEVICES=void
    has_text '# R36 (release), REVISION: 4.3'
    has_no_text NVIDIA_CTK_LIBCUDA_DIR
    has_no_text /dev/nvidia-uvm
  done
}

@test "the device cgroup allows what the CSV files name and nothing else" {
  jetson jetson-orin true --env NVIDIA_VISIBLE_DEVICES=0 glibc \
    sh -c 'mknod /tmp/own c 502 3 && mknod /tmp/other c 510 0 && probe open /tmp/own /tmp/other'
  [ "$status" -eq 0 ]
  has_line '/tmp/own: ENXIO'
  has_line '/tmp/other: EPERM'
}

@test "what is not there is told once, with the count and the first line" {
  jetson jetson-orin true --env NVIDIA_VISIBLE_DEVICES=0 glibc true
  [ "$status" -eq 0 ]
  [ "$output" = "warning: 2 of 88 files that the CSV files name are not on this host, the first is $files/drivers.csv:69, $tegra/nvidia/libnvrm_stream.so" ]
}

@test "a container that asks for nothing gets nothing, and none gets no nodes" {
  jetson jetson-orin 'mode csv' glibc probe nodes -- links "$tegra" -- mounts /usr
  [ "$status" -eq 0 ]
  has_no_text nvidia
  jetson jetson-orin 'mode csv' --env NVIDIA_VISIBLE_DEVICES=none glibc probe nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  has_no_text /dev/nv
  has_text 'libcuda.so.1: libcuda.so.1.1'
}

@test "groups of the nodes for processes that are not root" {
  jetson jetson-orin true --env NVIDIA_VISIBLE_DEVICES=all glibc probe groups
  [ "$status" -eq 0 ]
  has_text '44 105'
}

@test "NVIDIA_REQUIRE_JETPACK=csv-mounts=all: the other CSV files as well" {
  jetson jetson-orin true --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_REQUIRE_JETPACK=csv-mounts=all glibc \
    sh -c 'ls -l /usr/local/cuda-12.6/lib64'
  [ "$status" -eq 0 ]
  has_text 'libcudart.so.12 -> libcudart.so.12.6.68'
  jetson jetson-orin true --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_REQUIRE_JETPACK=base-only glibc \
    sh -c 'ls /usr/local/cuda-12.6/lib64'
  [ "$status" -ne 0 ]
}

@test "the specification is the peer's, byte for byte" {
  for profile in jetson-orin jetson-orin-dgpu; do
    run on_host "$profile" "$low_level" bash -c '
      nvidia-ctk cdi generate --format=json --output=/run/ours.json 2>/dev/null
      cmp /run/ours.json "$1" && echo equal' bash "$support/peer_$profile.json"
    [ "$status" -eq 0 ]
    [ "$output" = equal ]
  done
}

@test "a container from the specification, in cdi mode and by its qualified name" {
  for mode in auto cdi; do
    jetson jetson-orin "mode $mode
      nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml 2>/dev/null
      rm -r \$files" --env NVIDIA_VISIBLE_DEVICES=nvidia.com/gpu=all glibc "${orin[@]}"
    [ "$status" -eq 0 ]
    has_orin
  done
}

@test "generate --mode=csv by its options" {
  run on_host jetson-orin "$low_level" bash -c '
    printf "dev, /dev/nvmap\nlib, %s/libnvos.so\nsym, %s/libcuda.so\nsym, %s/libnvscibuf.so\n" $1/nvidia $1/nvidia \
      $1/nvidia >/run/own.csv
    cd /run
    generate() { nvidia-ctk cdi generate --mode=csv --format=json --csv.file=own.csv "$@" 2>/dev/null; }
    generate | jq -rc "[.devices[].name], [.containerEdits.mounts[].containerPath]"
    generate --csv.ignore-pattern=**/libcuda.so | jq -rc "[.containerEdits.hooks[].args[1:]]"
    generate --csv.compat-container-root=/opt/compat --disable-hook=update-ldcache,enable-cuda-compat |
      jq -rc "[.containerEdits.hooks[].args[1]]"
    nvidia-ctk cdi generate --mode=csv --format=json --csv.compat-container-root=/opt/compat 2>/dev/null |
      jq -rc ".containerEdits.hooks[] | select(.args[1] == \"enable-cuda-compat\").args[2:]"
    nvidia-ctk cdi generate --mode=csv --csv.file=/nowhere.csv' bash "$tegra"
  has_line '["0","all"]'
  has_line '["/etc/nv_tegra_release","'"$tegra"'/nvidia/libcuda.so.1.1","'"$tegra"'/nvidia/libnvos.so","'"$tegra"'/nvidia/libnvscibuf.so.1"]'
  has_line '[["create-symlinks","--link","libnvscibuf.so.1::'"$tegra"'/nvidia/libnvscibuf.so"],["enable-cuda-compat","--host-cuda-version=12.6","--cuda-compat-container-root=/usr/local/cuda/compat_orin"],["update-ldcache","--folder","'"$tegra"'/nvidia"]]'
  has_line '["create-symlinks"]'
  has_line '["--host-cuda-version=12.6","--cuda-compat-container-root=/opt/compat"]'
  has_text "nothing says what containers get of this Tegra's driver: no entry is in /nowhere.csv"
}

# As Docker adds it for --gpus.
hooked() {
  run on_host "$1" "$low_level" bash -c '
    eval "$3"
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=all "${@:4}" || exit
    jq -c ".hooks.prestart = [{path: \"/usr/bin/nvidia-container-runtime-hook\",
                               args: [\"nvidia-container-runtime-hook\", \"prestart\"]}]" /run/b/config.json >/run/x
    mv /run/x /run/b/config.json
    "/usr/local/lib/simhost/$2" --root /run/state run --bundle /run/b c </dev/null' \
    bash "$support" "$low_level" "$prelude" "${@:2}"
}

@test "the prestart hook gives the same, at the same places" {
  hooked jetson-orin --env NVIDIA_REQUIRE_JETPACK=csv-mounts=all /run/b glibc "${orin[@]}" -- open /dev/nvmap \
    -- mounts /usr/local/cuda-12.6
  [ "$status" -eq 0 ]
  has_orin
  has_line '/dev/nvmap: ENXIO'
  has_text /usr/local/cuda-12.6/lib64/libcudart.so.12.6.68
}

@test "the runtime in legacy mode" {
  jetson jetson-orin 'mode legacy' --env NVIDIA_VISIBLE_DEVICES=all glibc "${orin[@]}" -- open /dev/nvmap
  [ "$status" -eq 0 ]
  has_orin
  has_line '/dev/nvmap: ENXIO'
}

@test "nvidia-container-cli info, list and configure" {
  run on_host jetson-orin "$low_level" bash -c '
    nvidia-container-cli info --nvml=never
    nvidia-container-cli list --device=0 | grep -c /dev/
    nvidia-container-cli list --libraries | grep /libnvos
    nvidia-container-cli list --binaries | grep smi
    "$1/images.sh" --copy /run/image glibc
    nvidia-container-cli configure --no-cgroups --device=all --compute --utility --require=csv-mounts=all \
      --require="cuda>=12.2" /run/image
    readlink /run/image'"$tegra"'/nvidia/libcuda.so.1
    awk "{ print \$5 }" /proc/self/mountinfo | grep -c ^/run/image/' bash "$support"
  [ "$status" -eq 0 ]
  has_line 'NVRM version:   540.4.0'
  has_line 'CUDA version:   12.6'
  has_line 'Model:          Orin (nvgpu)'
  has_line 'Architecture:   8.7'
  has_line 22
  has_line "$tegra/nvidia/libnvos.so"
  has_line /usr/sbin/nvidia-smi
  has_line libcuda.so.1.1
}

@test "requirements are held against what this release serves" {
  jetson jetson-orin true --env NVIDIA_VISIBLE_DEVICES=0 --env 'NVIDIA_REQUIRE_CUDA=cuda>=12.6,arch>=8.7' \
    --env 'NVIDIA_REQUIRE_DRIVER=driver>=540' glibc echo started
  has_line started
  jetson jetson-orin true --env NVIDIA_VISIBLE_DEVICES=0 --env 'NVIDIA_REQUIRE_CUDA=cuda>=13.0' glibc echo started
  [ "$status" -ne 0 ]
  has_text 'requirement error: unsatisfied condition: cuda>=13.0'
}

# The images of Orin have them in a directory of their own, with the note of NVIDIA's (CUDA 13.2).
@test "CUDA compatibility libraries of compat_orin, by the host's CUDA version" {
  local image=$BATS_TEST_TMPDIR/image version='orin 13.2.1' compat
  compat=$image/usr/local/cuda-12/compat
  image_with_compat "$image" "$version"
  add_cuda_note "$image" "$version"
  mv "$compat/libcuda.so.$version" "$compat/libcuda.so.1.1"
  jetson jetson-orin true --env NVIDIA_VISIBLE_DEVICES=0 "$image" probe dlopen libcuda.so.1
  has_text 'libcuda.so.1: libcuda.so.1.1 '
  mv "$compat"{,_orin}
  jetson jetson-orin true --env NVIDIA_VISIBLE_DEVICES=0 "$image" probe dlopen libcuda.so.1
  has_line 'libcuda.so.1: libcuda.so.orin 13.2.1 /usr/local/cuda-12/compat_orin/libcuda.so.1'
  hooked jetson-orin /run/b "$image" probe dlopen libcuda.so.1
  has_text 'libcuda.so.1: libcuda.so.orin 13.2.1'
  jetson jetson-orin 'sed -i "/^\[nvidia-container-runtime\]/i [nvidia-container-runtime.modes.csv]\ncompat-container-root = \"/usr/local/cuda/compat\"" $config' \
    --env NVIDIA_VISIBLE_DEVICES=0 "$image" probe dlopen libcuda.so.1
  has_text 'libcuda.so.1: libcuda.so.1.1 '
}

@test "a card beside the integrated GPU: by index, UUID and the UUID of NVML" {
  gpus() {
    jetson jetson-orin-dgpu true --env "NVIDIA_VISIBLE_DEVICES=$1" glibc probe nodes
    grep -oE '^/dev/nvidia[a-z0-9-]* ' <<<"$output" | tr -d ' ' | paste -sd ' '
  }
  [ "$(gpus 0)" = '/dev/nvidia-modeset /dev/nvidia0 /dev/nvidiactl' ]
  [ "$(gpus 54d0709b-558d-5a59-9c65-0c5fc14a21a4)" = '/dev/nvidia-modeset /dev/nvidia0 /dev/nvidiactl' ]
  card='/dev/nvidia-modeset /dev/nvidia-uvm /dev/nvidia-uvm-tools /dev/nvidia1 /dev/nvidiactl'
  [ "$(gpus 1)" = "$card" ]
  [ "$(gpus GPU-05a60000-0000-4060-8000-000000000001)" = "$card" ]
  [ "$(gpus all)" = "${card/nvidia1/nvidia0 /dev/nvidia1}" ]
  jetson jetson-orin-dgpu true --env NVIDIA_VISIBLE_DEVICES=54d0709b-0000-0000-0000-000000000000 glibc true
  [ "$status" -ne 0 ]
  has_text 'device 54d0709b-0000-0000-0000-000000000000: no GPU has this UUID; this host has GPUs 0-1'
  jetson jetson-orin-dgpu true --env NVIDIA_VISIBLE_DEVICES=0:0 glibc true
  [ "$status" -ne 0 ]
  has_text 'device 0:0: GPU 0 has no MIG devices'
}

@test "Thor: the usual driver's GPU, by its UUID as well" {
  for name in 0 GPU-7f00d001-0000-4700-8000-000000000000; do
    jetson jetson-thor true --env "NVIDIA_VISIBLE_DEVICES=$name" glibc "${orin[@]}"
    [ "$status" -eq 0 ]
    has_orin
  done
}

@test "CSV files with anything in them" {
  jetson jetson-orin 'csv l4t.csv <<FILE
# a comment, and an empty line

lib
bin, /usr/bin/nvidia-smi
lib, $(printf "\001")
lib, /
lib, ../../../etc/hostname
lib, /etc/a::b
sym, /etc/loop
lib , /etc/of-jetson/*
 lib,/etc/x, y 
FILE
    mkdir -p /etc/of-jetson; ln -s loop /etc/loop; echo text >"/etc/x, y"' \
    --env NVIDIA_VISIBLE_DEVICES=0 glibc sh -c 'cat "/etc/x, y"'
  [ "$status" -eq 0 ]
  has_line text
  has_text "warning: $files/l4t.csv: 5 lines skipped, the first is line 3: not a type and a path with a comma between"
  has_text "warning: 4 of 91 files that the CSV files name are not on this host"
}

@test "a million lines, and a file that is larger still" {
  MOST_SECONDS=20 jetson jetson-orin 'yes "lib, /nowhere" | head -60000 | csv l4t.csv' \
    --env NVIDIA_VISIBLE_DEVICES=0 glibc echo started
  [ "$status" -eq 0 ]
  has_line started
  has_text "warning: $files/l4t.csv: 1 line skipped, the first is line 8193: more entries than any board has; the rest is left out"
  MOST_SECONDS=20 jetson jetson-orin 'yes "lib, /nowhere" | head -1000000 | csv l4t.csv' \
    --env NVIDIA_VISIBLE_DEVICES=0 glibc echo started
  [ "$status" -eq 0 ]
  has_text "warning: read $files/l4t.csv: larger than the limit of 1048576 bytes: File too large"
}

@test "CSV files of another release: refused where what is asked for is missing" {
  other='sed -i s,aarch64-linux-gnu/nvidia/,aarch64-linux-gnu/tegra-old/, $files/drivers.csv
    rm '"$tegra/libcuda.so"
  jetson jetson-orin "$other" --env NVIDIA_VISIBLE_DEVICES=0 glibc true
  [ "$status" -ne 0 ]
  has_text "libcuda.so cannot be given, and the driver capability compute is nothing without it: $files/drivers.csv:40 names $tegra/tegra-old/libcuda.so.1.1, which is not on this host or not for it: is the file of another L4T release?"
  jetson jetson-orin "$other" --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_DRIVER_CAPABILITIES=display glibc echo started
  [ "$status" -eq 0 ]
  has_line started
}

@test "without CSV files, without nodes, and with a library for another machine" {
  jetson jetson-orin 'rm -r $files' --env NVIDIA_VISIBLE_DEVICES=0 glibc true
  [ "$status" -ne 0 ]
  has_text "nothing says what containers get of this Tegra's driver: no entry is in devices.csv, drivers.csv and l4t.csv of $files; install"
  jetson jetson-orin 'echo dev, /dev/nowhere | csv devices.csv' --env NVIDIA_VISIBLE_DEVICES=0 glibc true
  [ "$status" -ne 0 ]
  has_text 'device 0: GPU 0 cannot be used: none of the 1 device nodes that the CSV files name exists'
  jetson jetson-orin 'printf "\267" | dd of='"$tegra"'/nvidia/libnvos.so bs=1 seek=18 conv=notrunc status=none' \
    --env NVIDIA_VISIBLE_DEVICES=0 glibc sh -c "ls $tegra/nvidia/libnvos.so"
  [ "$status" -ne 0 ]
  has_text "warning: 1 library is not for this machine (x86_64) and left out: $tegra/nvidia/libnvos.so"
}

@test "files that only containers need, below Yocto's root for them" {
  jetson jetson-orin 'root=/usr/share/nvidia-container-passthrough; mkdir -p $root/usr/lib/aarch64-linux-gnu/nvidia
    cp /usr/lib/aarch64-linux-gnu/nvidia/libnvos.so $root/usr/lib/aarch64-linux-gnu/nvidia/libnvrm_stream.so' \
    --env NVIDIA_VISIBLE_DEVICES=0 glibc probe dlopen "$tegra/nvidia/libnvrm_stream.so"
  [ "$status" -eq 0 ]
  has_text "$tegra/nvidia/libnvrm_stream.so: libnvos.so"
}
