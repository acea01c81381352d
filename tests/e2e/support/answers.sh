#!/bin/bash
# What nvbox's programs answer and do on a simulated GPU host, as files of a folder. See README.md.
#
#   answers.sh DIR [WORD...]    each program is called behind the words
set -euo pipefail

support=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
out=$1
shift
mkdir -p "$out"
work=$(mktemp -d --tmpdir=/run)
finish() {
  kill "$(cat "$work/process" 2>/dev/null)" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

say() { # say NAME COMMAND...: output, error and status; the same whatever the temporary folder's name
  local name=$1 status=0
  shift
  "$@" >"$work/said" 2>&1 || status=$?
  { sed "s|$work|WORK|g" "$work/said"; echo "status $status"; } >"$out/$name"
}

tree() { # tree NAME ROOT: what is below a root and what files hold
  (cd "$2" && find . -path ./proc -prune -o -path ./sys -prune -o \
    \( -type f -exec sha256sum {} + \) -o -printf '%y %M %p %l\n') | sort >"$out/$1.tree"
}

# A process in a mount namespace of its own that has a /proc in its root, as an engine leaves one.
new_container() { # new_container BUNDLE
  [[ ! -e $work/process ]] || kill "$(cat "$work/process")"
  # shellcheck disable=SC2016 # the inner shell's words
  unshare --mount sh -c 'mount --rbind /proc "$1/rootfs/proc" && exec sleep 600' sh "$1" </dev/null >/dev/null 2>&1 &
  echo "$!" >"$work/process"
  until [[ $(cat "/proc/$!/comm") == sleep ]]; do :; done
}

mounts() { # mounts NAME: of that process, without what differs from one to the next
  nsenter --target "$(cat "$work/process")" --mount cat /proc/self/mountinfo | grep -F "$work" |
    sed -E "s|^[0-9]+ [0-9]+ [0-9:]+ ||; s| (shared\|master):[0-9]+||g; s|$work|WORK|g" | sort >"$out/$1.mounts"
}

bundle() { # bundle NAME OPTION...
  "$support/bundle.sh" --bind-proc "${@:2}" "$work/$1" glibc true
}

printf '[nvidia-container-runtime]\nruntimes = ["/bin/true"]\n[nvidia-container-cli]\nno-cgroups = true\nload-kmods = false\n' \
  >"$work/config.toml"
export NVIDIA_CTK_CONFIG_FILE_PATH=$work/config.toml
printf '#!/bin/sh\nexec "$@" <"%s"\n' "$work/state" >"$work/with-state"
chmod +x "$work/with-state"

say list "$@" nvidia-container-cli list
say info "$@" nvidia-container-cli info
say generate "$@" nvidia-ctk --quiet cdi generate

create() { # create NAME PROGRAM OPTION...
  bundle "$1" "${@:3}"
  say "$1" "${words[@]}" "$2" create --bundle "$work/$1" one
  sed "s|$work|WORK|g" "$work/$1/config.json" >"$out/$1.json"
}
words=("$@")
gpus=(--env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_DRIVER_CAPABILITIES=all)
create jit nvidia-container-runtime "${gpus[@]}"
create legacy nvidia-container-runtime.legacy "${gpus[@]}"
create mig nvidia-container-runtime --env NVIDIA_VISIBLE_DEVICES=1:0
nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
create cdi nvidia-container-runtime.cdi "${gpus[@]}"

# What the specification's hook does in a root.
mapfile -t arguments < <(jq -r '.hooks.createContainer[].args[]' "$work/jit/config.json")
jq -n --arg bundle "$work/jit" '{ociVersion: "1.0.2", id: "one", status: "creating", pid: 1, bundle: $bundle}' >"$work/state"
say hook "$work/with-state" "$@" unshare --mount nvbox "${arguments[@]}"
tree hook "$work/jit/rootfs"

bundle configured
new_container "$work/configured"
say configure "$@" nvidia-container-cli configure --pid="$(cat "$work/process")" --no-cgroups --device=0 --compute --utility \
  "$work/configured/rootfs"
mounts configure
tree configure "$work/configured/rootfs"

bundle prestart "${gpus[@]}"
new_container "$work/prestart"
jq -n --arg bundle "$work/prestart" --argjson pid "$(cat "$work/process")" \
  '{ociVersion: "1.0.2", id: "one", pid: $pid, bundle: $bundle}' >"$work/state"
say prestart "$work/with-state" "$@" nvidia-container-runtime-hook prestart
mounts prestart
tree prestart "$work/prestart/rootfs"
