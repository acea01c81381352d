#!/bin/sh
# After installation or update, for dpkg ("configure" and the version that was there) and rpm (how many
# versions are there now): the units keep the CDI specification of the host up to date, as with
# NVIDIA's package. A failure is no reason to fail the installation.
set -e

case $1 in
  configure) before=$2 ;;
  1) before= ;;
  *[!0-9]* | '') exit 0 ;;
  *) before=$1 ;;
esac

# What the administrator has switched off stays off. On Debian its helper remembers what it switched on
# (deb-systemd-helper(1p)), and elsewhere presets decide, once (systemd.preset(5)).
enable_unit() {
  if command -v deb-systemd-helper >/dev/null; then
    if deb-systemd-helper --quiet debian-installed "$1" || [ -z "$before" ]; then
      if deb-systemd-helper --quiet was-enabled "$1"; then
        deb-systemd-helper enable "$1" >/dev/null
        return
      fi
    fi
    deb-systemd-helper update-state "$1" >/dev/null
  elif [ -z "$before" ] && command -v systemctl >/dev/null; then
    systemctl --no-reload preset "$1"
  fi
}

units='nvidia-cdi-refresh.path nvidia-cdi-refresh.service'
for unit in $units; do enable_unit "$unit" || true; done

[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload || true
for unit in $units; do
  if systemctl --quiet is-enabled "$unit"; then systemctl restart --no-block "$unit" || true; fi
done
if command -v udevadm >/dev/null; then udevadm control --reload || true; fi
