#!/bin/sh
# After installation or update, for dpkg and rpm: the units keep the CDI specification of the host up
# to date, as with the peer's package. A failure is no reason to fail the installation.
set -e
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload || true
systemctl enable nvidia-cdi-refresh.path nvidia-cdi-refresh.service || true
systemctl restart --no-block nvidia-cdi-refresh.path nvidia-cdi-refresh.service || true
if command -v udevadm >/dev/null; then udevadm control --reload || true; fi
