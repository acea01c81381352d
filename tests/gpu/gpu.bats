#!/usr/bin/env bats
# nvbox on the driver of this machine, where there is one: what it finds without NVML and with it is
# held against nvidia-smi, and containers compute. Everywhere else every test is skipped.

# shellcheck disable=SC2154,SC2016 # variables of bats; text for an inner shell

bats_require_minimum_version 1.5.0
support=$BATS_TEST_DIRNAME/../e2e/support

setup_file() {
  export nvbox=${NVBOX_BINARY:-$BATS_TEST_DIRNAME/../../build/nvbox}
  export links=$BATS_FILE_TMPDIR/bin
  mkdir "$links"
  ln -s "$nvbox" "$links/nvbox"
  "$nvbox" --list | while read -r name _; do ln -sf "$nvbox" "$links/$name"; done
  nvidia-smi -q -x >"$BATS_FILE_TMPDIR/smi.xml" 2>/dev/null || true
  export NVIDIA_CTK_NO_CACHE=1
}

setup() {
  [ "$(id -u)" -eq 0 ] || skip 'needs root'
  [ -e /proc/driver/nvidia/version ] || skip 'no NVIDIA driver is loaded'
  grep -q '<gpu id=' "$BATS_FILE_TMPDIR/smi.xml" || skip 'nvidia-smi does not work here'
  PATH=$links:$PATH
}

# smi TAG: the values of these elements, a line each, as nvidia-smi has them.
smi() {
  sed -nE "s|^\s*<$1>(.*)</$1>\$|\1|p" "$BATS_FILE_TMPDIR/smi.xml"
}

# Of GPUs alone: MIG devices have elements of the same names.
smi_gpu() {
  sed '/<mig_devices>/,/<\/mig_devices>/d' "$BATS_FILE_TMPDIR/smi.xml" |
    sed -nE "s|^\t\t<$1>(.*)</$1>\$|\1|p"
}

json() {
  jq -r "$1" <<<"$output"
}

say() { printf '# %s\n' "$*" >&3; }

# milliseconds COMMAND...: how long it takes.
milliseconds() {
  local start=${EPOCHREALTIME/./}
  "$@" >/dev/null 2>&1
  echo $(((${EPOCHREALTIME/./} - start) / 1000))
}

# A container of this machine's runc in `mode` (jit-cdi unless it is set) with these variables.
container() {
  local options=() work=$BATS_TEST_TMPDIR/container-$RANDOM
  while [ "$1" != -- ]; do
    options+=(--env "$1")
    shift
  done
  "$support/bundle.sh" "${options[@]}" "$work" glibc "${@:2}"
  cat >"$work/config.toml" <<TEXT
[nvidia-container-runtime]
mode = "${mode:-jit-cdi}"
runtimes = ["runc", "crun"]
[nvidia-container-runtime.modes.cdi]
spec-dirs = ["$BATS_TEST_TMPDIR/cdi"]
TEXT
  NVIDIA_CTK_CONFIG_FILE_PATH=$work/config.toml nvidia-container-runtime --root "$work/state" \
    run --bundle "$work" "nvbox-$$-$RANDOM" </dev/null
}

needs_containers() {
  command -v runc >/dev/null || command -v crun >/dev/null || skip 'needs runc or crun'
  container NVIDIA_VISIBLE_DEVICES=void -- true 2>"$BATS_TEST_TMPDIR/error" ||
    skip "containers do not start here: $(tail -n 1 "$BATS_TEST_TMPDIR/error")"
}

@test "what is found without NVML is what nvidia-smi says" {
  run --separate-stderr nvidia-container-cli info --format=json --nvml=never
  [ "$status" -eq 0 ]
  [ "$(json .driverVersion)" = "$(smi driver_version | head -n 1)" ]
  [ "$(json '.gpus[].model')" = "$(smi_gpu product_name)" ]
  [ "$(json '.gpus[].minor')" = "$(smi_gpu minor_number)" ]
  if grep -q '[?]' /proc/driver/nvidia/gpus/*/information; then
    say 'the driver masks UUIDs'
  else
    [ "$(json '.gpus[].uuid')" = "$(smi_gpu uuid)" ]
  fi
  [ "$(json '.gpus[].busLocation')" = \
    "$(sed -nE 's/^\s*<gpu id="(.*)">$/\L\1/p' "$BATS_FILE_TMPDIR/smi.xml")" ]
}

@test "what the helper says is what nvidia-smi says" {
  run --separate-stderr nvidia-container-cli info --format=json --nvml=always
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  [ "$(json .cudaVersion)" = "$(smi cuda_version)" ]
  [ "$(json '.gpus[].uuid')" = "$(smi_gpu uuid)" ]
  [ "$(json '.gpus[].architecture')" = "$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader)" ]
  # "NVIDIA", "Tesla", "NVIDIA RTX": NVIDIA's toolkit writes these without the blank, and small.
  diff -i <(json '.gpus[].brand') <(smi_gpu product_brand | tr -d ' ')
}

@test "the tables agree with NVML" {
  diff <(nvidia-container-cli info) <(nvidia-container-cli info --nvml=always)
}

@test "MIG devices have NVML's numbers and UUIDs" {
  grep -q '<mig_device>' "$BATS_FILE_TMPDIR/smi.xml" || skip 'no GPU here has MIG devices'
  run nvidia-ctk --quiet info --format=json
  [ "$status" -eq 0 ]
  [ "$(json '[.gpus[] | . as $gpu | .migDevices[] | {g: $gpu.index, i: .index, u: .uuid}] | sort_by(.g, .i) | .[].u')" = \
    "$(nvidia-smi -L | sed -nE 's/^\s+MIG .*\(UUID: (.*)\)$/\1/p')" ]
}

@test "everything that is listed exists" {
  while read -r path; do
    [ -e "$path" ] || [[ $path == /dev/nvidia-modeset ]]
  done < <(nvidia-container-cli list)
}

@test "a generated specification fits this host" {
  nvidia-ctk --quiet cdi generate --output="$BATS_TEST_TMPDIR/nvidia.yaml"
  run nvidia-ctk cdi validate "$BATS_TEST_TMPDIR/nvidia.yaml"
  [ "$status" -eq 0 ]
}

@test "a container computes on one GPU, and on all, in each mode" {
  needs_containers
  nvidia-ctk --quiet cdi generate --output="$BATS_TEST_TMPDIR/cdi/nvidia.yaml"
  for mode in jit-cdi legacy cdi; do
    prefix=
    [ "$mode" != cdi ] || prefix=nvidia.com/gpu=
    run container NVIDIA_VISIBLE_DEVICES="${prefix}0" -- probe cuda
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = 'cuda: devices 1, copy OK' ]
    run container NVIDIA_VISIBLE_DEVICES="${prefix}all" -- probe cuda
    [ "${lines[-1]}" = "cuda: devices $(smi attached_gpus), copy OK" ]
  done
}

@test "a container with no GPU has the driver and none of its devices" {
  needs_containers
  run container NVIDIA_VISIBLE_DEVICES=none -- probe cuda
  # CUDA_ERROR_NO_DEVICE of cuda.h: libcuda was found, and found nothing.
  [ "${lines[-1]}" = 'cuda: cuInit: 100' ]
}

@test "nvidia-smi in a container sees what it sees on the host" {
  needs_containers
  for mode in jit-cdi legacy; do
    run container NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=utility -- nvidia-smi -L
    [ "$output" = "$(nvidia-smi -L)" ]
  done
}

@test "times, for the record" {
  say "masked before its first use: $(grep -c '[?]' /proc/driver/nvidia/gpus/*/information | paste -sd ' ')"
  say "persistence mode: $(smi persistence_mode | sort | uniq -c | paste -sd ' ')"
  say "info: $(milliseconds nvidia-container-cli info) ms, with NVML $(milliseconds nvidia-container-cli info --nvml=always) ms"
  say "list: $(milliseconds nvidia-container-cli list) ms; cdi generate: $(milliseconds nvidia-ctk --quiet cdi generate) ms"
  mkdir "$BATS_TEST_TMPDIR/b"
  printf '{"ociVersion":"1.0.2","process":{"env":["NVIDIA_VISIBLE_DEVICES=all"]},"root":{"path":"r"},"linux":{}}' \
    >"$BATS_TEST_TMPDIR/b/config.json"
  printf '[nvidia-container-runtime]\nruntimes = ["/bin/true"]\n' >"$BATS_TEST_TMPDIR/config.toml"
  export NVIDIA_CTK_CONFIG_FILE_PATH=$BATS_TEST_TMPDIR/config.toml
  say "create: $(milliseconds nvidia-container-runtime create --bundle "$BATS_TEST_TMPDIR/b" c) ms"
}
