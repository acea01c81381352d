#!/bin/bash
# A container without any runtime, as README.md shows it: handmade.sh ROOTFS COMMAND [ARG...]
set -euo pipefail

# The mount of /proc/driver is for a simulated host only, whose kernel has no driver to show.
# shellcheck disable=SC2016 # text for the inner shell
exec unshare --mount --pid --fork bash -euc '
  mount --bind "$0" "$0"
  cd "$0"
  mount -t proc proc proc
  [[ -z ${SIMHOST_PROFILE-} ]] || mount --bind /proc/driver proc/driver
  nvidia-container-cli configure --no-cgroups --device=all --compute --utility "$0"
  mkdir -p mnt
  pivot_root . mnt
  umount -l /mnt
  exec "$@"' "$@"
