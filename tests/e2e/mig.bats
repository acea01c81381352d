#!/usr/bin/env bats
# MIG devices in containers of a real low-level runtime: $E2E_LOW_LEVEL, runc or crun. On the host
# a100mig, MIG device 1:0 is GPU instance 9 and 1:1 is instance 7: nodes 219 and 220, 201 and 202.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

low_level=${E2E_LOW_LEVEL:-runc}
gpu1=GPU-86a10000-0000-4a10-8000-000000000001
first=MIG-86a10000-0000-5000-8000-000009000000

# What a container of the first MIG device does: looks at its nodes, and tries those of another one,
# of the other GPU, and of those who make instances.
look='mknod /tmp/other c 511 201 && mknod /tmp/gpu0 c 195 0 && mknod /tmp/config c 511 1
  probe nodes -- open /dev/nvidia1 /dev/nvidia-caps/nvidia-cap219 /dev/nvidia-caps/nvidia-cap220 \
    /tmp/other /tmp/gpu0 /tmp/config'

setup() {
  require "$low_level" jq unshare
}

# mig SETUP CONTAINER_SH_ARGUMENT...: a container on a100mig after SETUP, a script.
mig() {
  run on_host a100mig "$low_level" bash -c "$1"'
    exec "$0" "$@"' "$support/container.sh" "${@:2}"
}

# The driver's nodes of the first MIG device and no other, and the cgroup allows those alone.
sees_the_first_device_only() {
  [ "$status" -eq 0 ]
  [ "$(grep -oE '^/dev/nvidia[0-9]+ ' <<<"$output")" = '/dev/nvidia1 ' ]
  [ "$(grep -oE '^/dev/nvidia-caps/nvidia-cap[0-9]+ .*' <<<"$output")" = "/dev/nvidia-caps/nvidia-cap219 511:219 0444 0:0
/dev/nvidia-caps/nvidia-cap220 511:220 0444 0:0" ]
  has_line '/dev/nvidia1: ENXIO'
  has_line '/dev/nvidia-caps/nvidia-cap219: ENXIO'
  has_line '/dev/nvidia-caps/nvidia-cap220: ENXIO'
  has_line '/tmp/other: EPERM'
  has_line '/tmp/gpu0: EPERM'
  has_line '/tmp/config: EPERM'
}

mode() {
  printf 'printf "\\n[nvidia-container-runtime]\\nmode = \\"%s\\"\\nruntimes = [\\"%s\\"]\\n" >/etc/nvidia-container-runtime/config.toml;' \
    "$1" "/usr/local/lib/simhost/$low_level"
}

@test "a MIG device by number, UUID, the beginning of one, and by its instances" {
  for name in 1:0 "$first" MIG-86a10000-0000-5000-8000-000009 "MIG-$gpu1/9/0"; do
    mig '' --env "NVIDIA_VISIBLE_DEVICES=$name" glibc sh -c "$look"
    sees_the_first_device_only
  done
}

@test "a MIG device in legacy mode" {
  mig "$(mode legacy)" --env NVIDIA_VISIBLE_DEVICES=1:0 glibc sh -c "$look"
  sees_the_first_device_only
}

@test "a MIG device of a CDI specification, by number and UUID" {
  for name in 1:0 "$first"; do
    mig "$(mode cdi) nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml;" \
      --env "NVIDIA_VISIBLE_DEVICES=nvidia.com/gpu=$name" glibc sh -c "$look"
    sees_the_first_device_only
  done
}

@test "a CDI specification is stale when instances were made anew in another order" {
  mig "$(mode cdi) nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
    sed -i 's/ 0 9 0 / 1 9 0 /;s/ 1 7 0 / 0 7 0 /' /etc/simhost/nvml
    cd /proc/driver/nvidia/capabilities/gpu1/mig; chmod 755 gi7 gi9
    for gi in gi7 gi9; do mv \$gi/ci0 \$gi/old && cp -a \$gi/old \$gi/ci0 && rm -r \$gi/old; done;" \
    --env NVIDIA_VISIBLE_DEVICES=nvidia.com/gpu=1:0 glibc sh -c "$look"
  sees_the_first_device_only
}

# NVIDIA's toolkit has no word for a refusal in cdi mode; what matters is that there is one.
@test "rights over MIG do not hide what an image requires, and are not given beside MIG devices" {
  for variable in NVIDIA_REQUIRE_X=arch\>=99.0 A=b; do
    mig "$(mode cdi) nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml;" --privileged \
      --env NVIDIA_VISIBLE_DEVICES=nvidia.com/gpu=1:0 --env NVIDIA_MIG_CONFIG_DEVICES=all --env "$variable" glibc true
    [ "$status" -eq 1 ]
  done
  has_text 'cannot enable mig-config with specific MIG devices selected'
}

@test "two MIG devices of one GPU" {
  mig '' --env "NVIDIA_VISIBLE_DEVICES=1:0,1:2" glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(grep -c '^/dev/nvidia-caps/' <<<"$output")" -eq 4 ]
  [ "$(grep -cE '^/dev/nvidia[0-9]+ ' <<<"$output")" -eq 1 ]
}

@test "all on a mixed host: the whole GPU and every instance of the other" {
  mig '' --env NVIDIA_VISIBLE_DEVICES=all glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(grep -cE '^/dev/nvidia[0-9]+ ' <<<"$output")" -eq 2 ]
  [ "$(grep -c '^/dev/nvidia-caps/' <<<"$output")" -eq 14 ]
  has_no_text 'nvidia-cap1 '
}

@test "a MIG device that there is not says which there are" {
  mig '' --env NVIDIA_VISIBLE_DEVICES=1:7 glibc true
  [ "$status" -eq 1 ]
  has_line 'nvidia-container-runtime: device 1:7: GPU 1 (0000:86:00.0) has no such MIG device; it has 0, 1, 2, 3, 4, 5 and 6'
  mig '' --env NVIDIA_VISIBLE_DEVICES=0:0 glibc true
  [ "$status" -eq 1 ]
  has_line 'nvidia-container-runtime: device 0:0: GPU 0 (0000:3b:00.0) has no MIG devices'
}

@test "nodes of instances that nobody has made yet are made, with the driver's mode" {
  mig 'rm -r /dev/nvidia-caps;' --env "NVIDIA_VISIBLE_DEVICES=1:0" glibc sh -c "$look"
  sees_the_first_device_only
  run on_host a100mig "$low_level" bash -c 'rm -r /dev/nvidia-caps
    "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=1:1 glibc true && stat -c "%n %t:%T %a" /dev/nvidia-caps/nvidia-cap{1,201,202}' \
    bash "$support"
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia-caps/nvidia-cap1 1ff:1 400'
  has_line '/dev/nvidia-caps/nvidia-cap201 1ff:c9 444'
  has_line '/dev/nvidia-caps/nvidia-cap202 1ff:ca 444'
}

@test "a request that is refused makes no node" {
  run on_host a100mig "$low_level" bash -c '
    rm -r /dev/nvidia-caps
    listing() { find /dev "(" -path "/dev/nvidia*" -o -path "/dev/char*" ")" -exec stat -c "%n %F %a %u:%g %i %t:%T %z" {} + | sort; }
    before=$(listing)
    "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=0 glibc true; [ "$(listing)" = "$before" ] && echo same
    for mode in jit-cdi legacy; do
      printf "[nvidia-container-runtime]\nmode = \"$mode\"\nruntimes = [\"$2\"]\n" >/etc/nvidia-container-runtime/config.toml
      while read -r variables; do
        options=(); for variable in $variables; do options+=(--env "$variable"); done
        "$1/container.sh" --privileged "${options[@]}" glibc true && echo "not refused: $variables"
        [ "$(listing)" = "$before" ] || { echo "changed: $mode $variables"; rm -r /dev/nvidia-caps; before=$(listing); }
      done <<"CASES"
NVIDIA_VISIBLE_DEVICES=all NVIDIA_MIG_MONITOR_DEVICES=foo
NVIDIA_VISIBLE_DEVICES=9 NVIDIA_MIG_CONFIG_DEVICES=all
NVIDIA_VISIBLE_DEVICES=1:0,9
NVIDIA_VISIBLE_DEVICES=1:0 NVIDIA_IMEX_CHANNELS=0
CASES
    done' \
    bash "$support" "/usr/local/lib/simhost/$low_level"
  has_no_text 'not refused'
  has_no_text changed
  has_line same
  run on_host h200x8 "$low_level" bash -c '
    rm /dev/nvidia-caps-imex-channels/*
    for variables in "NVIDIA_VISIBLE_DEVICES=9" "NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_REQUIRE_CUDA=cuda>=99"; do
      "$1/container.sh" --env $variables --env NVIDIA_IMEX_CHANNELS=1 glibc true
    done
    "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_IMEX_CHANNELS=1,1048575 glibc true
    ls /dev/nvidia-caps-imex-channels | wc -l
    "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_IMEX_CHANNELS=1 glibc true && ls /dev/nvidia-caps-imex-channels' \
    bash "$support"
  [ "$status" -eq 0 ]
  has_line 0
  [ "${lines[-1]}" = channel1 ]
}

@test "an instance whose nodes may not be made is refused with the reason" {
  mig 'rm -r /dev/nvidia-caps
    for file in $(find /proc/driver/nvidia/capabilities -name access -o -name config -o -name monitor); do
      sed "s/DeviceFileModify: 1/DeviceFileModify: 0/" "$file" >/run/new && mount --bind /run/new "$file" && rm /run/new
    done;' --env NVIDIA_VISIBLE_DEVICES=1:0 glibc true
  [ "$status" -eq 1 ]
  has_text 'device 1:0: MIG device 1 9/0 cannot be used: its nodes below /dev/nvidia-caps do not exist; run nvidia-smi once'
}

@test "a driver that guards its instances by files only" {
  without_caps='sed "/nvidia-caps$/d" /proc/devices >/run/devices && mount --bind /run/devices /proc/devices
    rm -r /dev/nvidia-caps;'
  mig "$without_caps" --env NVIDIA_VISIBLE_DEVICES=1:0 glibc probe nodes
  [ "$status" -eq 0 ]
  [ "$(grep -oE '^/dev/nvidia[0-9]+ ' <<<"$output")" = '/dev/nvidia1 ' ]
  has_no_text /dev/nvidia-caps
  # The prestart hook covers /proc/driver/nvidia, so that the container sees its own files only.
  mig "$without_caps $(mode legacy)" --env NVIDIA_VISIBLE_DEVICES=1:0 glibc sh -c \
    'cd /proc/driver/nvidia/capabilities && find . -name access | sort'
  [ "$status" -eq 0 ]
  [ "$output" = "./gpu1/mig/gi9/access
./gpu1/mig/gi9/ci0/access" ]
}

@test "rights over MIG in every mode, for privileged containers" {
  for mode in jit-cdi legacy cdi; do
    mig "$(mode $mode) nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml;" --privileged \
      --env NVIDIA_VISIBLE_DEVICES=all --env NVIDIA_MIG_CONFIG_DEVICES=all \
      --env NVIDIA_MIG_MONITOR_DEVICES=all glibc probe nodes -- open /dev/nvidia-caps/nvidia-cap1 \
      /dev/nvidia-caps/nvidia-cap2
    [ "$status" -eq 0 ]
    has_text '/dev/nvidia-caps/nvidia-cap1 511:1'
    has_text '/dev/nvidia-caps/nvidia-cap2 511:2'
    has_line '/dev/nvidia-caps/nvidia-cap1: ENXIO'
    has_line '/dev/nvidia-caps/nvidia-cap2: ENXIO'
    mig "$(mode $mode)" --env NVIDIA_VISIBLE_DEVICES=all --env NVIDIA_MIG_MONITOR_DEVICES=all glibc true
    [ "$status" -ne 0 ]
    has_text 'NVIDIA_MIG_MONITOR_DEVICES=all: the container is not privileged'
  done
}

# NVIDIA's toolkit binds the directory of the nodes and allows every capability of mig-minors that is the GPU's
# (nvc_mount.c, nvc_mig_config_global_caps_mount and setup_mig_minor_cgroups): 3 to 137 are GPU 0's.
@test "rights over MIG cover instances that are made later, of the container's GPUs alone" {
  local later='mkdir /run/s && mkfifo /run/s/up /run/s/down
    timeout 30 sh -c "read -r up </run/s/up
      mknod -m 444 /dev/nvidia-caps/nvidia-cap3 c 511 3; echo >/run/s/down" >/dev/null 2>&1 &'
  for mode in jit-cdi legacy cdi; do
    for right in CONFIG MONITOR; do
      mig "$(mode $mode) nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml; $later" --privileged \
        --mount /run/s:/s --env NVIDIA_VISIBLE_DEVICES=0 --env NVIDIA_MIG_${right}_DEVICES=all glibc sh -c '
          echo >/s/up; read -r down </s/down; mknod /tmp/other c 511 201
          probe mounts /dev/nvidia-caps -- open /dev/nvidia-caps/nvidia-cap3 /tmp/other'
      [ "$status" -eq 0 ]
      has_text '/dev/nvidia-caps '
      has_line '/dev/nvidia-caps/nvidia-cap3: ENXIO'
      has_line '/tmp/other: EPERM'
    done
  done
}

@test "rights over MIG without a GPU that can do MIG are nothing, and with single MIG devices an error" {
  for devices in none 0; do
    profile=a100mig && [ "$devices" = none ] || profile=t4x1
    for mode in jit-cdi legacy; do
      run on_host "$profile" "$low_level" bash -c "$(mode $mode)"'"$0" "$@"
        status=$?; ls /dev/nvidia-caps/nvidia-cap0; exit $status' "$support/container.sh" --privileged \
        --env "NVIDIA_VISIBLE_DEVICES=$devices" --env NVIDIA_MIG_CONFIG_DEVICES=all glibc probe nodes
      [ "$status" -eq 0 ]
      has_text '/dev/nvidiactl '
      [ "$(grep -c '^/dev/nvidia-caps/' <<<"$output")" -eq 0 ]
    done
  done
  for mode in jit-cdi legacy; do
    mig "$(mode $mode)" --privileged --env NVIDIA_VISIBLE_DEVICES=1:0 --env NVIDIA_MIG_CONFIG_DEVICES=all glibc true
    [ "$status" -ne 0 ]
    has_text 'mig-config error: cannot enable mig-config with specific MIG devices selected'
  done
}

@test "a right over MIG that is not served makes no node" {
  for right in "--mig-config=0" "--mig-monitor=all,1 --mig-config=x"; do
    run on_host a100mig "$low_level" bash -c 'rm -r /dev/nvidia-caps
      nvidia-container-cli configure --device=0 '"$right"' /run/rootfs; ls /dev/nvidia-caps'
    has_text ": only 'all' devices are currently supported"
    has_text "cannot access '/dev/nvidia-caps'"
  done
  run on_host a100mig "$low_level" bash -c 'rm -r /dev/nvidia-caps
    "$0" "$@"; ls /dev/nvidia-caps' "$support/container.sh" --privileged --env NVIDIA_VISIBLE_DEVICES=0 \
    --env NVIDIA_MIG_CONFIG_DEVICES=0 glibc true
  has_text "mig-config error: 0: only 'all' devices are currently supported"
  has_text "cannot access '/dev/nvidia-caps'"
}
