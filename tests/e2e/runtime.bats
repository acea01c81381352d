#!/usr/bin/env bats
# nvidia-container-runtime with a real low-level runtime: $E2E_LOW_LEVEL, runc or crun.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

low_level=${E2E_LOW_LEVEL:-runc}

setup() {
  require "$low_level" jq unshare
}

# gpu PROFILE DEVICES CONTAINER_SH_ARGUMENT...: a container that asks for DEVICES.
gpu() {
  run start "$1" "$low_level" --env "NVIDIA_VISIBLE_DEVICES=$2" "${@:3}"
}

# The GPUs' own nodes among those that the container has, by their minors.
gpus_inside() {
  grep -oE '^/dev/nvidia[0-9]+ ' <<<"$output" | tr -d ' ' | paste -sd ' '
}

@test "all GPUs: nodes, libraries, loader cache and links" {
  gpu a100x8 all glibc probe nodes -- dlopen libcuda.so.1 libnvidia-ml.so.1 libnvbox_image.so.1 \
    -- links /usr/lib/x86_64-linux-gnu -- env
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = "$(printf '/dev/nvidia%d\n' {0..7} | paste -sd ' ')" ]
  has_line '/dev/nvidiactl 195:255 0666 0:0'
  has_line '/dev/nvidia-uvm 510:0 0666 0:0'
  has_line 'libcuda.so.1: libcuda.so.550.163.01 /lib/x86_64-linux-gnu/libcuda.so.1'
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.550.163.01'
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1'
  has_line '/usr/lib/x86_64-linux-gnu/libcuda.so -> libcuda.so.1'
  has_line '/usr/lib/x86_64-linux-gnu/libcuda.so.1 -> libcuda.so.550.163.01'
  has_line 'NVIDIA_VISIBLE_DEVICES=void'
}

@test "one GPU by index: its minor is another number" {
  gpu a100x8 0 glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia1 ]
}

@test "GPUs by range, in any order" {
  gpu a100x8 6-7,2 glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = '/dev/nvidia0 /dev/nvidia6 /dev/nvidia7' ]
}

@test "one GPU by UUID, by a prefix of it and by PCI address" {
  for name in GPU-90a10000-0000-4a10-8000-000000000005 GPU-90 00000000:90:00.0; do
    gpu a100x8 "$name" glibc probe nodes
    [ "$status" -eq 0 ]
    [ "$(gpus_inside)" = /dev/nvidia4 ]
  done
}

@test "the device cgroup allows the GPU that was asked for and no other" {
  run start a100x8 "$low_level" --env NVIDIA_VISIBLE_DEVICES=0 glibc sh -c \
    'mknod /tmp/other c 195 0 && mknod /tmp/own c 195 1 && probe open /tmp/own /tmp/other /dev/nvidiactl'
  [ "$status" -eq 0 ]
  has_line '/tmp/own: ENXIO'
  has_line '/tmp/other: EPERM'
  has_line '/dev/nvidiactl: ENXIO'
}

@test "none: driver files but no GPU" {
  gpu a100x8 none glibc probe nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = '' ]
  has_line '/dev/nvidiactl 195:255 0666 0:0'
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
}

@test "void, empty and unset: nothing, and config.json stays the same file" {
  for devices in void ''; do
    gpu a100x8 "$devices" glibc probe nodes -- dlopen libcuda.so.1
    [ "$status" -eq 0 ]
    [ "$(grep -c nvidia <<<"$output" || true)" -eq 0 ]
    has_text 'libcuda.so.1: cannot open shared object file'
  done
  run on_host a100x8 "$low_level" bash -c '
    "$1/bundle.sh" /run/b glibc probe nodes
    before=$(stat -c "%i %y" /run/b/config.json)
    # The wrapper that gives the container its /proc/driver edits the file: not here.
    echo "[nvidia-container-runtime]
    runtimes = [\"/bin/true\"]" >/etc/nvidia-container-runtime/config.toml
    nvidia-container-runtime create --bundle /run/b c
    [ "$before" = "$(stat -c "%i %y" /run/b/config.json)" ] && echo same' bash "$support"
  [ "$status" -eq 0 ]
  [ "$output" = same ]
}

@test "utility only: no CUDA, no unified memory" {
  gpu a100x8 0 --env NVIDIA_DRIVER_CAPABILITIES=utility glibc probe nodes \
    -- dlopen libnvidia-ml.so.1 libcuda.so.1 -- mounts /usr/bin
  [ "$status" -eq 0 ]
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.550.163.01'
  has_text 'libcuda.so.1: cannot open shared object file'
  has_no_text nvidia-uvm
  has_no_text nvidia-modeset
  has_text /usr/bin/nvidia-smi
  has_no_text nvidia-cuda-mps
}

@test "graphics: DRM nodes with their groups, by-path links, Vulkan and EGL files" {
  gpu a100x8 0 --env NVIDIA_DRIVER_CAPABILITIES=graphics glibc probe nodes -- groups \
    -- links /dev/dri/by-path -- mounts /etc -- mounts /usr/share \
    -- cat /etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf
  [ "$status" -eq 0 ]
  has_line '/dev/dri/card1 226:1 0660 0:44'
  has_line '/dev/dri/renderD129 226:129 0660 0:106'
  has_text '44 106'
  has_line '/dev/dri/by-path/pci-0000:07:00.0-card -> ../card1'
  has_text /etc/vulkan/icd.d/nvidia_icd.json
  has_text /usr/share/glvnd/egl_vendor.d/10_nvidia.json
  has_text '"EGLVisibleDGPUDevices"'
}

# What users take for our fault: nvidia-container-toolkit's issues 1021, 1472 and 1952.
@test "graphics: what the image itself lacks for it is in the log, where it was asked for" {
  local said='the image has no libXext.so.6 and no libEGL.so.1'
  gives() { # gives CAPABILITIES: the runtime's log of a container with these
    # shellcheck disable=SC2016 # the inner shell's words
    run on_host a100x8 "$low_level" sh -c 'nvidia-ctk --quiet config --in-place \
      --set nvidia-container-runtime.debug=/run/log && : >/run/log && "$@" >/dev/null && cat /run/log' sh "$support/container.sh" \
      --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_DRIVER_CAPABILITIES="$1" "$image" true
    [ "$status" -eq 0 ]
  }
  image=$BATS_TEST_TMPDIR/image
  "$support/images.sh" --copy "$image" glibc
  gives graphics
  has_text "$said"
  gives compute,utility
  has_no_text "$said"
  touch "$image/usr/lib/x86_64-linux-gnu/"lib{Xext.so.6,EGL.so.1}
  gives graphics
  has_no_text 'the image has no'
}

@test "mounts are read-only, nosuid and nodev; sockets are not read-only" {
  gpu a100x8 all glibc probe mounts /usr/lib -- mounts /run
  [ "$status" -eq 0 ]
  has_line '/usr/lib/x86_64-linux-gnu/libcuda.so.550.163.01 nodev,nosuid,relatime,ro'
  has_text '/run/nvidia-persistenced/socket nodev,noexec,nosuid'
  has_no_text '/run/nvidia-persistenced/socket nodev,noexec,nosuid,relatime,ro'
  has_text '/run/nvidia-fabricmanager/socket'
}

@test "a privileged container gets the GPUs it asked for" {
  gpu a100x8 1 --privileged glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia2 ]
}

@test "a read-only root file system works the same" {
  gpu t4x1 all --readonly glibc probe nodes -- dlopen libcuda.so.1 -- write /etc/passwd
  [ "$status" -eq 0 ]
  has_text 'libcuda.so.1: libcuda.so.535.261.03'
  has_line '/etc/passwd: EROFS'
}

@test "an image without a loader cache gets one with its own libraries in it" {
  gpu t4x1 all glibc-nocache probe dlopen libcuda.so.1 libnvbox_image.so.1
  [ "$status" -eq 0 ]
  has_text 'libcuda.so.1: libcuda.so.535.261.03'
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1'
}

@test "an image with another library layout finds the libraries at the host's path" {
  gpu t4x1 all glibc-rhel probe dlopen libcuda.so.1 libnvbox_image.so.1 \
    -- cat /etc/ld.so.conf.d/00-nvbox.conf
  [ "$status" -eq 0 ]
  has_line 'libcuda.so.1: libcuda.so.535.261.03 /usr/lib/x86_64-linux-gnu/libcuda.so.1'
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1'
  has_line /usr/lib/x86_64-linux-gnu
}

@test "an image whose files lead to a volume learns nothing of it" {
  secret_options
  for image in glibc musl; do
    image_that_leads_to /secret "$BATS_TEST_TMPDIR/$image" "$image"
    gpu t4x1 all "${secret[@]}" "$BATS_TEST_TMPDIR/$image" "${show_copies[@]}"
    has_line looked
    has_no_text "$secret_text"
  done
}

# proc(5): reading it waits for a message of the kernel.
@test "an image whose files lead to /proc/kmsg does not hold its start" {
  for image in glibc musl; do
    image_that_leads_to /proc/kmsg "$BATS_TEST_TMPDIR/$image" "$image"
    MOST_SECONDS=10 gpu t4x1 all "$BATS_TEST_TMPDIR/$image" probe dlopen libcuda.so.1
    [ "$status" -eq 0 ]
    has_text 'libcuda.so.1: libcuda.so.'
  done
}

@test "a musl image finds the libraries" {
  gpu t4x1 all musl probe dlopen libcuda.so.1 libnvidia-ml.so.1 libnvbox_image.so.1
  [ "$status" -eq 0 ]
  has_text 'libcuda.so.1: libcuda.so.535.261.03'
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.535.261.03'
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1'
}

@test "the driver's parameters say that device files are not to be made" {
  gpu t4x1 all glibc probe cat /proc/driver/nvidia/params -- mounts /proc/driver/nvidia/params \
    -- write /proc/driver/nvidia/params
  [ "$status" -eq 0 ]
  has_line 'ModifyDeviceFiles: 0'
  has_text '/proc/driver/nvidia/params nodev,noexec,nosuid'
  [ "$(tail -n 1 <<<"$output")" != '/proc/driver/nvidia/params: OK' ]
}

@test "a broken GPU does not stop the healthy ones" {
  gpu dead1of4 0,2 glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = '/dev/nvidia0 /dev/nvidia2' ]
  gpu dead1of4 all glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = '/dev/nvidia0 /dev/nvidia2 /dev/nvidia3' ]
}

@test "a broken GPU that is asked for is an error that names it" {
  gpu dead1of4 1 glibc probe nodes
  [ "$status" -eq 1 ]
  has_text 'GPU 1 (0000:3b:00.0) cannot be used: '
  has_text 'log: '
}

@test "an unknown GPU says which there are, on stderr and in the log file" {
  gpu a100x8 9 glibc probe nodes
  [ "$status" -eq 1 ]
  has_line 'nvidia-container-runtime: device 9: this host has GPUs 0-7'
  has_line 'log: device 9: this host has GPUs 0-7'
}

@test "MIG devices by their instances and all of them" {
  uuid=$(on_host a100mig "$low_level" sh -c 'grep -h UUID /proc/driver/nvidia/gpus/*/information' |
    awk '{ print $3 }' | tail -n 1)
  gpu a100mig all glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(grep -c /dev/nvidia-caps/ <<<"$output")" -eq 14 ]
  mig=$(on_host a100mig "$low_level" sh -c 'cd /proc/driver/nvidia/capabilities && ls -d gpu*/mig/gi*/ci*' |
    head -n 1)
  [[ $mig =~ ^gpu([0-9]+)/mig/gi([0-9]+)/ci([0-9]+)$ ]]
  for name in $(on_host a100mig "$low_level" sh -c 'grep -h UUID /proc/driver/nvidia/gpus/*/information' |
    awk '{ print $3 }'); do
    gpu a100mig "MIG-$name/${BASH_REMATCH[2]}/${BASH_REMATCH[3]}" glibc probe nodes
    [ "$status" -ne 0 ] || break
  done
  [ "$status" -eq 0 ]
  [ "$(grep -c /dev/nvidia-caps/ <<<"$output")" -eq 2 ]
  [ -n "$uuid" ]
}

@test "IMEX channels by number" {
  gpu h200x8 0 --env NVIDIA_IMEX_CHANNELS=1,3 glibc sh -c 'ls /dev/nvidia-caps-imex-channels'
  [ "$status" -eq 0 ]
  [ "$output" = "$(printf 'channel1\nchannel3')" ]
}

@test "IMEX channels of volume mounts; none is none; nodes that are missing are made" {
  accept='printf "accept-nvidia-visible-devices-as-volume-mounts = true\n" >/run/c; cat /etc/nvidia-container-runtime/config.toml >>/run/c
    cp /run/c /etc/nvidia-container-runtime/config.toml;'
  imex() { # imex SETUP CONTAINER_SH_ARGUMENT...
    run on_host h200x8 "$low_level" bash -c "$1"' exec "$0" "$@"' "$support/container.sh" "${@:2}" glibc \
      sh -c 'ls -l /dev/nvidia-caps-imex-channels 2>/dev/null | sed "s/ root .* / /"; true'
  }
  imex "$accept" --mount /dev/null:/var/run/nvidia-container-devices/0 \
    --mount /dev/null:/var/run/nvidia-container-devices/imex/2
  [ "$status" -eq 0 ]
  has_text channel2
  has_no_text channel1
  imex '' --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_IMEX_CHANNELS=none
  [ "$status" -eq 0 ]
  has_no_text channel
  imex '' --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_IMEX_CHANNELS=9
  [ "$status" -eq 0 ]
  has_text channel9
  # The driver has 2048.
  imex '' --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_IMEX_CHANNELS=2048
  [ "$status" -eq 1 ]
  has_text 'IMEX channel 2048: /dev/nvidia-caps-imex-channels/channel2048 does not exist'
  imex 'printf "\n[features]\ndisable-imex-channel-creation = true\n" >>/etc/nvidia-container-runtime/config.toml;' \
    --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_IMEX_CHANNELS=9
  [ "$status" -eq 1 ]
  has_text 'IMEX channel 9: /dev/nvidia-caps-imex-channels/channel9 does not exist'
}

@test "the container's environment does not reach the hook" {
  gpu t4x1 all --env LD_PRELOAD=/proc/self/cwd/poc.so --env PATH=/proc/self/cwd glibc \
    /usr/bin/probe dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  has_text 'libcuda.so.1: libcuda.so.535.261.03'
}

@test "two starts on one root file system end the same" {
  run on_host t4x1 "$low_level" bash -c '
    set -e
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=all /run/b glibc-rhel probe dlopen libcuda.so.1
    cp /run/b/config.json /run/config.json
    for i in 1 2; do
      cp /run/config.json /run/b/config.json
      nvidia-container-runtime run --bundle /run/b "again-$$" </dev/null
      (cd /run/b/rootfs && find . -not -type d | sort && cat etc/ld.so.conf.d/*.conf) >"/run/tree.$i"
    done
    cmp /run/tree.1 /run/tree.2 && echo same' bash "$support"
  [ "$status" -eq 0 ]
  [ "$(tail -n 1 <<<"$output")" = same ]
}

# Go's encoding/json, by which every engine and NVIDIA's toolkit read the file, has U+FFFD for such a byte.
@test "config.json with text that is not UTF-8" {
  run on_host t4x1 "$low_level" bash -c '
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=0 --env "NAME=<mark>" /run/b glibc probe nodes -- env
    sed -i "s/<mark>/a\xffb/" /run/b/config.json
    nvidia-container-runtime run --bundle /run/b "container-$$" </dev/null' bash "$support"
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia0 ]
  has_line $'NAME=a\xef\xbf\xbdb'
}

# The names of NVIDIA's experimental runtime (branch "experimental" of its repository, README.md of
# cmd/nvidia-container-runtime.experimental), which changed the specification itself.
@test "nvidia-container-runtime.experimental: its mode and its low-level runtime" {
  run on_host a100x8 "$low_level" bash -c '
    F=/etc/nvidia-container-runtime/config.toml
    printf "[nvidia-container-runtime]\nmode = \"legacy\"\nruntimes = [\"/bin/false\"]\n" >$F
    printf "#!/bin/sh\necho \"\${0##*/} \$1\"\n" >/run/first
    chmod +x /run/first; cp /run/first /usr/local/bin/second
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=0 /run/b glibc true
    nvidia-container-runtime.experimental state c || echo "runtimes: $?"
    printf "[nvidia-container-runtime.experimental]\nruntime-path = \"/run/first\"\n" >>$F
    nvidia-container-runtime.experimental create --bundle /run/b c
    jq -c "[.hooks.prestart, (.mounts | map(select(.destination | endswith(\"libcuda.so.550.163.01\"))) | length)]" /run/b/config.json
    NVIDIA_CONTAINER_RUNTIME_PATH=second nvidia-container-runtime.experimental state c
    NVIDIA_CONTAINER_RUNTIME_PATH=/nowhere nvidia-container-runtime.experimental state c
    NVIDIA_CONTAINER_RUNTIME_PATH=second nvidia-container-runtime state c || echo "the other: $?"' bash "$support"
  has_line 'runtimes: 1'
  has_line 'first create'
  has_line '[null,1]'
  has_line 'second state'
  has_line 'nvidia-container-runtime.experimental: no low-level runtime: /nowhere not found; install runc or crun, or set NVIDIA_CONTAINER_RUNTIME_PATH'
  has_line 'the other: 1'
}

# Toolkit 1.9 named the mode so.
@test "experimental and discover-mode are the mode, or a warning that names it" {
  mode_and_warnings() {
    run on_host t4x1 "$low_level" bash -c '
      printf "[nvidia-container-runtime]\nruntimes = [\"/bin/true\"]\ndebug = \"/run/log\"\n$2\n" \
        >/etc/nvidia-container-runtime/config.toml
      "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=0 /run/b glibc true
      nvidia-container-runtime create --bundle /run/b c
      jq -r "if .hooks.prestart then \"legacy\" else \"jit-cdi\" end" /run/b/config.json
      grep -so "msg=.*mode.*" /run/log' bash "$support" "$1"
  }
  mode_and_warnings 'experimental = true\ndiscover-mode = \"legacy\"'
  [ "$output" = legacy ]
  mode_and_warnings 'experimental = false\ndiscover-mode = \"legacy\"'
  [ "$output" = $'jit-cdi\nmsg="config.toml: line 5: nvidia-container-runtime: experimental and discover-mode of older versions have no effect; set nvidia-container-runtime.mode"' ]
}

# In legacy mode NVIDIA's CLI gets no capability then, and mounts nvidiactl and the GPUs all the same.
@test "supported-driver-capabilities = \"\": the GPU and no file of the driver" {
  for mode in jit-cdi legacy; do
    run on_host t4x1 "$low_level" bash -c '
      printf "supported-driver-capabilities = \"\"\n[nvidia-container-runtime]\nmode = \"$3\"\nruntimes = [\"/usr/local/lib/simhost/$2\"]\n" \
        >/etc/nvidia-container-runtime/config.toml
      "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_DRIVER_CAPABILITIES=all glibc \
        probe nodes -- dlopen libnvidia-ml.so.1' bash "$support" "$low_level" "$mode"
    [ "$(grep -oE '^/dev/nvidia[^ ]*' <<<"$output" | paste -sd ' ')" = '/dev/nvidia0 /dev/nvidiactl' ]
    has_text 'libnvidia-ml.so.1: cannot open shared object file'
  done
}

@test "a driver in a directory of its own is taken from there" {
  run on_host t4x1 "$low_level" bash -c '
    set -e
    mkdir -p /run/driver/{dev,etc,lib,usr}
    mount --bind /dev /run/driver/dev
    mount --bind /usr /run/driver/usr
    rmdir /run/driver/lib && ln -s usr/lib /run/driver/lib
    printf "[nvidia-container-cli]\nroot = \"/run/driver\"\n" >>/etc/nvidia-container-runtime/config.toml
    export CONTAINER_SPEC=/run/spec
    "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=0 glibc probe nodes -- dlopen libcuda.so.1
    jq -r ".mounts[] | select(.destination | contains(\"libcuda.so\")) | .source" /run/spec' \
    bash "$support"
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia0 ]
  has_text 'libcuda.so.1: libcuda.so.535.261.03'
  has_line /run/driver/usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03
}

@test "NVIDIA_CTK_DEBUG names a file for the runtime and for the hook that it adds" {
  run on_host a100x8 "$low_level" bash -c '
    export NVIDIA_CTK_DEBUG=/run/debug.log
    "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=0 glibc probe nodes
    echo "status $?"
    cat /run/debug.log' bash "$support"
  has_line 'status 0'
  has_text 'level=debug msg="injected '
  has_text 'CUDA compatibility libraries: '
}

@test "newer CUDA libraries of the image are used where their note names the driver's branch" {
  require gcc objcopy
  image_with_compat "$BATS_TEST_TMPDIR/image" 575.57.08
  add_cuda_note "$BATS_TEST_TMPDIR/image" 575.57.08
  gpu a100x8 0 "$BATS_TEST_TMPDIR/image" probe dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  has_text 'libcuda.so.1: libcuda.so.575.57.08 '
}

# proc(5): /proc/self/exe then ends in " (deleted)", and no low-level runtime finds that.
@test "a runtime that was replaced since it was started names the new file, one that was removed none" {
  run on_host a100x8 "$low_level" bash -c '
    printf "[nvidia-container-runtime]\nruntimes = [\"/bin/true\"]\n" \
      >/etc/nvidia-container-runtime/config.toml
    for what in replaced removed; do
      cp /usr/bin/nvbox /usr/local/bin/old-nvbox
      exec 9</usr/local/bin/old-nvbox
      rm /usr/local/bin/old-nvbox
      [ $what = removed ] || cp /usr/bin/nvbox /usr/local/bin/old-nvbox
      "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=0 /run/$what glibc true
      (exec -a nvidia-container-runtime /proc/self/fd/9 create --bundle /run/$what c)
      echo "$what: status $?"
      jq -r "\"hook: \(.hooks.createContainer[0].path)\"" /run/$what/config.json
    done' bash "$support"
  has_line 'replaced: status 0'
  has_line 'hook: /usr/local/bin/old-nvbox'
  has_line 'removed: status 1'
  has_text 'this program was removed since it was started: /usr/local/bin/old-nvbox'
  has_line 'hook: null'
  has_no_text deleted
}

@test "an error is followed by the warnings before it" {
  run on_host a100x8 "$low_level" bash -c '
    printf "no-such-key = 1\n[nvidia-container-runtime]\nruntimes = [\"/bin/true\"]\n" \
      >/etc/nvidia-container-runtime/config.toml
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=9 /run/b glibc true
    nvidia-container-runtime create --bundle /run/b c' bash "$support"
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'nvidia-container-runtime: device 9: this host has GPUs 0-7' ]
  [ "${lines[1]}" = 'nvidia-container-runtime: warning: config.toml: unknown key no-such-key' ]
  [ "${#lines[@]}" -eq 2 ]
}
