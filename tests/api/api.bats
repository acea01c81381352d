#!/usr/bin/env bats
# The C library: programs that are built against the installed header by pkg-config, and NVIDIA's facts about the
# interface, which layout.c, exports.txt and errors.txt were taken from (its header and library 1.20).

# shellcheck disable=SC2154 # variables of helpers.bash

load ../e2e/helpers

api=$BATS_TEST_DIRNAME

setup_file() {
  export NVBOX_SANITIZE=${NVBOX_SANITIZE-}
  # As a package has it, and as programs find it.
  local component
  for component in library development; do
    DESTDIR=$BATS_FILE_TMPDIR cmake --install "$NVBOX_BUILD" --component "$component" --prefix /usr >/dev/null
  done
  export PKG_CONFIG_PATH=$BATS_FILE_TMPDIR/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$BATS_FILE_TMPDIR
}

words=

setup() {
  require gcc pkg-config nm unshare nsenter jq
  lib=$BATS_FILE_TMPDIR/usr/lib
}

# build NAME [OPTION...]: tests/api/NAME.c
build() {
  # shellcheck disable=SC2046,SC2086 # words
  gcc -std=gnu11 -Wall -Wextra -Werror ${NVBOX_SANITIZE:+-fsanitize=$NVBOX_SANITIZE} "${@:2}" -o "$BATS_FILE_TMPDIR/$1" \
    "$api/$1.c" $(pkg-config --cflags --libs libnvidia-container) -Wl,-rpath,"$lib" -pthread
}

# container PROFILE COMMAND...: behind it come a process, its root directory, which is to be a container's, and
# $words; and then what is mounted there and what its loader's cache knows is printed.
container() {
  # shellcheck disable=SC2016 # the inner shell's words
  WORDS=$words run on_host "$1" runc bash -c '
    bundle=/run/bundle
    "$0/bundle.sh" --bind-proc "$bundle" glibc true
    unshare --mount sh -c '\''mount --rbind /proc "$1/rootfs/proc" && exec sleep 60'\'' sh "$bundle" >/dev/null 2>&1 </dev/null &
    until [ "$(cat "/proc/$!/comm")" = sleep ]; do :; done
    "$@" "$!" "$bundle/rootfs" ${WORDS:+"$WORDS"} || echo "status $?"
    nsenter --target "$!" --mount grep -o "$bundle/rootfs[^ ]*" /proc/self/mountinfo
    grep -ao "lib[a-z-]*.so.1" "$bundle/rootfs/etc/ld.so.cache" | sort -u
    kill "$!"' "$support" "${@:2}"
}

@test "sizes and offsets are those that programs were built for, in C and in C++" {
  build layout
  diff "$api/layout.txt" <("$BATS_FILE_TMPDIR/layout")
  # shellcheck disable=SC2046 # words
  g++ -std=c++17 -Wall -Wextra -Wshadow -Werror -x c++ "$api/layout.c" -o "$BATS_FILE_TMPDIR/layout++" \
    $(pkg-config --cflags libnvidia-container)
  diff "$api/layout.txt" <("$BATS_FILE_TMPDIR/layout++")
  # The header alone, in the oldest C that has its types.
  # shellcheck disable=SC2046 # words
  gcc -std=c11 -pedantic -Wall -Wextra -Werror -fsyntax-only $(pkg-config --cflags libnvidia-container) -include nvc.h -x c - </dev/null
}

@test "the library exports the functions of the interface, in its version, and nothing else" {
  diff "$api/exports.txt" <(nm -D --defined-only "$lib/libnvidia-container.so.1" | awk '$2 == "T" {print $3}' | sort)
  [ "$(nm -D --defined-only "$lib/libnvidia-container.so.1" | grep -vc ' T ')" -eq 1 ]
  run readelf -d "$lib/libnvidia-container.so.1"
  has_text 'soname: [libnvidia-container.so.1]'
  has_no_text libstdc++
}

@test "wrong calls are told as by NVIDIA's library" {
  build errors
  run on_host t4x1 runc "$BATS_FILE_TMPDIR/errors"
  [ "$status" -eq 0 ]
  diff "$api/errors.txt" <(printf '%s\n' "$output")
}

@test "the flow of the header gives a container its GPU" {
  build configure
  local words='supervised no-cgroups compute utility'
  container a100x8 "$BATS_FILE_TMPDIR/configure"
  [ "$status" -eq 0 ]
  has_no_text 'status '
  has_line /run/bundle/rootfs/dev/nvidia1
  has_line /run/bundle/rootfs/dev/nvidiactl
  has_line /run/bundle/rootfs/dev/nvidia-uvm
  has_no_text /run/bundle/rootfs/dev/nvidia0
  has_line /run/bundle/rootfs/usr/bin/nvidia-smi
  has_line /run/bundle/rootfs/usr/lib/x86_64-linux-gnu/libcuda.so.550.163.01
  has_line /run/bundle/rootfs/proc/driver/nvidia
  has_line /run/bundle/rootfs/proc/driver/nvidia/gpus/0000:07:00.0
  has_line libcuda.so.1
  has_line libnvidia-ml.so.1
}

@test "MIG devices, by what opens them" {
  build configure
  local words='supervised no-cgroups compute utility'
  container a100mig "$BATS_FILE_TMPDIR/configure"
  [ "$status" -eq 0 ]
  has_no_text 'status '
  has_line /run/bundle/rootfs/proc/driver/nvidia/capabilities/gpu1/mig/gi7/access
  has_line /run/bundle/rootfs/proc/driver/nvidia/capabilities/gpu1/mig/gi7/ci0/access
  [ "$(grep -c /dev/nvidia-caps/nvidia-cap <<<"$output")" -eq 14 ]
}

@test "the cgroup of the process allows what it was given, and nothing else" {
  build configure
  # shellcheck disable=SC2016 # the inner shell's words
  run on_host t4x1 runc bash -c '
    own=/sys/fs/cgroup/devices/nvbox-test-$$
    mkdir "$own"
    trap "kill \$process; wait; rmdir $own" EXIT
    "$1/images.sh" --copy /run/image glibc
    bash -ec "
      echo \$\$ >$own/cgroup.procs
      echo a >$own/devices.deny
      echo \"c 1:* rwm\" >$own/devices.allow
      exec unshare --mount sh -c \"mount --rbind /proc /run/image/proc && exec sleep 60\"" </dev/null >/dev/null 2>&1 &
    process=$!
    until [ "$(cat "/proc/$process/comm")" = sleep ]; do :; done
    "$2" "$process" /run/image "supervised utility" || echo "status $?"
    cat "$own/devices.list"' bash "$support" "$BATS_FILE_TMPDIR/configure"
  [ "$status" -eq 0 ]
  has_no_text 'status '
  has_text 'c 195:0 rw'
  has_text 'c 195:255 rw'
  has_no_text 'c 510:'
}

@test "LXC: a hook of the public interface alone gives a container its GPU" {
  require lxc-start
  build configure
  # shellcheck disable=SC2016 # the hook's variables
  printf '#!/bin/sh\nexec "%s" "$$" "$LXC_ROOTFS_MOUNT" "standalone no-cgroups compute utility"\n' \
    "$BATS_FILE_TMPDIR/configure" >"$BATS_TEST_TMPDIR/hook"
  chmod -R go+rX "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
  chmod +x "$BATS_TEST_TMPDIR/hook"
  run on_host t4x1 runc "$support/lxc.sh" --config 'lxc.hook.version = 1' \
    --config "lxc.hook.mount = $BATS_TEST_TMPDIR/hook" --config 'lxc.cgroup.devices.allow = c 195:* rw' \
    glibc probe nodes -- open /dev/nvidia0 /dev/nvidia-uvm -- dlopen libcuda.so.1 libnvidia-ml.so.1
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia0: ENXIO'
  has_line '/dev/nvidia-uvm: EPERM'
  has_text 'libcuda.so.1: libcuda.so.535.261.03'
}

@test "of the caller nothing is changed, who ignores SIGCHLD and keeps doing so" {
  build caller
  container a100x8 "$BATS_FILE_TMPDIR/caller"
  [ "$status" -eq 0 ]
  has_line /run/bundle/rootfs/dev/nvidia1
  local state half
  state=$(grep -vE '^(/run/bundle|lib|status)' <<<"$output")
  half=$(($(wc -l <<<"$state") / 2))
  grep -q 'SIGCHLD ignored' <<<"$state"
  diff <(head -n "$half" <<<"$state") <(tail -n "$half" <<<"$state")
}

@test "twenty thousand starts and ends in two threads leave nothing behind" {
  build caller
  run on_host a100x8 runc "$BATS_FILE_TMPDIR/caller" cycles
  [ "$status" -eq 0 ]
  has_text ', 0 descriptors'
  # AddressSanitizer keeps what was freed.
  [ -n "$NVBOX_SANITIZE" ] || has_line 'grown by 0 KiB, 0 descriptors'
}

@test "a program that has the library inside gives the same answers" {
  [ -z "$NVBOX_SANITIZE" ] || skip 'the sanitizers have no static library'
  # shellcheck disable=SC2046 # words
  gcc -std=gnu11 -o "$BATS_FILE_TMPDIR/errors-static" "$api/errors.c" -static \
    $(pkg-config --static --cflags --libs libnvidia-container)
  run on_host t4x1 runc "$BATS_FILE_TMPDIR/errors-static"
  [ "$status" -eq 0 ]
  diff "$api/errors.txt" <(printf '%s\n' "$output")
}

@test "nothing is read or freed wrongly, and nothing is lost" {
  [ -z "$NVBOX_SANITIZE" ] || skip 'the sanitizers see to it'
  require valgrind
  build errors
  build caller
  local valgrind=(valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=9)
  run on_host t4x1 runc "${valgrind[@]}" "$BATS_FILE_TMPDIR/errors"
  [ "$status" -eq 0 ]
  container a100x8 "${valgrind[@]}" --trace-children=no "$BATS_FILE_TMPDIR/caller"
  has_no_text 'status '
  has_line /run/bundle/rootfs/dev/nvidia1
}

@test "nvbox installs it on request, and takes it away" {
  local root=$BATS_TEST_TMPDIR/root library=$NVBOX_BUILD/libnvidia-container.so.1
  mkdir "$root"
  run "$nvbox" install --root="$root" --bindir=/usr/bin --with-library="$library"
  [ "$status" -eq 0 ]
  cmp "$library" "$root/usr/lib/libnvidia-container.so.1"
  run "$root/usr/bin/nvbox" uninstall --root="$root" --bindir=/usr/bin
  [ "$status" -eq 0 ]
  [ ! -e "$root/usr/lib/libnvidia-container.so.1" ]
  run "$nvbox" install --root="$root" --bindir=/usr/bin --with-library=/bin/true
  [ "$status" -eq 1 ]
  has_text '--with-library: /bin/true is not libnvidia-container.so.1 for this machine'
  [ ! -e "$root/usr/bin/nvbox" ]
}

@test "a host without a driver says so" {
  build configure
  run unshare --mount "$BATS_FILE_TMPDIR/configure" $$ /tmp 'supervised no-cgroups utility'
  [ "$status" -eq 1 ]
  has_text 'nvc_init: '
}
