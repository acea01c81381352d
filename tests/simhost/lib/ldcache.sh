#!/bin/bash
# Usage: ldcache.sh LAYER OUT, in a mount namespace of its own.
# Writes OUT/ld.so.cache as the host's ldconfig would with the driver of LAYER installed, or $SIMHOST_LDCONFIG,
# for a driver of another machine.
# -n: /run/mount is the real host's.
set -euo pipefail
layer=$1 out=$2

mount -n -t overlay -o "ro,lowerdir=$layer/usr:/usr" simhost /usr
mount -n -t overlay -o "ro,lowerdir=$layer/etc:/etc" simhost /etc
# ldconfig also keeps an auxiliary cache of the host there.
[[ ! -d /var/cache/ldconfig ]] || mount -n -t tmpfs simhost /var/cache/ldconfig
read -ra ldconfig <<<"${SIMHOST_LDCONFIG:-ldconfig}"
"${ldconfig[@]}" -X -C "$out/ld.so.cache"
chmod 0644 "$out/ld.so.cache"
