#!/usr/bin/env bats
# nvidia-ctk cdi: specifications of whole hosts, and what keeps them true.

# shellcheck disable=SC2154,SC2016 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require jq strace unshare
}

# In front of every script. `generate` has no messages but warnings and errors.
prelude='
  set -u
  spec=/var/run/cdi/nvidia.yaml
  ctk() { nvidia-ctk --quiet cdi "$@"; }
  generate() { ctk generate "$@"; }
  json() { generate --format=json "$@"; }
  quietly() { "$@" 2>&1 | sed "s/^time=[^ ]* //"; return "${PIPESTATUS[0]}"; }
'

# inside PROFILE SCRIPT
inside() {
  run on_host "$1" runc bash -c "$prelude
$2" bash "$support"
}

# What a reader of CDI 0.5.0 to 0.7.0 knows, and no more: members, types, names.
export schema='
  def only($known): (keys_unsorted - $known) == [];
  def texts: type == "array" and all(.[]; type == "string");
  def node: only(["path", "hostPath", "major", "minor", "fileMode", "permissions", "gid"])
    and (.path | startswith("/dev/"))
    and ([.major, .minor, .fileMode, .gid] | all(. == null or (type == "number" and . > 0)));
  def mount: only(["hostPath", "containerPath", "options"]) and (.options | texts)
    and ([.hostPath, .containerPath] | all(startswith("/")));
  def hook: only(["hookName", "path", "args", "env"]) and .hookName == "createContainer"
    and (.path | startswith("/")) and (.args | texts) and .env == ["NVIDIA_CTK_DEBUG=false"];
  def edits: only(["env", "deviceNodes", "hooks", "mounts", "additionalGids"])
    and (.env // [] | texts) and all(.deviceNodes[]?; node) and all(.hooks[]?; hook)
    and all(.mounts[]?; mount) and all(.additionalGids[]?; type == "number" and . > 0);
  only(["cdiVersion", "kind", "annotations", "devices", "containerEdits"])
  and (.cdiVersion | test("^0\\.[3567]\\.0$")) and (.kind | test("^[a-z.]+/[a-z]+$"))
  and (.devices | length) > 0
  and all(.devices[]; only(["name", "containerEdits"]) and (.containerEdits | edits)
    and (.name | test("^[A-Za-z0-9][-A-Za-z0-9_.:]*$")) and (.containerEdits != {}))
  and ([.devices[].name] | length == (unique | length))
  and (.containerEdits | edits)'

@test "the specification of a host with one GPU says what NVIDIA's toolkit says" {
  # Ours has the libnvidia-api.so.1 of Vulkan too, and names firmware by its path without links.
  inside t4x1 '
    json | jq -S "
      del(.containerEdits.mounts[] | select(.containerPath | endswith(\"/libnvidia-api.so.1\")))
      | .containerEdits.mounts[].hostPath |= sub(\"^/usr/lib/firmware/\"; \"/lib/firmware/\")" >/run/ours
    jq -S . "$1/peer_t4x1.json" >/run/peers
    diff /run/peers /run/ours && echo equal'
  [ "$status" -eq 0 ]
  has_line equal
}

@test "YAML and JSON say the same, and every specification keeps to the schema" {
  for profile in t4x1 a100x8 a100mig h200x8 dead1of4; do
    inside "$profile" '
      ctk_json() { json "$@" 2>/dev/null; }
      for options in --mode=nvml --mode=management "--driver-root=/ --dev-root=/" \
        "--device-name-strategy=type-index --no-all-device" --nvidia-cdi-hook-path=/opt/nvidia-ctk; do
        generate $options --output=/run/cdi.yaml 2>/dev/null || echo "failed: $options"
        ctk_json $options >/run/cdi.json
        jq -e "$schema" /run/cdi.json >/dev/null || echo "not to the schema: $options"
        ctk transform root --input=/run/cdi.yaml --output=/run/again.json
        cmp <(jq -S "del(.annotations)" /run/cdi.json) <(jq -S "del(.annotations)" /run/again.json)
      done
      echo done'
    [ "$output" = "done" ]
  done
}

@test "devices are named as asked" {
  inside a100mig '
    names() { json "$@" | jq -r "[.devices[].name] | join(\" \")"; }
    names --device-name-strategy=index
    names
    names --device-name-strategy=type-index
    names --device-id=1:6 --no-all-device
    names --device-id=MIG-86a10000-0000-5000-8000-000007000000 --no-all-device
    names --device-id=MIG-GPU-86a10000-0000-4a10-8000-000000000001/9/0,0 --no-all-device
    NVIDIA_CTK_CDI_GENERATE_DEVICE_IDS=0 NVIDIA_CTK_CDI_GENERATE_DEVICE_NAME_STRATEGIES=index names
    json --vendor=acme.com --class=card | jq -r .kind'
  [ "$status" -eq 0 ]
  has_line '0 1:0 1:1 1:2 1:3 1:4 1:5 1:6 all'
  uuids=$(printf 'MIG-86a10000-0000-5000-8000-%06x000000\n' {7..13} | paste -sd ' ')
  has_line "0 1:0 1:1 1:2 1:3 1:4 1:5 1:6 GPU-3ba10000-0000-4a10-8000-000000000000 $uuids all"
  has_line 'all gpu0 mig1:0 mig1:1 mig1:2 mig1:3 mig1:4 mig1:5 mig1:6'
  has_line '1:6 MIG-86a10000-0000-5000-8000-00000d000000'
  has_line '1:1 MIG-86a10000-0000-5000-8000-000007000000'
  has_line '0 1:0 GPU-3ba10000-0000-4a10-8000-000000000000 MIG-86a10000-0000-5000-8000-000009000000'
  has_line '0 all'
  has_line acme.com/card
}

@test "hooks are chosen, and found on PATH" {
  inside t4x1 '
    hooks() { json "$@" | jq -r "[.containerEdits.hooks[]? | .path, .args[1]] | unique | join(\" \")"; }
    hooks --disable-hook=all | sed "s/^$/none/"
    hooks --disable-hook=all --enable-hook=update-ldcache
    hooks --nvidia-cdi-hook-path=/x/hook --disable-hooks create-symlinks,enable-cuda-compat
    json --ldconfig-path=/l | jq -rc ".containerEdits.hooks[].args | select(.[1] == \"update-ldcache\") | .[2:4]"
    rm /usr/bin/nvidia-cdi-hook
    json | jq -rc ".containerEdits.hooks[-1] | [.path, .args[]]"
    quietly generate --enable-hook=all'
  has_line none
  has_line '/usr/bin/nvidia-cdi-hook update-ldcache'
  has_line '/x/hook disable-device-node-modification update-application-profile update-ldcache'
  has_line '["--ldconfig-path","/l"]'
  has_line '["/usr/bin/nvidia-ctk","nvidia-ctk","hook","update-application-profile"]'
  has_line 'nvidia-ctk: enabling all hooks is not supported; name those that are wanted'
}

@test "other modes describe their devices, or say what is missing" {
  inside h200x8 '
    json --mode=imex --class=imex-channel | jq -rc "[.devices[] | .name, .containerEdits.deviceNodes[0]] | .[0:2]"
    json --mode=imex --device-ids channel1 --no-all-device | jq -r ".devices[].name"
    json --mode=nvswitch | jq -r "[.devices[].containerEdits.deviceNodes[].path] | join(\" \")"
    quietly generate --mode=gds; quietly generate --mode=csv; quietly generate --mode=nothing'
  has_line '["0",{"path":"/dev/nvidia-caps-imex-channels/channel0","hostPath":"/dev/nvidia-caps-imex-channels/channel0"}]'
  has_line 1
  has_line '/dev/nvidia-nvswitch0 /dev/nvidia-nvswitch1 /dev/nvidia-nvswitch2 /dev/nvidia-nvswitch3 /dev/nvidia-nvswitchctl'
  has_line 'nvidia-ctk: there is no /dev/nvidia-fs*; load the module nvidia-fs'
  has_text "nvidia-ctk: nothing says what containers get of this Tegra's driver: no entry is in devices.csv, "
  has_text 'nvidia-ctk: invalid discovery mode: "nothing"; known are auto, csv, '
  inside a100x8 '
    for mode in gds mofed gdrcopy; do
      json --mode=$mode | jq -r "[.devices[] | .name, (.containerEdits.deviceNodes | length)] | join(\" \")"
    done'
  [ "$output" = $'all 16\nall 10\nall 1' ]
}

@test "the driver is looked for where the command line, the environment or config.toml say" {
  inside t4x1 '
    root=/run/root
    mkdir -p $root/usr $root/dev; ln -s usr/lib $root/lib
    mount --bind /usr $root/usr; mount --bind /dev $root/dev
    smi() { json "$@" | jq -rc "[(.containerEdits.mounts[] | select(.containerPath | endswith(\"/nvidia-smi\")).hostPath),
      .devices[0].containerEdits.deviceNodes[0].hostPath]"; }
    smi --driver-root=$root
    NVIDIA_CTK_DRIVER_ROOT=$root smi --dev-root=/
    printf "[nvidia-container-cli]\nroot = \"$root\"\n" >/run/config.toml
    nvidia-ctk --quiet --config=/run/config.toml cdi generate --format=json | jq -r ".containerEdits.mounts[0].hostPath"
    smi --driver-root=
    mkdir -p /opt/lib /opt/share/OpenCL/vendors; touch /opt/share/OpenCL/vendors/nvidia.icd
    cp /usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03 /opt/lib
    cp /usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03 /usr/lib/x86_64-linux-gnu/libEGL.so.1.1.0
    mounts() { json "${@:2}" | jq -r ".containerEdits.mounts[].hostPath" | grep -E "$1" || echo "no $1"; }
    mounts libcuda.so --library-search-path=/opt/lib
    mounts "[.]icd$" --config-search-path=/opt/share
    mounts libEGL.so; mounts libEGL.so --feature-flag=enable-explicit-driver-libraries
    mounts socket --feature-flag=disable-ipc-discoverer'
  has_line '["/run/root/usr/bin/nvidia-smi","/run/root/dev/nvidia0"]'
  has_line '["/run/root/usr/bin/nvidia-smi",null]'
  has_line /run/root/usr/bin/nvidia-cuda-mps-control
  has_line '["/usr/bin/nvidia-smi",null]'
  has_line /opt/lib/libcuda.so.535.261.03
  has_line /opt/share/OpenCL/vendors/nvidia.icd
  has_line 'no libEGL.so'
  has_line /usr/lib/x86_64-linux-gnu/libEGL.so.1.1.0
  has_line 'no socket'
}

@test "a configuration that is named has to exist" {
  run on_host t4x1 runc bash -c '
    for arguments in "--config=/nowhere cdi generate" "--config=/nowhere cdi generate --driver-root=/" "--config=/nowhere info"; do
      nvidia-ctk $arguments
      echo "status $?"
      NVIDIA_CTK_CONFIG_FILE_PATH=/nowhere nvidia-ctk ${arguments#--config=/nowhere }
      echo "status $?"
    done
    XDG_CONFIG_HOME=/nowhere nvidia-ctk --quiet cdi generate >/run/out && echo defaults'
  [ "$(grep -c '^status 1$' <<<"$output")" -eq 6 ]
  [ "$(grep -c '^nvidia-ctk: open /nowhere: No such file or directory; ' <<<"$output")" -eq 6 ]
  has_line defaults
}

@test "wrong settings are refused before anything is looked at" {
  inside t4x1 '
    rm -r /usr/lib/x86_64-linux-gnu/libcuda*
    for options in --format=xml --device-name-strategy=name --vendor=1x --class=-; do
      quietly generate $options
      echo "status $?"
    done'
  has_text 'nvidia-ctk: invalid output format: "xml"; it is json or yaml'
  has_text 'nvidia-ctk: invalid device name strategy: "name"; known are index, uuid and type-index'
  has_text 'nvidia-ctk: invalid CDI vendor name: "1x"'
  has_text 'nvidia-ctk: invalid CDI class name: "-"'
  [ "$(grep -c '^status 1$' <<<"$output")" -eq 4 ]
}

@test "the output file is found and written as its name says" {
  inside t4x1 '
    cd /run; umask 077
    quietly nvidia-ctk cdi generate --output=new/a >/dev/null
    generate --output=new/b.json
    quietly generate --format=json --output=new/c.yaml; generate --output=/run/new/d.yml
    ls new; stat -c "%a %n" new new/*; head -c 1 new/b.json; head -1 new/a.yaml new/c.yaml new/d.yml
    NVIDIA_CTK_CDI_OUTPUT_FILE_PATH=/run/new/e.json NVIDIA_CTK_CDI_GENERATE_OUTPUT_FORMAT=json generate
    jq -r .kind new/e.json'
  [ "$status" -eq 0 ]
  has_line '644 new/a.yaml'
  has_line '644 new/b.json'
  has_line '644 new/d.yml'
  [ "$(grep -cx -- --- <<<"$output")" -eq 3 ]
  has_line '{==> new/a.yaml <=='
  has_line nvidia.com/gpu
}

@test "a file that cannot be written stays as it was" {
  inside t4x1 '
    mkdir -p /var/run/cdi /run/small /run/fixed
    mount -t tmpfs -o size=16k tmpfs /run/small
    mount -t tmpfs tmpfs /run/fixed
    for directory in /var/run/cdi /run/small /run/fixed; do echo old >$directory/nvidia.yaml; done
    mount -o remount,ro /run/fixed
    for directory in /run/small /run/fixed; do
      quietly generate --output=$directory/nvidia.yaml
      echo "status $? $(cat $directory/nvidia.yaml) $(ls -A $directory | wc -l)"
    done
    strace -f -o /run/trace -e trace=fsync -e inject=fsync:signal=KILL \
      nvidia-ctk cdi generate --output=$spec 2>/dev/null
    echo "killed $? $(cat $spec)"
    generate --output=$spec && head -1 $spec' 2>/dev/null
  has_text '/run/small/nvidia.yaml: write: No space left on device'
  has_text 'Read-only file system'
  [ "$(grep -c '^status 1 old 1$' <<<"$output")" -eq 2 ]
  has_line 'killed 137 old'
  has_line ---
}

@test "refresh writes when something has changed, and only then" {
  inside t4x1 '
    nvbox cdi refresh 2>/dev/null
    before=$(stat -c %i $spec)
    quietly nvidia-ctk cdi refresh
    quietly nvidia-ctk cdi generate --if-stale --output=$spec
    [ "$(stat -c %i $spec)" = "$before" ] && echo untouched
    ctk validate; echo "valid $?"
    sed -i s/535.261.03/535.300.01/ /proc/driver/nvidia/version
    quietly nvbox cdi refresh
    find /usr/lib -name "*.535.261.03" | while read -r f; do mv "$f" "${f%535.261.03}535.300.01"; done
    quietly ctk validate; echo "valid $?"
    quietly nvbox cdi refresh; echo "refreshed $?"
    grep -c 535.261.03 $spec
    ctk validate; echo "valid $?"
    chgrp 44 /dev/dri/card0
    ctk validate; echo "valid $?"
    nvbox cdi refresh 2>/dev/null
    cat $spec
    rm -r /sys/bus/pci/devices/0000:3b:00.0/drm/card0
    quietly ctk validate'
  has_text "level=info msg=\"/var/run/cdi/nvidia.yaml is up to date\""
  has_line untouched
  has_text 'kernel module 535.300.01 is loaded but libraries 535.261.03 are installed; reboot'
  has_text '/var/run/cdi/nvidia.yaml: containerEdits.mounts['
  has_text '/libcuda.so.535.261.03 does not exist'
  has_line '/var/run/cdi/nvidia.yaml: it was made for driver 535.261.03, and 535.300.01 is loaded'
  [ "$(grep -cx 'valid 0' <<<"$output")" -eq 3 ]
  has_line 'valid 1'
  has_line 'refreshed 0'
  has_line 0
  has_line '/var/run/cdi/nvidia.yaml: it was made for other devices than there are now'
  has_text 'io.nvbox.driver-version: 535.300.01'
}

# Podman 4 reads cdiVersion 0.5.0 and nothing newer ("unresolvable CDI devices", #1860): the version stays.
@test "refresh keeps what configure made for Podman up to date, and nobody else's file" {
  inside t4x1 '
    kept=/etc/cdi/nvidia.yaml
    quietly nvidia-ctk runtime configure --runtime=podman --cdi.enabled
    sed "1,2d" $kept >/run/own.yaml
    before=$(stat -c %i $kept)
    quietly nvbox cdi refresh
    [ "$(stat -c %i $kept)" = "$before" ] && echo untouched
    sed -i s/535.261.03/535.300.01/ /proc/driver/nvidia/version
    find /usr/lib -name "*.535.261.03" | while read -r f; do mv "$f" "${f%535.261.03}535.300.01"; done
    nvbox cdi refresh 2>/dev/null
    grep -c 535.261.03 $kept; grep "^cdiVersion" $kept
    podman version >/dev/null && nvidia-ctk --quiet cdi list --spec-dir=/etc/cdi
    cp /run/own.yaml $kept
    nvbox cdi refresh 2>/dev/null
    cmp $kept /run/own.yaml && echo left alone'
  [ "$status" -eq 0 ]
  has_line untouched
  has_line 0
  has_line 'cdiVersion: 0.5.0'
  has_line nvidia.com/gpu=all
  has_line 'left alone'
}

@test "missing nodes are made for a file; without them MIG devices are refused" {
  inside a100mig '
    rm -r /dev/nvidia-caps /dev/nvidia-uvm*
    user() { setpriv --reuid=65534 --clear-groups "$@"; }
    quietly user nvidia-ctk cdi generate
    echo "status $?"
    user nvidia-ctk --quiet cdi generate --format=json --allow-incomplete | jq -rc "[.devices[].name]"
    generate --output=/run/a.json; jq -r "[.devices[].name, .containerEdits.deviceNodes[].path] | length" /run/a.json'
  has_text 'nvidia-ctk: MIG device 1 7/0 cannot be used: its nodes below /dev/nvidia-caps do not exist'
  has_line 'status 1'
  has_line '["0","GPU-3ba10000-0000-4a10-8000-000000000000","all"]'
  has_line 21
}

# A host on which nearly everything could be mended: modules that modprobe would load, missing nodes,
# nodes of another boot, and some with the modes and owners that an administrator chose, or nobody.
# `listing` is every name below /dev with its type, mode, owner, inode, number and change time.
to_be_mended='
  listing() { find /dev -exec stat -c "%n %F %a %u:%g %i %t:%T %z" {} + | sort; }
  grep -v nvidia-uvm /proc/devices >/run/devices; mount --bind /run/devices /proc/devices
  printf "#!/bin/sh\necho \"\$@\" >>/run/modprobe\n" >/usr/sbin/modprobe.new
  chmod 755 /usr/sbin/modprobe.new; mv /usr/sbin/modprobe.new /usr/sbin/modprobe
  params() { sed "$1" /proc/driver/nvidia/params >/run/params; cat /run/params >/proc/driver/nvidia/params; }
  params "s/^DeviceFileGID: .*/DeviceFileGID: 44/; s/^DeviceFileMode: .*/DeviceFileMode: 432/"
  rm -rf /dev/nvidia-caps /dev/nvidiactl /dev/char; mknod /dev/nvidiactl c 190 255
  chgrp 27 /dev/nvidia0; chmod 640 /dev/nvidia0; chmod 600 /dev/nvidia-modeset'

# NVIDIA's toolkit only prints, too.
@test "what is printed changes nothing on the host" {
  for profile in t4x1 a100mig; do
    inside "$profile" "$to_be_mended"'
      commands=("cdi generate --allow-incomplete" "cdi generate --if-stale --allow-incomplete" "cdi generate --mode=management")
      [ "$SIMHOST_PROFILE" != t4x1 ] || commands+=("runtime configure --runtime=podman --cdi.enabled --dry-run")
      for command in "${commands[@]}"; do
        before=$(listing; cd /run && find . ! -name trace ! -name modprobe | sort)
        strace -f -qq -o /run/trace -e signal=none \
          -e "trace=/^(mknod|l?chown|fchown|f?chmod|unlink|rename|mkdir|rmdir|link|symlink|f?init_module)" \
          nvidia-ctk $command >/dev/null 2>&1 || echo "failed: $command"
        cat /run/trace
        [ "$(listing; cd /run && find . ! -name trace ! -name modprobe | sort)" = "$before" ] && echo same
      done
      cat /run/modprobe'
    [ "$(grep -cx same <<<"$output")" -ge 3 ]
    has_no_text failed
    has_no_text '('
    has_text "cat: /run/modprobe: No such file or directory"
  done
}

@test "what NVML told is kept for a file only" {
  inside a100mig 'json >/dev/null; ls /run/nvbox; generate --output=/run/a.yaml; ls /run/nvbox'
  [ "$output" = $'ls: cannot access \'/run/nvbox\': No such file or directory\nnvml.json' ]
}

@test "for a file what is missing is made, and what somebody chose is kept" {
  inside t4x1 "$to_be_mended"'
    show() { stat -c "%n %Hr:%Lr %a %u:%g" /dev/nvidia*; readlink /dev/char/195:255; cat /run/modprobe; }
    # Capability files have a line of their own.
    others() { listing | grep -E "^/dev/nvidia(ctl|[0-9]|-modeset|-uvm)"; }
    params "s/^ModifyDeviceFiles: .*/ModifyDeviceFiles: 0/"; before=$(others)
    generate --output=/run/a.yaml 2>/dev/null; [ "$(others)" = "$before" ] && echo forbidden
    params "s/^ModifyDeviceFiles: .*/ModifyDeviceFiles: 1/"
    for command in "generate --output=/run/b.yaml" refresh; do
      chmod 600 /dev/nvidia-modeset; chown 0:0 /dev/nvidia-modeset; rm -r /dev/nvidiactl /run/modprobe
      ctk $command 2>/dev/null; show
    done
    before=$(listing); ctk refresh 2>/dev/null; [ "$(listing)" = "$before" ] && echo settled'
  [ "$status" -eq 0 ]
  has_line forbidden
  for line in '/dev/nvidia0 195:0 640 0:27' '/dev/nvidiactl 195:255 660 0:44' '/dev/nvidia-modeset 195:254 660 0:44' \
    ../nvidiactl nvidia-uvm; do
    [ "$(grep -cxF -- "$line" <<<"$output")" -eq 2 ]
  done
  has_line settled
}

@test "the libraries that choose between drivers come with their links, from specifications and without" {
  require runc
  inside t4x1 '
    vector=$1/../../vectors/explicit_driver_libraries.json
    cd "$(jq -r .directory "$vector")" || exit
    jq -r ".files | to_entries[] | .key, .value" "$vector" | while read -r file && read -r soname; do
      gcc -shared -nostdlib -x c -Wl,-soname,"$soname" -o "$file" /dev/null
    done
    jq -r ".links | to_entries[] | .value, .key" "$vector" | xargs -n 2 ln -sf
    jq -r ".expected[]" "$vector" | sort >/run/expected
    links() { jq -r "[.. | .args? // empty | .[]] | .[]" "$1" | grep -E "::.*/lib(EGL|GL|GLESv1_CM|GLESv2|GLX|GLdispatch|OpenCL|OpenGL)[.]so" | sort; }
    json --feature-flag=enable-explicit-driver-libraries >/run/a.json
    diff <(links /run/a.json) /run/expected && echo described
    json >/run/b.json; links /run/b.json
    container() { CONTAINER_SPEC=/run/config.json "$support/container.sh" --env NVIDIA_VISIBLE_DEVICES=all glibc true; links /run/config.json; }
    support=$1
    container
    printf "[nvidia-container-runtime.modes.jit-cdi]\nnvcdi-feature-flags = [\"enable-explicit-driver-libraries\"]\n" \
      >>/etc/nvidia-container-runtime/config.toml
    diff <(container) /run/expected && echo injected'
  [ "$output" = $'described\ninjected' ]
}

# emptyDeviceSpecGenerator of NVIDIA's toolkit, and the warning and the missing "all" of its validateFlags.
@test "none is a device without a GPU" {
  inside t4x1 '
    quietly nvidia-ctk cdi generate --device-id=none --output=/run/a.json
    jq -c ".devices, (.containerEdits.mounts | length > 9)" /run/a.json
    quietly generate --device-id=none --no-all-device --output=/run/b.json; cmp /run/a.json /run/b.json && echo equal'
  [ "$status" -eq 0 ]
  has_line '[{"name":"none","containerEdits":{"env":["NVCT_EMPTY_DEVICE="]}}]'
  has_line true
  has_text 'level=warning msg="no device \"all\" is made: the device ids include none"'
  has_line equal
}

# getDeviceSubfolders of NVIDIA's toolkit: folders in which one of the nodes lies.
@test "the chmod hook of a manager of GPUs names the folders of its nodes" {
  inside t4x1 '
    hook() { json --mode=management --enable-hook=chmod | jq -rc "[.. | .args? // empty | select(.[1] == \"chmod\")] | .[]"; }
    hook; rm -r /dev/nvidia-caps; hook; echo end'
  [ "$output" = $'["nvidia-cdi-hook","chmod","--mode","755","--path","/dev/nvidia-caps"]\nend' ]
}

@test "older versions are written without what they lack" {
  inside t4x1 '
    chgrp 44 /dev/dri/card0
    json | jq -r .cdiVersion
    quietly nvidia-ctk cdi generate --cdi-version=0.5.0 --output=/run/a.json
    jq -r "[.cdiVersion, .annotations, .devices[0].containerEdits.additionalGids] | join(\" \")" /run/a.json
    json --feature-flag=no-additional-gids-for-device-nodes | jq -r .cdiVersion
    quietly generate --cdi-version=0.4.0; quietly generate --cdi-version=9'
  has_line 0.7.0
  has_text 'level=warning msg="CDI 0.5.0 has no '
  has_line '0.5.0  '
  has_text 'nvidia-ctk: --cdi-version=0.4.0: '
  has_text 'nvidia-ctk: --cdi-version=9: '
}

@test "list names every device and its file" {
  inside t4x1 '
    mkdir -p /etc/cdi /run/more; echo "{" >/etc/cdi/broken.json
    generate --output=/run/more/gpu.yaml --device-name-strategy=index --no-all-device
    quietly nvidia-ctk cdi list --spec-dir=/etc/cdi,/run/more
    echo "status $?"
    NVIDIA_CTK_CDI_SPEC_DIRS=/run/more ctk list --format=json'
  has_line nvidia.com/gpu=0
  has_text 'level=info msg="Found 1 CDI devices"'
  has_text '/etc/cdi/broken.json: '
  has_line 'status 0'
  has_line '[{"name":"nvidia.com/gpu=0","file":"/run/more/gpu.yaml"}]'
}

@test "validate tells what is wrong and where" {
  inside t4x1 '
    mkdir -p /run/d; cd /run/d
    generate --output=good.yaml
    sed "s/minor: 255/minor: 7/; s|hostPath: /usr/bin/nvidia-smi|hostPath: /nothing|" good.yaml >bad.yaml
    sed "s/permissions: rwm/permissions: rwx/" good.yaml >worse.yaml
    ctk validate good.yaml; echo "status $?"
    quietly ctk validate /run/d; echo "status $?"
    quietly ctk validate /run/none'
  has_line 'status 0'
  has_line '/run/d/bad.yaml: containerEdits.deviceNodes[3]: /dev/nvidiactl is device 195:255 on this host, not 195:7'
  has_text '/run/d/bad.yaml: containerEdits.mounts['
  has_text '/nothing does not exist'
  has_text '/run/d/worse.yaml: containerEdits.deviceNodes[0].permissions: unknown permissions "rwx"'
  has_no_text '/run/d/good.yaml:'
  has_line 'status 1'
  has_text '/run/none: does not exist'
}

@test "transform root moves the host, and a specification moved back is the same" {
  inside t4x1 '
    json >/run/a.json
    ctk transform root --from=/ --to=/host --input=/run/a.json --output=/run/b.json
    jq -r ".devices[0].containerEdits.deviceNodes[0].hostPath, .containerEdits.mounts[0].hostPath,
      .containerEdits.hooks[0].path, .containerEdits.mounts[0].containerPath" /run/b.json
    ctk transform root --from=/host --to=/ </run/b.json >/run/c.yaml
    ctk transform root --from=x --to=x --input=/run/c.yaml --output=/run/d.json
    cmp <(jq -S "del(.. | .hostPath?)" /run/d.json) <(jq -S "del(.. | .hostPath?)" /run/a.json) && echo same
    quietly ctk transform root --relative-to=moon </run/a.json'
  has_line /host/dev/nvidia0
  has_line /host/run/nvidia-persistenced/socket
  has_line /host/usr/bin/nvidia-cdi-hook
  has_line /run/nvidia-persistenced/socket
  has_line same
  has_text 'nvidia-ctk: invalid --relative-to value: "moon"; it is host or container'
}

@test "hooks as one call: for every container, and for what a device adds" {
  require podman crun
  run on_host a100x8 crun bash -c '
    nvidia-ctk --quiet cdi generate --hooks=one --cdi-version=0.5.0 --format=json --output=/etc/cdi/nvidia.json
    jq -r "[.containerEdits.hooks[].args[0]] | join(\" \")" /etc/cdi/nvidia.json
    # The links of its DRM nodes alone.
    jq -rc "[.devices[] | [.containerEdits.hooks[]?.args[:2] | join(\" \")]] | unique" /etc/cdi/nvidia.json
    nvidia-ctk cdi generate --hooks=two
    "$1/images.sh" --copy /run/image glibc
    podman --cgroup-manager=cgroupfs --runtime /usr/local/lib/simhost/crun run --rm --network=none \
      --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --device nvidia.com/gpu=1 \
      --rootfs /run/image probe nodes -- dlopen libcuda.so.1' bash "$support"
  find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
  echo "$output"
  [ "$status" -eq 0 ]
  has_line nvbox-hook
  has_line '[["nvbox-hook --link"],["nvidia-cdi-hook create-symlinks"]]'
  has_line 'nvidia-ctk: invalid value of --hooks: "two"; it is each or one'
  has_text 'libcuda.so.1: libcuda.so.550.163.01'
  [ "$(grep -cE '^/dev/nvidia[0-9]+ ' <<<"$output")" -eq 1 ]
}

# Podman asks for more open files and processes than root may have on small machines, and leaves an
# empty parent cgroup behind.
@test "podman gives a container the device that it asks for" {
  require podman crun
  for low_level in runc crun; do
    run on_host a100x8 "$low_level" bash -c '
      # This Podman knows CDI 0.5.0 only, and the groups of DRM nodes need 0.7.0.
      NVIDIA_CTK_CDI_GENERATE_CDI_VERSION=0.5.0 nvbox cdi refresh 2>/dev/null
      "$1/images.sh" --copy /run/image glibc
      podman --cgroup-manager=cgroupfs --runtime "/usr/local/lib/simhost/$2" run --rm --network=none \
        --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --device nvidia.com/gpu=1 \
        --rootfs /run/image probe nodes -- dlopen libcuda.so.1' bash "$support" "$low_level"
    find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
    [ "$status" -eq 0 ]
    has_text 'libcuda.so.1: libcuda.so.550.163.01'
    [ "$(grep -cE '^/dev/nvidia[0-9]+ ' <<<"$output")" -eq 1 ]
  done
}
