#!/usr/bin/env bats
# Every CVE of NVIDIA's container stack, in its own mechanism, on the real binary with real runc and
# crun, and Docker where it is part of the mechanism. NVIDIA's bulletins are 5582, 5585, 5599, 5616,
# 5659 and 5850; the mechanisms are from the fixes that the tests name, and from the finders' texts.
# races.cc has the races by the ten thousand, and namespaced/hostile_*.cc more traps than these.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load ../e2e/helpers
bats_require_minimum_version 1.5.0

low_levels=(runc crun)
libraries=/usr/lib/x86_64-linux-gnu
version=535.261.03

setup() {
  require runc crun jq unshare strace gcc
  outside=$BATS_TEST_TMPDIR/outside
  mkdir "$outside"
  # What a link in an image says that wants to be there, from wherever it lies.
  out=../../../../../../../../../../../..$outside
}

# tree DIRECTORY: what is in it, with contents and times at which entries were made or removed.
unchanged() {
  diff <(echo "$before") <(tree "$outside") >&2
}
tree() {
  find "$1" -printf '%P %y %m %u %g %s %C@ %l\n' | sort
  find "$1" -type f -exec cksum {} + | sort
}

# legacy_mount LOW_LEVEL CONTAINER_SH_ARGUMENT...: in legacy mode, with the mode for an image's CUDA
# libraries in which they are mounted.
legacy_mount() {
  run on_host t4x1 "$1" bash -c '
    printf "[nvidia-container-runtime]\nmode = \"legacy\"\nruntimes = [\"$2\"]
      [nvidia-container-runtime.modes.legacy]\ncuda-compat-mode = \"mount\"\n" >/etc/nvidia-container-runtime/config.toml
    exec "$1/container.sh" "${@:3}"' bash "$support" "/usr/local/lib/simhost/$1" "${@:2}"
}

# in_jit LOW_LEVEL CONTAINER_SH_ARGUMENT...
in_jit() {
  run start t4x1 "$@"
}

# hooked LOW_LEVEL HOOKS BUNDLE_OPTION... IMAGE ARGUMENT...: hooks as a CDI specification has them.
hooked() {
  run on_host t4x1 "$1" "$support/cdi_hooks.sh" "$@"
}
cache='["nvidia-cdi-hook", "update-ldcache", "--folder", "'$libraries'"]'
compat='["nvidia-cdi-hook", "enable-cuda-compat", "--host-driver-version='$version'"]'

# bundle NAME: an image of glibc to spoil, in $rootfs.
bundle() {
  rootfs=$BATS_TEST_TMPDIR/$1/rootfs
  "$support/images.sh" --copy "$rootfs" glibc
}

# The image's libraries are mounted over the driver's: links among them led to files of the host
# (libnvidia-container ad1f8c8: no links, no directories, nothing outside the container's root).
@test "CVE-2024-0132: an image's compatibility libraries bring no mount of the host" {
  local compat_root low_level
  echo secret >"$outside/libcuda.so.999.1"
  bundle image
  compat_root=$rootfs/usr/local/cuda/compat
  mkdir -p "$compat_root"
  # One that is a file, to see that they are mounted at all.
  cp "$rootfs/opt/image/lib/libnvbox_image.so.1" "$compat_root/libcuda.so.575.57.08"
  ln -s "$out/libcuda.so.999.1" "$compat_root/libcuda.so.999.1"
  ln -s "$outside/libcuda.so.999.1" "$compat_root/libcuda.so.998.1"
  ln -s /proc/1/root/etc/shadow "$compat_root/libcuda.so.997.1"
  ln -s / "$compat_root/libcuda.so.996.1"
  for low_level in "${low_levels[@]}"; do
    legacy_mount "$low_level" --env NVIDIA_VISIBLE_DEVICES=all "$rootfs" sh -c \
      'cat /proc/self/mountinfo; busybox find / -xdev -name "libcuda.so.*"'
    [ "$status" -eq 0 ]
    has_text "/usr/local/cuda/compat/libcuda.so.575.57.08 $libraries/libcuda.so.575.57.08 "
    has_no_text "$outside"
    has_no_text /etc/shadow
    has_no_text "$libraries/libcuda.so.99"
  done
  # The whole folder is a link to /.
  rm -r "$compat_root"
  ln -s / "$compat_root"
  mkdir "$rootfs/inner"
  ln -s "$out/libcuda.so.999.1" "$rootfs/libcuda.so.999.1"
  for low_level in "${low_levels[@]}"; do
    legacy_mount "$low_level" --env NVIDIA_VISIBLE_DEVICES=all "$rootfs" cat /proc/self/mountinfo
    [ "$status" -eq 0 ]
    has_text "$libraries/libcuda.so.$version "
    has_no_text "$outside"
    has_no_text libcuda.so.999
  done
}

# by_hand ROOTFS OPTION...: nvidia-container-cli configure for a mount namespace without a runtime.
by_hand() {
  run on_host t4x1 runc unshare --mount --propagation private bash -c '
    mount --bind "$1" "$1"
    exec nvidia-container-cli configure --no-cgroups --device=all "${@:2}" "$1"' bash "$@"
}

# The places to mount over were made wherever the image's links led.
@test "CVE-2024-0133: no file is made on the host for an image whose folders are links" {
  local before place low_level
  before=$(tree "$outside")
  for place in usr/lib/x86_64-linux-gnu usr/bin run etc/nvidia lib/firmware dev proc; do
    bundle "${place//\//-}"
    # A program that does not need what is taken away.
    cp "$rootfs/usr/bin/busybox" "$rootfs/busybox"
    rm -rf "${rootfs:?}/$place"
    mkdir -p "$(dirname "$rootfs/$place")"
    ln -s "$out" "$rootfs/$place"
    # Whether such an image gets its GPUs is another matter; crun says 255 of a hook that failed.
    by_hand "$rootfs" --graphics --compute --utility
    [ "$status" -le 1 ]
    unchanged
    # These the low-level runtimes mount at themselves, and crun 1.8 follows the image's link.
    [[ $place != dev && $place != proc ]] || continue
    for low_level in "${low_levels[@]}"; do
      legacy_mount "$low_level" --env NVIDIA_VISIBLE_DEVICES=all --env NVIDIA_DRIVER_CAPABILITIES=all "$rootfs" /busybox true
      [[ $status == @(0|1|255) ]]
      unchanged
    done
  done
  # With the runtime's own hook, what is no mount.
  bundle profile
  ln -s "$out" "$rootfs/etc/nvidia"
  for low_level in "${low_levels[@]}"; do
    in_jit "$low_level" --env NVIDIA_VISIBLE_DEVICES=all --env NVIDIA_DRIVER_CAPABILITIES=all "$rootfs" /usr/bin/busybox true
    unchanged
  done
}

# Links were joined to the root as text (7e0cd45b, d0d85a8c, 324096c9).
@test "CVE-2024-0134: create-symlinks makes links in the container only" {
  local before low_level
  bundle image
  ln -s / "$rootfs/root-link"
  ln -s "$out" "$rootfs/out-link"
  ln -s "$outside" "$rootfs/absolute-link"
  mkdir -p "$rootfs/etc/cron.d"
  ln -s "$out/target" "$rootfs/etc/cron.d/y"
  before=$(tree "$outside")
  for low_level in "${low_levels[@]}"; do
    hooked "$low_level" '[["nvidia-cdi-hook", "create-symlinks",
      "--link", "../../../../tmp/x::/../../etc/cron.d/y",
      "--link", "/etc/passwd::/root-link/../../made",
      "--link", "/etc/passwd::/../../../../../../../../../../../../../../climbed/made"]]' \
      "$rootfs" probe links /etc/cron.d / /climbed
    [ "$status" -eq 0 ]
    has_line '/etc/cron.d/y -> ../../../../tmp/x'
    has_line '//made -> /etc/passwd'
    has_line '/climbed/made -> /etc/passwd'
    [ ! -e /climbed ]
    # Folders that lead out are nowhere in the container.
    for link in out-link absolute-link; do
      hooked "$low_level" '[["nvidia-cdi-hook", "create-symlinks", "--link", "/etc/passwd::/'$link'/made"]]' \
        "$rootfs" true
      unchanged
    done
  done
  # The option by which an image named links is gone.
  run "$nvbox" nvidia-cdi-hook create-symlinks --csv-filename /x --link a::/b <<<'{}'
  [ "$status" -ne 0 ]
  has_text csv-filename
}

# executed_inside FILE: of strace's records in FILE, what processes of nvbox executed once they were a
# hook or nvidia-container-cli, and the children that they made, which could. A call may be told in two
# lines. In a PID namespace of its own a child has another number, so nobody can follow it.
executed_inside() {
  awk '
    /(execve|execveat|clone|clone3|fork|vfork)\(/ { call[$1] = $0 }
    /(clone|clone3|fork|vfork)(\(| resumed).* = [0-9]+$/ { if ($1 in hook) print call[$1] }
    /execve(at)?(\(| resumed).* = 0$/ {
      if ($1 in hook) print call[$1]
      if (call[$1] ~ /"(\/usr\/bin\/)?(nvidia-container-runtime-hook|nvidia-cdi-hook|nvbox|nvidia-container-cli)"/) hook[$1]
    }
    END { print "hooks: " length(hook) }' "$1"
}

# Host programs, ldconfig first of all, were executed with the container as their root, and a
# container that runs then has /proc/PID/exe of them, as in CVE-2019-5736 (libnvidia-container ff83efb).
@test "CVE-2024-0135: no program is executed inside a container" {
  local low_level sum
  sum=$(cksum <"$nvbox")
  traced() { # traced SCRIPT ARGUMENT...: its last line is the number of hooks
    run on_host t4x1 "$low_level" strace -f -qq -e trace=execve,execveat,clone,clone3,fork,vfork \
      -o "$BATS_TEST_TMPDIR/trace" bash -c "$1" bash "$support" "${@:2}"
    [ "$status" -eq 0 ]
    run executed_inside "$BATS_TEST_TMPDIR/trace"
  }
  for low_level in "${low_levels[@]}"; do
    traced '"$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=all glibc true'
    [ "$output" = 'hooks: 1' ]
    traced 'sed -i "1 a mode = \"legacy\"" /etc/nvidia-container-runtime/config.toml
      "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=all glibc true'
    [ "$output" = 'hooks: 1' ]
    traced '"$1/cdi_hooks.sh" "${@:2}" glibc true' "$low_level" "[$compat, $cache, [\"nvidia-cdi-hook\", \"create-symlinks\",
      \"--link\", \"a::/b\"], [\"nvidia-cdi-hook\", \"disable-device-node-modification\"]]"
    [ "$output" = 'hooks: 4' ]
  done
  low_level=runc
  bundle handmade
  traced '"$1/handmade.sh" "$2" true' "$rootfs"
  [ "$output" = 'hooks: 1' ]
  # The test sees one: a program that config.toml names in the place of nvidia-container-cli.
  traced 'printf "[nvidia-container-cli]\npath = \"/bin/true\"\n[nvidia-container-runtime]\nmode = \"legacy\"
      runtimes = [\"/usr/local/lib/simhost/runc\"]\n" >/etc/nvidia-container-runtime/config.toml
    "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=all glibc true'
  has_text 'execve("/bin/true"'
  [ "$(cksum <"$nvbox")" = "$sum" ]
}

# An image with a loader's helper of its own that tells where it ran. Without "@" in front of the
# configured path, that was called before the container was closed (2abe1268).
image_with_ldconfig() {
  bundle image
  printf '#!/bin/sh\n{ readlink /proc/self/ns/net; ls /dev; } >/ran 2>&1\n' >"$rootfs/usr/sbin/ldconfig"
  chmod 755 "$rootfs/usr/sbin/ldconfig"
  ln -s ldconfig "$rootfs/usr/sbin/ldconfig.real"
}

# is_never_run OPTION CHECK LOW_LEVEL...: by the hook's option and by config.toml. Inside it runs, and then
# CHECK holds of what it saw: the trap works.
is_never_run() {
  local low_level script
  script="test ! -e /ran && probe dlopen libcuda.so.1 && /sbin/ldconfig && $2 && echo trap works"
  for low_level in "${@:3}"; do
    hooked "$low_level" "[[\"nvidia-cdi-hook\", \"update-ldcache\", \"--ldconfig-path\", \"$1\",
      \"--folder\", \"$libraries\"]]" --mount "$libraries/libcuda.so.$version:$libraries/libcuda.so.$version" \
      "$rootfs" sh -c "$script"
    [ "$status" -eq 0 ]
    has_line 'trap works'
    run on_host t4x1 "$low_level" bash -c '
      printf "[nvidia-container-cli]\nldconfig = \"$3\"\n[features]\nallow-ldconfig-from-container = true
        [nvidia-container-runtime]\nmode = \"legacy\"\nruntimes = [\"$2\"]\n" >/etc/nvidia-container-runtime/config.toml
      exec "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=all "${@:4}"' bash "$support" \
      "/usr/local/lib/simhost/$low_level" "$1" "$rootfs" sh -c "$script"
    [ "$status" -eq 0 ]
    has_line 'trap works'
    has_text "libcuda.so.1: libcuda.so.$version"
  done
}

@test "CVE-2024-0136: an image's ldconfig is never run, and so sees no devices of the host" {
  image_with_ldconfig
  is_never_run /sbin/ldconfig 'grep -qx null /ran' "${low_levels[@]}"
}

@test "CVE-2024-0137: an image's ldconfig is never run, and so is not in the host's network" {
  image_with_ldconfig
  is_never_run /sbin/ldconfig.real 'grep -q "^net:" /ran' runc
  # And named on the command line.
  by_hand "$rootfs" --compute --ldconfig=/sbin/ldconfig
  [ "$status" -eq 0 ]
  [ -e "$rootfs/etc/ld.so.cache" ]
  [ ! -e "$rootfs/ran" ]
}

build_exchange() {
  gcc -O2 -Wall -Werror "$BATS_TEST_DIRNAME/exchange.c" -o "$BATS_TEST_TMPDIR/exchange"
}
rounds=$([[ -n ${NVBOX_LONG-} ]] && echo 1000 || echo 40)

# The first fix looked before it mounted; in between the image's folder became a link (f2b3e8d3).
@test "CVE-2025-23359: a folder of compatibility libraries that is exchanged meanwhile brings no mount of the host" {
  bundle image
  build_exchange
  local root=$rootfs/usr/local/cuda
  mkdir -p "$root/compat"
  for name in "$root/compat" "$outside"; do
    cp "$rootfs/opt/image/lib/libnvbox_image.so.1" "$name/libcuda.so.575.57.08"
  done
  ln -s "$out" "$root/evil"
  before=$(tree "$outside")
  run on_host t4x1 runc bash -c '
    cd "$1"
    "$2/exchange" "$1/usr/local/cuda/compat" "$1/usr/local/cuda/evil" & exchanger=$!
    mounted=0
    for ((i = 0; i < $3; i++)); do
      # It ends with its namespace and what is mounted there.
      unshare --mount --propagation private bash -c "
        mount --bind $1 $1 && cd $1
        nvidia-container-cli configure --no-cgroups --device=all --compute --cuda-compat-mode=mount $1 2>/run/error
        cat /proc/self/mountinfo" >/run/mounts
      if grep -qF libcuda.so.575.57.08 /run/mounts; then mounted=$((mounted + 1)); fi
      # Field 4 is what of its file system a mount shows, field 5 where (proc(5)).
      awk "index(\$4, \"/outside\") || index(\$5, \"/outside\") { print \"lost:\", \$0 }" /run/mounts
    done
    kill -0 "$exchanger" && echo "mounted $mounted times"
    kill "$exchanger"' bash "$rootfs" "$BATS_TEST_TMPDIR" "$rounds"
  has_line exchanged
  has_no_text 'lost:'
  # It was mounted in some rounds.
  [[ $output =~ mounted\ ([0-9]+)\ times ]]
  [ "${BASH_REMATCH[1]}" -gt 0 ]
  unchanged
}

# The image of NVIDIAScape, and every other variable by which a program of the host can be led to load
# or execute what lies in its working directory.
image_of_nvidiascape() {
  bundle image
  printf '#include <fcntl.h>
    #include <unistd.h>
    __attribute__((constructor)) static void own(void) { close(open("%s", O_WRONLY | O_CREAT, 0600)); }
    /* rtld-audit(7) */
    unsigned la_version(unsigned version) { return version; }\n' "$owned" |
    gcc -xc - -shared -fPIC -o "$rootfs/poc.so"
  local name
  for name in libcap.so.2 libseccomp.so.2 libnvidia-ml.so.1 ISO8859-1.so; do
    cp "$rootfs/poc.so" "$rootfs/$name"
  done
  printf 'module ISO-8859-1// INTERNAL /proc/self/cwd/ISO8859-1 1\n' >"$rootfs/gconv-modules"
  for name in sh env ldconfig ldconfig.real modprobe nvidia-modprobe nvidia-smi nvidia-container-cli \
    nvidia-container-runtime-hook nvidia-ctk nvidia-cdi-hook nvbox nvbox-hook mount ip; do
    printf '#!/bin/sh\n: >%s\n' "$owned" >"$rootfs/$name"
    chmod 755 "$rootfs/$name"
  done
  printf 'install nvidia /bin/touch %s\ninstall nvidia-uvm /bin/touch %s\n' "$owned" "$owned" >"$rootfs/modprobe.conf"
  evil_env=(LD_PRELOAD=/proc/self/cwd/poc.so LD_LIBRARY_PATH=/proc/self/cwd LD_AUDIT=/proc/self/cwd/poc.so
    GCONV_PATH=/proc/self/cwd GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096:glibc.malloc.check=3
    'MODPROBE_OPTIONS=-C /proc/self/cwd/modprobe.conf' PATH=/proc/self/cwd)
}

# runc before 1.3.0 gives a hook without variables those of the image, and calls it with the image as
# its working directory (runc#4323, 007faf84).
@test "CVE-2025-23266: no variable of an image has a program of the host load or execute the image's files" {
  local owned=$BATS_TEST_TMPDIR/owned options=() name low_level mode
  image_of_nvidiascape
  for name in "${evil_env[@]}"; do
    options+=(--env "$name")
  done
  # The trap works: a program of the host that is no static one, called as NVIDIA's hook was. For crun it
  # does not, which gives a hook no variables.
  HOOK_ENV=null hooked runc '[["true"]]' "${options[@]}" "$rootfs" /usr/bin/busybox true
  [ -e "$owned" ]
  rm "$owned"

  for low_level in "${low_levels[@]}"; do
    # Hooks of a specification without variables of their own: what old files of others look like.
    HOOK_ENV=null hooked "$low_level" "[$compat, $cache, [\"nvidia-cdi-hook\", \"create-symlinks\", \"--link\", \"a::/b\"],
      [\"nvidia-cdi-hook\", \"update-application-profile\"], [\"nvidia-cdi-hook\", \"disable-device-node-modification\"],
      [\"nvidia-ctk\", \"hook\", \"chmod\", \"--mode\", \"711\", \"--path\", \"/opt\"]]" \
      "${options[@]}" "$rootfs" /usr/bin/busybox echo started
    has_line started
    [ ! -e "$owned" ]
    for mode in auto legacy cdi; do
      CONTAINER_SPEC=$BATS_TEST_TMPDIR/config.json run on_host t4x1 "$low_level" bash -c '
        printf "[nvidia-container-runtime]\nmode = \"$3\"\nruntimes = [\"$2\"]\n" >/etc/nvidia-container-runtime/config.toml
        nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
        exec "$1/container.sh" "${@:4}"' bash "$support" "/usr/local/lib/simhost/$low_level" "$mode" \
        --env NVIDIA_VISIBLE_DEVICES=all "${options[@]}" "$rootfs" /usr/bin/busybox echo started
      has_line started
      [ ! -e "$owned" ]
      # Nobody has to know runc's version: no hook of ours is without variables.
      run jq -r '[.hooks[][] | select(.path | contains("bind-proc-driver") | not) | .env // [] | length] | min' "$BATS_TEST_TMPDIR/config.json"
      [ "$output" -gt 0 ]
    done
  done
}

@test "CVE-2025-23266: with Docker by --runtime=nvidia and --gpus, and with Podman by a CDI device" {
  require dockerd docker containerd podman
  local owned=$BATS_TEST_TMPDIR/owned docker=() name
  image_of_nvidiascape
  for name in "${evil_env[@]}"; do docker+=(-e "$name"); done
  run on_host t4x1 runc bash -c '
    dir=$1 support=$2 rootfs=$3 owned=$4
    shift 4
    cat >/run/cases <<"CASES"
      set -e
      "$support/docker.sh" import "$dir" image "$rootfs"
      for how in --runtime=nvidia --gpus=all; do
        docker run --rm --network=none -e NVIDIA_VISIBLE_DEVICES=all "$@" "$how" image /usr/bin/busybox echo "started by $how"
        if [ -e "$owned" ]; then echo "owned by $how"; fi
      done
CASES
    export support dir rootfs owned
    "$support/docker.sh" with --storage vfs --default-runtime plain --runtime plain=/usr/local/lib/simhost/runc \
      --runtime nvidia=/usr/bin/nvidia-container-runtime "$dir" -- bash /run/cases "$@"' \
    bash "$BATS_TEST_TMPDIR/docker" "$support" "$rootfs" "$owned" "${docker[@]}" 3>&-
  has_no_text 'owned by'
  has_line 'started by --runtime=nvidia'
  has_line 'started by --gpus=all'
  # As engines.bats calls it. This Podman knows CDI 0.5.0.
  run on_host t4x1 runc bash -c '
    NVIDIA_CTK_CDI_GENERATE_CDI_VERSION=0.5.0 nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
    cp -a "$1" /run/image
    podman --cgroup-manager=cgroupfs --runtime /usr/local/lib/simhost/runc run --rm --network=none \
      --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --device nvidia.com/gpu=all "${@:2}" \
      --rootfs /run/image /usr/bin/busybox echo started' bash "$rootfs" "${docker[@]}"
  find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
  has_line started
  [ ! -e "$owned" ]
}

# hook_with_limits HOOK...: with a container's state whose root file system is $rootfs, bounded in time
# and memory: a file of 8 GiB does not fit.
hook_with_limits() {
  run timeout 20 prlimit --as=$((1 << 30)) "$nvbox" nvidia-cdi-hook "$@" \
    <<<"{\"ociVersion\": \"1.0.2\", \"id\": \"x\", \"bundle\": \"${rootfs%/*}\", \"root\": \"$rootfs\"}"
  # Whatever it says; 124 is timeout's, more than 128 a signal.
  [ "$status" -le 1 ]
}

# The loader's configuration and cache were read and written through the image's links (ac914683).
@test "CVE-2025-23267: update-ldcache follows no link of the loader's files out of the image" {
  local place trap before
  mkdir -p "$outside/ld.so.conf.d"
  echo /opt/of-the-host-alone >"$outside/ld.so.conf"
  cp "$outside/ld.so.conf" "$outside/ld.so.conf.d/a.conf"
  for name in ld.so.cache ld.so.cache~; do echo /opt/of-the-host-alone >"$outside/$name"; done
  before=$(tree "$outside")
  for place in '' /ld.so.conf.d /ld.so.cache /ld.so.cache~ /ld.so.conf /ld.so.conf.d/a.conf; do
    for trap in absolute climbing fifo directory sparse include; do
      bundle "$trap${place//\//-}"
      rm -rf "${rootfs:?}/etc$place"
      case $trap in
        absolute) ln -s "$outside$place" "$rootfs/etc$place" ;;
        climbing) ln -s "$out$place" "$rootfs/etc$place" ;;
        fifo) mkfifo "$rootfs/etc$place" ;;
        directory) mkdir -p "$rootfs/etc$place/directory" ;;
        sparse) truncate --size=8G "$rootfs/etc$place" ;;
        include) printf 'include /etc%s\ninclude /etc/ld.so.conf.d/*\ninclude /etc/*\n' "$place" >"$rootfs/etc$place" ;;
      esac
      hook_with_limits update-ldcache --folder /opt/image/lib
      unchanged
      # No text of a secret came to lie in the image.
      run find "$rootfs" -type f -size -1024k -exec grep -lF of-the-host-alone {} +
      [ "$output" = '' ]
      rm -rf "$rootfs"
    done
  done
  # And with a runtime.
  for low_level in "${low_levels[@]}"; do
    bundle "with-$low_level"
    rm -rf "$rootfs"/etc/ld.so.*
    ln -s "$out/ld.so.conf" "$rootfs/etc/ld.so.conf"
    ln -s "$outside/ld.so.cache" "$rootfs/etc/ld.so.cache"
    ln -s "$out/ld.so.conf.d" "$rootfs/etc/ld.so.conf.d"
    hooked "$low_level" "[$cache]" "$rootfs" true
    unchanged
  done
}

# What was looked at by name was used by name (3e9bab5e: openat in the root, O_EXCL, renameat).
@test "CVE-2026-24260: folders that are exchanged for links meanwhile lead create-symlinks and enable-cuda-compat nowhere" {
  local place i before done=0
  build_exchange
  bundle image
  mkdir -p "$rootfs/a/b" "$rootfs/usr/local/cuda/compat" "$outside/b" "$outside/ld.so.conf.d"
  cp "$rootfs/opt/image/lib/libnvbox_image.so.1" "$rootfs/usr/local/cuda/compat/libcuda.so.575.57.08"
  ln -s "$out" "$rootfs/evil"
  before=$(tree "$outside")
  for place in a a/b etc etc/ld.so.conf.d usr/local/cuda; do
    "$BATS_TEST_TMPDIR/exchange" "$rootfs/$place" "$rootfs/evil" >"$BATS_TEST_TMPDIR/exchanged" 3>&- &
    exchanger=$!
    until [ -s "$BATS_TEST_TMPDIR/exchanged" ]; do sleep 0.01; done
    for ((i = 0; i < rounds; i++)); do
      hook_with_limits create-symlinks --link "t$i::/a/b/link"
      [ "$status" -ne 0 ] || ((++done))
      hook_with_limits enable-cuda-compat --host-driver-version="5$((i % 2))0.10"
    done
    kill "$exchanger"
    wait "$exchanger" || true
    # Back to where they were.
    if [ -L "$rootfs/$place" ]; then
      mv -T "$rootfs/evil" "$rootfs/good"
      mv -T "$rootfs/$place" "$rootfs/evil"
      mv -T "$rootfs/good" "$rootfs/$place"
    fi
    unchanged
  done
  [ "$done" -gt 0 ]
}
