#!/bin/bash
# Times whole processes in the simulated GPU hosts a100x8 and a100mig and prints a table of each.
#
#   bench/compare.sh [REFERENCE_DIR]
#
# REFERENCE_DIR holds NVIDIA's binaries (nvidia-container-runtime, nvidia-ctk, ...). RUNS sets how
# often each command is measured (50). Needs root and the packages that tests/run.sh installs.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname -- "$here")
runs=${RUNS:-50}
simhost=$top/tests/simhost/simhost
bundle_sh=$top/tests/e2e/support/bundle.sh

for tool in hyperfine strace crun jq ninja cmake time; do
  command -v "$tool" >/dev/null || { echo "compare.sh: $tool is missing" >&2; exit 1; }
done

if [[ -z ${COMPARE_INSIDE-} ]]; then
  cmake -S "$top" -B "$top/build" -G Ninja -DNVBOX_BENCH=ON >/dev/null
  ninja -C "$top/build" --quiet nvbox noop
  reference=${1:+$(readlink -f -- "$1")}
  for profile in a100x8 a100mig; do
    COMPARE_INSIDE=$profile "$simhost" --install "$top/build/nvbox" "$profile" -- \
      "${BASH_SOURCE[0]}" "${reference-}"
  done
  exit
fi

reference=${1-}
noop=$top/build/bench/noop
work=$(mktemp -d --tmpdir=/run)

config() { # config NAME RUNTIME: a config.toml whose low-level runtime is RUNTIME
  printf '[nvidia-container-runtime]\nruntimes = ["%s"]\n' "$2" >"$work/$1.toml"
}
config noop "$noop"
config crun "$(command -v crun)"

bundle() { # bundle NAME [OPTION...]
  "$bundle_sh" --bind-proc "${@:2}" "$work/$1" glibc true
  cp "$work/$1/config.json" "$work/$1/config.json.original"
}
bundle plain
bundle gpu --env NVIDIA_VISIBLE_DEVICES=all --env NVIDIA_DRIVER_CAPABILITIES=compute,utility

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

# A process in a mount namespace of its own, and its state, for the prestart hook.
cat >"$work/new-container" <<SCRIPT
#!/bin/sh
set -e
[ ! -s "$work/process" ] || kill "\$(cat "$work/process")"
unshare --mount sleep 600 >/dev/null 2>&1 </dev/null &
echo "\$!" >"$work/process"
while [ "\$(readlink "/proc/\$!/ns/mnt")" = "\$(readlink /proc/self/ns/mnt)" ]; do :; done
printf '{"ociVersion":"1.0.2","id":"bench","pid":%s,"bundle":"%s"}' "\$!" "\$1" >"$work/state"
SCRIPT
chmod +x "$work/new-container"
trap 'kill "$(cat "$work/process" 2>/dev/null)" 2>/dev/null; rm -rf "$work"' EXIT

# hyperfine has no standard input to give.
printf '#!/bin/sh\nexec "$@" <"%s"\n' "$work/state" >"$work/with-state"
chmod +x "$work/with-state"

# What row runs before each measurement where no bundle is named.
before_each=(true)
rows=()
row() { # row NAME BUNDLE COMMAND...: measures a command; BUNDLE's config.json is put back before each run
  local name=$1 bundle=$2
  shift 2
  local restore=("${before_each[@]}") result="$work/result.json" rss calls
  [[ -z $bundle ]] || restore=(cp "$work/$bundle/config.json.original" "$work/$bundle/config.json")
  "${restore[@]}"
  hyperfine -N --warmup 5 --runs "$runs" --prepare "${restore[*]}" --export-json "$result" \
    "$*" >/dev/null 2>&1 || { echo "compare.sh: failed: $*" >&2; "$@" >&2; return 1; }
  "${restore[@]}"
  /usr/bin/time -f %M -o "$work/rss" "$@" >/dev/null 2>&1 || true
  rss=$(tail -n 1 "$work/rss")
  "${restore[@]}"
  strace -f -qq -o "$work/trace" "$@" >/dev/null 2>&1 || true
  "${restore[@]}"
  calls=$(grep -c '(' "$work/trace")
  rows+=("$(jq -r --arg name "$name" --arg rss "$rss" --arg calls "$calls" \
    '.results[0] | [$name, (.median * 1000), (.min * 1000), (.max * 1000), $rss, $calls] | @tsv' "$result")")
  # A node that is only looked at is opened with O_PATH, which does not reach the driver.
  if [[ -z ${asks_nvml-} ]] && grep -E 'open(at|at2)?\(.*nvidia[0-9]+"' "$work/trace" | grep -qv O_PATH; then
    echo "compare.sh: $name opened a GPU" >&2
    return 1
  fi
}

# NVIDIA's toolkit finds its configuration and ours by the same variable.
create() { # create NAME BINARY BUNDLE
  export NVIDIA_CTK_CONFIG_FILE_PATH=$work/noop.toml
  row "$1" "$3" "$2" create --bundle "$work/$3" bench
}
lifecycle() { # lifecycle NAME BINARY BUNDLE
  export NVIDIA_CTK_CONFIG_FILE_PATH=$work/crun.toml
  row "$1" "$3" "$work/lifecycle" "$2" "$work/$3" "$work/root"
}

print_table() {
  printf '\n%s\n' "$COMPARE_INSIDE"
  printf '%s\n' "${rows[@]}" | awk -F '\t' '
    BEGIN {
      format = "%-50s %10s %9s %9s %9s %9s %9s %8s\n"
      printf format, "", "median ms", "min ms", "max ms", "x no-op", "own ms", "RSS KiB", "syscalls"
    }
    # "own" is what a program adds to starting one that does nothing, or two where it ends in another.
    { if (NR == 1) floor = $2
      if (NR == 2) exec_floor = $2
      own = ""
      if ($1 ~ /^(create,|create in|nvidia-docker)/) own = sprintf("%.2f", $2 - exec_floor)
      if ($1 ~ /^(hook|cdi|info)/) own = sprintf("%.2f", $2 - floor)
      if ($1 ~ /^shell/) shell_floor = $2
      if ($1 ~ /^prestart/) own = sprintf("%.2f", $2 - shell_floor)
      printf format, $1, sprintf("%.2f", $2), sprintf("%.2f", $3), sprintf("%.2f", $4),
             sprintf("%.1f", $2 / floor), own, $5, $6 }'
}

row 'static no-op' '' "$noop"
row 'static no-op that execs the no-op' '' "$noop" --exec
# What only NVML knows: MIG devices by number, and properties. The helper by itself is what the
# simulated library and a dynamic program's start cost.
if [[ $COMPARE_INSIDE == a100mig ]]; then
  bundle mig --env NVIDIA_VISIBLE_DEVICES=1:0 --env NVIDIA_DRIVER_CAPABILITIES=compute,utility
  bundle whole --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_DRIVER_CAPABILITIES=compute,utility
  create 'create, GPU 0: nvbox' /usr/bin/nvidia-container-runtime whole
  create 'create, MIG 1:0, answer kept: nvbox' /usr/bin/nvidia-container-runtime mig
  asks_nvml=1
  row 'NVML helper alone' '' "$top/build/generated/nvml/nvml_helper" \
    /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1 0000:3b:00.0 0000:86:00.0
  export NVIDIA_CTK_NO_CACHE=1
  create 'create, MIG 1:0: nvbox' /usr/bin/nvidia-container-runtime mig
  [[ -z $reference ]] || create 'create, MIG 1:0: peer' "$reference/nvidia-container-runtime" mig
  row 'info: nvbox' '' /usr/bin/nvidia-container-cli info
  row 'info, by NVML: nvbox' '' /usr/bin/nvidia-container-cli info --nvml=always
  [[ -z $reference ]] || row 'info: peer' '' "$reference/nvidia-container-cli" info
  row 'cdi generate, MIG: nvbox' '' /usr/bin/nvidia-ctk --quiet cdi generate
  [[ -z $reference ]] || row 'cdi generate, MIG: peer' '' "$reference/nvidia-ctk" --quiet cdi generate
  print_table
  exit
fi

row 'crun --version' '' "$(command -v crun)" --version
create 'create, no GPU: nvbox' /usr/bin/nvidia-container-runtime plain
[[ -z $reference ]] || create 'create, no GPU: peer' "$reference/nvidia-container-runtime" plain
create 'create, 8 GPUs: nvbox' /usr/bin/nvidia-container-runtime gpu
[[ -z $reference ]] || create 'create, 8 GPUs: peer' "$reference/nvidia-container-runtime" gpu
lifecycle 'create+start+delete: crun alone' "$(command -v crun)" plain
lifecycle 'create+start+delete, 8 GPUs: nvbox' /usr/bin/nvidia-container-runtime gpu
[[ -z $reference ]] ||
  lifecycle 'create+start+delete, 8 GPUs: peer' "$reference/nvidia-container-runtime" gpu

# CDI: the specification of this host, and the same among 500 of other vendors.
ctk_rows() { # ctk_rows NAME BINARY
  row "cdi generate: $1" '' "$2" --quiet cdi generate
  row "cdi list: $1" '' "$2" --quiet cdi list
}
nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
ctk_rows nvbox /usr/bin/nvidia-ctk
[[ -z $reference ]] || ctk_rows peer "$reference/nvidia-ctk"
create 'create in cdi mode, 8 GPUs: nvbox' /usr/bin/nvidia-container-runtime.cdi gpu
[[ -z $reference ]] ||
  create 'create in cdi mode, 8 GPUs: peer' "$reference/nvidia-container-runtime.cdi" gpu
lifecycle 'create+start+delete in cdi mode, 8 GPUs: nvbox' /usr/bin/nvidia-container-runtime.cdi gpu
[[ -z $reference ]] ||
  lifecycle 'create+start+delete in cdi mode, 8 GPUs: peer' "$reference/nvidia-container-runtime.cdi" gpu
row 'cdi generate --if-stale: nvbox' '' /usr/bin/nvidia-ctk --quiet cdi generate --if-stale \
  --output=/var/run/cdi/nvidia.yaml
for ((number = 0; number < 500; ++number)); do
  sed "s|^kind: .*|kind: vendor$number.com/gpu|" /var/run/cdi/nvidia.yaml >"/var/run/cdi/vendor$number.yaml"
done
create 'create in cdi mode, 500 more specs: nvbox' /usr/bin/nvidia-container-runtime.cdi gpu
[[ -z $reference ]] ||
  create 'create in cdi mode, 500 more specs: peer' "$reference/nvidia-container-runtime.cdi" gpu
rm -rf /var/run/cdi

# nvidia-container-cli; `configure` works in a mount namespace of its own on a rootfs that it leaves
# with mount points in it, as a second start would find it.
cli_rows() { # cli_rows NAME BINARY
  local rootfs=$work/$1-rootfs
  cp -a "$work/plain/rootfs" "$rootfs"
  row "cli --version: $1" '' "$2" --version
  row "cli list: $1" '' "$2" list
  row "cli info: $1" '' "$2" info
  row "cli configure, 8 GPUs: $1" '' unshare --mount "$2" configure --no-cgroups --device=all \
    --compute --utility "$rootfs"
}
cli_rows nvbox /usr/bin/nvidia-container-cli
[[ -z $reference ]] || cli_rows peer "$reference/nvidia-container-cli"

# The prestart hook, without cgroup rules: the process is not a container's.
prestart_rows() { # prestart_rows NAME BINARY
  printf '[nvidia-container-cli]\nno-cgroups = true\nload-kmods = false\n' >"$work/hook.toml"
  export NVIDIA_CTK_CONFIG_FILE_PATH=$work/hook.toml
  before_each=("$work/new-container" "$work/plain")
  row "prestart, no GPU: $1" '' "$work/with-state" "$2" prestart
  before_each=("$work/new-container" "$work/gpu")
  row "prestart, 8 GPUs: $1" '' "$work/with-state" "$2" prestart
  before_each=(true)
}
"$work/new-container" "$work/plain"
row 'shell that execs the no-op' '' "$work/with-state" "$noop"
prestart_rows nvbox /usr/bin/nvidia-container-runtime-hook
[[ -z $reference ]] || prestart_rows peer "$reference/nvidia-container-runtime-hook"

ln -s "$noop" "$work/docker"
export NV_DOCKER=$work/docker
unset DOCKER_HOST
row 'nvidia-docker run' '' /usr/bin/nvidia-docker run image
NV_GPU=0,2 row 'nvidia-docker run, NV_GPU=0,2' '' /usr/bin/nvidia-docker run image

# The hooks of CDI specifications, in an image with 1,284 libraries that its loader's cache knows, to
# which a driver's come.
hook_image() { # hook_image ROOTFS
  local rootfs=$1 folder=$1/usr/lib/x86_64-linux-gnu number library
  cp -a "$work/plain/rootfs" "$rootfs"
  printf 'int f(void) { return 0; }\n' |
    gcc -xc - -shared -nostdlib -fPIC -Wl,-soname,libbench0000.so.1 -o "$work/library"
  for ((number = 1; number <= 1284; ++number)); do
    printf -v library 'libbench%04d.so.1' "$number"
    sed "s/libbench0000/${library%.so.1}/g" "$work/library" >"$folder/$library"
  done
  ldconfig -r "$rootfs"
  cp -a "$rootfs/etc" "$rootfs/etc.original"
  cp -a /usr/lib/x86_64-linux-gnu/*.so.550.163.01 "$folder/"
  mkdir -p "$rootfs/proc/driver/nvidia"
  cp /proc/driver/nvidia/params "$rootfs/proc/driver/nvidia/"
  mknod "$rootfs/dev/nvidia0" c 195 0
}
hook_image "$work/hook-rootfs"
printf '{"id": "bench", "bundle": "%s", "root": "%s"}' "$work" "$work/hook-rootfs" >"$work/state"
# disable-device-node-modification leaves two mounts, one over the other.
cat >"$work/before-hook" <<SCRIPT
#!/bin/sh
cd "$work/hook-rootfs"
while umount proc/driver/nvidia/params || umount proc/driver/nvidia; do :; done 2>/dev/null
rm -rf etc links
cp -a etc.original etc
SCRIPT
chmod +x "$work/before-hook"

hook_rows() { # hook_rows NAME BINARY
  local hook=("$2") number links=()
  for ((number = 0; number < 26; ++number)); do
    links+=(--link "libcuda.so.$number::/links/$number")
  done
  hook_row() { row "hook $1: $name" '' "${hook[@]}" "$1" --container-spec "$work/state" "${@:2}"; }
  local name=$1
  before_each=("$work/before-hook")
  hook_row create-symlinks "${links[@]}"
  hook_row enable-cuda-compat --host-driver-version 550.163.01
  hook_row update-ldcache --folder /usr/lib/x86_64-linux-gnu
  hook_row disable-device-node-modification
  hook_row update-application-profile
  hook_row chmod --mode 755 --path /usr
  before_each=(true)
  "$work/before-hook"
}
hook_rows nvbox /usr/bin/nvidia-cdi-hook
[[ -z $reference ]] || hook_rows peer "$reference/nvidia-cdi-hook"

print_table
strip -o "$work/stripped" "$(readlink -f /usr/bin/nvbox)"
printf 'stripped binary: %s bytes\n' "$(stat -c %s "$work/stripped")"
