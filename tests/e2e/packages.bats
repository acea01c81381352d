#!/usr/bin/env bats
# The packages for dpkg and rpm: as their families' linters see them, and what their scripts do to a host.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

bats_require_minimum_version 1.5.0
load helpers

setup() {
  require cpack
  build=$(dirname "$nvbox")
  [ -e "$build/CPackConfig.cmake" ] || skip 'the binary is not in its build directory'
}

package() { # package GENERATOR
  run -0 cpack --config "$build/CPackConfig.cmake" -G "$1" -B "$BATS_TEST_TMPDIR/packages"
}

@test "the Debian package has nothing that lintian calls an error or a warning" {
  require lintian dpkg-deb
  package DEB
  run -0 lintian --allow-root --fail-on error,warning "$BATS_TEST_TMPDIR"/packages/nvbox_*.deb
  # An error of Debian sid's lintian (2.143), which knows static programs that are position-independent.
  dpkg-deb -x "$BATS_TEST_TMPDIR"/packages/nvbox_*.deb "$BATS_TEST_TMPDIR/tree"
  grep -qx 'nvbox: statically-linked-binary \*' "$BATS_TEST_TMPDIR/tree/usr/share/lintian/overrides/nvbox"
}

@test "the C library's package: lintian is content, and it may stay beside nvbox's, where NVIDIA's may not" {
  require lintian dpkg-deb
  run -0 cpack --config "$build/CPackLibrary.cmake" -G DEB -B "$BATS_TEST_TMPDIR/packages"
  local file
  file=$(echo "$BATS_TEST_TMPDIR"/packages/libnvidia-container1_*.deb)
  run -0 lintian --allow-root --fail-on error,warning "$file"
  run -0 dpkg-deb -c "$file"
  has_text './usr/lib/libnvidia-container.so.1 -> libnvidia-container.so.1.20.0'
  has_no_text nvc.h
  run -0 dpkg-deb -f "$file" Version Depends
  has_text 'Version: 1.20.0+nvbox'
  has_text libc6
  package DEB
  dpkg --compare-versions "$(dpkg-deb -f "$file" Version)" ge 1.20.0+nvbox
  dpkg --compare-versions 1.20.0-1 lt 1.20.0+nvbox
  run -0 dpkg-deb -f "$(echo "$BATS_TEST_TMPDIR"/packages/nvbox_*.deb)" Conflicts
  has_text 'libnvidia-container1 (<< 1.20.0+nvbox)'
}

@test "the RPM package has nothing that rpmlint calls an error, replaces NVIDIA's, and its programs run" {
  require rpmbuild rpmlint rpm2cpio cpio
  package RPM
  local file
  file=$(echo "$BATS_TEST_TMPDIR"/packages/nvbox-*.rpm)
  run -0 rpmlint -c "$e2e_dir/../../cmake/package/rpmlint.toml" "$file"
  run -0 rpm -qp --obsoletes --provides "$file"
  has_text nvidia-container-toolkit-base
  has_text libnvidia-container1
  (cd "$BATS_TEST_TMPDIR" && rpm2cpio "$file" | cpio -idm --quiet)
  run -0 "$BATS_TEST_TMPDIR/usr/bin/nvidia-container-cli" --version
  run -0 "$BATS_TEST_TMPDIR/usr/bin/nvidia-ctk" --version
}

@test "a link counts as a link in the size of the Debian package" {
  require dpkg-deb
  package DEB
  local file size
  file=$(echo "$BATS_TEST_TMPDIR"/packages/nvbox_*.deb)
  dpkg-deb -x "$file" "$BATS_TEST_TMPDIR/tree"
  # dpkg-gencontrol(1), "Installed-Size": files count in whole KiB, anything else counts 1 KiB.
  size=$(find "$BATS_TEST_TMPDIR/tree" -printf '%y %s\n' |
    awk '{ sum += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print sum }')
  [ "$(dpkg-deb -f "$file" Installed-Size)" = "$size" ]
}

# On a host where dpkg knows of no package and systemd has booted. systemctl works on files alone with
# SYSTEMD_OFFLINE=1 (systemd's docs/ENVIRONMENT.md), as there is no systemd here.
prelude='
  set -e
  export SYSTEMD_OFFLINE=1
  rm -f /etc/systemd/system/*.wants/nvidia-cdi-refresh.* /var/lib/systemd/deb-systemd-helper-*/*nvidia-cdi-refresh* \
    /var/lib/systemd/deb-systemd-helper-*/*/nvidia-cdi-refresh*
  mkdir -p /run/systemd/system /run/dpkg/info /run/dpkg/updates
  touch /run/dpkg/status /run/dpkg/available
  db() { dpkg --admindir=/run/dpkg "$@" >/run/said 2>&1 || cat /run/said; }
  units="nvidia-cdi-refresh.path nvidia-cdi-refresh.service"
  enabled() { find /etc/systemd/system -name "nvidia-cdi-refresh.*" -printf "enabled: %f\n" | sort; }
'

# on_debian SCRIPT: $1 is the package, $2 the sources' directory.
on_debian() {
  require cpack dpkg deb-systemd-helper systemctl unshare
  package DEB
  run -0 "$simhost" t4x1 -- bash -c "$prelude$1" bash "$(echo "$BATS_TEST_TMPDIR"/packages/nvbox_*.deb)" "$e2e_dir/../.."
}

both='enabled: nvidia-cdi-refresh.path
enabled: nvidia-cdi-refresh.service'

@test "an update of the Debian package enables no unit that was disabled" {
  on_debian 'db -i "$1"; enabled
    systemctl --quiet disable $units; enabled; echo disabled
    db -i "$1"; enabled; echo updated
    db -r nvbox; db -i "$1"; enabled; echo installed again
    db -P nvbox; db -i "$1"; enabled'
  [ "$output" = "$both
disabled
updated
installed again
$both" ]
}

@test "an update of the Debian package keeps enabled units enabled, and so does a new installation" {
  on_debian 'db -i "$1"; db -i "$1"; enabled; echo updated
    db -r nvbox; db -i "$1"; enabled; echo installed again
    db -P nvbox; enabled'
  [ "$output" = "$both
updated
$both
installed again" ]
}

# rpm's scripts get 1 at the first installation and 2 at an update. Fedora enables nothing of itself
# (99-default-disable.preset of its fedora-release).
@test "an update of the RPM package enables no unit that was disabled" {
  require systemctl unshare
  run -0 "$simhost" t4x1 -- bash -c "$prelude"'
    rm /usr/bin/deb-systemd-helper
    cp "$1"/applets/nvbox/nvidia-cdi-refresh.* /usr/lib/systemd/system
    mkdir -p /usr/lib/systemd/system-preset
    cp "$1"/cmake/package/*.preset /usr/lib/systemd/system-preset
    echo "disable *" >/usr/lib/systemd/system-preset/99-default-disable.preset
    sh "$1/cmake/package/after_install.sh" 1 2>/dev/null; enabled
    systemctl --quiet disable $units
    sh "$1/cmake/package/after_install.sh" 2 2>/dev/null; enabled; echo updated' bash "$e2e_dir/../.."
  [ "$output" = "$both
updated" ]
}

@test "removal takes the specifications that the units made, and names the engines that still call nvbox" {
  on_debian 'db -i "$1"
    mkdir -p /run/cdi /etc/cdi /etc/nvidia-container-toolkit
    echo "NVIDIA_CTK_CDI_OUTPUT_FILE_PATH=/etc/cdi/gpu.yaml" >/etc/nvidia-container-toolkit/nvidia-cdi-refresh.env
    for file in /run/cdi/nvidia.yaml /etc/cdi/gpu.yaml /etc/cdi/mine.yaml; do
      nvidia-ctk --quiet cdi generate --output=$file 2>/dev/null
    done
    # The toolkit of NVIDIA in a directory of its own, as its container installs it.
    sed "s,/usr/bin/nvidia-cdi-hook,/usr/local/nvidia/toolkit/nvidia-cdi-hook," /etc/cdi/mine.yaml >/run/cdi/nvidia.coherent.yaml
    cp /etc/cdi/mine.yaml /run/cdi/nvidia.noncoherent.yaml
    mkdir -p /etc/docker
    echo "{}" >/etc/docker/daemon.json
    nvidia-ctk --quiet runtime configure --runtime=docker
    db -r nvbox
    cat /run/said
    ls -1 /run/cdi/* /etc/cdi/*'
  has_line "nvbox: /etc/docker/daemon.json still names nvidia-container-runtime, which is removed; take it out (FILE.nvbox-before or FILE.nvbox-absent beside it tells what was there before) and restart the engine"
  [ "$(grep -c 'still names' <<<"$output")" -eq 1 ]
  [ "$(tail -n 2 <<<"$output")" = '/etc/cdi/mine.yaml
/run/cdi/nvidia.coherent.yaml' ]
}

# NVIDIA's units write what NVIDIA_CTK_CDI_OUTPUT_FILE_PATH names, and its format follows the ending.
@test "removal takes a specification in JSON" {
  on_debian 'db -i "$1"
    mkdir -p /run/cdi /etc/nvidia-container-toolkit
    nvidia-ctk --quiet cdi generate --output=/run/cdi/nvidia.json
    grep -c /usr/bin/nvidia-cdi-hook /run/cdi/nvidia.json >/dev/null
    echo NVIDIA_CTK_CDI_OUTPUT_FILE_PATH=/run/cdi/nvidia.json >/etc/nvidia-container-toolkit/nvidia-cdi-refresh.env
    db -r nvbox
    ls -d /run/cdi || true'
  [ "$output" = "ls: cannot access '/run/cdi': No such file or directory" ]
}

# systemd.unit(5): units in /etc/systemd/system go before those in /usr/lib/systemd/system.
@test "removal leaves what an nvbox in /usr/local/bin made" {
  require systemctl unshare
  run -0 "$simhost" t4x1 -- bash -c "$prelude"'
    "$2" install --with-units --with-cdi-hook >/dev/null
    mkdir -p /run/cdi /etc/docker /run/fake
    nvidia-ctk --quiet cdi generate --output=/run/cdi/nvidia.yaml
    echo "{}" >/etc/docker/daemon.json
    nvidia-ctk --quiet runtime configure --runtime=docker
    printf "%s\n" "#!/bin/sh" "echo systemctl \$*" >/run/fake/systemctl
    chmod +x /run/fake/systemctl
    PATH=/run/fake:$PATH
    sh "$1/cmake/package/before_removal.sh" remove
    ls -A /run/cdi
    rm /etc/systemd/system/nvidia-cdi-refresh.service
    sh "$1/cmake/package/before_removal.sh" 0' bash "$e2e_dir/../.." "$nvbox"
  [ "$output" = "nvidia.yaml
systemctl stop nvidia-cdi-refresh.service
systemctl --no-reload disable nvidia-cdi-refresh.service" ]
}

@test "the specification is made before the engines start" {
  local unit
  # Of Debian's docker.io, containerd and podman, and as CRI-O, k3s, RKE2 and kubeadm call theirs.
  for unit in docker.service containerd.service podman.service podman-restart.service crio.service k3s.service \
    k3s-agent.service rke2-server.service rke2-agent.service kubelet.service; do
    grep -qE "^Before=(.* )?$unit( |\$)" "$e2e_dir/../../applets/nvbox/nvidia-cdi-refresh.service"
  done
}
