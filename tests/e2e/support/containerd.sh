#!/bin/bash
# One container of containerd's own client, whose --gpus calls nvidia-container-cli from an OCI hook.
#
# usage: containerd.sh IMAGE [CTR_RUN_OPTION...] -- ARG...
#
# Runs inside a simulated host.
set -euo pipefail

support_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
image=$1 options=()
shift
while [[ $1 != -- ]]; do
  options+=("$1")
  shift
done
shift

dir=/run/containerd-test
mkdir "$dir"
cat >"$dir/config.toml" <<TOML
version = 2
root = "$dir/root"
state = "$dir/state"
[grpc]
address = "$dir/sock"
TOML
containerd -c "$dir/config.toml" >"$dir/log" 2>&1 &
trap 'kill %1; wait' EXIT
for ((tries = 0; tries < 100; ++tries)); do
  ! ctr -a "$dir/sock" version >/dev/null 2>&1 || break
  sleep 0.1
done
"$support_dir/images.sh" --copy "$dir/image" "$image"
ctr -a "$dir/sock" run --rm --rootfs --runc-binary /usr/local/lib/simhost/runc --env PATH=/usr/bin \
  "${options[@]}" "$dir/image" "nvbox-$$" "$@"
