#!/usr/bin/env bats
# nvidia-container-runtime-hook as a prestart hook of a real low-level runtime, $E2E_LOW_LEVEL, and
# nvidia-container-runtime in legacy mode, which injects it.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

low_level=${E2E_LOW_LEVEL:-runc}

setup() {
  require "$low_level" jq unshare
}

# hooked PROFILE BUNDLE_ARGUMENT...: a container of the plain runtime with the hook that Docker adds.
# $PREPARE is run before it, $SHOW is a file to print after it.
hooked() {
  run on_host "$1" "$low_level" bash -c '
    low_level=$1 support=$2
    shift 2
    set -e
    eval "${PREPARE-}"
    options=()
    while [[ $1 == -* ]]; do
      case $1 in --env | --mount) options+=("$1" "$2"); shift 2 ;; *) options+=("$1"); shift ;; esac
    done
    "$support/bundle.sh" "${options[@]}" /run/b "$@"
    # crun keeps what hooks say for whom this annotation names; runc tells it itself.
    jq -c --arg name "${ARGV0-nvidia-container-runtime-hook}" "
      .hooks.prestart = [{path: \"/usr/bin/nvidia-container-runtime-hook\", args: [\$name, \"prestart\"]}]
      | .annotations[\"run.oci.hooks.stderr\"] = \"/run/hook.err\"" /run/b/config.json >/run/x
    mv /run/x /run/b/config.json
    trap "cat /run/hook.err ${SHOW-} 2>/dev/null || true" EXIT
    "/usr/local/lib/simhost/$low_level" --root /run/state run --bundle /run/b c </dev/null' \
    bash "$low_level" "$support" "${@:2}"
}

# in_mode MODE PROFILE CONTAINER_SH_ARGUMENT...: by nvidia-container-runtime in this mode, after $PREPARE.
in_mode() {
  run on_host "$2" "$low_level" bash -c '
    printf "[nvidia-container-runtime]\nmode = \"$3\"\nruntimes = [\"$2\"]\n%s\n" "${CONFIG-}" \
      >/etc/nvidia-container-runtime/config.toml
    eval "${PREPARE-}"
    exec "$1/container.sh" "${@:4}"' bash "$support" "/usr/local/lib/simhost/$low_level" "$1" "${@:3}"
}

legacy() {
  in_mode legacy "$@"
}

gpus_inside() {
  grep -oE '^/dev/nvidia[0-9]+ ' <<<"$output" | tr -d ' ' | paste -sd ' '
}

@test "hook: all GPUs, with libraries, loader cache and links" {
  hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=all glibc probe nodes \
    -- dlopen libcuda.so.1 libnvidia-ml.so.1 libnvbox_image.so.1 -- links /usr/lib/x86_64-linux-gnu
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = "$(printf '/dev/nvidia%d\n' {0..7} | paste -sd ' ')" ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  has_text 'libnvidia-ml.so.1: libnvidia-ml.so.550.163.01'
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1'
}

@test "hook: GPUs by index, range, UUID and CDI name" {
  for devices in 4 4-4 GPU-87a10000-0000-4a10-8000-000000000004 nvidia.com/gpu=4; do
    hooked a100x8 --env "NVIDIA_VISIBLE_DEVICES=$devices" glibc probe nodes
    [ "$status" -eq 0 ]
    [ "$(gpus_inside)" = /dev/nvidia5 ]
  done
}

@test "hook: the cgroup allows the GPU that was asked for and no other" {
  hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=0 glibc sh -c \
    'mknod /tmp/other c 195 0 && probe open /dev/nvidia1 /tmp/other'
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia1: ENXIO'
  has_line '/tmp/other: EPERM'
}

# The runtime specification: "args" of a hook are execv's argv, so the first is anything.
@test "hook: by whatever name its entry calls it" {
  ARGV0=x hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=4 glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia5 ]
}

@test "hook: nothing is asked for, nothing is done and nothing is said" {
  hooked a100x8 glibc probe nodes
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=void glibc probe nodes
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "hook: the modes in which NVIDIA's toolkit refuses are served" {
  for mode in cdi jit-cdi csv; do
    PREPARE="printf '[nvidia-container-runtime]\nmode = \"$mode\"\n' >/etc/nvidia-container-runtime/config.toml" \
      hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=0 glibc probe nodes
    [ "$status" -eq 0 ]
    [ "$(gpus_inside)" = /dev/nvidia1 ]
  done
}

@test "hook: strict-mode-detection refuses them" {
  PREPARE='printf "[nvidia-container-runtime]\nmode = \"cdi\"\n[nvidia-container-runtime-hook]\nstrict-mode-detection = true\n" \
    >/etc/nvidia-container-runtime/config.toml' hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=0 glibc true
  [ "$status" -ne 0 ]
  has_text 'the mode is cdi, and strict-mode-detection allows the hook only legacy'
}

@test "hook: another nvidia-container-cli is executed with NVIDIA's arguments and environment" {
  PREPARE='printf "#!/bin/sh\nprintf \"%%s\\\\n\" \"\$@\" \"\$EXTRA\" >/run/cli\n" >/usr/local/bin/other-cli
    chmod 755 /usr/local/bin/other-cli
    printf "[nvidia-container-cli]\npath = \"other-cli\"\nenvironment = [\"EXTRA=a b\"]\nldconfig = \"@/sbin/ldconfig\"\n" \
      >/etc/nvidia-container-runtime/config.toml' SHOW=/run/cli hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=0,1 --env NVIDIA_DRIVER_CAPABILITIES=all \
    --env NVIDIA_REQUIRE_CUDA='cuda>=11.0 brand=tesla' --env NVIDIA_REQUIRE_ARCH='arch>=7.0' glibc true
  [ "$status" -eq 0 ]
  pid=$(grep -oE -- '^--pid=[0-9]+$' <<<"$output")
  [ "$output" = "--load-kmods
configure
--cuda-compat-mode=ldconfig
--ldconfig=@/sbin/ldconfig
--device=0,1
--compat32
--compute
--display
--graphics
--ngx
--utility
--video
--require=arch>=7.0
--require=cuda>=11.0 brand=tesla
$pid
/run/b/rootfs
a b" ]
}

# getUserGroup in NVIDIA's api/config/v1/config.go: the default of a host whose ID_LIKE says suse.
@test "hook: on SUSE the user is root:video where config.toml names none" {
  for setting in '' 'user = \"\"'; do
    PREPARE='rm /etc/os-release; echo "ID_LIKE=\"suse opensuse\"" >/etc/os-release
      printf "#!/bin/sh\necho \"\$*\" >/run/cli\n" >/usr/local/bin/other-cli; chmod 755 /usr/local/bin/other-cli
      printf "[nvidia-container-cli]\npath = \"other-cli\"\n'"$setting"'\n" >/etc/nvidia-container-runtime/config.toml' \
      SHOW=/run/cli hooked t4x1 --env NVIDIA_VISIBLE_DEVICES=0 glibc true
    [ "$status" -eq 0 ]
    if [ -z "$setting" ]; then
      [[ $output == '--load-kmods --user=root:video configure '* ]]
    else
      [[ $output == '--load-kmods configure '* ]]
    fi
  done
}

@test "hook: IMEX channels, MIG devices, and rights over MIG for a privileged container" {
  hooked h200x8 --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_IMEX_CHANNELS=0,channel2 glibc probe nodes
  [ "$status" -eq 0 ]
  has_text /dev/nvidia-caps-imex-channels/channel0
  has_no_text /dev/nvidia-caps-imex-channels/channel1
  has_text /dev/nvidia-caps-imex-channels/channel2
  hooked a100mig --env NVIDIA_VISIBLE_DEVICES=MIG-GPU-86a10000-0000-4a10-8000-000000000001/7/0 glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(grep -cE '^/dev/nvidia-caps/nvidia-cap[0-9]+ ' <<<"$output")" -eq 2 ]
  # By NVML's number; the instance of another device and the other GPU stay closed.
  hooked a100mig --env NVIDIA_VISIBLE_DEVICES=1:0 glibc sh -c 'mknod /tmp/other c 511 201; mknod /tmp/gpu0 c 195 0
    probe nodes -- open /dev/nvidia1 /dev/nvidia-caps/nvidia-cap219 /dev/nvidia-caps/nvidia-cap220 /tmp/other /tmp/gpu0'
  [ "$status" -eq 0 ]
  [ "$(grep -oE '^/dev/nvidia-caps/nvidia-cap[0-9]+ ' <<<"$output" | paste -sd ' ')" = \
    '/dev/nvidia-caps/nvidia-cap219  /dev/nvidia-caps/nvidia-cap220 ' ]
  [ "$(gpus_inside)" = /dev/nvidia1 ]
  for node in /dev/nvidia1 /dev/nvidia-caps/nvidia-cap219 /dev/nvidia-caps/nvidia-cap220; do has_line "$node: ENXIO"; done
  has_line '/tmp/other: EPERM'
  has_line '/tmp/gpu0: EPERM'
  # Instances that nobody has made yet are allowed, too: 138 is the first of GPU 1, and 3 of GPU 0.
  hooked a100mig --privileged --env NVIDIA_VISIBLE_DEVICES=1 --env NVIDIA_MIG_CONFIG_DEVICES=all glibc sh -c '
    mknod /tmp/later c 511 138; mknod /tmp/gpu0 c 511 3; probe nodes -- open /tmp/later /tmp/gpu0'
  [ "$status" -eq 0 ]
  has_text '/dev/nvidia-caps/nvidia-cap1 '
  has_line '/tmp/later: ENXIO'
  has_line '/tmp/gpu0: EPERM'
}

# The rule of the runtime; NVIDIA's hook fails (nvc_mount.c: stat of the node). With load-kmods, the default,
# the node is made.
@test "hook and legacy mode: all leaves a GPU without its node out with a warning, its name is refused" {
  local without='rm /dev/nvidia3; printf "[nvidia-container-cli]\nload-kmods = false\n" >/etc/nvidia-container-runtime/config.toml'
  local left
  left=$(printf '/dev/nvidia%d\n' {0..2} {4..7} | paste -sd ' ')
  PREPARE=$without hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=all glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = "$left" ]
  CONFIG=$'[nvidia-container-cli]\nload-kmods = false' PREPARE='rm /dev/nvidia3' legacy a100x8 \
    --env NVIDIA_VISIBLE_DEVICES=all glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = "$left" ]
  PREPARE=$without hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=0,3 glibc true
  [ "$status" -ne 0 ]
  has_text 'device error: 3: GPU 3 ('
  has_text 'cannot be used: /dev/nvidia3 does not exist'
  PREPARE="$without; rm /dev/nvidia?" hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=all glibc true
  [ "$status" -ne 0 ]
  has_text 'device error: none of the devices can be used: GPU 0 ('
}

# Of docker run --gpus N, dockerd makes the devices 0,1,...,N-1 (moby, daemon/nvidia_linux.go, countToDevices).
@test "more GPUs than there are: the error has the number that was asked for, in every mode" {
  hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7,8 glibc true
  [ "$status" -ne 0 ]
  has_text 'device error: 8: unknown device; 9 GPUs are asked for (0 to 8), and this host has 8'
  for mode in legacy jit-cdi; do
    in_mode "$mode" a100x8 --env NVIDIA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7,8 glibc true
    [ "$status" -ne 0 ]
    has_text '9 GPUs are asked for (0 to 8), and this host has 8'
  done
}

# By itself "all" asks for no channel in NVIDIA's hook and runtime; with numbers they differ.
@test "NVIDIA_IMEX_CHANNELS=0,all is channel 0 for the hook and in every mode" {
  hooked h200x8 --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_IMEX_CHANNELS=0,all glibc ls /dev/nvidia-caps-imex-channels
  [ "$status" -eq 0 ]
  [ "$(grep -x 'channel[0-9]*' <<<"$output")" = channel0 ]
  for mode in legacy jit-cdi; do
    in_mode "$mode" h200x8 --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_IMEX_CHANNELS=0,all glibc \
      ls /dev/nvidia-caps-imex-channels
    [ "$status" -eq 0 ]
    [ "$(grep -x 'channel[0-9]*' <<<"$output")" = channel0 ]
  done
}

@test "hook: an unmet requirement names what the host has and how to override it" {
  hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=0 --env 'NVIDIA_REQUIRE_CUDA=cuda>=99.0' glibc true
  [ "$status" -ne 0 ]
  has_text 'requirement error: unsatisfied condition: cuda>=99.0'
  has_text 'this host has driver 550.163.01, cuda 12.4'
  has_text 'NVIDIA_DISABLE_REQUIRE=1'
  hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=0 --env 'NVIDIA_REQUIRE_CUDA=cuda>=99.0' \
    --env NVIDIA_DISABLE_REQUIRE=1 glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia1 ]
}

@test "hook: bad input is one line" {
  hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=9 glibc true
  [ "$status" -ne 0 ]
  has_text 'nvidia-container-runtime-hook: device error: 9: unknown device; this host has GPUs 0-7'
  hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_DRIVER_CAPABILITIES=compute,flying glibc true
  [ "$status" -ne 0 ]
  has_text "unsupported capabilities found in 'compute,flying'"
  hooked a100mig --env NVIDIA_VISIBLE_DEVICES=all --env NVIDIA_MIG_CONFIG_DEVICES=all glibc true
  [ "$status" -ne 0 ]
  has_text NVIDIA_MIG_CONFIG_DEVICES
}

@test "hook: states and bundles that make no sense" {
  run on_host t4x1 "$low_level" bash -c '
    mkdir /run/b
    for state in "{" "[]" "{}" "{\"pid\":1}" "{\"pid\":1,\"bundle\":\"/nowhere\"}" "{\"pid\":1,\"bundle\":\"/run/b\"}"; do
      echo "$state" | nvidia-container-runtime-hook prestart
      echo "status $?"
    done
    echo "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"}}" >/run/b/config.json
    echo "{\"pid\":1,\"bundle\":\"/run/b\"}" | nvidia-container-toolkit prestart
    echo "status $?"'
  [ "$status" -eq 0 ]
  [ "$(grep -c '^status 1$' <<<"$output")" -eq 7 ]
  [ "${#lines[@]}" -eq 14 ]
  has_line 'nvidia-container-runtime-hook: open /nowhere/config.json: No such file or directory'
  has_line 'nvidia-container-toolkit: /run/b/config.json: process is missing; it is not the specification of an OCI container'
}

@test "hook: flags, commands and exit statuses" {
  run "$nvbox" nvidia-container-runtime-hook
  [ "$status" -eq 2 ]
  run "$nvbox" nvidia-container-runtime-hook frobnicate
  [ "$status" -eq 2 ]
  run "$nvbox" nvidia-container-runtime-hook -frobnicate prestart
  [ "$status" -eq 2 ]
  has_line 'flag provided but not defined: -frobnicate'
  for arguments in poststart poststop -h --help '-debug poststop' '--config=/nowhere poststart'; do
    # shellcheck disable=SC2086 # words
    run "$nvbox" nvidia-container-runtime-hook $arguments
    [ "$status" -eq 0 ]
  done
  for version in -version --version; do
    run "$nvbox" nvidia-container-runtime-hook "$version"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} =~ ^NVIDIA\ Container\ Runtime\ Hook\ version\ [0-9.]+$ ]]
  done
  run "$nvbox" nvidia-container-runtime-hook -config /nowhere/config.toml prestart
  [ "$status" -eq 1 ]
  [ "$output" = 'nvidia-container-runtime-hook: open /nowhere/config.toml: No such file or directory; an option or NVIDIA_CTK_CONFIG_FILE_PATH names it; nvidia-ctk config default --output makes one' ]
}

@test "hook: NVIDIA_CTK_DEBUG names a file, which may be unwritable" {
  PREPARE='export NVIDIA_CTK_DEBUG=/run/debug.log' SHOW=/run/debug.log \
    hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=0 glibc true
  [ "$status" -eq 0 ]
  has_text 'level=info msg="driver 550.163.01, 8 GPUs'
  has_text 'level=debug'
  PREPARE='export NVIDIA_CTK_DEBUG=/proc/nowhere/debug.log' \
    hooked a100x8 --env NVIDIA_VISIBLE_DEVICES=0 glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia1 ]
}

@test "legacy: the specification has the hook, the nodes and their rules" {
  CONTAINER_SPEC=$BATS_TEST_TMPDIR/config.json legacy a100x8 --env NVIDIA_VISIBLE_DEVICES=0 glibc \
    probe nodes -- dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  [ "$(gpus_inside)" = /dev/nvidia1 ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  run jq -c '.hooks.prestart[] | select(.path | endswith("bind-proc-driver") | not) | .env |= map(select(startswith("PATH=") | not))' \
    "$BATS_TEST_TMPDIR/config.json"
  [ "$output" = '{"path":"/usr/bin/nvidia-container-runtime-hook","args":["nvidia-container-runtime-hook","prestart"],"env":["NVIDIA_CTK_DEBUG=false"],"timeout":600}' ]
  run jq -c '[.linux.resources.devices[] | select(.allow) | [.major, .minor]]' "$BATS_TEST_TMPDIR/config.json"
  [ "$output" = '[[195,1],[510,0],[510,1],[195,255]]' ]
}

# CVE-2025-23266: low-level runtimes give a hook without variables of its own the container's.
@test "legacy: the hook has the variables of the runtime's caller and none of the container's" {
  run on_host a100x8 "$low_level" bash -c '
    printf "[nvidia-container-runtime]\nruntimes = [\"/bin/true\"]\n" >/etc/nvidia-container-runtime/config.toml
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=all --env LD_PRELOAD=/image.so --env PATH=/image /run/b glibc true
    PATH=/host:$PATH NVIDIA_CTK_DEBUG=/run/log NVIDIA_CTK_NO_CACHE=1 OTHER=x nvidia-container-runtime.legacy create --bundle /run/b c
    jq -r ".hooks.prestart[0].env[]" /run/b/config.json | sed "s/^PATH=\(.host\):.*/PATH=\1/"' bash "$support"
  [ "$output" = $'NVIDIA_CTK_DEBUG=/run/log\nPATH=/host\nNVIDIA_CTK_NO_CACHE=1' ]
}

@test "legacy: a hook that the engine added is left alone, and there is no second one" {
  run on_host a100x8 "$low_level" bash -c '
    printf "[nvidia-container-runtime]\nmode = \"legacy\"\nruntimes = [\"/bin/true\"]\n" >/etc/nvidia-container-runtime/config.toml
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=all /run/b glibc true
    jq -c ".hooks.prestart = [{path: \"/opt/nvidia-container-toolkit\", args: [\"x\"]}]" /run/b/config.json >/run/x
    mv /run/x /run/b/config.json
    nvidia-container-runtime create --bundle /run/b c
    jq -c .hooks /run/b/config.json' bash "$support"
  [ "$output" = '{"prestart":[{"path":"/opt/nvidia-container-toolkit","args":["x"]}]}' ]
}

@test "legacy: the program's name chooses the mode, and a plain container stays as it is" {
  run on_host a100x8 "$low_level" bash -c '
    printf "[nvidia-container-runtime]\nruntimes = [\"/bin/true\"]\n" >/etc/nvidia-container-runtime/config.toml
    "$1/bundle.sh" /run/b glibc true
    before=$(stat -c "%i %y" /run/b/config.json)
    nvidia-container-runtime.legacy create --bundle /run/b c
    [ "$before" = "$(stat -c "%i %y" /run/b/config.json)" ] && echo same
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=all /run/b2 glibc true
    nvidia-container-runtime.legacy create --bundle /run/b2 c
    jq -c "[.hooks.prestart[0].args, (.linux.devices | length)]" /run/b2/config.json' bash "$support"
  has_line same
  has_line '[["nvidia-container-runtime-hook","prestart"],11]'
}

@test "legacy: cuda-compat-mode=hook adds its hook behind the prestart hook" {
  CONFIG=$'[nvidia-container-runtime.modes.legacy]\ncuda-compat-mode = "hook"' CONTAINER_SPEC=$BATS_TEST_TMPDIR/config.json \
    legacy a100x8 --env NVIDIA_VISIBLE_DEVICES=0 glibc probe dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  run jq -r '.hooks.createContainer[0].args | join(" ")' "$BATS_TEST_TMPDIR/config.json"
  has_text 'nvbox-hook'
  has_text '550.163.01'
}

@test "newer CUDA libraries of the image are used where their note names the driver's branch" {
  require gcc objcopy
  image_with_compat "$BATS_TEST_TMPDIR/image" 575.57.08
  add_cuda_note "$BATS_TEST_TMPDIR/image" 575.57.08
  legacy a100x8 --env NVIDIA_VISIBLE_DEVICES=0 "$BATS_TEST_TMPDIR/image" probe dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  has_text 'libcuda.so.1: libcuda.so.575.57.08 '
}

@test "legacy: an image whose files lead to a volume learns nothing of it" {
  secret_options
  for image in glibc musl; do
    image_that_leads_to /secret "$BATS_TEST_TMPDIR/$image" "$image"
    legacy t4x1 --env NVIDIA_VISIBLE_DEVICES=all "${secret[@]}" "$BATS_TEST_TMPDIR/$image" "${show_copies[@]}"
    has_line looked
    has_no_text "$secret_text"
  done
}

# proc(5): reading it waits for a message of the kernel.
@test "legacy: an image whose files lead to /proc/kmsg does not hold its start" {
  for image in glibc musl; do
    image_that_leads_to /proc/kmsg "$BATS_TEST_TMPDIR/$image" "$image"
    MOST_SECONDS=10 legacy t4x1 --env NVIDIA_VISIBLE_DEVICES=all "$BATS_TEST_TMPDIR/$image" \
      probe dlopen libcuda.so.1
    [ "$status" -eq 0 ]
    has_text 'libcuda.so.1: libcuda.so.'
  done
}

@test "hook: a run that fails leaves no copy of what the image leads to" {
  secret_options
  "$support/images.sh" --copy "$BATS_TEST_TMPDIR/image" glibc
  rm -f "$BATS_TEST_TMPDIR"/image/etc/ld.so.{conf,cache}
  ln -s /secret "$BATS_TEST_TMPDIR/image/etc/ld.so.conf"
  mkdir -p "$BATS_TEST_TMPDIR/image/etc/ld.so.cache/directory"
  SHOW=/run/b/rootfs/etc/ld.so.conf hooked t4x1 --env NVIDIA_VISIBLE_DEVICES=all "${secret[@]}" \
    "$BATS_TEST_TMPDIR/image" true
  [ "$status" -ne 0 ]
  has_text 'ldcache error'
  has_no_text "$secret_text"
}

@test "legacy: gated variables add their nodes and do not hide the request" {
  for name in NVIDIA_GDS NVIDIA_MOFED NVIDIA_GDRCOPY NVIDIA_NVSWITCH; do
    legacy a100x8 --env NVIDIA_VISIBLE_DEVICES=0 --env "$name=enabled" glibc probe nodes
    [ "$status" -eq 0 ]
    [ "$(gpus_inside)" = /dev/nvidia1 ]
  done
}

# warned SCRIPT: a shell with `prestart`, the hook for a container with a misspelt variable, whose cgroup is
# systemd's (as engines with the systemd driver write it: "slice:prefix:name") and whose requirement this
# host does not meet; and another program that reads /dev/log. That one writes what it understands by RFC 3164: time, host,
# facility.severity, program.
warned() {
  require busybox
  run on_host a100x8 "$low_level" bash -c '
    busybox syslogd -n -O /run/messages & syslogd=$!
    for _ in {1..200}; do [ ! -S /dev/log ] || break; sleep 0.01; done
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=0 --env "NVIDIA_REQUIRE_X=cuda>=99" \
      --env NVIDIA_DRIVER_CAPABILITYS=all /run/b glibc true
    jq -c ".linux.cgroupsPath = \"system.slice:docker:4a\"" /run/b/config.json >/run/x
    mv /run/x /run/b/config.json
    prestart() {
      printf "{\"ociVersion\":\"1.0.2\",\"id\":\"c\",\"pid\":%d,\"bundle\":\"/run/b\"}" "$syslogd" |
        timeout 20 nvidia-container-runtime-hook prestart
      echo "status $?"
    }
    eval "$2"
    for _ in {1..100}; do grep -q warning /run/messages && break; sleep 0.01; done
    kill "$syslogd"
    grep -v "syslog.info syslogd" /run/messages' bash "$support" "$1"
}

warning='ignoring variable "NVIDIA_DRIVER_CAPABILITYS": did you mean NVIDIA_DRIVER_CAPABILITIES?'
lost="the container's cgroup \"system.slice:docker:4a\" is systemd's: it loses its GPUs at the next systemctl daemon-reload or docker update, because nvidia-container-cli.path of config.toml is a program that does not tell systemd of them; leave it empty, or use --runtime=nvidia or CDI"
other_program='printf "[nvidia-container-cli]\npath = \"/bin/false\"\n" >>/etc/nvidia-container-runtime/config.toml;'

@test "hook: its warnings are in the system log, and behind the error" {
  warned prestart
  [[ ${lines[0]} == 'nvidia-container-runtime-hook: '*'cuda>=99'* ]]
  [ "${lines[1]}" = "nvidia-container-runtime-hook: warning: $warning" ]
  [ "${lines[2]}" = 'status 1' ]
  local form='^[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [^ ]+ daemon\.warn nvidia-container-runtime-hook\[[0-9]+\]: warning: (.*)$'
  [[ ${lines[3]} =~ $form ]]
  [ "${BASH_REMATCH[1]}" = "$warning" ]
  [ "${#lines[@]}" -eq 4 ]
}

@test "hook: its warnings are told before another program takes its place" {
  warned "$other_program prestart"
  has_line "nvidia-container-runtime-hook: warning: $warning"
  has_line "nvidia-container-runtime-hook: warning: $lost"
}

@test "hook: what an image makes others say hides no warning of the cgroup" {
  warned "$other_program"'for i in {1..60}; do echo "\"NVIDIA_VISIBLE_DEVICE$i=x\""; done | jq -sc . >/run/env
    jq -c --slurpfile more /run/env ".process.env += \$more[0]" /run/b/config.json >/run/x; mv /run/x /run/b/config.json
    prestart'
  has_text "warning: $lost"
  has_text 'ignoring 57 more variables like these'
}

@test "hook: a system log that is full holds up no container" {
  # A reader that is stopped lets the queue fill, and then others wait for it.
  warned 'kill -STOP "$syslogd"
    while timeout 1 busybox logger -t filler line; do :; done
    prestart
    kill -CONT "$syslogd"'
  [[ ${lines[0]} == 'nvidia-container-runtime-hook: '*'cuda>=99'* ]]
  has_line 'status 1'
  has_text filler
  has_no_text 'daemon.warn'
}

# alarm(2) sends what kill sends here: nobody has to wait for ten minutes.
@test "hook: one that waits too long says so and fails" {
  local applet
  for applet in 'nvidia-container-runtime-hook prestart' nvbox-hook 'nvidia-cdi-hook create-symlinks' \
    'nvidia-ctk hook chmod'; do
    # shellcheck disable=SC2016 # for the inner shell
    run bash -c 'mkfifo "$2"; exec 9<>"$2"; "$0" $1 <"$2" 9<&- & hook=$!
      until [ "$(cut -d" " -f1 /proc/$hook/syscall)" = 0 ]; do sleep 0.01; done; kill -ALRM $hook; wait $hook' "$nvbox" "$applet" "$BATS_TEST_TMPDIR/${applet// /-}"
    [ "$status" -eq 1 ]
    has_text "${applet%% *}: it did not end within "
  done
}
