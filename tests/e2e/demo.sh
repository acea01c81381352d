#!/bin/bash
# Starts one GPU container with nvbox and shows what it was given: on the driver of this machine,
# or in a simulated GPU host (a Tesla T4) where there is none.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
(($# == 1)) || { echo 'usage: demo.sh NVBOX_BINARY' >&2; exit 2; }
nvbox=$(readlink -f -- "$1")

# What the container prints about itself.
questions=(/usr/bin/probe nodes
  -- dlopen libcuda.so.1 libnvidia-ml.so.1
  -- open /dev/nvidiactl
  -- mounts /usr/bin
  -- mounts /usr/lib)

container() {
  local work
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # this directory
  trap "rm -rf ${work@Q}" EXIT
  "$here/support/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=all "$work/bundle" glibc "${questions[@]}"
  echo "\$ nvidia-container-runtime run --bundle BUNDLE demo    # NVIDIA_VISIBLE_DEVICES=all"
  "$nvbox" nvidia-container-runtime --root "$work/state" run --bundle "$work/bundle" \
    "nvbox-demo-$$" </dev/null
}

if [[ ${NVBOX_DEMO_INSIDE-} == 1 || -e /proc/driver/nvidia/version ]]; then
  container
else
  echo 'no NVIDIA driver is loaded: using the simulated GPU host t4x1'
  NVBOX_DEMO_INSIDE=1 exec "$here/../simhost/simhost" --install "$nvbox" t4x1 -- \
    "${BASH_SOURCE[0]}" /usr/bin/nvbox
fi
