#!/bin/bash
# One container by a containerd of the test's own, inside a simulated host. See README.md.
#
# usage: containerd.sh [CTR_RUN_OPTION...] -- ARG...
#
# The options are those of `ctr run`; the image is images.sh's glibc.
set -euo pipefail

support_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
options=()
while [[ $1 != -- ]]; do
  options+=("$1")
  shift
done
shift

dir=/run/ctd
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
for ((tries = 0; tries < 100; tries++)); do
  ! ctr -a "$dir/sock" version >/dev/null 2>&1 || break
  sleep 0.1
done
"$support_dir/images.sh" --copy /run/image glibc
ctr -a "$dir/sock" run --rm --rootfs "${options[@]}" /run/image "nvbox-$$" "$@"
