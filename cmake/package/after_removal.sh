#!/bin/sh
# After removal, not after an update: dpkg says "remove" and "purge", rpm says 0.
set -e
case $1 in
  remove | 0)
    if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
    ;;
  purge)
    if command -v deb-systemd-helper >/dev/null; then
      deb-systemd-helper purge nvidia-cdi-refresh.path nvidia-cdi-refresh.service >/dev/null || true
    fi
    ;;
esac
