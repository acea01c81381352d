#!/usr/bin/env bats
# An nvbox of another machine, aarch64, in qemu's emulation of user space: what it finds on a host of that
# machine, containers that it makes, its packages.
#
# The emulator, qemu 7.2, knows neither openat2, open_tree, move_mount, mount_setattr and fsopen, so that nvbox
# takes the ways of older kernels, nor filters of system calls. Its threads keep it out of other mount
# namespaces (setns(2)), so that legacy mode and `configure` cannot be run, and what nvbox executes from memory,
# the program that asks NVML, is no program to this kernel.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

bats_require_minimum_version 1.5.0
load helpers

version=535.261.03
libraries=/usr/lib/aarch64-linux-gnu

setup() {
  [[ -n ${E2E_EMULATOR-} ]] || skip 'for a cross build, which names its emulator'
  require "$E2E_EMULATOR" aarch64-linux-gnu-gcc runc jq unshare readelf
  binary=$nvbox
  # What is installed in the simulated host. The link that it is called by decides what it does.
  nvbox=$BATS_TEST_TMPDIR/nvbox
  printf '#!/bin/sh\nexec %q -0 "$0" %q "$@"\n' "$E2E_EMULATOR" "$binary" >"$nvbox"
  chmod +x "$nvbox"
  # The host of the recorded outputs, which has no 32-bit libraries, were it an aarch64 machine.
  profile=$BATS_TEST_TMPDIR/t4x1.profile
  { grep -v i386 "$e2e_dir/../simhost/profiles/t4x1.profile" && echo machine aarch64; } >"$profile"
}

# inside SCRIPT [ARG...]
inside() {
  SIMHOST_RUNTIMES=$support/emulated_runc run -0 "$simhost" --install "$nvbox" "$profile" -- bash -ec "$1" bash "${@:2}"
}

# container SCRIPT OPTION... ARG...: ARG... in an image of that machine, after SCRIPT. The emulator is in it, too.
container() {
  inside "$1"'
    "$@"' "$support/container.sh" --mount "$E2E_EMULATOR:/usr/bin/emulator" --env NVIDIA_VISIBLE_DEVICES=0 "${@:2}"
}

@test "the binary is one file for aarch64 that needs no other" {
  run -0 readelf --file-header --program-headers --dynamic "$binary"
  has_text 'AArch64'
  has_no_text INTERP
  has_no_text NEEDED
  run -0 "$nvbox" --version
  has_text 'nvbox version '
}

@test "list is NVIDIA's, but for the machine's name" {
  inside 'nvidia-container-cli list'
  diff <(grep -v i386 "$support/peer_t4x1.list" | sed 's/x86_64/aarch64/') - <<<"$output"
}

# The two differences are those of ctk_cdi.bats.
@test "the CDI specification says what NVIDIA's toolkit says, but for the machine's name" {
  inside 'nvidia-ctk --quiet cdi generate --format=json'
  diff <(jq -S . "$support/peer_t4x1.json" | sed 's/x86_64/aarch64/') <(jq -S '
    del(.containerEdits.mounts[] | select(.containerPath | endswith("/libnvidia-api.so.1")))
    | .containerEdits.mounts[].hostPath |= sub("^/usr/lib/firmware/"; "/lib/firmware/")' <<<"$output")
}

# 62 and 183 are EM_X86_64 and EM_AARCH64 (elf(5)).
@test "libraries of another machine are no driver" {
  sed -i /machine/d "$profile"
  run -1 "$simhost" --install "$nvbox" "$profile" -- nvidia-container-cli list
  has_text 'is a 64-bit file for ELF machine 62, and aarch64 needs 64-bit files for machine 183'
}

@test "the loader of aarch64 finds the driver in a container" {
  local script
  for script in true 'nvidia-ctk --quiet config --in-place --set nvidia-container-runtime.mode=cdi
    nvidia-ctk --quiet cdi generate --output=/run/cdi/nvidia.yaml'; do
    container "$script" glibc-aarch64 emulator /usr/bin/probe \
      dlopen libcuda.so.1 libnvidia-ml.so.1 libnvbox_image.so.1 -- nodes
    has_line "libcuda.so.1: libcuda.so.$version /lib/aarch64-linux-gnu/libcuda.so.1"
    has_line "libnvidia-ml.so.1: libnvidia-ml.so.$version /lib/aarch64-linux-gnu/libnvidia-ml.so.1"
    has_line 'libnvbox_image.so.1: libnvbox_image.so.1 /opt/image/lib/libnvbox_image.so.1'
    has_line '/dev/nvidia0 195:0 0666 0:0'
    has_line '/dev/nvidiactl 195:255 0666 0:0'
  done
}

# The libraries that ldconfig of aarch64, of the same glibc, finds there itself, in words of its own.
@test "the loader's cache says what ldconfig of aarch64 says" {
  local ldconfig out=$BATS_TEST_TMPDIR
  read -ra ldconfig <<<"$SIMHOST_LDCONFIG"
  container true --mount "${ldconfig[1]}:/usr/sbin/ldconfig" glibc-aarch64 sh -c '
    emulator /usr/sbin/ldconfig -C /tmp/theirs
    busybox base64 /etc/ld.so.cache && echo . && busybox base64 /tmp/theirs'
  sed '/^[.]$/,$d' <<<"$output" | base64 -d >"$out/ours"
  sed '1,/^[.]$/d' <<<"$output" | base64 -d >"$out/theirs"
  for name in ours theirs; do
    "${ldconfig[@]}" -p -C "$out/$name" | grep -F '=>' | sort >"$out/$name.text"
  done
  grep -qF "libcuda.so.1 (libc6,AArch64) => /lib/aarch64-linux-gnu/libcuda.so.1" "$out/ours.text"
  diff "$out/theirs.text" "$out/ours.text"
}

@test "hooks of a CDI specification make links and the cache" {
  inside '"$1/cdi_hooks.sh" runc "[
      [\"nvidia-cdi-hook\", \"create-symlinks\", \"--link\", \"libcuda.so.$2::$3/libcuda.so.1\"],
      [\"nvidia-cdi-hook\", \"update-ldcache\", \"--folder\", \"$3\"]]" --mount "$3/libcuda.so.$2:$3/libcuda.so.$2" \
      --mount "$E2E_EMULATOR:/usr/bin/emulator" glibc-aarch64 emulator /usr/bin/probe dlopen libcuda.so.1 -- links "$3"' \
    "$support" "$version" "$libraries"
  has_line "libcuda.so.1: libcuda.so.$version /lib/aarch64-linux-gnu/libcuda.so.1"
  has_line "$libraries/libcuda.so.1 -> libcuda.so.$version"
}

# Once a hook keeps to its list, other calls fail. The two that are not in it: the one that asks for the list,
# which this emulator refuses, and one that asks what is known without an answer (sys/namespaces.cc).
@test "a hook makes no system call that is not in its list" {
  local calls=$BATS_TEST_TMPDIR/calls name
  E2E_CALLS=$calls container true glibc-aarch64 true
  # From PR_SET_SECCOMP on; calls that the emulator does not know have no name there.
  sed -nE '/^[0-9]+ prctl\(22,/,$s/^[0-9]+ ([a-z0-9_]+)\(.*/\1/p' "$calls" | sort -u |
    grep -vx -e prctl -e setfsuid >"$BATS_TEST_TMPDIR/names"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/names")" -gt 15 ]
  while read -r name; do
    grep -qF "SYS_$name," "$e2e_dir/../../src/hook/rights.cc" || { echo "$name is not in it" >&2 && return 1; }
  done <"$BATS_TEST_TMPDIR/names"
}

# Started by hand, because the kernel does not.
@test "the program that asks NVML says what it has to say" {
  inside '"$E2E_EMULATOR" "$1" "$2" 0000:3b:00.0' "${binary%/*}/generated/nvml/nvml_helper" \
    "$libraries/libnvidia-ml.so.$version"
  [ "$(jq -r '.gpus[0] | "\(.busId) \(.uuid) \(.computeCapability[0])"' <<<"$output")" = \
    '0000:3b:00.0 GPU-00000074-0000-0000-0000-000000000000 7' ]
}

@test "packages are of the architecture" {
  require cpack lintian dpkg-deb rpmbuild
  local out=$BATS_TEST_TMPDIR/packages kind
  for kind in DEB RPM; do
    run -0 cpack --config "${binary%/*}/CPackConfig.cmake" -G "$kind" -B "$out"
  done
  [ "$(dpkg-deb -f "$out"/nvbox_*_arm64.deb Architecture)" = arm64 ]
  run -0 lintian --allow-root --fail-on error,warning "$out"/nvbox_*_arm64.deb
  dpkg-deb -x "$out"/nvbox_*_arm64.deb "$out/tree"
  run -0 "$E2E_EMULATOR" "$out/tree/usr/bin/nvbox" nvidia-ctk --version
  [ "$(readlink "$out/tree/usr/bin/nvidia-container-runtime")" = nvbox ]
  [ -e "$out/tree/usr/share/man/man8/nvidia-container-runtime.8.gz" ]
  [ "$(rpm -qp --qf '%{ARCH}' "$out"/nvbox-*.aarch64.rpm)" = aarch64 ]
}
