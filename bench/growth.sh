#!/bin/bash
# Measures how nvbox's costs grow with the size of what it is given: GPUs, MIG devices, files, the entries of
# a cache. Each group of rows has a simulated GPU host of its own.
#
#   bench/growth.sh [--out DIR] [GROUP...]
#
# GROUP is one of gpus mig at-once host-cache image-cache cdi config libraries; all of them unless named. DIR
# (build/bench/results) gets growth.csv, growth.txt and growth.md, the table of README.md. Instructions
# (callgrind) and system calls (strace) do not depend on what else the machine does; wall times are the
# minimum and the median of RUNS runs (20). Fails when a create for sixteen GPUs, or `list` of them, has over
# 1.3 times the instructions of eight; a specification says everything about each GPU three times, so that
# `cdi generate` grows with what it writes. Needs root and the packages that tests/run.sh installs.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname -- "$here")
simhost=$top/tests/simhost/simhost

# shellcheck source=bench/lib.sh
. "$here/lib.sh"
need hyperfine strace valgrind jq ninja cmake gcc perl ldconfig

# A DGX with other GPUs, of which the first are cut into seven instances each.
profile() { # profile GPUS MIG: prints its path
  local gpus=$1 mig=$2 file=$out/profiles/growth-$1-gpus-$2-mig.profile number
  mkdir -p "${file%/*}"
  {
    grep -v '^gpu ' "$top/tests/simhost/profiles/a100x8.profile"
    for ((number = 0; number < gpus; ++number)); do
      printf 'gpu 0000:%02x:00.0 %d %d 0x030200 0x20b2 GPU-%08x-0000-4a10-8000-000000000000 NVIDIA A100-SXM4-80GB\n' \
        $((8 * number + 16)) "$number" $((number + 1)) "$number"
    done
    for ((number = 0; number < mig; ++number)); do echo "mig $((number / 7)) $((number % 7 + 7)) 0"; done
  } >"$file"
  echo "$file"
}

on() { # on PROFILE GROUP [ARG...]: measures the group in a simulated host
  GROWTH_INSIDE=1 GROWTH_CSV=$out/growth.csv "$simhost" --install "$top/build/nvbox" "$1" -- "${BASH_SOURCE[0]}" "${@:2}"
}

if [[ -z ${GROWTH_INSIDE-} ]]; then
  out=$top/build/bench/results
  if [[ ${1-} == --out ]]; then out=$2; shift 2; fi
  groups=("$@")
  (($#)) || groups=(gpus mig at-once host-cache image-cache cdi config libraries)
  mkdir -p "$out"
  out=$(readlink -f -- "$out")
  build nvbox noop unfiltered
  echo 'what,items,instructions,system calls,min ms,median ms' >"$out/growth.csv"
  for group in "${groups[@]}"; do
    echo "growth.sh: $group" >&2
    case $group in
      gpus) for gpus in 1 8 16; do on "$(profile "$gpus" 0)" gpus "$gpus"; done ;;
      mig) for mig in 0 7 56 112; do on "$(profile 16 "$mig")" mig "$mig"; done ;;
      *) on a100x8 "$group" ;;
    esac
  done
  awk -v form=text -f "$here/growth.awk" "$out/growth.csv" | tee "$out/growth.txt"
  awk -v form=markdown -f "$here/growth.awk" "$out/growth.csv" >"$out/growth.md"
  [[ " ${groups[*]} " != *' gpus '* ]] || awk -v form=judge -f "$here/growth.awk" "$out/growth.csv"
  exit
fi

runs=${RUNS:-20}
noop=$top/build/bench/noop
work=$(mktemp -d --tmpdir=/run)
trap 'rm -rf "$work"' EXIT
runtime_config "$work/noop.toml" "$noop"
refusing_config "$work/refused.toml"
export NVIDIA_CTK_CONFIG_FILE_PATH=$work/noop.toml

# What puts the machine back before each run.
restore=(true)

measure() { # measure WHAT ITEMS COMMAND...
  local counted
  "${restore[@]}"
  counted=$(
    same_on_all_processors
    NVIDIA_CTK_CONFIG_FILE_PATH=$work/refused.toml instructions "${@:3}"
  )
  tell "$1" "$2" "$counted" 1 "${@:3}"
}

# Writes a line of the CSV: system calls and times are those of one of SHARES.
tell() { # tell WHAT ITEMS INSTRUCTIONS SHARES COMMAND...
  local what=$1 items=$2 counted=$3 shares=$4 calls times
  shift 4
  "${restore[@]}"
  calls=$(system_calls "$@")
  times=$(wall_times "$shares" "$@")
  printf '%s,%s,%s,%s,%s\n' "$what" "$items" "$counted" $((calls / shares)) "$times" >>"$GROWTH_CSV"
}

wall_times() { # wall_times SHARES COMMAND...: prints minimum and median in ms
  local shares=$1
  shift
  hyperfine -N --warmup 1 --runs "$runs" --prepare "${restore[*]}" --export-json "$work/times" "$*" >/dev/null 2>&1 ||
    { echo "growth.sh: failed: $*" >&2; "$@" >&2; return 1; }
  jq -r --argjson shares "$shares" '.results[0] | [.min, .median] | map(. * 1e6 / $shares | round / 1000) | join(",")' \
    "$work/times"
}

create() { # create WHAT ITEMS BUNDLE [PROGRAM]: as an engine does, but for the container
  restore=(cp "$3/config.json.original" "$3/config.json")
  measure "$1" "$2" "/usr/bin/${4:-nvidia-container-runtime}" create --bundle "$3" bench
  restore=(true)
}

group_gpus() { # gpus COUNT
  bundle "$work/gpu" "${all_gpus[@]}"
  create 'GPUs: create' "$1" "$work/gpu"
  measure 'GPUs: cdi generate' "$1" /usr/bin/nvidia-ctk --quiet cdi generate
  measure 'GPUs: list' "$1" /usr/bin/nvidia-container-cli list
}

# NVML's helper, which tells `cdi generate` the UUIDs, is another program and not in its instructions.
group_mig() { # mig COUNT
  bundle "$work/gpu" "${all_gpus[@]}"
  create 'MIG devices on 16 GPUs: create' "$1" "$work/gpu"
  # Only NVML knows the UUIDs, and valgrind cannot start the helper that asks it.
  tell 'MIG devices on 16 GPUs: cdi generate' "$1" '' 1 /usr/bin/nvidia-ctk --quiet cdi generate
  measure 'MIG devices on 16 GPUs: list' "$1" /usr/bin/nvidia-container-cli list
}

# Starts PROGRAM for each bundle of the list, all at the same time.
at_once() { # at_once WHAT COUNT PROGRAM...
  local what=$1 count=$2
  shift 2
  head -n "$count" "$work/bundles" >"$work/list"
  tell "$what" "$count" '' "$count" xargs -a "$work/list" -P "$count" -I "{}" "$@"
}

group_at_once() {
  local number count
  bundle "$work/gpu" "${all_gpus[@]}"
  for ((number = 0; number < 256; ++number)); do
    mkdir "$work/bundle$number"
    ln -s ../gpu/rootfs "$work/bundle$number/rootfs"
    echo "$work/bundle$number"
  done >"$work/bundles"
  printf '#!/bin/sh\nexec tee %s/bundle*/config.json <%s >/dev/null\n' "$work" "$work/gpu/config.json.original" >"$work/restore"
  sed "s,\$,/config.json," "$work/bundles" | xargs touch
  chmod +x "$work/restore"
  for count in 1 64 256; do
    at_once 'at once: static no-op' "$count" "$noop" "{}"
  done
  restore=("$work/restore")
  for count in 1 64 256; do
    at_once 'at once: create 8 GPUs' "$count" /usr/bin/nvidia-container-runtime create --bundle "{}" bench
  done
}

# A tree whose loader's cache knows COUNT libraries, and those of the driver if it is to have them.
tree() { # tree DIR COUNT
  mkdir -p "$1/usr/lib/x86_64-linux-gnu" "$1/etc"
  libraries "$1/usr/lib/x86_64-linux-gnu" "$2"
  echo /usr/lib/x86_64-linux-gnu >"$1/etc/ld.so.conf"
}

group_host_cache() {
  local entries elsewhere=/usr/lib/elsewhere
  bundle "$work/gpu" "${all_gpus[@]}"
  mkdir "$elsewhere"
  for entries in 50 5000; do
    tree "$work/host$entries" $((entries - 30))
    cp -a /usr/lib/x86_64-linux-gnu/*.so.550.163.01 "$work/host$entries/usr/lib/x86_64-linux-gnu/"
    ldconfig -X -r "$work/host$entries"
    cp "$work/host$entries/etc/ld.so.cache" /etc/ld.so.cache
    create "host's loader cache: create 8 GPUs" "$entries" "$work/gpu"
    measure "host's loader cache: list" "$entries" /usr/bin/nvidia-container-cli list
  done
  mv /usr/lib/x86_64-linux-gnu/*.so.550.163.01 "$elsewhere/"
  for entries in 50 5000; do
    mkdir "$work/host$entries$elsewhere"
    mv "$work/host$entries/usr/lib/x86_64-linux-gnu"/*.so.550.163.01 "$work/host$entries$elsewhere/"
    echo "$elsewhere" >>"$work/host$entries/etc/ld.so.conf"
    ldconfig -r "$work/host$entries"
    cp "$work/host$entries/etc/ld.so.cache" /etc/ld.so.cache
    create "host's loader cache where only it knows: create 8 GPUs" "$entries" "$work/gpu"
  done
}

group_image_cache() {
  local entries rootfs
  valgrind=("$top/build/bench/unfiltered" valgrind)
  bundle "$work/plain"
  for entries in 50 5000; do
    rootfs=$work/image$entries
    cp -a "$work/plain/rootfs" "$rootfs"
    tree "$rootfs" "$entries"
    ldconfig -r "$rootfs"
    cp -a "$rootfs/etc" "$rootfs/etc.original"
    cp -a /usr/lib/x86_64-linux-gnu/*.so.550.163.01 "$rootfs/usr/lib/x86_64-linux-gnu/"
    printf '{"id": "bench", "bundle": "%s", "root": "%s"}' "$work" "$rootfs" >"$work/state"
    printf '#!/bin/sh\ncd "%s"\nrm -rf etc\ncp -a etc.original etc\n' "$rootfs" >"$work/restore"
    chmod +x "$work/restore"
    restore=("$work/restore")
    local hook=(/usr/bin/nvidia-cdi-hook update-ldcache --container-spec "$work/state" --folder /usr/lib/x86_64-linux-gnu)
    # The first run makes the links of the driver's libraries, which stay.
    "${hook[@]}"
    measure "image's loader cache: update-ldcache" "$entries" "${hook[@]}"
  done
}

other_vendors() { # other_vendors COUNT: as small as a vendor of one device would write it
  local number
  for ((number = 0; number < $1; ++number)); do
    printf '%s\n' "cdiVersion: 0.5.0" "kind: vendor$number.example.com/device" "devices:" "- name: \"0\"" \
      "  containerEdits:" "    deviceNodes:" "    - path: /dev/vendor$number-0" "    - path: /dev/vendor$number-ctl" \
      "containerEdits:" "  env:" "  - VENDOR_VISIBLE_DEVICES=void" "  hooks:" "  - hookName: createContainer" \
      "    path: /usr/bin/vendor-hook" "    args:" "    - vendor-hook" "    - update-ldcache" "  mounts:" \
      "  - hostPath: /usr/lib64/libvendor.so.1" "    containerPath: /usr/lib64/libvendor.so.1" \
      "    options:" "    - ro" "    - nosuid" "    - nodev" "    - rbind" >"/var/run/cdi/vendor$number.yaml"
  done
}

group_cdi() {
  local files
  bundle "$work/gpu" "${all_gpus[@]}"
  nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
  for files in 1 100 1000 10000; do
    other_vendors "$files"
    create "CDI files of other vendors: create 8 GPUs" "$files" "$work/gpu" nvidia-container-runtime.cdi
    ((files < 10000)) || runs=5
    measure "CDI files of other vendors: cdi list" "$files" /usr/bin/nvidia-ctk --quiet cdi list
  done
}

# What makes config.json grow on a cluster: the variables, seven for each service of the namespace, that
# Kubernetes gives every container; annotations, which it limits to 256 KiB; and volumes.
grow() { # grow BUNDLE KB
  local file=$1/config.json.original
  # shellcheck disable=SC2016 # jq's variables
  jq --argjson bytes $((1000 * $2)) '
    def services($n): [range($n) | "SERVICE\(.)" as $name | "10.96.\(. / 256 | floor).\(. % 256)" as $address |
      "\($name)_SERVICE_HOST=\($address)", "\($name)_SERVICE_PORT=80", "\($name)_PORT=tcp://\($address):80",
      "\($name)_PORT_80_TCP=tcp://\($address):80", "\($name)_PORT_80_TCP_PROTO=tcp", "\($name)_PORT_80_TCP_PORT=80",
      "\($name)_PORT_80_TCP_ADDR=\($address)"];
    def annotations($n): [range($n) | {key: "example.com/rule-\(.)",
      value: "allow from namespace monitoring to port \(9000 + .) by tcp"}] | from_entries;
    def volumes($n): [range($n) | {destination: "/etc/volumes/volume-\(.)", type: "bind",
      source: "/var/lib/kubelet/pods/0b4f8a66-5d0b-4ee2-9d3c-0f4d3c5b1a2e/volumes/kubernetes.io~configmap/volume-\(.)",
      options: ["rbind", "rprivate", "ro"]}];
    def grown($n): .process.env += services($n) | .annotations += annotations($n) | .mounts += volumes($n / 4 | floor);
    . as $plain | (tojson | length) as $least | (($plain | grown(100) | tojson | length) - $least) as $hundred |
    grown(($bytes - $least) * 100 / $hundred | floor)' -c "$file" >"$file.grown"
  mv "$file.grown" "$file"
}

group_config() {
  local size name
  for size in 10 1000; do
    bundle "$work/plain$size"
    bundle "$work/gpu$size" "${all_gpus[@]}"
    for name in plain gpu; do grow "$work/$name$size" "$size"; done
    create 'KB of config.json: create no GPU' "$size" "$work/plain$size"
    create 'KB of config.json: create 8 GPUs' "$size" "$work/gpu$size"
  done
}

# Of two names one is a library, and the other the link to it that a compiler looks for.
group_libraries() {
  local files folder=/usr/lib/x86_64-linux-gnu
  bundle "$work/gpu" "${all_gpus[@]}"
  for files in 0 60 3000; do
    libraries "$folder" $((files / 2))
    # shellcheck disable=SC2016 # perl's variables
    perl -e 'symlink sprintf("libbench%04d.so.1", $_), sprintf("%s/libbench%04d.so", $ARGV[0], $_) for 1 .. $ARGV[1]' \
      "$folder" $((files / 2))
    create 'other libraries beside: create 8 GPUs' "$files" "$work/gpu"
    measure 'other libraries beside: cdi generate' "$files" /usr/bin/nvidia-ctk --quiet cdi generate
  done
}

group=${1//-/_}
shift
"group_$group" "$@"
