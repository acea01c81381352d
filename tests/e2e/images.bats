#!/usr/bin/env bats
# Images of every layout: programs find the driver's libraries in them, whether their loader knows a cache, a path file
# or neither, and the image's own libraries as before. The driver is Debian's own, in a directory that no loader knows.

# shellcheck disable=SC2154,SC2016 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require runc jq unshare
  image=$BATS_TEST_TMPDIR/image
}

# finds MODE DIRECTORY COMMAND...: in a container of the image, COMMAND, which is probe dlopen, finds libcuda there.
finds() {
  run on_host debian-current runc "$support/in_mode.sh" "$1" "$support/container.sh" \
    --env NVIDIA_VISIBLE_DEVICES=all "$image" "${@:3}"
  echo "$1: $output"
  [ "$status" -eq 0 ]
  has_line "libcuda.so.1: libcuda.so.535.261.03 $2/libcuda.so.1"
  has_line "libnvidia-ml.so.1: libnvidia-ml.so.535.261.03 $2/libnvidia-ml.so.1"
}

# finds_in_each_mode DIRECTORY COMMAND...: in the modes that keep the host's places, and the one that puts libraries where the image has its own.
finds_in_each_mode() {
  finds jit-cdi /usr/lib/x86_64-linux-gnu/nvidia/current "${@:2}"
  finds legacy "$1" "${@:2}"
}

libraries=(libcuda.so.1 libnvidia-ml.so.1)

# The program, its libraries in DIRECTORY, and its loader where it is compiled in; nothing else.
only_probe() {
  local source
  source=$("$support/images.sh" glibc-nocache)
  mkdir -p "$image$1" "$image"/{usr/bin,lib64,dev,proc,sys}
  cp -a "$source"/usr/lib/x86_64-linux-gnu/lib*.so.* "$image$1"
  cp -L "$source"/lib64/ld-linux-x86-64.so.2 "$image/lib64"
  cp "$source/usr/bin/probe" "$image/usr/bin"
}

@test "Debian and Ubuntu, with a loader's cache and without" {
  "$support/images.sh" --copy "$image" glibc
  finds_in_each_mode /lib/x86_64-linux-gnu probe dlopen "${libraries[@]}" libnvbox_image.so.1
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1 '
  rm "$image/etc/ld.so.cache"
  finds_in_each_mode /lib/x86_64-linux-gnu probe dlopen "${libraries[@]}" libnvbox_image.so.1
}

@test "Fedora and UBI: lib64" {
  "$support/images.sh" --copy "$image" glibc-rhel
  finds_in_each_mode /usr/lib64 probe dlopen "${libraries[@]}" libnvbox_image.so.1
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1 '
}

@test "Arch: /lib, /lib64 and /usr/lib64 are links to /usr/lib" {
  "$support/images.sh" --copy "$image" glibc-rhel
  cp -a "$image"/usr/lib64/. "$image/usr/lib"
  rm -r "$image/usr/lib64" "$image/etc/redhat-release" "$image/etc/ld.so.cache"
  ln -s lib "$image/usr/lib64"
  ln -sfn usr/lib "$image/lib64"
  finds_in_each_mode /lib probe dlopen "${libraries[@]}" libnvbox_image.so.1
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1 '
}

@test "Alpine: musl alone, and with gcompat beside it" {
  "$support/images.sh" --copy "$image" musl
  finds_in_each_mode /usr/lib64 probe dlopen "${libraries[@]}" libnvbox_image.so.1
  has_text 'libnvbox_image.so.1: libnvbox_image.so.1 '
  # The name under which programs of glibc ask for their loader (gcompat's Makefile).
  mkdir "$image/lib64"
  cp "$image"/lib/ld-musl-x86_64.so.1 "$image/lib/libgcompat.so.0"
  ln -s /lib/libgcompat.so.0 "$image/lib64/ld-linux-x86-64.so.2"
  finds_in_each_mode /usr/lib64 probe dlopen "${libraries[@]}"
}

@test "distroless: no shell, no configuration of the loader, no /etc but what Debian has" {
  only_probe /usr/lib/x86_64-linux-gnu
  mkdir "$image/etc"
  echo 12.5 >"$image/etc/debian_version"
  ln -s usr/lib "$image/lib"
  finds_in_each_mode /lib/x86_64-linux-gnu probe dlopen "${libraries[@]}"
}

@test "busybox: libraries in /lib, no /etc and no /usr/lib" {
  only_probe /lib
  finds_in_each_mode /usr/lib64 probe dlopen "${libraries[@]}"
}

@test "scratch: one static program and nothing else" {
  mkdir -p "$image"
  cp "$(command -v busybox)" "$image/busybox"
  local mode
  for mode in jit-cdi legacy; do
    run on_host debian-current runc "$support/in_mode.sh" $mode "$support/container.sh" \
      --env NVIDIA_VISIBLE_DEVICES=all "$image" /busybox find /dev/nvidia0 /usr -name 'libcuda.so.5*' -o -name nvidia0
    [ "$status" -eq 0 ]
    has_line /dev/nvidia0
    has_text /libcuda.so.535.261.03
  done
}

# The loader of Nix is in the store and reads no cache, and its programs have one more directory in their run paths
# (nixpkgs: pkgs/development/libraries/glibc/dont-use-system-ld-so-cache.patch, addDriverRunpath).
@test "Nix: everything in /nix/store" {
  only_probe /nix/store/glibc/lib
  mv "$image/lib64/ld-linux-x86-64.so.2" "$image/nix/store/glibc/lib"
  rmdir "$image/lib64"
  gcc -O2 "$support/probe.c" -o "$image/usr/bin/probe" -Wl,-rpath,/run/opengl-driver/lib,--disable-new-dtags
  local mode
  for mode in jit-cdi legacy; do
    finds $mode /run/opengl-driver/lib /nix/store/glibc/lib/ld-linux-x86-64.so.2 --inhibit-cache \
      --library-path /nix/store/glibc/lib /usr/bin/probe dlopen "${libraries[@]}"
  done
}
