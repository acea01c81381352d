#!/usr/bin/env bats
# Bad input: one line that names the cause and the fix, on stderr and in the engine's log file, exit
# status 1, and the file that was to be edited as it was.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require runc jq unshare
}

# refused SETUP EXPECTED: runs SETUP (bash; $B is a bundle that asks for all GPUs) and then
# `create`, which must fail with EXPECTED in both places and leave the bundle untouched: each name in
# it with its type, inode, mode and size, and config.json's bytes where it is a file.
refused() {
  run on_host "${PROFILE:-t4x1}" runc bash -c '
    B=/run/b
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES="${DEVICES:-all}" $B glibc true
    eval "$2"
    bundle() {
      find $B -path $B/rootfs -prune -o -printf "%P %y %i %m %s\n" | sort
      [ ! -f $B/config.json ] || sha256sum <$B/config.json
    }
    bundle >/run/before
    nvidia-container-runtime --log /run/log --log-format json create --bundle $B c
    echo "status $?"
    bundle >/run/after
    [ -s /run/before ] && cmp /run/before /run/after && echo untouched
    jq -r "\"log: \" + .msg" /run/log' bash "$support" "$1"
  has_line 'status 1'
  has_line untouched
  has_line "nvidia-container-runtime: $2"
  has_line "log: $2"
}

@test "config.json is missing" {
  refused 'rm $B/config.json' "open /run/b/config.json: No such file or directory; --bundle must name a directory with the container's config.json"
}

@test "config.json is not JSON" {
  refused 'printf "{\n  \"process\": oops\n}" >$B/config.json' \
    '/run/b/config.json: invalid JSON at line 2, column 14: syntax error while parsing value - invalid literal; last read: '"'"'"process": o'"'"
}

@test "config.json is a FIFO, a directory" {
  refused 'rm $B/config.json; mkfifo $B/config.json' \
    '/run/b/config.json: invalid JSON at line 1, column 1: syntax error while parsing value - unexpected end of input; expected '"'['"', '"'{'"', or a literal'
  refused 'rm $B/config.json; mkdir $B/config.json' '/run/b/config.json: read: Is a directory'
}

@test "config.json nests too deep" {
  refused 'printf "%0.s[" {1..200000} >$B/config.json' \
    '/run/b/config.json: JSON document nests more than 64 levels deep'
}

# new_handler of [alloc.errors]; EX_SOFTWARE of sysexits.h.
@test "there is not enough memory" {
  run on_host t4x1 runc bash -c '
    B=/run/b
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=all $B glibc true
    head -c 10000000 /dev/zero | tr "\\0" x >/run/x
    jq --rawfile x /run/x ".annotations.x = \$x" $B/config.json >/run/long
    cp /run/long $B/config.json
    ulimit -v 20000
    nvidia-container-runtime create --bundle $B c
    echo "status $?"
    cmp /run/long $B/config.json && echo untouched' bash "$support"
  echo "$output"
  has_line 'nvbox: out of memory'
  has_line 'status 70'
  has_line untouched
}

@test "config.json is too large" {
  refused 'truncate -s 17M $B/config.json' \
    '/run/b/config.json: larger than the limit of 16777216 bytes: File too large'
}

@test "an env entry has no =" {
  refused 'jq -c ".process.env += [\"FOO\"]" $B/config.json >/run/x && mv /run/x $B/config.json' \
    'config.json: process.env: entry "FOO" has no '"'='"
}

@test "the bundle option has no value" {
  run on_host t4x1 runc nvidia-container-runtime create --bundle
  [ "$status" -eq 1 ]
  has_text '--bundle'
  [ "${#lines[@]}" -eq 1 ]
}

@test "config.toml is invalid: line and key are named" {
  refused 'printf "[nvidia-container-runtime]\nruntimes = \"runc\"\n" >/etc/nvidia-container-runtime/config.toml' \
    '/etc/nvidia-container-runtime/config.toml: line 2: nvidia-container-runtime.runtimes: expected a list of strings, found a string'
}

@test "no low-level runtime" {
  run on_host t4x1 runc bash -c '
    printf "[nvidia-container-runtime]\nruntimes = [\"nowhere\", \"/usr/bin/nvidia-container-runtime\"]\n" \
      >/etc/nvidia-container-runtime/config.toml
    nvidia-container-runtime --log /run/log state x'
  [ "$status" -eq 1 ]
  has_text nowhere
  has_text 'install runc or crun'
}

@test "no driver is loaded" {
  refused 'mount -t tmpfs none /proc/driver' \
    "no NVIDIA driver is loaded: /proc/driver/nvidia/version does not exist; load it with 'modprobe nvidia' or install the driver"
}

@test "the libraries are of another version than the kernel module" {
  refused 'sed s/535.261.03/550.54/ /proc/driver/nvidia/version >/run/v; mount --bind /run/v /proc/driver/nvidia/version' \
    'kernel module 550.54 is loaded but libraries 535.261.03 are installed; reboot, or reload the modules (rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia)'
}

@test "unsupported capabilities are named" {
  refused 'jq -c ".process.env += [\"NVIDIA_DRIVER_CAPABILITIES=compute,warp\"]" $B/config.json >/run/x && mv /run/x $B/config.json' \
    "unsupported capabilities found in 'compute,warp' (allowed 'compat32,compute,display,graphics,ngx,utility,video'): warp; correct NVIDIA_DRIVER_CAPABILITIES, or supported-driver-capabilities in config.toml"
}

@test "a read-only bundle" {
  refused 'mount --bind $B $B && mount -o remount,bind,ro $B' \
    'write /run/b/config.json: create a temporary file beside it: Read-only file system; the old file is unchanged'
}

@test "a full disk" {
  refused 'mkdir /run/full && mount -t tmpfs -o size=16k none /run/full && cp $B/config.json /run/full/ && head -c 1M /dev/zero >/run/full/fill 2>/dev/null; mount --bind /run/full $B' \
    'write /run/b/config.json: write: No space left on device; the old file is unchanged'
}

@test "mode csv says that this is no Tegra, and plain containers pass" {
  set_csv='printf "[nvidia-container-runtime]\nmode = \"csv\"\nruntimes = [\"/usr/local/lib/simhost/runc\"]\n" \
    >/etc/nvidia-container-runtime/config.toml'
  run on_host t4x1 runc bash -c "$set_csv"'
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=0 /run/b glibc true
    nvidia-container-runtime create --bundle /run/b c' bash "$support"
  [ "$status" -eq 1 ]
  has_text "nothing says what containers get of this Tegra's driver: no entry is in devices.csv, drivers.csv and l4t.csv of /etc/nvidia-container-runtime/host-files-for-container.d; install"
  run on_host t4x1 runc bash -c "$set_csv"'
    "$1/bundle.sh" /run/b glibc echo hello
    nvidia-container-runtime run --bundle /run/b "plain-$$" </dev/null' bash "$support"
  [ "$status" -eq 0 ]
  [ "$output" = hello ]
}

@test "a configuration that was named and is missing" {
  # With the defaults, it would be this runc that runs.
  refused 'mkdir /run/bin; ln -s /bin/true /run/bin/runc; export PATH=/run/bin:$PATH NVIDIA_CTK_CONFIG_FILE_PATH=/nowhere/config.toml' \
    'open /nowhere/config.toml: No such file or directory; an option or NVIDIA_CTK_CONFIG_FILE_PATH names it; nvidia-ctk config default --output makes one'
}

@test "a container that runs is stopped and deleted whatever has become of the configuration" {
  run on_host t4x1 runc bash -c '
    mkdir /run/bin; printf "#!/bin/sh\necho \"runc \$*\"\n" >/run/bin/runc; chmod +x /run/bin/runc
    export PATH=/run/bin:$PATH NVIDIA_CTK_CONFIG_FILE_PATH=/nowhere/config.toml
    nvidia-container-runtime kill x; nvidia-container-runtime delete --force x; nvidia-container-runtime state x'
  has_line 'runc kill x'
  has_line 'runc delete --force x'
  has_line 'runc state x'
}

# A write to a pipe of at most PIPE_BUF bytes, 4096 here, is not mixed with others (pipe(7)).
@test "a long error fits into one write to a pipe, and keeps cause and fix" {
  run on_host t4x1 runc bash -c '
    "$1/bundle.sh" --env "NVIDIA_VISIBLE_DEVICES=GPU-$(printf "%0100000d" 0)" /run/b glibc true
    nvidia-container-runtime create --bundle /run/b c 2>&1 >/dev/null' bash "$support"
  [ "${#output}" -gt 3000 ]
  [ "${#output}" -lt 4096 ]
  [[ $output == 'nvidia-container-runtime: device GPU-000'*' [...] '*'this host has '* ]]
}

@test "a device name cannot forge lines of the error" {
  run on_host t4x1 runc bash -c '
    "$1/bundle.sh" /run/b glibc true
    jq -c ".process.env += [\"NVIDIA_VISIBLE_DEVICES=GPU-x\\n{\\\"level\\\":\\\"error\\\"}\"]" /run/b/config.json >/run/x
    mv /run/x /run/b/config.json
    nvidia-container-runtime create --bundle /run/b c' bash "$support"
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 1 ]
  has_text 'device GPU-x\x0a{'
}
