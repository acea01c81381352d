#!/usr/bin/env bats
# What only NVML knows, and what happens where it does not answer. The simulated host's library
# reads its answers and its failures from /etc/simhost/nvml (simhost/README.md).

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require runc jq unshare strace
  profile=a100mig
}

# inside SCRIPT: in the simulated host $profile. `nvml LINE` there adds to what NVML says, `create`
# runs a container that asks for $1 and tells how it ended, `cli` is a short name.
inside() {
  run on_host "$profile" runc bash -c '
    support=$0
    nvml() { printf "%s\n" "$*" >>/etc/simhost/nvml; }
    create() {
      local status=0
      "$support/container.sh" --env "NVIDIA_VISIBLE_DEVICES=$1" "${@:2}" glibc true || status=$?
      echo "$1: status $status"
    }
    # What the runtime does for /run/b before it becomes the low-level one.
    traced() {
      printf "[nvidia-container-runtime]\nruntimes = [\"/bin/true\"]\n" >/run/true.toml
      NVIDIA_CTK_CONFIG_FILE_PATH=/run/true.toml strace -f -qq -o /run/trace \
        nvidia-container-runtime create --bundle /run/b c
    }
    cli() { nvidia-container-cli "$@"; }
    # Whether one is running; its command line begins with its name.
    helpers() { grep -qsa "^nvml_helper" /proc/[0-9]*/cmdline; }
    '"$1" "$support"
}

# A copy of a profile with more lines.
with_lines() {
  cp "$simhost_profiles/$1.profile" "$BATS_TEST_TMPDIR/$1.profile"
  printf '%s\n' "${@:2}" >>"$BATS_TEST_TMPDIR/$1.profile"
  profile=$BATS_TEST_TMPDIR/$1.profile
}
simhost_profiles=$e2e_dir/../simhost/profiles

@test "nothing starts the helper or opens a GPU where /proc answers" {
  for profile in a100x8 a100mig; do
    inside '
      "$support/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=all /run/b glibc true
      traced
      grep -c "" /run/trace
      grep -E "memfd_create|execveat|clone|fork" /run/trace
      grep -E "open(at2?)?\(.*nvidia[0-9]+\"" /run/trace | grep -v O_PATH
      test -e /run/nvbox || echo no cache'
    has_line 'no cache'
    [ "${#lines[@]}" -eq 2 ]
    [ "${lines[0]}" -gt 50 ]
  done
}

@test "a MIG number starts the helper once, and wakes the GPU of the device alone" {
  inside '
    "$support/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=1:0,1:2 --env "NVIDIA_REQUIRE_X=cuda>=99 brand=nvidia" /run/b glibc true
    traced
    grep -c "execveat(.*nvml_helper" /run/trace
    grep -oE "\"/dev/nvidia[0-9]+\", O_RDWR" /run/trace'
  [ "$output" = '1
"/dev/nvidia1", O_RDWR' ]
}

@test "the helper has no capabilities, no descriptors and no environment, and few system calls" {
  inside '
    strace -f -qq -e trace=execveat,capset,prctl,close_range,prlimit64 -o /run/trace nvidia-container-cli list --device=1:0 >/dev/null
    grep -oE "execveat\(.*" /run/trace
    grep -oE "capset\(.*CAP_SYS_ADMIN|capset\(.*permitted=0, inheritable=0}\) = 0|PR_SET_NO_NEW_PRIVS, 1|PR_SET_PDEATHSIG, SIGKILL|PR_SET_SECCOMP, SECCOMP_MODE_FILTER|close_range\(3, 4294967295, CLOSE_RANGE_CLOEXEC" /run/trace | sort -u'
  [ "$status" -eq 0 ]
  has_text '/* 0 vars */, AT_EMPTY_PATH) = 0'
  has_text 'permitted=0, inheritable=0}) = 0'
  has_line 'PR_SET_NO_NEW_PRIVS, 1'
  has_line 'PR_SET_PDEATHSIG, SIGKILL'
  has_line 'PR_SET_SECCOMP, SECCOMP_MODE_FILTER'
  has_line 'close_range(3, 4294967295, CLOSE_RANGE_CLOEXEC'
}

# "Could overwrite a root-owned file, open core_pattern for writing, read a 0600 file": an audit of
# 2026-11-27. 13 is EACCES, which landlock(7) answers as the modes of files do; 6 is ENXIO, of nodes that
# may be opened and have no driver (open(2)).
@test "the helper is nobody, and writes to the nodes of the driver only" {
  inside '
    umask 022
    echo x >/run/for-all; chmod 666 /run/for-all
    echo x >/run/of-root; chmod 600 /run/of-root
    for reach in "w /run/for-all" "r /run/for-all" "r /run/of-root" "w /proc/sys/kernel/core_pattern" "w /dev/nvidiactl" "w /dev/nvidia0"; do
      nvml "reach init $reach"
      echo "$reach: $(cli list --device=1:0 2>&1 | grep -oE "(opened|refused [0-9]+);" || true)"
    done
    nvml hang init
    cli list --device=1:0 & parent=$!
    for _ in $(seq 400); do helpers && break; sleep 0.05; done
    for pid in $(grep -lsa "^nvml_helper" /proc/[0-9]*/cmdline | grep -o "[0-9]*"); do grep -E "^(Uid|Gid|Groups|CapPrm)" /proc/$pid/status; done
    kill $parent'
  has_line 'w /run/for-all: refused 13;'
  has_line 'r /run/for-all: opened;'
  has_line 'r /run/of-root: refused 13;'
  has_line 'w /proc/sys/kernel/core_pattern: refused 13;'
  has_line 'w /dev/nvidiactl: refused 06;'
  has_line 'w /dev/nvidia0: refused 06;'
  has_line $'Uid:\t65534\t65534\t65534\t65534'
  has_line $'Gid:\t65534\t65534\t65534\t65534'
  has_line $'Groups:\t '
  has_line $'CapPrm:\t0000000000000000'
}

# The driver's DeviceFileMode, or an administrator's own: others are not to use a GPU.
@test "the helper stays root where the modes of the nodes keep others out" {
  local node
  for node in /dev/nvidiactl /dev/nvidia1 /dev/nvidia-caps/nvidia-cap2; do
    inside '
      chmod 600 '$node'
      cli list --device=1:0 | grep -c gi9
      echo x >/run/for-all; chmod 666 /run/for-all
      for reach in "w /run/for-all" "w /dev/nvidia1"; do
        nvml "reach init $reach"
        echo "$reach: $(NVIDIA_CTK_NO_CACHE=1 cli list --device=1:0 2>&1 | grep -oE "(opened|refused [0-9]+);" || true)"
      done
      nvml hang init
      NVIDIA_CTK_NO_CACHE=1 cli list --device=1:0 & parent=$!
      for _ in $(seq 400); do helpers && break; sleep 0.05; done
      for pid in $(grep -lsa "^nvml_helper" /proc/[0-9]*/cmdline | grep -o "[0-9]*"); do grep -E "^(Uid|CapPrm)" /proc/$pid/status; done
      kill $parent'
    has_line 2
    has_line 'w /run/for-all: refused 13;'
    has_line 'w /dev/nvidia1: refused 06;'
    has_line $'Uid:\t0\t0\t0\t0'
    has_line $'CapPrm:\t0000000000000000'
  done
}

@test "a driver that hangs stops the containers that need it, and no other" {
  inside '
    printf "\n[nvidia-container-cli]\nnvml-timeout = 1\n" >>/etc/nvidia-container-runtime/config.toml
    nvml hang 0000:86:00.0
    create 1:0
    create all
    create 1
    create MIG-GPU-86a10000-0000-4a10-8000-000000000001/9/0
    cli --nvml-timeout=1 list --device=1:0
    helpers || echo gone'
  has_line 'nvidia-container-runtime: device 1:0: only NVML numbers the MIG devices of GPU 1 (0000:86:00.0), and it does not: NVML did not answer within 1 s about GPU 1 (0000:86:00.0); persistence mode (nvidia-persistenced, or nvidia-smi -pm 1) keeps GPUs awake; if it is on, see dmesg (NVRM: Xid), or raise nvidia-container-cli.nvml-timeout'
  has_line '1:0: status 1'
  has_line 'all: status 0'
  has_line '1: status 0'
  has_line 'MIG-GPU-86a10000-0000-4a10-8000-000000000001/9/0: status 0'
  has_text 'nvidia-container-cli: device error: 1:0: unknown device; only NVML numbers'
  [ "$(grep -c 'did not answer within 1 s' <<<"$output")" -eq 3 ]
  has_line gone
}

# Each word of it is output, so that it never falls silent.
@test "a driver that babbles is stopped as well" {
  inside '
    nvml babble 0000:86:00.0
    timeout 60 nvidia-container-cli --nvml-timeout=1 list --device=1:0
    echo "status $?"
    helpers || echo gone'
  has_line 'status 1'
  has_text 'NVML did not answer within 1 s'
  has_line gone
}

@test "a helper does not outlive a parent that is killed" {
  inside '
    nvml hang init
    nvidia-container-cli list --device=1:0 & parent=$!
    for _ in $(seq 200); do helpers && break; sleep 0.05; done
    kill -9 $parent
    for _ in $(seq 200); do helpers || break; sleep 0.05; done
    helpers || echo gone'
  has_line gone
}

@test "a driver that fails, crashes or talks nonsense is told with the cause" {
  local -A causes=(
    ['fail init 18']='nvml error: driver/library version mismatch (nvmlInit); reboot, or reload the modules (rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia)'
    ['fail init 9']='nvml error: driver not loaded (nvmlInit); load the kernel module, and look at dmesg if it is loaded'
    ['fail 0000:86:00.0 15']='nvml error: gpu is lost (nvmlDeviceGetHandleByPciBusId); the GPU fell off the bus: see dmesg (NVRM: Xid), and reset it or reboot'
    ['crash 0000:86:00.0']='the NVML helper failed: it was ended by signal 4; the driver'\''s library crashed; see dmesg'
    ['garbage init']='the NVML helper answered nonsense: '
    ['fail nvmlDeviceGetMigDeviceHandleByIndex 4']='nvml error: insufficient permissions (nvmlDeviceGetMigDeviceHandleByIndex); NVML may not open'
  )
  local failure
  for failure in "${!causes[@]}"; do
    inside "nvml $failure; create 1:0; create all; create 0"
    has_text "only NVML numbers the MIG devices of GPU 1 (0000:86:00.0), and it does not: ${causes[$failure]}"
    has_line '1:0: status 1'
    has_line 'all: status 0'
    has_line '0: status 0'
  done
}

@test "without libnvidia-ml, or with one of another version, class or age" {
  inside 'rm /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.163.01; create 1:0'
  has_text 'libnvidia-ml.so.550.163.01 for x86_64 is in no library directory below /; install the driver'\''s package with NVML'
  has_line '1:0: status 1'
  inside 'cd /usr/lib/x86_64-linux-gnu; mv libnvidia-ml.so.550.163.01 libnvidia-ml.so.560.28.03; create 1:0'
  has_text 'kernel module 550.163.01 is loaded but libraries 560.28.03 are installed'
  inside 'cd /usr/lib/x86_64-linux-gnu
    printf "\177ELF\1\1\1\0" | dd of=libnvidia-ml.so.550.163.01 conv=notrunc status=none
    nvidia-container-cli list --device=1:0'
  [ "$status" -eq 1 ]
  has_text 'libnvidia-ml.so.550.163.01 for x86_64 is in no library directory'
  with_lines a100mig 'nvml_without nvmlDeviceGetMigMode'
  inside 'create 1:0; create all'
  has_text 'and it does not: the driver'\''s libnvidia-ml cannot list MIG devices'
  has_line '1:0: status 1'
  has_line 'all: status 0'
}

@test "info asks NVML for what tables do not know, and prints the rest without it" {
  sed 's/0x20b5/0x2fff/' "$simhost_profiles/a100mig.profile" >"$BATS_TEST_TMPDIR/new.profile"
  profile=$BATS_TEST_TMPDIR/new.profile
  inside 'cli info --csv'
  [ "$status" -eq 0 ]
  has_line '550.163.01,12.4'
  has_line '0,0,NVIDIA A100 80GB PCIe,Nvidia,GPU-3ba10000-0000-4a10-8000-000000000000,00000000:3b:00.0,12.1'
  inside 'cli info --csv --nvml=never'
  has_line '0,0,NVIDIA A100 80GB PCIe,,GPU-3ba10000-0000-4a10-8000-000000000000,00000000:3b:00.0,'
  inside 'nvml fail 0000:86:00.0 15; cli info --csv'
  [ "$status" -eq 0 ]
  has_line 'nvidia-container-cli: warning: GPU 1 (0000:86:00.0): nvml error: gpu is lost (nvmlDeviceGetHandleByPciBusId); the GPU fell off the bus: see dmesg (NVRM: Xid), and reset it or reboot'
  has_line '0,0,NVIDIA A100 80GB PCIe,Nvidia,GPU-3ba10000-0000-4a10-8000-000000000000,00000000:3b:00.0,12.1'
  has_line '1,1,NVIDIA A100 80GB PCIe,,GPU-86a10000-0000-4a10-8000-000000000001,00000000:86:00.0,'
}

@test "what NVML told before a GPU hung counts" {
  sed 's/0x20b5/0x2fff/' "$simhost_profiles/a100mig.profile" >"$BATS_TEST_TMPDIR/new.profile"
  profile=$BATS_TEST_TMPDIR/new.profile
  inside 'nvml hang 0000:86:00.0; cli --nvml-timeout=1 info --csv; test -e /run/nvbox/nvml.json || echo not kept'
  [ "$status" -eq 0 ]
  has_line '0,0,NVIDIA A100 80GB PCIe,Nvidia,GPU-3ba10000-0000-4a10-8000-000000000000,00000000:3b:00.0,12.1'
  has_line '1,1,NVIDIA A100 80GB PCIe,,GPU-86a10000-0000-4a10-8000-000000000001,00000000:86:00.0,'
  has_text 'warning: GPU 1 (0000:86:00.0): NVML did not answer within 1 s about GPU 1 (0000:86:00.0)'
  has_line 'not kept'
  inside 'nvml fail init 9; cli info --csv --nvml=always'
  has_line 'nvidia-container-cli: warning: nvml error: driver not loaded (nvmlInit); load the kernel module, and look at dmesg if it is loaded'
  has_line '550.163.01,12.4'
}

@test "the CUDA version of a driver that tables do not know wakes no GPU" {
  with_lines a100x8 'driver 999.10' 'nvml cuda 14020'
  inside '
    "$support/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=all --env "NVIDIA_REQUIRE_CUDA=cuda>=14.2" /run/b glibc true
    traced && grep -c "execveat(.*nvml_helper" /run/trace
    grep -oE "\"/dev/nvidia[0-9]+\", O_RDWR" /run/trace
    create all --env "NVIDIA_REQUIRE_CUDA=cuda>=14.3"'
  [ "${lines[0]}" = 1 ]
  has_text 'unsatisfied condition: cuda>=14.3'
  has_no_text O_RDWR
}

@test "info --nvml=always says what the tables say" {
  for profile in t4x1 a100x8 h200x8 a100mig; do
    inside 'diff <(cli info) <(cli info --nvml=always) && echo same'
    has_line same
  done
  inside 'cli info --nvml=sometimes'
  [ "$status" -eq 1 ]
  [ "$output" = 'nvidia-container-cli: input error: --nvml=sometimes: not known; it may be auto, always or never' ]
}

@test "a UUID that the driver masks is asked of NVML, and only of the GPUs it can be" {
  with_lines a100x8 'masked 0000:0f:00.0' 'masked 0000:90:00.0'
  inside '
    cli list --device=GPU-90a10000-0000-4a10-8000-000000000005 | grep -E "nvidia[0-9]"
    create GPU-90a1
    create GPU-12345678
    NVIDIA_CTK_NO_CACHE=1 strace -f -qq -e trace=open,openat -o /run/trace nvidia-container-cli list --device=GPU-90a10000-0000-4a10-8000-000000000005 >/dev/null
    grep -oE "\"/dev/nvidia[0-9]+\", O_RDWR" /run/trace
    nvidia-ctk --quiet cdi generate | grep -c "name: GPU-"'
  has_line /dev/nvidia4
  has_line 'GPU-90a1: status 0'
  has_line 'GPU-12345678: status 1'
  has_text 'device GPU-12345678: no GPU has this UUID'
  [ "$(grep -c 'O_RDWR' <<<"$output")" -eq 2 ]
  has_line '"/dev/nvidia2", O_RDWR'
  has_line '"/dev/nvidia4", O_RDWR'
  has_line 8
  inside 'nvml fail init 9; create GPU-90a10000-0000-4a10-8000-000000000005; create GPU-07a10000-0000-4a10-8000-000000000000'
  has_text 'the driver does not tell the UUIDs of all GPUs yet, and neither does NVML: nvml error: driver not loaded'
  has_line 'GPU-90a10000-0000-4a10-8000-000000000005: status 1'
  has_line 'GPU-07a10000-0000-4a10-8000-000000000000: status 0'
}

@test "requirements ask NVML only where an unknown property decides" {
  sed 's/0x20b5/0x2fff/' "$simhost_profiles/a100mig.profile" >"$BATS_TEST_TMPDIR/new.profile"
  profile=$BATS_TEST_TMPDIR/new.profile
  inside '
    create 0 --env "NVIDIA_REQUIRE_CUDA=cuda>=99 brand=nvidia,driver>=470"
    create 0 --env "NVIDIA_REQUIRE_CUDA=brand=tesla"
    rm -r /run/nvbox
    nvml fail init 9
    create 0 --env "NVIDIA_REQUIRE_CUDA=cuda>=12 brand=tesla"
    create 0 --env "NVIDIA_REQUIRE_CUDA=cuda>=99,brand=nvidia"
    create 0 --env "NVIDIA_REQUIRE_CUDA=brand=nvidia"
    create 0 --env "NVIDIA_REQUIRE_CUDA=brand=nvidia" --env NVIDIA_DISABLE_REQUIRE=1'
  [ "$(grep -oE 'status [0-9]' <<<"$output" | tr -d '\n')" = 'status 0status 1status 0status 1status 1status 0' ]
  has_text 'requirement error: unsatisfied condition: brand=tesla; this host has driver 550.163.01, cuda 12.4, arch 12.1, brand Nvidia; '
  has_text 'requirement error: unsatisfied condition: cuda>=99,brand=nvidia'
  has_text 'requirement error: undecided condition: brand=nvidia: nvml error: driver not loaded (nvmlInit)'
}

@test "answers are kept until the MIG devices change, and only root's are believed" {
  inside '
    names() { cli list --device=1:0 | grep -c "gi$1/ci0"; }
    names 9
    ls -l /run/nvbox | grep -c "^-rw-r--r-- 1 root root .* nvml.json$"
    # NVML numbers them anew, and nobody is asked: the same instances are there.
    sed -i "s/ 0 9 0 / 1 9 0 /;s/ 1 7 0 / 0 7 0 /" /etc/simhost/nvml
    names 9
    NVIDIA_CTK_NO_CACHE=1 names 7
    # An instance that was destroyed and made anew.
    cd /proc/driver/nvidia/capabilities/gpu1/mig
    chmod 755 gi9
    mv gi9/ci0 gi9/old && cp -a gi9/old gi9/ci0 && rm -r gi9/old
    names 7
    # Of somebody else.
    sed -i "s/\"index\":0/\"index\":8/" /run/nvbox/nvml.json
    cli list --device=1:8 2>&1 | grep -c gi7
    chmod 666 /run/nvbox/nvml.json
    names 7
    chown 1000 /run/nvbox; chmod 644 /run/nvbox/nvml.json
    cli list --device=1:8'
  [ "${lines[*]:0:8}" = '1 1 1 1 1 2 1 nvidia-container-cli: device error: 1:8: unknown device; GPU 1 (0000:86:00.0) has no such MIG device; it has 0, 1, 2, 3, 4, 5 and 6' ]
}

@test "MIG devices that change while NVML is asked are not mixed up" {
  inside '
    sed -i "/ 13 0 /d" /etc/simhost/nvml
    create 1:6
    create 1:9
    create MIG-86a10000-0000-5000-8000-00000d000000
    test -e /run/nvbox/nvml.json || echo not kept'
  has_line 'not kept'
  has_text 'its MIG devices were changed while they were read; try it again'
  [ "$(grep -c 'status 1' <<<"$output")" -eq 3 ]
}

@test "a driver root that is a whole system has its own loader and library" {
  inside '
    mkdir -p /opt/root/{lib64,usr/lib/x86_64-linux-gnu,dev,etc}
    ln -s usr/lib /opt/root/lib
    cp -a /usr/lib/x86_64-linux-gnu/*.so*.550.163.01 /opt/root/usr/lib/x86_64-linux-gnu/
    cp -aL /usr/lib/x86_64-linux-gnu/lib{c.so.6,dl.so.2} /opt/root/usr/lib/x86_64-linux-gnu/
    cp -aL /lib64/ld-linux-x86-64.so.2 /opt/root/lib64/
    cp -a /dev/nvidia* /opt/root/dev/
    # Without these, only the root has a driver.
    rm /usr/lib/x86_64-linux-gnu/libnvidia-ml.so*
    cp -a /etc/simhost /opt/root/etc/ && rm -r /etc/simhost
    strace -f -qq -e trace=chroot,execveat,open,openat -o /run/trace nvidia-container-cli --root=/opt/root list --device=1:0 | grep -c gi9
    grep -oE "chroot\(\"[^ ]*\)" /run/trace'
  has_line 2
  has_line 'chroot("/opt/root")'
}

@test "a driver root that has only the driver'\''s files is served by the host'\''s loader" {
  inside '
    mkdir -p /opt/files/{lib64,dev}
    cp -a /dev/nvidia* /opt/files/dev/
    mv /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.163.01 /opt/files/lib64/
    strace -f -qq -e trace=chroot -o /run/trace nvidia-container-cli --root=/opt/files list --device=1:0 | grep -c gi9
    grep -c chroot /run/trace'
  has_line 2
  has_line 0
}

@test "a host without the GNU C library says so" {
  inside 'rm /usr/lib64/ld-linux-x86-64.so.2 /lib64/ld-linux-x86-64.so.2 2>/dev/null; cli list --device=1:0'
  has_text 'NVML needs the GNU C library, whose loader is /lib64/ld-linux-x86-64.so.2'
}

@test "coherent GPUs are described apart where that is asked for" {
  profile=h200x8
  inside '
    sed -i -E "/^gpu 0000:(1b|43)/s/ 9.0 - / 9.0 2 /" /etc/simhost/nvml
    nvidia-ctk --quiet cdi generate --feature-flag=enable-coherent-annotations --output=/run/cdi/nvidia.yaml --device-name-strategy=index
    ls /run/cdi
    for file in /run/cdi/*; do echo "$file $(grep kind: "$file") $(sed -n "s/.*name: //p" "$file" | tr -d "\"" | paste -sd " ")"; done
    nvidia-ctk cdi list | grep -c coherent
    nvml fail init 9; rm -r /run/nvbox
    nvidia-ctk --quiet cdi generate --feature-flag=enable-coherent-annotations'
  has_line '/run/cdi/nvidia.coherent.yaml kind: nvidia.com/gpu.coherent 0 1 all'
  has_line '/run/cdi/nvidia.noncoherent.yaml kind: nvidia.com/gpu.noncoherent 2 3 4 5 6 7 all'
  has_line '/run/cdi/nvidia.yaml kind: nvidia.com/gpu 0 1 2 3 4 5 6 7 all'
  has_text 'GPU 0: only NVML knows whether it is coherent, and it does not tell: nvml error: driver not loaded'
}

@test "MIG devices with graphics get the GPU's DRM nodes where graphics is asked for" {
  sed 's/0x20b5/0x2bb5/; s/^mig 1 9 0$/mig 1 9 0 1g.24gb+gfx/' "$simhost_profiles/a100mig.profile" >"$BATS_TEST_TMPDIR/gfx.profile"
  profile=$BATS_TEST_TMPDIR/gfx.profile
  for device in 1:0 1:1; do
    run on_host "$profile" runc "$support/container.sh" --env "NVIDIA_VISIBLE_DEVICES=$device" \
      --env NVIDIA_DRIVER_CAPABILITIES=graphics glibc probe nodes
    [ "$status" -eq 0 ]
    if [ $device = 1:0 ]; then has_text /dev/dri/renderD129; else has_no_text /dev/dri; fi
  done
  inside 'nvidia-ctk --quiet cdi generate --format=json | jq -r ".devices[] | select(.name | test(\"1:[01]\")) | \"\(.name) \([.containerEdits.deviceNodes[].path] | join(\" \"))\""'
  has_line '1:0 /dev/nvidia1 /dev/dri/card1 /dev/dri/renderD129 /dev/nvidia-caps/nvidia-cap219 /dev/nvidia-caps/nvidia-cap220'
  has_line '1:1 /dev/nvidia1 /dev/nvidia-caps/nvidia-cap201 /dev/nvidia-caps/nvidia-cap202'
}
