#!/usr/bin/env bats
# Many containers at once, few resources, and many containers one after the other: no failure, and
# nothing is left of them. One dead GPU changes nothing for the others.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load ../e2e/helpers
bats_require_minimum_version 1.5.0

libraries=/usr/lib/x86_64-linux-gnu

setup() {
  require runc crun jq unshare strace prlimit gcc
}

# The most descriptors that a process may be allowed here: 2^30 where the kernel's fs.nr_open says so
# and root may raise its limits. To change fs.nr_open would change it for everybody.
most_descriptors() {
  local number
  for number in $((1 << 30)) "$(cat /proc/sys/fs/nr_open)" "$(ulimit -Hn)"; do
    if prlimit --nofile="$number:$number" true 2>/dev/null; then
      echo "$number"
      return
    fi
  done
}

# images.sh's glibc image $1 times, as hard links: nvbox replaces files, and writes into none.
copies='copies() {
    mkdir -p /run/copies
    "$support/images.sh" --copy /run/copies/0 glibc
    for ((i = 1; i <= $1; i++)); do cp -al /run/copies/0 "/run/copies/$i"; done
  };'

@test "64 containers at once with 64 MiB and 64 descriptors, each with its GPUs" {
  # The limits are for nvbox: its low-level runtime, of which runc is a Go program, gets them lifted.
  run on_host a100x8 crun bash -c '
    support=$1; eval "$2"; copies 64
    mkdir -p /run/low
    printf "%s\n" "#!/bin/bash" "ulimit -S -v unlimited; ulimit -S -n 1024" "echo \$LOW_LEVEL >>/run/low/used" \
      "exec /usr/local/lib/simhost/\$LOW_LEVEL \"\$@\"" >/run/low/low
    chmod 755 /run/low/low
    printf "[nvidia-container-runtime]\nruntimes = [\"/run/low/low\"]\n" >/etc/nvidia-container-runtime/config.toml
    "$support/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=0,3 /run/bundle glibc probe nodes -- dlopen libcuda.so.1
    one() { # one NUMBER
      local low_level=crun bundle=/run/bundles/$1
      (($1 % 8)) || low_level=runc
      mkdir -p "$bundle"
      jq -c --arg root "/run/copies/$1" ".root.path = \$root" /run/bundle/config.json >"$bundle/config.json"
      LOW_LEVEL=$low_level prlimit --as=$((64 << 20)):unlimited --nofile=64:1024 \
        nvidia-container-runtime --root /run/state run --bundle "$bundle" "load-$$-$1" </dev/null >"$bundle/out" 2>&1
      echo "status $?" >>"$bundle/out"
    }
    for ((n = 1; n <= 64; n++)); do one "$n" & done
    wait
    sort /run/bundles/*/out | uniq -c | sed "s/^ *//"
    sort /run/low/used | uniq -c | sed "s/^ */low level: /"' bash "$support" "$copies"
  has_line '64 status 0'
  has_line '64 /dev/nvidia1 195:1 0666 0:0'
  has_line '64 libcuda.so.1: libcuda.so.550.163.01 /lib/x86_64-linux-gnu/libcuda.so.1'
  has_line 'low level: 56 crun'
  has_line 'low level: 8 runc'
  # No word that only some of them said.
  run grep -vE '^(64|low level:) ' <<<"$output"
  [ "$output" = '' ]
}

# 50 of each kind at a time, half of them with 64 descriptors, which a process may make more of up to
# its hard limit, and half of them with as many as can be had.
@test "200 hooks with 64 MiB, and with 64 descriptors or as many as there can be" {
  local most
  most=$(most_descriptors)
  echo "# the most descriptors here: $most" >&3
  run on_host a100x8 crun bash -c '
    support=$1 most=$3; eval "$2"; copies 200
    printf "[nvidia-container-runtime]\nruntimes = [\"/bin/true\"]\n[nvidia-container-cli]\nno-cgroups = true\n" \
      >/etc/nvidia-container-runtime/config.toml
    # The command line that the runtime gives its hook.
    "$support/bundle.sh" --env NVIDIA_VISIBLE_DEVICES=all /run/bundle glibc true
    cp /run/bundle/config.json /run/config.json
    nvidia-container-runtime create --bundle /run/bundle c
    mapfile -t hook < <(jq -r ".hooks.createContainer[0] | .args[]" /run/bundle/config.json)
    export support most
    printf "%s\n" "${hook[@]:1}" >/run/arguments
    cat >/run/one <<"ONE"
      kind=$1 number=$2 root=/run/copies/$2
      files=64; ((number % 2)) || files=$most
      bundle=/run/bundles/$number; mkdir -p "$bundle"
      jq -c --arg root "$root" ".root.path = \$root" /run/config.json >"$bundle/config.json"
      state="{\"ociVersion\":\"1.0.2\",\"id\":\"$number\",\"pid\":$$,\"bundle\":\"$bundle\",\"root\":\"$root\"}"
      limit=(timeout 60 prlimit "--as=$((64 << 20))" "--nofile=$files:$most")
      mount --bind "$root" "$root"
      mkdir -p "$root/proc/driver"
      mount --bind /proc/driver "$root/proc/driver"
      case $kind in
        work)
          mapfile -t arguments </run/arguments
          mkdir -p "$root'"$libraries"'"
          "${limit[@]}" nvbox nvbox-hook "${arguments[@]}" <<<"$state" ;;
        cdi) "${limit[@]}" nvidia-cdi-hook update-ldcache --folder '"$libraries"' <<<"$state" ;;
        prestart) "${limit[@]}" nvidia-container-runtime-hook prestart <<<"$state" ;;
        configure) "${limit[@]}" nvidia-container-cli configure --no-cgroups --device=all --compute "$root" ;;
      esac
      echo "$kind $?"
ONE
    for kind in work cdi prestart configure; do
      seq 50 | xargs -P 50 -I % unshare --mount --propagation private bash /run/one "$kind" % 2>&1
    done | sort | uniq -c | sed "s/^ *//"
    ls -A /run/copies | wc -l' bash "$support" "$copies" "$most"
  [ "$output" = "$(printf '50 cdi 0\n50 configure 0\n50 prestart 0\n50 work 0\n201')" ]
}

# A loop over every number would be 2^30 calls; a kernel or filter without close_range(2) leaves
# /proc/self/fd. So it does not even matter what the limit is.
@test "descriptors are closed without a loop over all numbers" {
  local bundle=$BATS_TEST_TMPDIR/bundle files inject
  "$support/images.sh" --copy "$bundle/rootfs" glibc
  echo '{"root": {"path": "rootfs"}}' >"$bundle/config.json"
  for inject in '' close_range:error=ENOSYS; do
    for files in 64 "$(most_descriptors)"; do
      prlimit --nofile="$files:$files" strace -f -qq -o "$BATS_TEST_TMPDIR/trace.$files" \
        ${inject:+-e inject="$inject"} "$nvbox" nvidia-cdi-hook create-symlinks --link "x$files::/b" \
        <<<"{\"id\": \"x\", \"bundle\": \"$bundle\"}" 7</dev/null 63</dev/null
      run grep -c RLIMIT_NOFILE "$BATS_TEST_TMPDIR/trace.$files"
      [ "$output" = 0 ]
      # Those that were given to it are closed all the same.
      [[ -z $inject ]] || grep -q 'close(63) *= 0' "$BATS_TEST_TMPDIR/trace.$files"
    done
    [ "$(grep -c ' close' "$BATS_TEST_TMPDIR/trace.64")" -eq "$(grep -c ' close' "$BATS_TEST_TMPDIR/trace.$files")" ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/trace.$files")" -lt 500 ]
  done
}

cycles=$([[ -n ${NVBOX_LONG-} ]] && echo 10000 || echo 500)

# Programs of cgroups stay in the kernel as long as something holds them.
bpf_programs_source='
  #include <linux/bpf.h>
  #include <stdio.h>
  #include <sys/syscall.h>
  #include <unistd.h>
  int main(void) {
    union bpf_attr next = {.start_id = 0};
    int count = 0;
    for (; syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &next, sizeof next) == 0; next.start_id = next.next_id) count++;
    return printf("%d\n", count) < 0;
  }'

@test "$cycles containers, one after the other, leave nothing behind" {
  echo "$bpf_programs_source" | gcc -xc - -o "$BATS_TEST_TMPDIR/bpf_programs"
  run on_host a100x8 crun bash -c '
    bpf_programs=$3/bpf_programs
    "$1/images.sh" --copy /run/image glibc
    # Version 1 of cgroups has a hierarchy for devices.
    cgroups=/sys/fs/cgroup
    [ ! -d "$cgroups/devices" ] || cgroups=$cgroups/devices
    export cgroup=$cgroups/nvbox-load-$$
    look() { # what there is of everything that a container could leave
      cat /proc/self/mountinfo
      # Simulated hosts have these for themselves; others work in the rest of /var meanwhile.
      find /run /dev /var/lib /etc -xdev -path /run/look -prune -o -printf "%p %y %m %s %l\n" | sort
      for process in /proc/[0-9]*; do
        [ ! "$process/ns/mnt" -ef "/proc/$$/ns/mnt" ] || cat "$process/comm" 2>/dev/null || true
      done | sort
      find "$cgroups" -type d -name "${cgroup##*/}*"
    }
    # As a runtime: a cgroup without devices, a mount namespace, configure, the end.
    cycle() {
      mkdir "$cgroup"
      [ ! -e "$cgroup/devices.deny" ] || echo a >"$cgroup/devices.deny"
      unshare --mount --propagation private bash -c "
        echo 0 >$cgroup/cgroup.procs
        mount --bind /run/image /run/image
        nvidia-container-cli --load-kmods configure --device=all --compute --utility /run/image" || echo failed
      rmdir "$cgroup"
    }
    mkdir /run/look
    cycle
    look >/run/look/before
    programs=$("$bpf_programs")
    for ((i = 0; i < $2; i++)); do cycle; done
    look >/run/look/after
    # systemd may load some meanwhile, but not one for each cycle.
    [ $(($("$bpf_programs") - programs)) -lt "$2" ] || echo "programs are left"
    diff /run/look/before /run/look/after && echo the same' \
    bash "$support" "$cycles" "$BATS_TEST_TMPDIR"
  echo "${output:0:2000}" >&2
  [ "$output" = 'the same' ]
}

# dead1of4, and the same machine when that GPU works ("alive") or was taken out ("without").
other_machines() {
  local profile=$e2e_dir/../simhost/profiles/dead1of4.profile
  sed '/^dead /d' "$profile" >"$BATS_TEST_TMPDIR/alive.profile"
  sed '/^dead /d; /^gpu 0000:3b:00.0 /d' "$profile" >"$BATS_TEST_TMPDIR/without.profile"
  machines=(dead1of4 "$BATS_TEST_TMPDIR/alive.profile" "$BATS_TEST_TMPDIR/without.profile")
  # Their numbers on each. NVIDIA's own order has a dead GPU in it as well.
  numbers=('0,2,3' '0,2,3' '0,1,2')
  uuids=GPU-18a60000-0000-4a60-8000-000000000000,GPU-86a60000-0000-4a60-8000-000000000002,GPU-afa60000-0000-4a60-8000-000000000003
}

# same_on_all NAME COMMAND...: prints the same on all of the machines, with @DEVICES@ as numbers and UUIDs.
same_on_all() {
  local i devices first=
  other_machines
  for i in 0 1 2; do
    for devices in "${numbers[i]}" "$uuids"; do
      run on_host "${machines[i]}" runc "${@//@DEVICES@/$devices}"
      [ "$status" -eq 0 ]
      [[ -n $first ]] || first=$output
      diff <(echo "$first") <(echo "$output") >&2
    done
  done
  output=$first
}

@test "one dead GPU of four changes nothing for the others: nvidia-container-runtime, auto and legacy" {
  for mode in auto legacy; do
    # What is asked for differs, and so do the numbers of mounts and the name of the bundle.
    same_on_all bash -c '
      sed -i "1 a mode = \"$2\"" /etc/nvidia-container-runtime/config.toml
      CONTAINER_SPEC=/run/spec "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES=@DEVICES@ \
        --env NVIDIA_DRIVER_CAPABILITIES=all glibc probe nodes -- mounts / -- dlopen libcuda.so.1 \
        -- cat /etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf
      jq -S "del(.process.env, .hooks.prestart[0].args[1])" /run/spec' bash "$support" "$mode"
    has_line '/dev/nvidia3 195:3 0666 0:0'
    has_no_text '/dev/nvidia1 '
    has_text '"EGLVisibleDGPUDevices",0xd]'
  done
}

@test "one dead GPU of four changes nothing for the others: configure, and CDI" {
  same_on_all bash -c '
    mkdir /run/image && "$1/images.sh" --copy /run/image glibc
    unshare --mount --propagation private bash -c "
      mount --bind /run/image /run/image
      mount --bind /proc/driver /run/image/proc
      nvidia-container-cli configure --no-cgroups --device=@DEVICES@ --compute --utility /run/image || exit 1
      awk \"{ print \\\$5, \\\$6 }\" /proc/self/mountinfo | grep ^/run/image | sort
      find /run/image -xdev | sort"' bash "$support"
  has_text '/run/image/dev/nvidia3 '
  has_no_text '/run/image/dev/nvidia1 '
  other_machines
  # Of the names in a specification those of the healthy GPUs by UUID mean the same.
  for machine in "${machines[@]}"; do
    run --separate-stderr on_host "$machine" runc bash -c '
      nvidia-ctk --quiet cdi generate --format=json --device-name-strategy=uuid |
        jq -S "[.devices[] | select(.name | IN(\"all\", \"GPU-3ba60000-0000-4a60-8000-000000000001\") | not)], .containerEdits"'
    [ "$status" -eq 0 ]
    diff <(echo "${first:=$output}") <(echo "$output") >&2
  done
}
