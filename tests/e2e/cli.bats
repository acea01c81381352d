#!/usr/bin/env bats
# nvidia-container-cli: info, list, version, usage and errors, as scripts and engines call it.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require unshare jq
}

# cli PROFILE ARGUMENT...: standard output and error together.
cli() {
  run "$simhost" --install "$nvbox" "$1" -- nvidia-container-cli "${@:2}"
}

# cli_sh PROFILE SCRIPT [ARGUMENT...]: for calls that need a prepared host.
cli_sh() {
  run "$simhost" --install "$nvbox" "$1" -- bash -c "$2" bash "${@:3}"
}

is_output() {
  diff <(printf '%s\n' "$1") <(printf '%s\n' "$output") >&2
}

# Recorded from NVIDIA's toolkit on this host (examples/t4x1).
@test "info is NVIDIA's, byte for byte" {
  cli t4x1 info
  [ "$status" -eq 0 ]
  is_output 'NVRM version:   535.261.03
CUDA version:   12.2

Device Index:   0
Device Minor:   0
Model:          Tesla T4
Brand:          Nvidia
GPU UUID:       GPU-00000074-0000-0000-0000-000000000000
Bus Location:   00000000:3b:00.0
Architecture:   7.5'
}

@test "info --csv is NVIDIA's, byte for byte" {
  cli t4x1 info --csv
  [ "$status" -eq 0 ]
  is_output 'NVRM version,CUDA version
535.261.03,12.2

Device Index,Device Minor,Model,Brand,GPU UUID,Bus Location,Architecture
0,0,Tesla T4,Nvidia,GPU-00000074-0000-0000-0000-000000000000,00000000:3b:00.0,7.5'
}

@test "list --device=0 is NVIDIA's, byte for byte" {
  cli t4x1 list --device=0
  [ "$status" -eq 0 ]
  is_output '/dev/nvidiactl
/dev/nvidia-uvm
/dev/nvidia-uvm-tools
/dev/nvidia-modeset
/dev/nvidia0'
}

# NVIDIA's recording is of a host without 32-bit libraries, and the simulated one has them: they
# are the lines with i386. Without them it is byte for byte the same.
@test "list is NVIDIA's, byte for byte" {
  cli t4x1 list
  [ "$status" -eq 0 ]
  is_output "$(<"$support/peer_t4x1.list")"
}

@test "list without compat32 has no 32-bit libraries" {
  cli t4x1 list -l
  [ "$status" -eq 0 ]
  [ "$(grep -c x86_64-linux-gnu <<<"$output")" -eq 25 ]
  has_no_text i386
}

@test "info of every simulated host has the GPU's brand, architecture and CUDA version" {
  local -A rows=(
    [a100x8]='7,6,NVIDIA A100-SXM4-80GB,Nvidia,GPU-bda10000-0000-4a10-8000-000000000007,00000000:bd:00.0,8.0'
    [a100mig]='1,1,NVIDIA A100 80GB PCIe,Nvidia,GPU-86a10000-0000-4a10-8000-000000000001,00000000:86:00.0,8.0'
    [h200x8]='0,0,NVIDIA H200,Nvidia,GPU-1b200000-0000-4200-8000-000000000000,00000000:1b:00.0,9.0'
  )
  local -A versions=([a100x8]='550.163.01,12.4' [a100mig]='550.163.01,12.4' [h200x8]='570.172.08,12.8')
  for profile in "${!rows[@]}"; do
    cli "$profile" info --csv
    [ "$status" -eq 0 ]
    has_line "${rows[$profile]}"
    has_line "${versions[$profile]}"
  done
}

@test "devices are indices, UUIDs and PCI addresses, repeated and joined, and nothing" {
  cli a100x8 list --device=1 --device 2,GPU-BDA10000-0000-4a10-8000-000000000007 -d 0000:90:00.0,,
  [ "$status" -eq 0 ]
  is_output '/dev/nvidiactl
/dev/nvidia-uvm
/dev/nvidia-uvm-tools
/dev/nvidia-modeset
/dev/nvidia2
/dev/nvidia0
/dev/nvidia6
/dev/nvidia4'
  cli a100x8 list --device=
  [ "$status" -eq 0 ]
  is_output '/dev/nvidiactl
/dev/nvidia-uvm
/dev/nvidia-uvm-tools
/dev/nvidia-modeset'
}

@test "a MIG device comes with its GPU, its capability files and nodes" {
  cli a100mig list --device=MIG-GPU-86a10000-0000-4a10-8000-000000000001/8/0
  [ "$status" -eq 0 ]
  has_line /dev/nvidia1
  has_line /proc/driver/nvidia/capabilities/gpu1/mig/gi8/access
  has_line /proc/driver/nvidia/capabilities/gpu1/mig/gi8/ci0/access
  [ "$(grep -c /dev/nvidia-caps/nvidia-cap <<<"$output")" -eq 2 ]
  [ "$(wc -l <<<"$output")" -eq 9 ]
}

# What NVIDIA's toolkit prints (cli/list.c, print_all_mig_minor_devices): every line of mig-minors of the GPU, made or
# not. 135 are a GPU's: 15 GPU instances with 8 compute instances each.
@test "--mig-config and --mig-monitor list what they need for the GPUs that are asked for" {
  cli a100mig list --mig-config=all --device=1
  [ "$status" -eq 0 ]
  has_line /proc/driver/nvidia/capabilities/mig/config
  has_line /dev/nvidia-caps/nvidia-cap1
  has_line /proc/driver/nvidia/capabilities/gpu1
  has_line /dev/nvidia-caps
  [ "$(grep -c /dev/nvidia-caps/nvidia-cap <<<"$output")" -eq $((1 + 135)) ]
  has_line /dev/nvidia-caps/nvidia-cap138
  has_line /dev/nvidia-caps/nvidia-cap272
  has_no_text gpu0
  has_no_text access
  # In any case of letters, and nothing behind it is looked at (cli/common.c, select_mig_config_devices).
  with=$output
  cli a100mig list --mig-config=,ALL,foo --device=1
  is_output "$with"
  # Without a GPU that can do MIG there is nothing to list.
  cli a100mig list --mig-config=all
  is_output ''
  cli t4x1 list --mig-config=all --device=0
  [ "$(tail -n 1 <<<"$output")" = /dev/nvidia0 ]
  cli a100mig list --mig-monitor=all --device=MIG-GPU-86a10000-0000-4a10-8000-000000000001/8/0
  [ "$status" -eq 1 ]
  is_output 'nvidia-container-cli: mig-monitor error: cannot enable mig-monitor with specific MIG devices selected; ask for whole GPUs, or for all'
  # Files only: the driver has no nodes for MIG.
  cli_sh a100mig 'sed "/nvidia-caps$/d" /proc/devices >/run/devices && mount --bind /run/devices /proc/devices
    nvidia-container-cli list --mig-config=all --device=1 | tail -n 3'
  is_output "/dev/nvidia1
/proc/driver/nvidia/capabilities/mig/config
/proc/driver/nvidia/capabilities/gpu1"
}

# As NVIDIA's toolkit has them (cli/common.c): strtoumax for an index, scanf for the others, and what stands before
# "all" has to exist.
@test "devices: blanks and plus signs, and names in front of all" {
  cli a100mig list --device=1
  one=$output
  for name in ' 1' '+1' $'\t+1' '+0:86:0' ' 0000:86:00.0'; do
    cli a100mig list "--device=$name"
    is_output "$one"
  done
  cli a100mig list --device=1:0
  mig=$output
  cli a100mig list '--device= 1:+0'
  is_output "$mig"
  for name in '1 ' '+ 1' '++1' '-1' ' ' +; do
    cli a100mig list "--device=0,$name"
    [ "$status" -eq 1 ]
    has_text "device error: $name: unknown device"
  done
  cli a100mig list --device=all
  all=$output
  for first in 1:0 MIG-86a10000-0000-5000-8000-000009000000 0; do
    cli a100mig list "--device=$first,all,nonsense"
    [ "$status" -eq 0 ]
    is_output "$all"
  done
  cli a100mig list --device=1:9,all
  [ "$status" -eq 1 ]
  has_text 'device error: 1:9: unknown device; '
}

@test "a GPU without its node is left out of all with a warning, and refused by name" {
  cli_sh a100x8 'rm /dev/nvidia3; nvidia-container-cli list --device=all 2>&1; nvidia-container-cli list --device=3
    echo "status $?"'
  has_text 'warning: GPU 3 ('
  has_text 'cannot be used: /dev/nvidia3 does not exist'
  has_line /dev/nvidia4
  [ "$(grep -cx /dev/nvidia3 <<<"$output")" -eq 0 ]
  has_text 'nvidia-container-cli: device error: 3: GPU 3 ('
  has_line 'status 1'
}

@test "a broken GPU does not hide the others, and is told about" {
  cli_sh dead1of4 'nvidia-container-cli info --csv 2>/run/errors; echo "status $?"; cat /run/errors'
  has_line 'status 0'
  has_line '0,0,NVIDIA RTX A6000,NvidiaRTX,GPU-18a60000-0000-4a60-8000-000000000000,00000000:18:00.0,8.6'
  has_line '3,3,NVIDIA RTX A6000,NvidiaRTX,GPU-afa60000-0000-4a60-8000-000000000003,00000000:af:00.0,8.6'
  has_text 'nvidia-container-cli: warning: GPU 1 (0000:3b:00.0): '
  cli_sh dead1of4 'nvidia-container-cli list 2>/run/errors | grep "^/dev"; cat /run/errors'
  has_line /dev/nvidia3
  has_no_text /dev/nvidia1
  has_text 'nvidia-container-cli: warning: GPU 1 (0000:3b:00.0) cannot be used: '
  cli dead1of4 list --device=1
  [ "$status" -eq 1 ]
  has_text 'nvidia-container-cli: device error: 1: GPU 1 (0000:3b:00.0) cannot be used: '
  cli dead1of4 list --device=2
  [ "$status" -eq 0 ]
}

@test "JSON" {
  cli_sh a100x8 'nvidia-container-cli info --format=json | jq -r ".cudaVersion, (.gpus | length), .gpus[7].minor"
    nvidia-container-cli list -b --format json | jq -c "[.binaries[0], .devices]"'
  is_output '12.4
8
6
["/usr/bin/nvidia-smi",[]]'
}

@test "--version, on both levels" {
  for arguments in --version 'list -V'; do
    # shellcheck disable=SC2086 # words
    cli t4x1 $arguments
    [ "$status" -eq 0 ]
    [[ ${lines[0]} =~ ^cli-version:\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
    [[ ${lines[1]} =~ ^lib-version:\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
    [ "$(cut -d: -f1 <<<"$output" | paste -sd,)" = 'cli-version,lib-version,build date,build revision,build compiler,build platform,build flags' ]
  done
}

@test "--help and --usage print on standard output, on both levels" {
  cli_sh t4x1 'for c in "" info list configure; do nvidia-container-cli $c --help 2>&- | head -1
    nvidia-container-cli $c --usage 2>&- | head -1 | cut -d[ -f1; done'
  is_output 'Usage: nvidia-container-cli [OPTION...] COMMAND [ARG...]
Usage: nvidia-container-cli 
Usage: nvidia-container-cli info [OPTION...]
Usage: nvidia-container-cli info 
Usage: nvidia-container-cli list [OPTION...]
Usage: nvidia-container-cli list 
Usage: nvidia-container-cli configure [OPTION...] ROOTFS
Usage: nvidia-container-cli configure '
}

@test "mistakes are told with advice, and end with status 1" {
  while IFS='|' read -r arguments expected; do
    # shellcheck disable=SC2086 # words
    cli t4x1 $arguments
    [ "$status" -eq 1 ]
    has_line "$expected"
    has_text "--usage' for more information."
  done <<'CASES'
--frobnicate info|nvidia-container-cli: unrecognized option '--frobnicate'
lst|nvidia-container-cli: unknown command "lst"; did you mean list?
list --devise=0|nvidia-container-cli list: unrecognized option '--devise'; did you mean '--device'?
list --no|nvidia-container-cli list: option '--no' is ambiguous; possibilities: '--no-persistenced' '--no-fabricmanager' '--no-gsp-firmware'
list -d|nvidia-container-cli list: option requires an argument -- 'd'
info x|nvidia-container-cli info: Too many arguments
configure|nvidia-container-cli configure: Not enough arguments
configure /a /b|nvidia-container-cli configure: Too many arguments
configure --all /a|nvidia-container-cli configure: unrecognized option '--all'
info --csv=1|nvidia-container-cli info: option '--csv' doesn't allow an argument
CASES
  cli t4x1
  [ "$status" -eq 1 ]
  [[ $output == 'Usage: nvidia-container-cli '* ]]
}

@test "errors are one line with NVIDIA's class, and end with status 1" {
  while IFS='|' read -r arguments expected; do
    # shellcheck disable=SC2086 # words
    cli t4x1 $arguments
    [ "$status" -eq 1 ]
    is_output "nvidia-container-cli: $expected"
  done <<'CASES'
list --device=7|device error: 7: unknown device; this host has GPU 0
list --device=0,GPU-1|device error: GPU-1: unknown device; this host has GPU 0
configure relative|input error: invalid rootfs directory; ROOTFS must be an absolute path, and not the host's root directory
configure //./|input error: invalid rootfs directory; ROOTFS must be an absolute path, and not the host's root directory
configure --pid=12x /r|input error: parse pid failed: invalid argument
configure --pid=99999999999 /r|input error: parse pid failed: numerical result out of range
configure --cuda-compat-mode=x /r|container error: invalid option: cuda-compat-mode=x; known are mount, ldconfig and disabled
configure --device=5 /r|device error: 5: unknown device; this host has GPU 0
configure --imex-channel=all /r|error parsing IMEX info: unsupported IMEX channel value: all
configure --mig-config=0 /r|mig-config error: 0: only 'all' devices are currently supported
configure --imex-channel=4 /r|mount error: stat failed: /dev/nvidia-caps-imex-channels/channel4: no such file or directory; --load-kmods before configure makes it
list --imex-channel=3,x|error parsing IMEX info: unsupported IMEX channel value: x
list --mig-config=0|mig-config error: 0: only 'all' devices are currently supported
--root= info|initialization error: invalid argument; --root must be an absolute path
--ldcache= info|initialization error: invalid argument; --ldcache must name a file
--root=/nowhere info|initialization error: change root failed: open directory /nowhere: No such file or directory
--user=nobody-here info|input error: parse user/group failed: no such file or directory; /etc/passwd has no "nobody-here"
info --format=xml|input error: --format=xml: not a format; known are text, csv (of info) and json
CASES
}

@test "requirements are checked before anything is changed" {
  cli a100x8 configure --device=0 --require='cuda>=99 brand=tesla,driver>=470,driver<471' /rootfs
  [ "$status" -eq 1 ]
  is_output 'nvidia-container-cli: requirement error: unsatisfied condition: cuda>=99, please update your driver to a newer version, or use an earlier cuda container; this host has driver 550.163.01, cuda 12.4, arch 8.0, brand Nvidia; NVIDIA_DISABLE_REQUIRE=1 in the container'"'"'s environment overrides this check'
  cli a100x8 configure --device=0 --require='cuda=>12' /rootfs
  [ "$status" -eq 1 ]
  has_text 'nvidia-container-cli: requirement error: invalid expression; '
  local many=()
  for ((i = 0; i < 33; i++)); do many+=(--require='cuda>=1'); done
  cli a100x8 configure "${many[@]}" /rootfs
  [ "$status" -eq 1 ]
  is_output 'nvidia-container-cli: input error: too many requirements'
}

@test "without a driver there is an initialization error that names the fix" {
  run "$nvbox" nvidia-container-cli info
  [ "$status" -eq 1 ]
  has_text 'initialization error: no NVIDIA driver is loaded'
}

@test "--user, with a value, without and twice, and --load-kmods twice" {
  for user in --user -u -u0:0 --user=root:root '--user --user=0' '--load-kmods --load-kmods'; do
    # shellcheck disable=SC2086 # words
    cli t4x1 $user info --csv
    [ "$status" -eq 0 ]
    has_line '535.261.03,12.2'
  done
}

@test "an ordinary user can ask" {
  cli_sh t4x1 'setpriv --reuid 65534 --regid 65534 --clear-groups nvidia-container-cli info --csv
    setpriv --reuid 65534 --regid 65534 --clear-groups nvidia-container-cli list -d all'
  has_line '535.261.03,12.2'
  has_line /dev/nvidia0
}

@test "the debug log goes where -d or NVC_DEBUG_FILE says" {
  cli_sh t4x1 'nvidia-container-cli -d /run/log info >/run/out && grep -c "driver 535.261.03" /run/log
    NVC_DEBUG_FILE=/run/log2 nvidia-container-cli info >/run/out && grep -c "driver 535.261.03" /run/log2
    nvidia-container-cli --debug=/dev/stderr info 2>&1 >/run/out | grep -c "driver 535.261.03"
    nvidia-container-cli -d /run/log list -d 9; grep -c "level=error msg=\"device error: 9: unknown" /run/log'
  is_output '1
1
1
nvidia-container-cli: device error: 9: unknown device; this host has GPU 0
1'
}

@test "a debug log that cannot be opened is a warning" {
  for file in /proc/nowhere/log /dev/tty /proc; do
    cli_sh t4x1 "setsid -w nvidia-container-cli -d $file info --csv"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "nvidia-container-cli: warning: log file $file is not written: "* ]]
    has_line '535.261.03,12.2'
  done
}

@test "standard output that is full is an error" {
  cli_sh t4x1 'nvidia-container-cli info >/dev/full; echo "status $?"'
  is_output 'nvidia-container-cli: standard output: write: No space left on device
status 1'
}

# configured PROFILE ARGUMENT...: runs configure on a container that a sleeping process stands for
# (@PID@ and @ROOTFS@ in the arguments) and prints its mount points below the root file system.
configured() {
  cli_sh "$1" '
    R=/run/r
    mkdir -p $R/proc/driver/nvidia $R/dev $R/etc $R/usr/lib
    touch $R/etc/debian_version
    unshare --mount --propagation private bash -c "mount --bind $R $R; touch /run/ready; exec sleep 60" &
    until [ -e /run/ready ]; do sleep 0.01; done
    a=("$@"); a=("${a[@]/@PID@/$!}")
    ${WITH-} nvidia-container-cli "${a[@]/@ROOTFS@/$R}"
    echo "status $?"
    awk "{ print \$5 }" /proc/$!/mountinfo | sed -n "s,^$R/,/,p"
    ls /proc/$!/root$R/etc
    kill $!' "${@:2}"
}

@test "configure as containerd, gVisor and Apptainer call it" {
  configured t4x1 --load-kmods --load-kmods configure --device=0 --compute --utility \
    --require='cuda>=11.0' --no-cgroups --pid=@PID@ @ROOTFS@
  has_line 'status 0'
  has_line /dev/nvidia0
  has_line /proc/driver/nvidia/gpus/0000:3b:00.0
  has_line /usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03
  has_line /run/nvidia-persistenced/socket
  has_line ld.so.cache
  has_no_text libGLX
  configured t4x1 --load-kmods configure --ldconfig=@/sbin/ldconfig.real --no-cgroups --pid=@PID@ \
    --device= --cuda-compat-mode=mount --compute @ROOTFS@
  has_line 'status 0'
  has_line /dev/nvidiactl
  has_no_text /dev/nvidia0
  configured t4x1 --user configure --no-cgroups --device=all --compute --utility \
    --ldconfig=@/sbin/ldconfig --pid @PID@ @ROOTFS@
  has_line 'status 0'
  has_line /dev/nvidia0
}

@test "configure works with the capabilities that Apptainer gives, and names one that is missing" {
  all=sys_admin,+mknod,+chown,+dac_override,+dac_read_search,+fowner,+kill,+net_admin,+setgid,+setpcap,+setuid,+sys_chroot,+sys_ptrace
  export WITH="setpriv --bounding-set=-all,+$all"
  configured t4x1 configure --no-cgroups --device=all --compute --utility --pid=@PID@ @ROOTFS@
  has_line 'status 0'
  has_line /dev/nvidia0
  WITH="setpriv --bounding-set=-all,+${all#sys_admin,+}"
  configured t4x1 configure --no-cgroups --device=all --compute --utility --pid=@PID@ @ROOTFS@
  has_line 'status 1'
  has_text 'this process was not given CAP_SYS_ADMIN'
}

@test "configure leaves out what it is told to leave out" {
  configured t4x1 configure --no-cgroups --utility --no-persistenced --no-gsp-firmware \
    --ldconfig=/usr/bin/true --pid=@PID@ @ROOTFS@
  has_line 'status 0'
  has_line /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.535.261.03
  has_no_text libcuda
  has_no_text persistenced/socket
  has_no_text firmware
  has_no_text ld.so.cache
}

@test "configure without a capability gives the devices and no files" {
  configured t4x1 configure --no-cgroups --device=0 --pid=@PID@ @ROOTFS@
  has_line 'status 0'
  has_line /dev/nvidiactl
  has_line /dev/nvidia0
  has_no_text /usr/lib
}

@test "configure gives a MIG device its nodes and files, and mig-config all of them" {
  configured a100mig configure --no-cgroups --utility --pid=@PID@ \
    --device=MIG-GPU-86a10000-0000-4a10-8000-000000000001/8/0 @ROOTFS@
  has_line 'status 0'
  has_line /dev/nvidia1
  has_line /proc/driver/nvidia/capabilities/gpu1/mig/gi8/ci0/access
  [ "$(grep -c /dev/nvidia-caps/nvidia-cap <<<"$output")" -eq 2 ]
  configured a100mig configure --no-cgroups --utility --pid=@PID@ --device=all --mig-config=all @ROOTFS@
  has_line 'status 0'
  has_line /proc/driver/nvidia/capabilities
  has_line /dev/nvidia-caps
  has_no_text /dev/nvidia-caps/
  # NVIDIA's toolkit binds the directory with --no-devbind as well (nvc_mount.c, mount_directory).
  configured a100mig configure --no-cgroups --no-devbind --utility --pid=@PID@ --device=0 --mig-monitor=all @ROOTFS@
  has_line 'status 0'
  has_line /dev/nvidia-caps
}
