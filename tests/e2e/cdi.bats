#!/usr/bin/env bats
# CDI specifications of any vendor, in cdi mode and for requests of qualified names only, with a real
# low-level runtime: $E2E_LOW_LEVEL, runc or crun.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load cdi_containers

json_of_every_edit='cat >/etc/cdi/acme.json <<SPEC
{
  "cdiVersion": "1.1.0",
  "kind": "acme.com/card",
  "annotations": {"made": "by hand"},
  "containerEdits": {
    "env": ["ACME=common"],
    "mounts": [{"hostPath": "/run/acme.txt", "containerPath": "/opt/acme/acme.txt",
                "options": ["ro", "nosuid", "nodev", "rbind", "rprivate"]}]
  },
  "devices": [
    {"name": "first", "annotations": {"n": "1"}, "containerEdits": {
      "env": ["CARD=first", "TERM=acme"],
      "deviceNodes": [
        {"path": "/dev/acme0", "hostPath": "/dev/nvidia0"},
        {"path": "/dev/acme-ctl", "type": "c", "major": 195, "minor": 255, "fileMode": 416,
         "permissions": "rw", "uid": 7, "gid": 8}],
      "mounts": [{"hostPath": "tmpfs", "containerPath": "/opt/acme/scratch", "type": "tmpfs",
                  "options": ["nosuid", "size=64k"]}],
      "hooks": [{"hookName": "createContainer", "path": "/bin/sh", "timeout": 30,
                 "args": ["sh", "-c", "cat >/dev/null; echo hook \$MARK >/run/acme.hook"],
                 "env": ["MARK=ran", "PATH=/usr/bin:/bin"]}],
      "additionalGids": [0, 44, 45]}},
    {"name": "2nd", "containerEdits": {"env": ["CARD=second"]}}
  ]
}
SPEC
echo "text of acme" >/run/acme.txt'

@test "a JSON specification of another vendor: every edit arrives in the container" {
  cdi "$json_of_every_edit" acme.com/card=first glibc \
    sh -c 'stat -c "%n %t:%T %a %u:%g" /dev/acme* &&
      probe env -- cat /opt/acme/acme.txt -- mounts /opt/acme -- groups -- open /dev/acme0 /dev/acme-ctl'
  [ "$status" -eq 0 ]
  has_line ACME=common
  has_line CARD=first
  has_line '/dev/acme0 c3:0 666 0:0'
  has_line '/dev/acme-ctl c3:ff 640 7:8'
  has_line '/dev/acme0: ENXIO'
  has_line '/dev/acme-ctl: ENXIO'
  has_text 'text of acme'
  has_text '/opt/acme/acme.txt nodev,nosuid'
  has_text '/opt/acme/scratch '
  has_text '44 45'
  has_no_text libcuda
  has_no_text NVIDIA_VISIBLE_DEVICES=void
}

@test "a hook of a specification is run with its arguments and environment" {
  run on_host t4x1 "$low_level" bash -c 'eval "$2"
    "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=acme.com/card=first glibc true
    cat /run/acme.hook' bash "$support" "$prelude
$json_of_every_edit"
  [ "$status" -eq 0 ]
  has_line 'hook ran'
}

@test "a YAML specification: comments, anchors, folded and quoted text" {
  cdi 'cat >/etc/cdi/acme.yaml <<SPEC
# Made by hand.
cdiVersion: "0.6.0"
kind: acme.com/fpga.v2
devices:
  - name: "0"
    containerEdits: &same
      env:
        - "SAID=yes"
        - >-
          FOLDED=one
          line
  - name: all
    containerEdits: *same
containerEdits:
  env: [COMMON=1]
SPEC' acme.com/fpga.v2=0 glibc probe env
  [ "$status" -eq 0 ]
  has_line SAID=yes
  has_line 'FOLDED=one line'
  has_line COMMON=1
}

@test "network devices and RDT classes are written into config.json" {
  edited 'cat >/etc/cdi/net.yaml <<SPEC
cdiVersion: 1.1.0
kind: acme.com/net
devices:
- name: eth1
  containerEdits:
    netDevices:
    - hostInterfaceName: acme1
      name: eth1
    intelRdt:
      closID: gold
      schemata: ["L3:0=f"]
      enableMonitoring: true
SPEC' acme.com/net=eth1 '[.linux.netDevices, .linux.intelRdt]'
  [ "$status" -eq 0 ]
  [ "$output" = '[{"acme1":{"name":"eth1"}},{"closID":"gold","schemata":["L3:0=f"],"enableMonitoring":true}]' ]
}

@test "edits are in the order of the request, common ones once and first" {
  edited "$json_of_every_edit"'
    spec /etc/cdi/other.json beta.org/x 0 other' \
    acme.com/card=2nd,beta.org/x=0,acme.com/card=first,acme.com/card=2nd '.process.env[2:]'
  [ "$status" -eq 0 ]
  [ "$output" = '["ACME=common","CARD=first","FROM=other","TERM=acme"]' ]
}

@test "several devices of several vendors in one container" {
  cdi "$json_of_every_edit"'
    spec /var/run/cdi/other.json beta.org/x 0 other' acme.com/card=first,beta.org/x=0 glibc \
    sh -c 'ls /dev/acme* && probe env'
  [ "$status" -eq 0 ]
  has_line FROM=other
  has_line CARD=first
  has_line /dev/acme0
}

@test "the later directory wins, and a conflict below it does not matter" {
  cdi 'spec /etc/cdi/a.json acme.com/x 0 low
    spec /etc/cdi/b.json acme.com/x 0 low-too
    spec /var/run/cdi/c.json acme.com/x 0 high' acme.com/x=0 glibc probe env
  [ "$status" -eq 0 ]
  has_line FROM=high
  has_no_text warning:
}

@test "directories are configured, their order is their priority" {
  cdi 'mkdir /run/specs
    spec /run/specs/a.json acme.com/x 0 run
    spec /etc/cdi/b.json acme.com/x 0 etc
    cdi_setting "spec-dirs = [\"/etc/cdi\", \"/run/specs\"]"' acme.com/x=0 glibc probe env
  [ "$status" -eq 0 ]
  has_line FROM=run
}

@test "two files of one directory that define a device: an error that names both" {
  cdi 'spec /etc/cdi/a.json acme.com/x 0 a
    spec /etc/cdi/b.json acme.com/x 0 b' acme.com/x=0 glibc true
  [ "$status" -eq 1 ]
  has_text 'unresolvable CDI devices acme.com/x=0; '
  has_text '/etc/cdi/a.json: acme.com/x=0 also defined by /etc/cdi/b.json: of equal priority'
  has_text 'log: unresolvable CDI devices acme.com/x=0; '
}

@test "annotations name devices, in auto and in cdi mode" {
  for mode in auto cdi; do
    cdi "spec /etc/cdi/a.json acme.com/x 0 annotated
      setting 'mode = \"$mode\"'" all --annotation cdi.k8s.io/plugin_x=acme.com/x=0 glibc probe env -- nodes
    [ "$status" -eq 0 ]
    has_line FROM=annotated
    has_no_text /dev/nvidia
  done
}

@test "cdi mode: a name without a kind is the default kind's, and all and none are names" {
  setup='spec /etc/cdi/a.json acme.com/x 0 zero
    spec /etc/cdi/b.json acme.com/x all everything
    spec /etc/cdi/c.json acme.com/x none nothing
    setting "mode = \"cdi\""
    cdi_setting "default-kind = \"acme.com/x\""'
  cdi "$setup" 0 glibc probe env
  [ "$status" -eq 0 ]
  has_line FROM=zero
  cdi "$setup" all glibc probe env
  has_line FROM=everything
  cdi "$setup" none glibc probe env
  has_line FROM=nothing
  cdi "$setup" void glibc probe env
  [ "$status" -eq 0 ]
  has_no_text FROM=
}

@test "cdi mode: runtime.nvidia.com/gpu is nvbox's own, and not to be mixed" {
  cdi 'setting "mode = \"cdi\""' runtime.nvidia.com/gpu=0 glibc probe nodes
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia0 195:0 0666 0:0'
  cdi 'spec /etc/cdi/a.json acme.com/x 0 x' runtime.nvidia.com/gpu=0,acme.com/x=0 glibc true
  [ "$status" -eq 1 ]
  has_text 'CDI device acme.com/x=0 and devices of runtime.nvidia.com/gpu cannot be in one request'
}

@test "the program nvidia-container-runtime.cdi is in cdi mode" {
  run on_host t4x1 "$low_level" bash -c 'eval "$2"
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=0 /run/b glibc probe env
    nvidia-container-runtime.cdi run --bundle /run/b "c$$" </dev/null' bash "$support" "$prelude
    spec /etc/cdi/a.json nvidia.com/gpu 0 named"
  [ "$status" -eq 0 ]
  has_line FROM=named
}

# The specification names a program; a copy of this one is another, whose calls nobody puts together.
@test "calls of our own hook are one process, which leaves the container as they do" {
  run on_host a100x8 "$low_level" bash -c '
    cp "$(readlink -f "$(command -v nvidia-cdi-hook)")" /opt/nvidia-cdi-hook
    for hook in /usr/bin/nvidia-cdi-hook /opt/nvidia-cdi-hook; do
      nvidia-ctk --quiet cdi generate --nvidia-cdi-hook-path=$hook --output=/etc/cdi/nvidia.yaml
      export CONTAINER_SPEC=/run/spec$(dirname "$hook" | tr / -).json
      "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=nvidia.com/gpu=0,nvidia.com/gpu=3 glibc sh -c "
        busybox find / /dev -xdev -type l -exec busybox stat -c %N {} + | busybox sort
        busybox md5sum /etc/ld.so.cache; busybox grep ModifyDeviceFiles /proc/driver/nvidia/params
        probe dlopen libcuda.so.1; busybox find /etc -name \"*profile*\" -type f -exec busybox md5sum {} +" >/run/seen$(dirname "$hook" | tr / -)
    done
    cmp /run/seen-usr-bin /run/seen-opt && echo same
    cat /run/seen-opt
    jq -r "[.hooks.createContainer[] | .args[0]] | join(\" \")" /run/spec-usr-bin.json /run/spec-opt.json' bash "$support"
  echo "$output"
  [ "$status" -eq 0 ]
  has_line same
  has_text "libcuda.so.1' -> 'libcuda.so.550.163.01'"
  has_text 'pci-0000:'
  has_line 'ModifyDeviceFiles: 0'
  has_line nvbox-hook
  has_text 'nvidia-cdi-hook nvidia-cdi-hook nvidia-cdi-hook nvidia-cdi-hook nvidia-cdi-hook'
}

# Among them is one good file.
bad_files='
  spec /etc/cdi/good.json acme.com/x 0 good
  mkfifo /etc/cdi/a-fifo.json
  mknod /etc/cdi/b-null.yaml c 1 3
  truncate -s 100M /etc/cdi/c-large.json
  ln -s /nowhere /etc/cdi/d-link.json
  printf "kind: acme.com/x\n? [\n" >/etc/cdi/e-syntax.yaml
  printf "cdiVersion: 0.5.0\nkind: acme.com/x\ndevices: &d [*d]\n" >/etc/cdi/f-cycle.yaml
  printf "{\"kind\": \"acme.com/x\",\n \"kind\": \"acme.com/x\"}" >/etc/cdi/g-twice.json
  cat >/etc/cdi/h-names.json <<SPEC
{"cdiVersion": "0.5.0", "kind": "acme.com/x", "devices": [
  {"name": "1", "containerEdits": {"env": ["A=1"]}},
  {"name": "1", "containerEdits": {"env": ["A=2"]}}]}
SPEC
  cat >/etc/cdi/i-unknown.json <<SPEC
{"cdiVersion": "0.5.0", "kind": "acme.com/x",
 "devices": [{"name": "2", "containerEdits": {"env": ["A=1"], "deviceNode": []}}]}
SPEC
  cat >/etc/cdi/j-version.json <<SPEC
{"cdiVersion": "9.9.9", "kind": "acme.com/x", "devices": [{"name": "3", "containerEdits": {"env": ["A=1"]}}]}
SPEC
  # What answers EIO to root too.
  ln -s /proc/self/mem /etc/cdi/k-unreadable.json
  mkdir /etc/cdi/l-directory.json
  printf "unrelated: [" >/etc/cdi/m-unrelated.yaml
  ln -s n-loop.json /etc/cdi/n-loop.json'

@test "files that cannot be used do not stop the others" {
  cdi "$bad_files" acme.com/x=0 glibc probe env
  [ "$status" -eq 0 ]
  has_line FROM=good
}

@test "files that cannot be used are told with their position where they may concern the request" {
  cdi "$bad_files" acme.com/x=0 glibc true
  [ "$status" -eq 0 ]
  has_text '/etc/cdi/a-fifo.json: is a FIFO, not a regular file'
  has_text '/etc/cdi/b-null.yaml: is a device, not a regular file'
  has_text '/etc/cdi/c-large.json: is larger than 8 MiB'
  has_text '/etc/cdi/d-link.json: is a link to'
  has_text '/etc/cdi/e-syntax.yaml: line 2, column 3: '
  has_text '/etc/cdi/f-cycle.yaml: line 3, column 14: '
  has_text '/etc/cdi/g-twice.json: line 2, column 2: '
  has_text '/etc/cdi/h-names.json: devices[1]'
  has_text '/etc/cdi/i-unknown.json: devices[0].containerEdits'
  has_text '/etc/cdi/j-version.json: cdiVersion'
  has_text '/etc/cdi/k-unreadable.json: cannot be read: Input/output error'
  has_text '/etc/cdi/n-loop.json: is a link to'
  has_no_text l-directory
  has_no_text m-unrelated
}

@test "an unknown device names those that there are, and every problem is in the log" {
  cdi "$bad_files" acme.com/x=7 glibc true
  [ "$status" -eq 1 ]
  has_text 'nvidia-container-runtime: unresolvable CDI devices acme.com/x=7; acme.com/x has 0; /etc/cdi/e-syntax.yaml: line 2'
  has_text 'log: unresolvable CDI devices acme.com/x=7; acme.com/x has 0; '
  has_text '/etc/cdi/m-unrelated.yaml: line 2, column 1: '
}

@test "a container that asks for nothing does not look at specifications" {
  cdi "$bad_files
    setting 'mode = \"cdi\"'" '' glibc echo hello
  [ "$status" -eq 0 ]
  [ "$output" = hello ]
}

@test "all unknown devices are named, and config.json is not touched" {
  run on_host t4x1 "$low_level" bash -c '
    eval "$2"
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=acme.com/card=first,acme.com/card=3rd,acme.com/cards=1 /run/b glibc true
    cp /run/b/config.json /run/before
    nvidia-container-runtime create --bundle /run/b c
    cmp /run/before /run/b/config.json && echo untouched' bash "$support" "$prelude
$json_of_every_edit
set +e"
  has_line 'nvidia-container-runtime: unresolvable CDI devices acme.com/card=3rd, acme.com/cards=1; acme.com/card has 2nd, first; no specification in /etc/cdi, /var/run/cdi has the kind "acme.com/cards", did you mean acme.com/card?'
  has_line untouched
}

@test "no specification of GPUs: the command that makes it is named" {
  cdi 'setting "mode = \"cdi\""' all glibc true
  [ "$status" -eq 1 ]
  has_text 'log: unresolvable CDI devices nvidia.com/gpu=all; no specification in /etc/cdi, /var/run/cdi has the kind "nvidia.com/gpu": make one with '
}

@test "a device node that the host does not have is an error that names it" {
  cdi 'cat >/etc/cdi/a.yaml <<SPEC
cdiVersion: 0.5.0
kind: acme.com/x
devices:
- name: "0"
  containerEdits: {deviceNodes: [{path: /dev/acme-gone}]}
SPEC' acme.com/x=0 glibc true
  [ "$status" -eq 1 ]
  has_text '/dev/acme-gone'
}

@test "among five hundred specifications of others" {
  cdi 'for i in {1..250}; do
      spec "/etc/cdi/other$i.json" "vendor$i.com/device" 0 "$i"
      printf "cdiVersion: 0.5.0\nkind: vendor%s.org/device\ndevices: [{name: \"0\", containerEdits: {env: [A=1]}}]\n" \
        "$i" >"/var/run/cdi/other$i.yaml"
    done
    spec /etc/cdi/mine.json acme.com/x 0 mine' acme.com/x=0 glibc probe env
  [ "$status" -eq 0 ]
  has_line FROM=mine
}

@test "requirements are held against the host for NVIDIA's devices and no other" {
  cdi 'spec /etc/cdi/nvidia.json nvidia.com/gpu 0 here; spec /etc/cdi/acme.json acme.com/card c there' \
    nvidia.com/gpu=0 --env 'NVIDIA_REQUIRE_CUDA=cuda>=99.0' glibc probe env
  [ "$status" -ne 0 ]
  has_text 'requirement error: unsatisfied condition: cuda>=99.0'
  has_text 'this host has driver 535.261.03, cuda 12.2'
  cdi 'spec /etc/cdi/acme.json acme.com/card c there' \
    acme.com/card=c --env 'NVIDIA_REQUIRE_CUDA=cuda>=99.0' glibc probe env
  [ "$status" -eq 0 ]
  has_line FROM=there
}
