#!/bin/sh
# Before removal, not before an update: dpkg says "remove", rpm says 0.
set -e
case $1 in
  remove | 0) ;;
  *) exit 0 ;;
esac
[ -d /run/systemd/system ] || exit 0
systemctl disable --now nvidia-cdi-refresh.path nvidia-cdi-refresh.service || true
