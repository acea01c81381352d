#!/usr/bin/env bats
# The packages for dpkg and rpm, as their families' linters see them. What the Debian package does when
# it is installed is in install.bats.

# shellcheck disable=SC2154 # variables of helpers.bash

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
  require lintian
  package DEB
  run -0 lintian --allow-root --fail-on error,warning "$BATS_TEST_TMPDIR"/packages/nvbox_*.deb
}

@test "the RPM package has nothing that rpmlint calls an error, replaces the peer's, and its programs run" {
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
