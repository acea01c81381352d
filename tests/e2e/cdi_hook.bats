#!/usr/bin/env bats
# nvidia-cdi-hook as CDI specifications name it, with a real low-level runtime: $E2E_LOW_LEVEL, runc or crun.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers
bats_require_minimum_version 1.5.0

low_level=${E2E_LOW_LEVEL:-runc}
libraries=/usr/lib/x86_64-linux-gnu
version=535.261.03

setup() {
  require "$low_level" jq unshare strace gcc objcopy
}

# hooked HOOKS BUNDLE_OPTION... IMAGE ARGUMENT...: HOOKS as cdi_hooks.sh wants it.
hooked() {
  run on_host t4x1 "$low_level" "$support/cdi_hooks.sh" "$low_level" "$@"
}

# on_t4 COMMAND...
on_t4() {
  run on_host t4x1 "$low_level" "$@"
}

# The library and the hooks of a specification that `nvidia-ctk cdi generate` writes, shortened.
libcuda=(--mount "$libraries/libcuda.so.$version:$libraries/libcuda.so.$version")
links='["nvidia-cdi-hook", "create-symlinks", "--link", "libcuda.so.1::'$libraries'/libcuda.so",
  "--link", "libcuda.so.'$version'::'$libraries'/libcuda.so.1"]'
compat='["nvidia-cdi-hook", "enable-cuda-compat", "--host-driver-version='$version'"]'
cache='["nvidia-cdi-hook", "update-ldcache", "--ldconfig-path", "/sbin/ldconfig", "--folder", "'$libraries'"]'
params='["nvidia-cdi-hook", "disable-device-node-modification"]'
profile='["nvidia-cdi-hook", "update-application-profile"]'
sequence="[$links, $compat, $cache, $params, $profile]"

@test "create-symlinks makes links and missing directories" {
  hooked '[["nvidia-cdi-hook", "create-symlinks", "--link", "a::/new/folder/b", "--link", "a::/new/folder/b"],
    ["nvidia-ctk", "hook", "create-symlinks", "--link=x,y::/new/folder/c"]]' glibc probe links /new/folder
  [ "$status" -eq 0 ]
  [ "$output" = "$(printf '/new/folder/b -> a\n/new/folder/c -> x,y')" ]
}

# runc gives a hook without variables of its own those of the container (CVE-2025-23266).
@test "no variable of an image stops a hook" {
  local hook
  for hook in 'nvidia-cdi-hook noop' 'nvidia-ctk hook noop'; do
    # shellcheck disable=SC2086 # two words or three
    run env NVIDIA_CDI_DEBUG=/x NVIDIA_CTK_DEBUG=x NVIDIA_CDI_QUIET=maybe NVIDIA_CTK_QUIET=/x "$nvbox" $hook <<<'{}'
    [ "$status" -eq 0 ]
    [ "$output" = '' ]
  done
}

@test "a link that is no pair is an error, and so is an unknown flag" {
  # NVIDIA's toolkit cannot make the last two: symlink(2) refuses an empty text.
  for link in a:/b a:: ::/b ::/etc; do
    hooked '[["nvidia-cdi-hook", "create-symlinks", "--link", "'$link'"]]' glibc true
    [ "$status" -ne 0 ]
  done
  hooked '[["nvidia-cdi-hook", "create-symlinks", "--lnk", "a::/b"]]' glibc true
  [ "$status" -ne 0 ]
}

@test "update-ldcache makes libraries known, also without a cache and with musl" {
  for image in glibc glibc-nocache musl; do
    hooked "[$links, $cache]" "${libcuda[@]}" "$image" probe dlopen libcuda.so.1 libnvbox_image.so.1
    [ "$status" -eq 0 ]
    has_text "libcuda.so.1: libcuda.so.$version "
    has_text 'libnvbox_image.so.1: libnvbox_image.so.1'
  done
}

@test "an image whose files lead to a volume learns nothing of it" {
  secret_options
  folder='["nvidia-cdi-hook", "update-ldcache", "--folder", "'$libraries'", "--folder", "/opt/new"]'
  for image in glibc musl; do
    image_that_leads_to /secret "$BATS_TEST_TMPDIR/$image" "$image"
    hooked "[$links, $compat, $folder]" "${secret[@]}" "$BATS_TEST_TMPDIR/$image" "${show_copies[@]}"
    has_line looked
    has_no_text "$secret_text"
  done
}

# proc(5): reading it waits for a message of the kernel.
@test "an image whose files lead to /proc/kmsg does not hold its start" {
  folder='["nvidia-cdi-hook", "update-ldcache", "--folder", "'$libraries'", "--folder", "/opt/new"]'
  for image in glibc musl; do
    image_that_leads_to /proc/kmsg "$BATS_TEST_TMPDIR/$image" "$image"
    MOST_SECONDS=10 hooked "[$links, $compat, $folder]" "$BATS_TEST_TMPDIR/$image" true
    [ "$status" -eq 0 ]
  done
}

@test "chmod changes what exists inside the container only" {
  hooked '[["nvidia-cdi-hook", "chmod", "--mode", "711", "--path", "/opt", "--path", "/absent"]]' \
    glibc stat -c %a /opt
  [ "$status" -eq 0 ]
  [ "$output" = 711 ]
  hooked '[["nvidia-cdi-hook", "chmod", "--path", "/opt"]]' glibc true
  [ "$status" -ne 0 ]
}

@test "disable-device-node-modification shows other parameters" {
  hooked "[$params]" glibc grep ModifyDeviceFiles /proc/driver/nvidia/params
  [ "$status" -eq 0 ]
  [ "$output" = 'ModifyDeviceFiles: 0' ]
}

@test "update-application-profile names the GPUs that the container has" {
  hooked "[$profile]" --mount /dev/nvidia0:/dev/nvidia0 glibc \
    cat /etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf
  [ "$status" -eq 0 ]
  has_text '"EGLVisibleDGPUDevices",0x1]'
  hooked "[$profile]" glibc test ! -e /etc/nvidia
  [ "$status" -eq 0 ]
}

@test "enable-cuda-compat and update-ldcache prefer the image's newer libraries" {
  image_with_compat "$BATS_TEST_TMPDIR/newer" 575.57.08
  hooked "[$links, $compat, $cache]" "${libcuda[@]}" "$BATS_TEST_TMPDIR/newer" \
    probe dlopen libcuda.so.1 -- cat /etc/ld.so.conf.d/00-compat.conf
  [ "$status" -eq 0 ]
  has_text ' /usr/local/cuda-12/compat/libcuda.so'
  has_line /usr/local/cuda-12/compat
  image_with_compat "$BATS_TEST_TMPDIR/older" 530.30.02
  hooked "[$links, $compat, $cache]" "${libcuda[@]}" "$BATS_TEST_TMPDIR/older" \
    probe dlopen libcuda.so.1 -- cat /etc/ld.so.conf.d/00-compat.conf
  [ "$status" -eq 0 ]
  has_text "libcuda.so.1: libcuda.so.$version "
  has_no_text /usr/local/cuda-12/compat
}

@test "the note of the image's libraries says for which branches of the driver they are" {
  image_with_compat "$BATS_TEST_TMPDIR/noted" 575.57.08
  add_cuda_note "$BATS_TEST_TMPDIR/noted" 575.57.08
  hooked "[$links, $compat, $cache]" "${libcuda[@]}" "$BATS_TEST_TMPDIR/noted" probe dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  has_text ' /usr/local/cuda-12/compat/libcuda.so'
  # 545 is not among them.
  hooked "[$links, ${compat/$version/545.29.06}, $cache]" "${libcuda[@]}" "$BATS_TEST_TMPDIR/noted" \
    probe dlopen libcuda.so.1
  [ "$status" -eq 0 ]
  has_text "libcuda.so.1: libcuda.so.$version "
}

# NVIDIA's update-ldcache runs the host's ldconfig with the folders in 00-nvcr-*.conf.
@test "another update-ldcache prefers the image's newer libraries, too" {
  image_with_compat "$BATS_TEST_TMPDIR/bundle/rootfs" 575.57.08
  echo '{"root": {"path": "rootfs"}}' >"$BATS_TEST_TMPDIR/bundle/config.json"
  run bash -c 'echo "{\"id\": \"x\", \"bundle\": \"$2\"}" |
    "$1" nvidia-cdi-hook enable-cuda-compat --host-driver-version 535.261.03' \
    bash "$nvbox" "$BATS_TEST_TMPDIR/bundle"
  [ "$status" -eq 0 ]
  cd "$BATS_TEST_TMPDIR/bundle/rootfs"
  mkdir -p opt/driver
  cp usr/local/cuda/compat/libcuda.so.575.57.08 opt/driver/libcuda.so.535.261.03
  echo /opt/driver >etc/ld.so.conf.d/00-nvcr-1.conf
  ldconfig -r .
  run bash -c 'ldconfig -r . -p | grep -m 1 libcuda.so.1'
  [[ $output == *' => /usr/local/cuda-12/compat/libcuda.so.1' ]]
}

# They would delay every start, and every start makes these files anew.
@test "files inside a container are written without waiting for the disk" {
  for image in glibc musl; do
    bundle=$BATS_TEST_TMPDIR/$image
    "$support/images.sh" --copy "$bundle/rootfs" "$image"
    mkdir -p "$bundle/rootfs/usr/local/cuda/compat" "$bundle/rootfs/opt/driver"
    touch "$bundle/rootfs/usr/local/cuda/compat/libcuda.so.575.57.08"
    find "$bundle/rootfs" -name libnvbox_image.so.1 -exec cp {} "$bundle/rootfs/opt/driver" \;
    mknod "$bundle/rootfs/dev/nvidia0" c 195 0
    echo '{"root": {"path": "rootfs"}}' >"$bundle/config.json"
    for hook in 'enable-cuda-compat --host-driver-version 535.261.03' 'update-ldcache --folder /opt/driver' \
      update-application-profile 'create-symlinks --link a::/opt/driver/b'; do
      # shellcheck disable=SC2086 # a hook and its options
      strace -f -qq -e trace=fsync,fdatasync,sync,syncfs,sync_file_range,msync,renameat \
        -o "$bundle/trace" -A "$nvbox" nvidia-cdi-hook $hook <<<"{\"id\": \"x\", \"bundle\": \"$bundle\"}"
    done
    run cat "$bundle/trace"
    has_text '"00-compat.conf") = 0'
    has_text '"10-container.conf") = 0'
    [[ $image == musl ]] || has_text '"ld.so.cache") = 0'
    [[ $image == glibc ]] || has_text '"ld-musl-x86_64.path") = 0'
    has_no_text sync
  done
}

@test "the whole sequence, also with a read-only root, and nothing is executed" {
  for option in --privileged --readonly; do
    STRACE=$BATS_TEST_TMPDIR/trace hooked "$sequence" "$option" "${libcuda[@]}" \
      --mount /dev/nvidia0:/dev/nvidia0 glibc probe dlopen libcuda.so.1 -- links "$libraries"
    [ "$status" -eq 0 ]
    has_text "libcuda.so.1: libcuda.so.$version "
    has_line "$libraries/libcuda.so -> libcuda.so.1"
    run grep -cE 'execve\("/usr/bin/nvidia-cdi-hook"' "$BATS_TEST_TMPDIR/trace"
    [ "$output" -eq 5 ]
    # What the hooks' processes did besides becoming the hooks, or what they started. strace may tell
    # of a call in two lines.
    run awk '/execve\("\/usr\/bin\/nvidia-cdi-hook"/ { hook[$1] = 1; begun[$1] = /unfinished/; next }
      begun[$1] && /resumed/ { begun[$1] = 0; next }
      hook[$1] && / = 0$/
      /execve\("[^"]*ldconfig/' "$BATS_TEST_TMPDIR/trace"
    [ "$output" = '' ]
  done
}

@test "hooks that do not exist yet are warnings" {
  hooked '[["nvidia-cdi-hook", "create-future", "--with", "flags"], ["nvidia-cdi-hook"], ["nvidia-cdi-hook", "noop"]]' \
    glibc echo started
  [ "$status" -eq 0 ]
  has_line started
  run bash -c '"$1" nvidia-cdi-hook create-future --flag </dev/null' bash "$nvbox"
  [ "$status" -eq 0 ]
  has_text 'level=warning msg="unsupported hook: create-future --flag'
  run bash -c '"$1" nvidia-cdi-hook --quiet </dev/null' bash "$nvbox"
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}

@test "the container's state may come from a file; the host's root is refused" {
  mkdir -p "$BATS_TEST_TMPDIR/bundle/rootfs"
  echo '{"root": {"path": "rootfs"}}' >"$BATS_TEST_TMPDIR/bundle/config.json"
  echo "{\"ociVersion\": \"1.0.2\", \"id\": \"x\", \"bundle\": \"$BATS_TEST_TMPDIR/bundle\"}" \
    >"$BATS_TEST_TMPDIR/state"
  run "$nvbox" nvidia-cdi-hook create-symlinks --container-spec "$BATS_TEST_TMPDIR/state" --link a::/b
  [ "$status" -eq 0 ]
  [ "$(readlink "$BATS_TEST_TMPDIR/bundle/rootfs/b")" = a ]
  # NVIDIA's hook looks for something to do before it opens the file (cudacompat.go, run).
  run "$nvbox" nvidia-cdi-hook enable-cuda-compat --container-spec /nowhere </dev/null
  [ "$status" -eq 0 ]
  run "$nvbox" nvidia-cdi-hook enable-cuda-compat --host-driver-version=1.2 --container-spec /nowhere </dev/null
  [ "$status" -eq 1 ]
  has_text 'open /nowhere: No such file or directory'
  # Its help shows the option for these two, and hides it for the others.
  for hook in update-ldcache chmod create-symlinks enable-cuda-compat disable-device-node-modification; do
    run "$nvbox" nvidia-cdi-hook "$hook" --help
    shown=$(grep -c -- '--container-spec' <<<"$output") || true
    case $hook in update-ldcache | chmod) [ "$shown" -eq 1 ] ;; *) [ "$shown" -eq 0 ] ;; esac
  done
  for root in / /proc/self/root; do
    run bash -c 'echo "{\"id\": \"x\", \"bundle\": \"/\", \"root\": \"$2\"}" |
      "$1" nvidia-cdi-hook create-symlinks --container-spec - --link a::/nvbox-test' bash "$nvbox" "$root"
    [ "$status" -eq 1 ]
    has_text "is the host's root directory"
    [ ! -L /nvbox-test ]
  done
}

@test "--version, help and mistakes" {
  run "$nvbox" nvidia-cdi-hook --version
  [[ ${lines[0]} =~ ^NVIDIA\ CDI\ Hook\ version\ [0-9.]+$ ]]
  run "$nvbox" nvidia-ctk --version
  [[ ${lines[0]} =~ ^NVIDIA\ Container\ Toolkit\ CLI\ version\ [0-9.]+$ ]]
  run "$nvbox" nvidia-cdi-hook --help
  [ "$status" -eq 0 ]
  has_text '   create-symlinks '
  has_no_text noop
  run "$nvbox" nvidia-ctk hook create-symlinks --help
  [ "$status" -eq 0 ]
  has_text 'NVIDIA Container Toolkit CLI hook create-symlinks - '
  run "$nvbox" nvidia-cdi-hook chmod --pth /x
  [ "$status" -eq 1 ]
  has_text 'Incorrect Usage: flag provided but not defined: -pth'
  has_text 'did you mean --path?'
  run env NVIDIA_CTK_DEBUG=maybe "$nvbox" nvidia-ctk config
  [ "$status" -eq 1 ]
  has_text 'could not parse "maybe" as bool value from environment variable "NVIDIA_CTK_DEBUG"'
  run "$nvbox" nvidia-ctk hok
  [ "$status" -eq 3 ]
  has_text "No help topic for 'hok'"
}
