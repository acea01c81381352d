#!/usr/bin/env bats
# Images that bring files of a driver themselves, as builds on a GPU host and commits of GPU containers leave
# them, and images without what others have: the container gets the host's driver, or an error that says why not.

# shellcheck disable=SC2154 # variables of helpers.bash

load helpers

low_level=${E2E_LOW_LEVEL:-crun}
version=535.261.03

setup() {
  require "$low_level" unshare jq gcc
  image=$BATS_TEST_TMPDIR/image
  folder=$image/usr/lib/x86_64-linux-gnu
  "$support/images.sh" --copy "$image" glibc
}

# baked NAME: a library of an older driver, with the SONAME of libcuda.
baked() {
  printf 'const char *nvbox_stub_name(void) { return "baked"; }\n' |
    gcc -xc - -shared -nostdlib -fPIC -Wl,-soname,libcuda.so.1 -o "$folder/$1"
}

starts() { # starts MODE: with this as nvidia-container-runtime.mode
  # shellcheck disable=SC2016 # the inner shell's words
  run on_host t4x1 "$low_level" sh -c 'nvidia-ctk --quiet config --in-place --set nvidia-container-runtime.mode="$1" &&
    shift && exec "$@"' sh "$1" "$support/container.sh" --env NVIDIA_VISIBLE_DEVICES=all \
    --env NVIDIA_DRIVER_CAPABILITIES=compute,utility "$image" probe dlopen libcuda.so.1 libnvidia-ml.so.1
}

has_hosts_driver() {
  local mode
  for mode in auto legacy; do
    starts "$mode"
    [ "$status" -eq 0 ]
    has_text "libcuda.so.1: libcuda.so.$version"
    has_text "libnvidia-ml.so.1: libnvidia-ml.so.$version"
  done
}

@test "the driver's own name is a library of the image" {
  baked libcuda.so.$version
  ln -s libcuda.so.$version "$folder/libcuda.so.1"
  has_hosts_driver
}

@test "names of the driver are empty files" {
  : >"$folder/libcuda.so.1"
  : >"$folder/libcuda.so.$version"
  : >"$folder/libnvidia-ml.so.1"
  has_hosts_driver
}

@test "a link, and the loader's cache, lead to an older driver of the image" {
  baked libcuda.so.470.1
  ldconfig -r "$image"
  [ "$(readlink "$folder/libcuda.so.1")" = libcuda.so.470.1 ]
  has_hosts_driver
}

@test "links of the driver lead nowhere" {
  ln -s nothing "$folder/libcuda.so.1"
  ln -s nothing "$folder/libnvidia-ml.so.1"
  has_hosts_driver
}

@test "no /etc" {
  rm -rf "${image:?}/etc"
  has_hosts_driver
}

@test "a directory where a link belongs is refused by its name" {
  mkdir -p "$folder/libcuda.so.1/x"
  starts auto
  [ "$status" -ne 0 ]
  # crun does not pass on what a hook says.
  [ "$low_level" = crun ] || has_text 'libcuda.so.1: Is a directory; the image has a directory of this name; build it without'
  starts legacy
  [ "$status" -ne 0 ]
  [ "$low_level" = crun ] || has_text 'libcuda.so.1 is a directory in the image: File exists; the image brings driver files of its own'
}

@test "a link in the place of a driver's file is refused by the hook" {
  ln -s /elsewhere "$folder/libcuda.so.$version"
  starts legacy
  [ "$status" -ne 0 ]
  [ "$low_level" = crun ] || has_text 'libcuda.so.535.261.03 is a symbolic link to "/elsewhere" in the image: File exists'
}
