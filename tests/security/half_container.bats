#!/usr/bin/env bats
# Half a container: one system call about a file of the driver fails once, for a reason that is no
# absence. What the container asked for is there, or the start is refused with the cause.

# shellcheck disable=SC2154,SC2016 # variables of helpers.bash; text for an inner shell

load ../e2e/helpers

setup() {
  require strace jq unshare
}

# In front of every script. `failing PATH ERRNO COMMAND...`: the first openat2(2) of PATH, which
# nvbox calls without the slash because it is below a directory, or openat(2) of its name there, fails. Failures are those that
# open(2) lists and that a full machine, a broken disk and a policy give.
prelude='
  set -u
  failures="EIO EACCES EMFILE ENOMEM"
  libraries=/usr/lib/x86_64-linux-gnu
  cuda=$libraries/libcuda.so.535.261.03 ml=$libraries/libnvidia-ml.so.535.261.03
  failing() {
    strace -f -qq -o /dev/null -P "${1#/}" -P "${1##*/}" -e trace=openat,openat2 -e "inject=openat,openat2:error=$2:when=1" "${@:3}"
  }
  bundle() {
    mkdir -p /run/bundle/rootfs
    jq -n --arg capabilities "$1" "{ociVersion: \"1.0.2\", root: {path: \"rootfs\"},
      process: {cwd: \"/\", args: [\"x\"], user: {uid: 0, gid: 0},
        env: [\"NVIDIA_VISIBLE_DEVICES=all\", \"NVIDIA_DRIVER_CAPABILITIES=\" + \$capabilities]}}" \
      >/run/bundle/config.json
  }
  # create MODE PATH ERRNO: of a low-level runtime that only says that it was started.
  create() {
    printf "#!/bin/sh\necho started\n" >/run/runtime; chmod 755 /run/runtime
    printf "[nvidia-container-runtime]\nmode = \"%s\"\nruntimes = [\"/run/runtime\"]\n" "$1" >/run/config.toml
    NVIDIA_CTK_CONFIG_FILE_PATH=/run/config.toml failing "$2" "$3" \
      nvidia-container-runtime create --bundle /run/bundle c1 2>&1
  }
'

# inside SCRIPT
inside() {
  run "$simhost" --install "$nvbox" t4x1 -- bash -c "$prelude
$1" bash "$support"
}

# refusals COUNT FILE: so many lines that name the file, the cause and what to do, and nothing else.
refusals() {
  [ "$(grep -c "$2 cannot be given, and .*: open .*$2: .*; " <<<"$output")" -eq "$1" ]
  [ "$(wc -l <<<"$output")" -eq "$1" ]
}

@test "a container that asks for CUDA is not created without libcuda, and its config.json stays" {
  inside '
    for failure in $failures; do
      bundle compute,utility; before=$(sha256sum </run/bundle/config.json)
      create jit-cdi "$cuda" "$failure" && echo created
      [ "$(sha256sum </run/bundle/config.json)" = "$before" ] || echo changed
    done'
  refusals 4 libcuda.so.535.261.03
  has_text 'Input/output error; look into the kernel'
  has_text 'Permission denied; it has to be readable'
  has_text 'Too many open files; raise the limit of open files'
  has_text 'Cannot allocate memory; the machine is out of memory'
}

@test "nor one that asks for nvidia-smi without libnvidia-ml" {
  inside 'for failure in $failures; do bundle utility; create jit-cdi "$ml" "$failure" && echo created; done'
  refusals 4 libnvidia-ml.so.535.261.03
}

@test "nor any without its control node, or without the one for CUDA, in either mode" {
  inside '
    for mode in jit-cdi legacy; do for failure in $failures; do
      bundle utility; create $mode /dev/nvidiactl "$failure" && echo created
    done; done'
  refusals 8 /dev/nvidiactl
  inside '
    for mode in jit-cdi legacy; do for failure in $failures; do
      bundle compute; create $mode /dev/nvidia-uvm "$failure" && echo created
    done; done'
  refusals 8 /dev/nvidia-uvm
}

# libcuda lies in a directory of its own, as on NixOS or with alternatives, and the rest beside it.
@test "a directory of libraries that cannot be listed is the cause of what was not found in it" {
  inside '
    mkdir /usr/lib/nvidia; mv $libraries/libcuda.so* /usr/lib/nvidia
    for failure in $failures; do
      bundle compute; create jit-cdi /usr/lib/nvidia "$failure" && echo created
    done 2>&1 | grep -v "runtime: warning:"'
  [ "$(grep -c 'libcuda.so.535.261.03 cannot be given, and .*: open /usr/lib/nvidia: .*; ' <<<"$output")" -eq 4 ]
  [ "$(wc -l <<<"$output")" -eq 4 ]
  inside '
    mkdir /usr/lib/nvidia; mv $libraries/lib*.so.535.261.03 /usr/lib/nvidia
    for failure in $failures; do
      bundle compute; create jit-cdi /usr/lib/nvidia "$failure" && echo created
    done 2>&1 | grep -v "runtime: warning:"'
  [ "$(grep -c 'the libraries of driver 535.261.03: open /usr/lib/nvidia: ' <<<"$output")" -eq 4 ]
  [ "$(wc -l <<<"$output")" -eq 4 ]
}

@test "whoever did not ask for it starts" {
  inside '
    for failure in $failures; do bundle utility; create jit-cdi "$cuda" "$failure"; done'
  [ "$(grep -cx started <<<"$output")" -eq 4 ]
}

@test "a library that is not the core of anything is a warning" {
  inside '
    for failure in $failures; do
      bundle compute; create jit-cdi $libraries/libnvidia-opencl.so.535.261.03 "$failure"
    done
    jq -r ".mounts[].destination" /run/bundle/config.json | grep -c opencl'
  [ "$(grep -cx started <<<"$output")" -eq 4 ]
  [ "${lines[-1]}" = 0 ]
}

# There are drivers for computing at the edge that have no libcuda, and NVIDIA's toolkit serves them too.
@test "what a driver does not have is no failure" {
  inside 'rm $libraries/libcuda.so*; bundle compute,utility; create jit-cdi /none EIO'
  [ "$output" = started ]
}

@test "nvidia-container-cli and so the hook refuse as well" {
  inside '
    for failure in $failures; do
      failing "$cuda" "$failure" nvidia-container-cli configure --no-cgroups --device=all --compute \
        --utility --pid=$$ /run && echo configured
      failing "$cuda" "$failure" nvidia-container-cli list --libraries && echo listed
    done 2>&1 | grep -v "cli: warning:"'
  refusals 8 libcuda.so.535.261.03
  inside '
    bundle compute,utility
    for failure in $failures; do
      printf "{\"ociVersion\":\"1.0.2\",\"pid\":%d,\"bundle\":\"/run/bundle\"}" $$ |
        failing "$cuda" "$failure" nvidia-container-runtime-hook prestart && echo configured
    done 2>&1 | grep "cannot be given"'
  refusals 4 libcuda.so.535.261.03
}

@test "a CDI specification is not written without it, unless it may be incomplete" {
  inside '
    mkdir -p /run/cdi; echo old >/run/cdi/nvidia.yaml
    for failure in $failures; do
      failing "$cuda" "$failure" nvidia-ctk --quiet cdi generate --output=/run/cdi/nvidia.yaml && echo generated
    done 2>&1
    grep -qx old /run/cdi/nvidia.yaml || echo changed'
  refusals 4 libcuda.so.535.261.03
  inside '
    failing "$cuda" EIO nvidia-ctk cdi generate --allow-incomplete 2>&1 >/run/spec | sed "s/^time=[^ ]* //"
    grep -c "libcuda.so.535" /run/spec; grep -c "libnvidia-ml.so.535" /run/spec'
  has_line 'level=warning msg="open /usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03: Input/output error"'
  [ "${lines[-2]}" = 0 ]
  [ "${lines[-1]}" -gt 0 ]
}
