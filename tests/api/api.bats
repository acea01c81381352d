#!/usr/bin/env bats
# The C library: programs that are built against the installed header by pkg-config, and NVIDIA's facts about the
# interface, which layout.c, exports.txt and errors.txt were taken from (its header and library 1.20).

# shellcheck disable=SC2154 # variables of helpers.bash

load ../e2e/helpers

api=$BATS_TEST_DIRNAME

setup_file() {
  # As a package has it, and as programs find it.
  DESTDIR=$BATS_FILE_TMPDIR cmake --install "$NVBOX_BUILD" --component library --prefix /usr >/dev/null
  export PKG_CONFIG_PATH=$BATS_FILE_TMPDIR/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$BATS_FILE_TMPDIR
}

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

# container PROFILE COMMAND...: where "PID ROOTFS" are a process whose root is to be a container's, and then its
# mounts and what its loader's cache knows.
container() {
  # shellcheck disable=SC2016 # the inner shell's words
  run on_host "$1" runc bash -c '
    bundle=/run/bundle
    "$0/bundle.sh" --bind-proc "$bundle" glibc true
    unshare --mount sh -c '\''mount --rbind /proc "$1/rootfs/proc" && exec sleep 60'\'' sh "$bundle" >/dev/null 2>&1 </dev/null &
    until [ "$(cat "/proc/$!/comm")" = sleep ]; do :; done
    "$1" "$!" "$bundle/rootfs" "${@:2}" || echo "status $?"
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
  container a100x8 "$BATS_FILE_TMPDIR/configure" 'supervised no-cgroups compute utility'
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
  container a100mig "$BATS_FILE_TMPDIR/configure" 'supervised no-cgroups compute utility'
  [ "$status" -eq 0 ]
  has_no_text 'status '
  has_line /run/bundle/rootfs/proc/driver/nvidia/capabilities/gpu1/mig/gi7/access
  has_line /run/bundle/rootfs/proc/driver/nvidia/capabilities/gpu1/mig/gi7/ci0/access
  [ "$(grep -c /dev/nvidia-caps/nvidia-cap <<<"$output")" -eq 14 ]
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
  has_line 'grown by 0 KiB, 0 descriptors'
}

@test "a host without a driver says so" {
  build configure
  run unshare --mount "$BATS_FILE_TMPDIR/configure" $$ /tmp 'supervised no-cgroups utility'
  [ "$status" -eq 1 ]
  has_text 'nvc_init: '
}
