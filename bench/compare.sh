#!/bin/bash
# Times whole processes in the simulated GPU hosts a100x8 and a100mig, nvbox's and, by turns with them, those
# of a reference: a part of the runs of the one, of the other, and so on, so that both meet the same machine.
#
#   bench/compare.sh [--out DIR] [REFERENCE_DIR]
#
# REFERENCE_DIR holds NVIDIA's binaries (nvidia-container-runtime, nvidia-ctk, ...), or an nvbox of another
# commit with links of these names. RUNS sets how often each command is measured (50), in ROUNDS rounds (5).
# DIR (build/bench/results) gets table.txt, table.md, results.csv and, by gnuplot, a plot of each host. Needs root and
# the packages that tests/run.sh installs.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname -- "$here")
runs=${RUNS:-50} rounds=${ROUNDS:-5}
simhost=$top/tests/simhost/simhost

# shellcheck source=bench/lib.sh
. "$here/lib.sh"
need hyperfine strace crun jq ninja cmake time

# A point for each median of the host, of nvbox and of the reference.
plot() { # plot HOST CSV SVG
  gnuplot <<TEXT
set terminal svg size 900,700 dynamic font "sans-serif,12"
set output "$3"
set datafile separator ","
set title "$1, median wall time of a process"
set xlabel "ms"
set logscale x
set grid xtics
set key bottom right
set offsets 0, 0, 0.6, 0.6
set yrange [*:*] reverse
plot "< awk -F, '\$1 == \"$1\" && \$3 == \"nvbox\"' $2" using 5:0:ytic(2) with points pt 7 ps 1 title "nvbox", \
     "< awk -F, '\$1 == \"$1\" && \$3 == \"peer\"' $2" using 5:0 with points pt 6 ps 1 title "reference"
TEXT
}

# What bench/README.md shows: of each command nvbox's figures and, where there is one, the reference's.
markdown() { # markdown CSV
  awk -F, '
    NR == 1 { next }
    $1 != host { host = $1; printf "%s| %s | nvbox, ms | own, ms | RSS, KiB | reference, ms | times | from, to |\n", gap, host; print "|---|---|---|---|---|---|---|"; gap = "\n" }
    $3 == "peer" { line = sprintf("%s %s | %s | %s, %s |", line, $5, $11, $12, $13); print line; line = ""; next }
    { flush(); line = sprintf("| %s | %s | %s | %s |", $2, $5, $8, $9) }
    END { flush() }
    function flush() { if (line != "") print line "  |  |  |"; line = "" }' "$1"
}

if [[ -z ${COMPARE_INSIDE-} ]]; then
  out=$top/build/bench/results
  if [[ ${1-} == --out ]]; then out=$2; shift 2; fi
  build nvbox noop
  reference=${1:+$(readlink -f -- "$1")}
  mkdir -p "$out"
  echo 'host,what,side,runs,median ms,min ms,max ms,own ms,RSS KiB,system calls,times nvbox,from,to' >"$out/results.csv"
  for profile in a100x8 a100mig; do
    COMPARE_INSIDE=$profile COMPARE_CSV=$out/results.csv "$simhost" --install "$top/build/nvbox" "$profile" -- \
      "${BASH_SOURCE[0]}" "${reference-}"
    if command -v gnuplot >/dev/null; then plot "$profile" "$out/results.csv" "$out/$profile.svg"; fi
  done | tee "$out/table.txt"
  markdown "$out/results.csv" >"$out/table.md"
  exit
fi

reference=${1-}
declare -A bin=([nvbox]=/usr/bin [peer]=$reference [alone]='')
noop=$top/build/bench/noop
work=$(mktemp -d --tmpdir=/run)

runtime_config "$work/noop.toml" "$noop"
runtime_config "$work/crun.toml" "$(command -v crun)"

# Each side has its own, as it finds there what its last run has left.
side_bundles() { # side_bundles NAME [OPTION...]
  local side dir
  for side in "${!bin[@]}"; do
    dir=$work/$side-$1
    bundle "$dir" "${@:2}"
    # NVIDIA's hook looks for a relative root below its own working directory.
    jq --arg root "$dir/rootfs" '.root.path = $root' "$dir/config.json.original" >"$dir/config.json"
    cp "$dir/config.json" "$dir/config.json.original"
  done
}
side_bundles plain
side_bundles gpu "${all_gpus[@]}"
# NVIDIA's runtime gives the graphics files in any case, ours when asked.
side_bundles everything --env NVIDIA_VISIBLE_DEVICES=all --env NVIDIA_DRIVER_CAPABILITIES=all

# create, start and delete with one runtime, as an engine does.
cat >"$work/lifecycle" <<'SCRIPT'
#!/bin/sh
set -e
runtime=$1 bundle=$2 root=$3
"$runtime" --root "$root" create --bundle "$bundle" bench </dev/null >/dev/null 2>&1
"$runtime" --root "$root" start bench
"$runtime" --root "$root" delete --force bench
SCRIPT
chmod +x "$work/lifecycle"

# A process in a mount namespace of its own, with a /proc in its root, and its state, for the prestart hook.
cat >"$work/new-container" <<SCRIPT
#!/bin/sh
set -e
[ ! -s "$work/process" ] || kill "\$(cat "$work/process")"
unshare --mount sh -c 'mount --rbind /proc "\$1/rootfs/proc" && exec sleep 600' sh "\$1" >/dev/null 2>&1 </dev/null &
echo "\$!" >"$work/process"
until read -r name <"/proc/\$!/comm" && [ "\$name" = sleep ]; do :; done
printf '{"ociVersion":"1.0.2","id":"bench","pid":%s,"bundle":"%s"}' "\$!" "\$1" >"$work/state"
SCRIPT
chmod +x "$work/new-container"
finish() {
  kill "$(cat "$work/process" 2>/dev/null)" 2>/dev/null || true
  umount --recursive "$work/hook-rootfs" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

# hyperfine has no standard input to give.
printf '#!/bin/sh\nexec "$@" <"%s"\n' "$work/state" >"$work/with-state"
cat >"$work/configure" <<SCRIPT
#!/bin/sh
program=\$1
shift
read -r process <"$work/process"
exec "\$program" configure --pid="\$process" "\$@"
SCRIPT
chmod +x "$work/with-state" "$work/configure"

# In a command "@bin" stands for the directory of the side's programs, and "@side" for the side; a command
# without "@bin" is one of neither.
sides_of() { # sides_of COMMAND...
  if [[ $* != *@bin* ]]; then echo alone; else echo "nvbox${reference:+ peer}"; fi
}
# Programs of a side find those that they call in PATH, and CDI specifications that name its hooks.
on_side() { # on_side SIDE WORD...: fills `command`, `search`, `restore` and the folder of specifications
  local side=$1 word
  shift
  search=${bin[$side]:+${bin[$side]}:}$PATH
  rm -rf /var/run/cdi
  [[ ! -d $work/cdi-$side ]] || cp -a "$work/cdi-$side" /var/run/cdi
  restore=("${before_each[@]//@side/$side}")
  [[ -z $bundle ]] || restore=(cp "$work/$side-$bundle/config.json.original" "$work/$side-$bundle/config.json")
  command=()
  for word in "$@"; do
    word=${word//@bin/${bin[$side]}}
    command+=("${word//@side/$side}")
  done
}

# What row runs before each measurement where no bundle is named, and what is true after one.
before_each=(true)
check=(true)
declare -A floors=([none]=0)
row() { # row NAME FLOOR BUNDLE COMMAND...: measures a command; BUNDLE's config.json is put back before each run
  local name=$1 floor=$2 bundle=$3 command search restore side round
  shift 3
  local times="$work/times"
  mkdir -p "$times"
  rm -f "$times"/*
  for ((round = 0; round < rounds; ++round)); do
    for side in $(sides_of "$@"); do
      on_side "$side" "$@"
      "${restore[@]}"
      PATH=$search hyperfine -N --warmup 2 --runs $((runs / rounds)) --prepare "${restore[*]}" \
        --export-json "$times/result" "${command[*]}" >/dev/null 2>&1 ||
        { echo "compare.sh: failed: ${command[*]}" >&2; PATH=$search "${command[@]}" >&2; return 1; }
      jq -c '.results[0].times | map(. * 1000)' "$times/result" >>"$times/$side"
    done
  done
  for side in $(sides_of "$@"); do
    on_side "$side" "$@"
    "${restore[@]}"
    tell "$name" "$floor" "$side" "${command[@]}"
    "${check[@]//@side/$side}" >/dev/null ||
      { echo "compare.sh: $side has not done this: $name" >&2; return 1; }
    "${restore[@]}"
  done
}

# tell NAME FLOOR SIDE COMMAND...: the figures of a side as a line of the table and of the CSV. A ratio is that
# of the medians of one round, and there are as many as rounds: their median, and the smallest and largest.
tell() {
  local name=$1 floor=$2 side=$3 rss calls figures
  shift 3
  PATH=$search /usr/bin/time -f %M -o "$work/rss" "$@" >/dev/null 2>&1 || true
  rss=$(tail -n 1 "$work/rss")
  "${restore[@]}"
  calls=$(PATH=$search system_calls "$@")
  # A node that is only looked at is opened with O_PATH, which does not reach the driver.
  if [[ -z ${asks_nvml-} && $side == nvbox ]] &&
    grep -E 'open(at|at2)?\(.*nvidia[0-9]+"' "$work/trace" | grep -qv O_PATH; then
    echo "compare.sh: $name opened a GPU" >&2
    return 1
  fi
  figures=$(jq -rn --slurpfile mine "$times/$side" --slurpfile ours "$times/${side/peer/nvbox}" \
    --argjson floor "${floors[$floor]}" '
    def median: sort | .[(length - 1) / 2 | floor] as $low | ($low + .[length / 2 | floor]) / 2;
    def places($n): . * pow(10; $n) | round / pow(10; $n);
    ($mine | add) as $all | [range($mine | length) | ($mine[.] | median) / ($ours[.] | median)] as $ratios |
    [($all | length), ($all | median | places(3)), ($all | min | places(3)), ($all | max | places(3)),
     (if $floor > 0 then ($all | median) - $floor | places(3) else "" end),
     ($ratios | median | places(2)), ($ratios | min | places(2)), ($ratios | max | places(2))] | map(tostring) | join(",")')
  local count median min max own ratio from to
  IFS=, read -r count median min max own ratio from to <<<"$figures"
  [[ $side == peer ]] || ratio='' from='' to=''
  printf '%s\n' "$COMPARE_INSIDE,$name,$side,$count,$median,$min,$max,$own,$rss,$calls,$ratio,$from,$to" \
    >>"$COMPARE_CSV"
  printf '%-40s %-6s %9s %9s %9s %9s %9s %7s %7s %s\n' "$name" "${side/alone/}" "$median" "$min" "$max" "$own" "$rss" \
    "$calls" "$ratio" "${ratio:+$from to $to}"
  case $name in
    'static no-op') floors[start]=$median ;;
    'static no-op that execs the no-op') floors[exec]=$median ;;
    'shell that execs the no-op') floors[shell]=$median ;;
  esac
}

# NVIDIA's toolkit finds its configuration and ours by the same variable.
create() { # create NAME PROGRAM BUNDLE
  local -x NVIDIA_CTK_CONFIG_FILE_PATH=$work/noop.toml
  local check=(true)
  [[ $3 == plain ]] ||
    check=(jq -e '.mounts | any(.destination | contains("/libcuda.so."))' "$work/@side-$3/config.json")
  row "$1" exec "$3" "$2" create --bundle "$work/@side-$3" bench
}
lifecycle() { # lifecycle NAME PROGRAM BUNDLE
  local -x NVIDIA_CTK_CONFIG_FILE_PATH=$work/crun.toml
  local check=(true)
  [[ $3 == plain ]] || check=(grep -q /libcuda.so "$work/@side-$3/rootfs/etc/ld.so.cache")
  row "$1" none "$3" "$work/lifecycle" "$2" "$work/@side-$3" "$work/root"
}

printf '\n%-40s %-6s %9s %9s %9s %9s %9s %7s %7s %s\n' "$COMPARE_INSIDE" '' 'median ms' 'min ms' 'max ms' 'own ms' \
  'RSS KiB' syscalls 'x nvbox' spread
row 'static no-op' none '' "$noop"
row 'static no-op that execs the no-op' none '' "$noop" --exec
# What only NVML knows: MIG devices by number, and properties. The helper by itself is what the
# simulated library and a dynamic program's start cost.
if [[ $COMPARE_INSIDE == a100mig ]]; then
  side_bundles mig --env NVIDIA_VISIBLE_DEVICES=1:0 --env NVIDIA_DRIVER_CAPABILITIES=compute,utility
  side_bundles whole --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_DRIVER_CAPABILITIES=compute,utility
  create 'create GPU 0' @bin/nvidia-container-runtime whole
  create 'create MIG 1:0 answer kept' /usr/bin/nvidia-container-runtime mig
  asks_nvml=1
  row 'NVML helper alone' start '' "$top/build/generated/nvml/nvml_helper" \
    /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1 0000:3b:00.0 0000:86:00.0
  export NVIDIA_CTK_NO_CACHE=1
  create 'create MIG 1:0' @bin/nvidia-container-runtime mig
  row 'info' start '' @bin/nvidia-container-cli info
  row 'info by NVML' start '' /usr/bin/nvidia-container-cli info --nvml=always
  row 'cdi generate MIG' start '' @bin/nvidia-ctk --quiet cdi generate
  exit
fi

row 'crun --version' none '' "$(command -v crun)" --version
create 'create no GPU' @bin/nvidia-container-runtime plain
create 'create 8 GPUs' @bin/nvidia-container-runtime gpu
create 'create 8 GPUs all capabilities' @bin/nvidia-container-runtime everything
lifecycle 'create+start+delete crun alone' "$(command -v crun)" plain
lifecycle 'create+start+delete 8 GPUs' @bin/nvidia-container-runtime gpu

# CDI: the specification of this host, and the same among 500 of other vendors.
for side in nvbox${reference:+ peer}; do
  PATH=${bin[$side]}:$PATH "${bin[$side]}/nvidia-ctk" --quiet cdi generate --output="$work/cdi-$side/nvidia.yaml"
done
row 'cdi generate' start '' @bin/nvidia-ctk --quiet cdi generate
row 'cdi list' start '' @bin/nvidia-ctk --quiet cdi list
create 'create in cdi mode 8 GPUs' @bin/nvidia-container-runtime.cdi gpu
lifecycle 'create+start+delete in cdi mode' @bin/nvidia-container-runtime.cdi gpu
row 'cdi generate --if-stale' start '' /usr/bin/nvidia-ctk --quiet cdi generate --if-stale \
  --output=/var/run/cdi/nvidia.yaml
for folder in "$work"/cdi-*; do
  for ((number = 0; number < 500; ++number)); do
    sed "s|^kind: .*|kind: vendor$number.com/gpu|" "$folder/nvidia.yaml" >"$folder/vendor$number.yaml"
  done
done
create 'create in cdi mode 500 more files' @bin/nvidia-container-runtime.cdi gpu
rm -rf "$work"/cdi-*

# nvidia-container-cli; `configure` works on a rootfs that it leaves with mount points in it, as a second
# start would find it.
cli=@bin/nvidia-container-cli
row 'cli --version' start '' $cli --version
row 'cli list' start '' $cli list
row 'cli info' start '' $cli info

# The prestart hook and what it calls, without cgroup rules: the process is not a container's.
printf '[nvidia-container-cli]\nno-cgroups = true\nload-kmods = false\n' >"$work/hook.toml"
export NVIDIA_CTK_CONFIG_FILE_PATH=$work/hook.toml
cat >"$work/has-driver" <<SCRIPT
#!/bin/sh
nsenter --target "\$(cat "$work/process")" --mount grep /libcuda.so /proc/self/mountinfo
SCRIPT
chmod +x "$work/has-driver"
"$work/new-container" "$work/alone-plain"
row 'shell that execs the no-op' none '' "$work/with-state" "$noop"
before_each=("$work/new-container" "$work/@side-plain")
row 'prestart no GPU' shell '' "$work/with-state" @bin/nvidia-container-runtime-hook prestart
check=("$work/has-driver")
row 'cli configure 8 GPUs' shell '' "$work/configure" $cli --ldconfig=@/sbin/ldconfig --no-cgroups --device=all \
  --compute --utility "$work/@side-plain/rootfs"
before_each=("$work/new-container" "$work/@side-gpu")
row 'prestart 8 GPUs' shell '' "$work/with-state" @bin/nvidia-container-runtime-hook prestart
before_each=(true)
check=(true)

ln -s "$noop" "$work/docker"
export NV_DOCKER=$work/docker
unset DOCKER_HOST
row 'nvidia-docker run' exec '' /usr/bin/nvidia-docker run image
NV_GPU=0,2 row 'nvidia-docker run NV_GPU=02' exec '' /usr/bin/nvidia-docker run image

# The hooks of CDI specifications, in an image with 1,284 libraries that its loader's cache knows, to
# which a driver's come.
hook_image() { # hook_image ROOTFS
  local rootfs=$1 folder=$1/usr/lib/x86_64-linux-gnu
  cp -a "$work/alone-plain/rootfs" "$rootfs"
  libraries "$folder" 1284
  ldconfig -r "$rootfs"
  cp -a "$rootfs/etc" "$rootfs/etc.original"
  cp -a /usr/lib/x86_64-linux-gnu/*.so.550.163.01 "$folder/"
  mkdir -p "$rootfs/proc/driver/nvidia"
  cp /proc/driver/nvidia/params "$rootfs/proc/driver/nvidia/"
  mknod "$rootfs/dev/nvidia0" c 195 0
}
hook_image "$work/hook-rootfs"
# As a low-level runtime leaves it: NVIDIA's hook makes it the root of a mount namespace.
mount --bind "$work/hook-rootfs" "$work/hook-rootfs"
# A low-level runtime's state names the bundle; the root is in its config.json.
jq --arg root "$work/hook-rootfs" '.root.path = $root' "$work/alone-plain/config.json" >"$work/config.json"
printf '{"ociVersion": "1.0.2", "id": "bench", "status": "creating", "bundle": "%s"}' "$work" >"$work/state"
# disable-device-node-modification leaves two mounts, one over the other; NVIDIA's leaves one more in /run.
cat >"$work/before-hook" <<SCRIPT
#!/bin/sh
cd "$work/hook-rootfs"
while umount proc/driver/nvidia/params || umount proc/driver/nvidia; do :; done 2>/dev/null
umount run/nvidia-ctk-hook* 2>/dev/null
rm -rf etc links run/nvidia-ctk-hook*
cp -a etc.original etc
SCRIPT
chmod +x "$work/before-hook"

links=()
for ((number = 0; number < 26; ++number)); do links+=(--link "libcuda.so.$number::/links/$number"); done
hook() { row "hook $1" start '' @bin/nvidia-cdi-hook "$1" --container-spec "$work/state" "${@:2}"; }
before_each=("$work/before-hook")
check=(test -L "$work/hook-rootfs/links/25")
hook create-symlinks "${links[@]}"
check=(true)
hook enable-cuda-compat --host-driver-version 550.163.01
check=(grep -q /libcuda.so "$work/hook-rootfs/etc/ld.so.cache")
hook update-ldcache --folder /usr/lib/x86_64-linux-gnu
check=(grep -q "$work/hook-rootfs/proc/driver/nvidia/params" /proc/self/mountinfo)
hook disable-device-node-modification
check=(true)
hook update-application-profile
hook chmod --mode 755 --path /usr
before_each=(true)
"$work/before-hook"

strip -o "$work/stripped" "$(readlink -f /usr/bin/nvbox)"
printf 'stripped binary: %s bytes\n' "$(stat -c %s "$work/stripped")"
