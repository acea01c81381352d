#!/bin/sh
# Before removal, not before an update: dpkg says "remove", rpm says 0.
set -e
case $1 in
  remove | 0) ;;
  *) exit 0 ;;
esac

# A file of the same name in /etc/systemd/system belongs to an nvbox that installed itself, and goes before
# the package's (systemd.unit(5)): that unit runs on.
units=
for unit in nvidia-cdi-refresh.path nvidia-cdi-refresh.service; do
  if [ ! -e /etc/systemd/system/$unit ]; then units="$units $unit"; fi
done

# deb-systemd-helper keeps the links of units that are enabled, for another installation.
if [ -n "$units" ]; then
  # shellcheck disable=SC2086 # a list of words
  {
    if [ -d /run/systemd/system ]; then systemctl stop $units || true; fi
    if [ "$1" = 0 ] && command -v systemctl >/dev/null; then systemctl --no-reload disable $units || true; fi
  }
fi

# Specifications in the units' places whose hooks go with the package: no container would start by them.
settings=/etc/nvidia-container-toolkit/nvidia-cdi-refresh.env
made=$(sed -n "s/^[[:space:]]*NVIDIA_CTK_CDI_OUTPUT_FILE_PATH=[\"']\{0,1\}\(\/[^\"']*\).*/\1/p" $settings 2>/dev/null | tail -n 1) || true
for file in /run/cdi/nvidia.yaml "$made"; do
  name=${file%.*}
  ending=${file##*.}
  for each in "$file" "$name.coherent.$ending" "$name.noncoherent.$ending"; do
    if grep -qsE "(^|[\"':[:space:]])/usr/bin/(nvidia-cdi-hook|nvidia-ctk)([\"',[:space:]]|\$)" "$each"; then rm -f "$each"; fi
  done
done
# The unit's directory, unless others keep theirs there.
rmdir /run/cdi 2>/dev/null || true

# Engines that are left to call what is gone. A bare name means what PATH has first.
directory='/usr/bin/'
if [ ! -x /usr/local/bin/nvidia-container-runtime ]; then directory='(/usr/bin/)?'; fi
for file in /etc/docker/daemon.json /etc/containerd/config.toml /etc/containerd/conf.d/*.toml \
  /etc/crio/crio.conf /etc/crio/crio.conf.d/* /etc/containers/containers.conf /etc/containers/containers.conf.d/* \
  /etc/containers/oci/hooks.d/*.json /usr/share/containers/oci/hooks.d/*.json \
  /var/lib/rancher/*/agent/etc/containerd/config*.toml.d/*.toml /var/snap/microk8s/current/args/containerd-template.toml; do
  if grep -qsE "[\"']${directory}nvidia-container-runtime" "$file"; then
    echo "nvbox: $file still names nvidia-container-runtime, which is removed; take it out (FILE.nvbox-before" \
      "or FILE.nvbox-absent beside it tells what was there before) and restart the engine"
  fi
done
