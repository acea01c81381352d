#!/usr/bin/env bats
# nvidia-ctk system and nvidia-ctk info, on hosts whose /dev is private.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require unshare jq setpriv capsh
}

# on PROFILE SCRIPT (bash): $nodes and $links stand for the commands, `show` prints nodes.
on() {
  run on_host "$1" runc bash -c '
    nodes="nvidia-ctk system create-device-nodes"
    links="nvidia-ctk system create-dev-char-symlinks"
    show() { stat -c "%n %Hr:%Lr %a %u:%g" "$@"; }
    '"$2"
}

@test "control nodes that are missing are made with the driver's numbers" {
  on t4x1 'rm /dev/nvidiactl /dev/nvidia-modeset /dev/nvidia-uvm /dev/nvidia-uvm-tools
    umask 077; $nodes --control-devices && show /dev/nvidia*'
  [ "$status" -eq 0 ]
  has_line '/dev/nvidiactl 195:255 666 0:0'
  has_line '/dev/nvidia-modeset 195:254 666 0:0'
  has_line '/dev/nvidia-uvm 510:0 666 0:0'
  has_line '/dev/nvidia-uvm-tools 510:1 666 0:0'
}

@test "nodes that are right are left alone, and nothing is said" {
  on t4x1 'before=$(stat -c "%n %i %z" /dev/nvidia*); $nodes --control-devices
    [ "$before" = "$(stat -c "%n %i %z" /dev/nvidia*)" ] && echo same'
  [ "$output" = same ]
}

@test "a node of another boot, a file and a link in a node's place are replaced" {
  on t4x1 'rm /dev/nvidiactl /dev/nvidia-uvm*
    mknod /dev/nvidia-uvm c 505 0; echo text >/dev/nvidiactl; ln -s /etc/passwd /dev/nvidia-uvm-tools
    $nodes --control-devices && show /dev/nvidia*; grep -c ^root: /etc/passwd'
  [ "$status" -eq 0 ]
  has_line '/dev/nvidiactl 195:255 666 0:0'
  has_line '/dev/nvidia-uvm 510:0 666 0:0'
  has_line '/dev/nvidia-uvm-tools 510:1 666 0:0'
  has_text 'mknod -m 0666 /dev/nvidia-uvm c 510 0 (it is something else)'
}

@test "a directory in a node's place is refused" {
  on t4x1 'rm /dev/nvidiactl; mkdir /dev/nvidiactl; $nodes --control-devices'
  [ "$status" -eq 1 ]
  has_text 'nvidia-ctk: device node: /dev/nvidiactl: remove what is in its place: Is a directory'
}

@test "a wrong mode is corrected without making the node anew" {
  on t4x1 'chmod 600 /dev/nvidiactl; before=$(stat -c %i /dev/nvidiactl); $nodes --control-devices
    [ "$before" = "$(stat -c %i /dev/nvidiactl)" ] && show /dev/nvidiactl'
  has_line '/dev/nvidiactl 195:255 666 0:0'
}

@test "--dry-run tells what would be done and does nothing" {
  on t4x1 'rm /dev/nvidiactl; chmod 600 /dev/nvidia-uvm; $nodes --control-devices --dry-run
    show /dev/nvidia-uvm; ls /dev/nvidiactl'
  has_text 'would run: mknod -m 0666 /dev/nvidiactl c 195 255 (it is missing)'
  has_line '/dev/nvidia-uvm 510:0 600 0:0'
  has_text "cannot access '/dev/nvidiactl'"
}

@test "a driver root gets its own nodes" {
  on t4x1 'mkdir -p /run/driver/dev; rm /dev/nvidiactl
    DRIVER_ROOT=/run/driver $nodes --control-devices; show /run/driver/dev/nvidia*; ls /dev/nvidiactl'
  has_line '/run/driver/dev/nvidiactl 195:255 666 0:0'
  has_line '/run/driver/dev/nvidia-uvm-tools 510:1 666 0:0'
  has_text "cannot access '/dev/nvidiactl'"
}

@test "links of a driver root do not lead out of it" {
  on t4x1 'mkdir -p /run/driver/run/away /run/away; ln -s ../../../../run/away /run/driver/dev
    $nodes --control-devices --dev-root /run/driver 2>/dev/null; ls -A /run/away; show /run/driver/run/away/nvidiactl'
  [ "$output" = '/run/driver/run/away/nvidiactl 195:255 666 0:0' ]
}

@test "without the rights the missing capability is named" {
  on t4x1 'rm /dev/nvidiactl; capsh --drop=cap_mknod -- -c "$nodes --control-devices"'
  [ "$status" -eq 1 ]
  has_text 'nvidia-ctk: device node: /dev/nvidiactl: make the node: Operation not permitted; this process was not given CAP_MKNOD; run it as root'
  on t4x1 'rm /dev/nvidiactl; setpriv --reuid 1000 --clear-groups $nodes --control-devices'
  [ "$status" -eq 1 ]
  has_text '; this process was not given CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_MKNOD; run it as root'
}

@test "a module that is not loaded is named" {
  on t4x1 'grep -v uvm /proc/devices >/run/devices; mount --bind /run/devices /proc/devices; rm /dev/nvidiactl
    $nodes --control-devices; echo "status $?"; show /dev/nvidiactl'
  has_text 'nvidia-ctk: device nodes of modules that are not loaded: nvidia-uvm; load them, or use --load-kernel-modules'
  has_line 'status 1'
  has_line '/dev/nvidiactl 195:255 666 0:0'
}

# NVIDIA's toolkit: "no NVIDIA devices found" (errNoNvidiaDevices of its internal/info/proc/devices).
@test "without a major of the driver in /proc/devices nothing is made" {
  on t4x1 'grep -v nvidia /proc/devices >/run/devices; mount --bind /run/devices /proc/devices; rm -r /dev/nvidia*
    mkdir -p /run/driver
    $nodes --control-devices; echo "status $?"; $nodes --control-devices --dev-root=/run/driver; echo "status $?"
    ls -A /dev /run/driver | grep nvidia; ls -A /run/driver'
  [ "$(grep -cx 'status 1' <<<"$output")" -eq 2 ]
  has_text 'nvidia-ctk: device nodes of modules that are not loaded: nvidia, nvidia-uvm; load them, or use --load-kernel-modules'
  has_no_text mknod
  [ "${lines[-1]}" = 'status 1' ]
}

# The host's own program is never called: /usr is private.
fake_modprobe='grep -v uvm /proc/devices >/run/devices; mount --bind /run/devices /proc/devices
  printf "#!/bin/sh\necho \"\$@\" >>/run/modprobe\nexit %s\n" "$modprobe_status" >/usr/sbin/modprobe.new
  chmod 755 /usr/sbin/modprobe.new; mv /usr/sbin/modprobe.new /usr/sbin/modprobe; '

@test "--load-kernel-modules loads those that are missing, in a dry run none" {
  on t4x1 "modprobe_status=0; $fake_modprobe"'
    $nodes --load-kernel-modules --dry-run; ls /run/modprobe; $nodes --load-kernel-modules; cat /run/modprobe'
  [ "$status" -eq 0 ]
  has_text 'msg="would load kernel module nvidia-uvm"'
  has_text "cannot access '/run/modprobe'"
  has_text 'msg="loaded kernel module nvidia-uvm"'
  [ "${lines[-1]}" = nvidia-uvm ]
}

@test "a module that cannot be loaded is an error" {
  on t4x1 "modprobe_status=1; $fake_modprobe"'$nodes --load-kernel-modules --control-devices'
  [ "$status" -eq 1 ]
  has_text 'nvidia-ctk: kernel module nvidia-uvm: /'
  has_text 'modprobe returned 1'
}

@test "nothing to do is said" {
  on t4x1 '$nodes'
  [ "$status" -eq 0 ]
  has_text 'nothing to do; use --control-devices or --load-kernel-modules'
}

@test "links of the nodes that are there, and no second time" {
  on a100mig '$links 2>/dev/null && find /dev/char -type l -printf "%f %l\n"; $links'
  [ "$status" -eq 0 ]
  has_line '195:0 /dev/nvidia0'
  has_line '195:255 /dev/nvidiactl'
  has_line '510:1 /dev/nvidia-uvm-tools'
  has_line '511:201 /dev/nvidia-caps/nvidia-cap201'
  has_no_text level=
}

@test "a link that udev made stays, a wrong one is replaced" {
  on t4x1 'mkdir -p /dev/char; ln -s ../nvidia0 /dev/char/195:0; ln -s /nowhere /dev/char/195:255
    $links 2>/dev/null; readlink /dev/char/195:0 /dev/char/195:255'
  has_line '../nvidia0'
  has_line '/dev/nvidiactl'
}

@test "links for a driver root lead to its nodes" {
  on t4x1 'mkdir -p /run/driver/dev; mknod /run/driver/dev/nvidia3 c 195 3
    $links --driver-root=/run/driver --dev-char-path=/run/links 2>/dev/null
    find /run/links -type l -printf "%f %l\n"'
  [ "$output" = '195:3 /run/driver/dev/nvidia3' ]
}

@test "--create-all links nodes and MIG instances that are not there yet" {
  on a100mig 'rm /dev/nvidia1; $links --create-all 2>/dev/null && find /dev/char -type l -printf "%f %l\n"'
  [ "$status" -eq 0 ]
  has_line '195:1 /dev/nvidia1'
  has_line '511:3 /dev/nvidia-caps/nvidia-cap3'
  # 135 for each GPU: the host has two.
  has_line '511:272 /dev/nvidia-caps/nvidia-cap272'
  has_no_text nvidia-cap273
}

@test "--create-all --create-device-nodes makes the nodes of the GPUs, too" {
  on t4x1 'rm /dev/nvidia*; $links --create-all --create-device-nodes 2>/dev/null && show /dev/nvidia*'
  has_line '/dev/nvidia0 195:0 666 0:0'
  has_line '/dev/nvidia-uvm 510:0 666 0:0'
  on t4x1 'rm /dev/nvidia0; $links --create-device-nodes; ls /dev/nvidia0'
  has_text 'level=warning msg="--create-device-nodes needs --create-all and is ignored"'
  has_text "cannot access '/dev/nvidia0'"
}

@test "links: --dry-run, and what cannot be" {
  on t4x1 '$links --dry-run; ls /dev/char/195:0'
  has_text 'would link /dev/char/195:0 -> /dev/nvidia0'
  has_text 'cannot access'
  on t4x1 'mkdir -p /dev/char/195:0; $links; readlink /dev/char/195:255'
  has_text 'nvidia-ctk: link /dev/char/195:0: '
  has_line /dev/nvidiactl
  on t4x1 '$links --watch --create-all'
  [ "$status" -eq 1 ]
  has_text '--create-all and --watch exclude each other'
}

# until_true COMMAND...: within the time that a test may take.
until_true='until_true() { until "$@"; do read -rt 0.05 <> <(:) || :; done; };'

@test "--watch links nodes that come later, and a signal ends it well" {
  on t4x1 "$until_true"'
    rm -r /dev/nvidia-caps
    $links --watch --dev-char-path=/run/links 2>/dev/null & watcher=$!
    until_true test -L /run/links/195:0
    mknod /dev/nvidia7 c 195 7; until_true test -L /run/links/195:7
    mkdir /dev/nvidia-caps; mknod /dev/nvidia-caps/nvidia-cap9 c 511 9
    until_true test -L /run/links/511:9
    rm /run/links/195:0; kill -HUP $watcher; until_true test -L /run/links/195:0
    kill -TERM $watcher; wait $watcher; echo "status $?"'
  has_line 'status 0'
}

@test "print-ldcache lists the libraries of the loader's cache" {
  on t4x1 'ldconfig; nvidia-ctk system print-ldcache'
  [ "$status" -eq 0 ]
  has_line '  libcuda.so.1 => /lib/x86_64-linux-gnu/libcuda.so.1'
  on t4x1 'mkdir /run/driver; nvidia-ctk system print-ldcache --driver-root /run/driver'
  [ "$status" -eq 1 ]
  has_text '/run/driver/etc/ld.so.cache does not exist; run ldconfig, or correct --driver-root'
}

@test "info prints the inventory as text and as JSON" {
  on a100mig 'nvidia-ctk info'
  [ "$status" -eq 0 ]
  has_line 'Driver version:   550.163.01'
  has_line '  Node:           /dev/nvidia1 195:1 0666'
  has_line '  MIG device:     1:1, GPU instance 7, compute instance 0, MIG-86a10000-0000-5000-8000-000007000000'
  has_no_text Problem
  on a100mig 'nvidia-ctk info --format=json | jq -c "[.driverVersion, (.gpus | length), .gpus[1].migDevices[0].gpuInstanceNode.path, (.libraries | length > 9)]"'
  [ "$output" = '["550.163.01",2,"/dev/nvidia-caps/nvidia-cap201",true]' ]
}

@test "info looks where the configuration says, unless it is told otherwise" {
  on t4x1 'mkdir -p /run/driver
    printf "[nvidia-container-cli]\nroot = \"/run/driver\"\n" >>/etc/nvidia-container-runtime/config.toml
    nvidia-ctk info; nvidia-ctk info --driver-root=/ | grep root:
    nvidia-ctk --config=/nowhere info'
  [ "$status" -eq 1 ]
  has_text 'in any library directory of /run/driver'
  has_line 'Driver root:      /'
  has_text 'nvidia-ctk: open /nowhere: No such file or directory'
}

@test "info shows a broken GPU with its problem beside the others" {
  on dead1of4 'nvidia-ctk info --format=json | jq -c "[.gpus[] | .problem != null]"'
  [ "$(jq 'length' <<<"$output")" -eq 4 ]
  [ "$(jq 'map(select(.)) | length' <<<"$output")" -eq 1 ]
}

@test "info of a format that there is not" {
  on t4x1 'nvidia-ctk info --format=yaml'
  [ "$status" -eq 1 ]
  has_text 'nvidia-ctk: --format=yaml is not a format; known are text and json'
}
