#!/usr/bin/env bats
# What the programs that read a container may still do at that moment, from /proc/PID/status of the
# real binary: README.md's table is what is expected. The numbers of capabilities are those of
# <linux/capability.h>, the meaning of the lines of the file is in proc(5).

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load ../e2e/helpers

readme=$e2e_dir/../../README.md
names=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO
  SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG
  MKNOD)

setup() {
  require strace unshare
}

# row NAME: the words of the capabilities in the table's row.
row() {
  local line
  line=$(grep -F -- "| $1 | " "$readme") || return 1
  cut -d '|' -f 3 <<<"$line"
}

# mask WORD...: as the kernel writes it, without what this shell was not given.
mask() {
  local word number value=0 given
  given=$((16#$(sed -n 's/^CapPrm:\t//p' /proc/self/status)))
  for word; do
    for number in "${!names[@]}"; do
      [[ ${names[number]} != "$word" ]] || value=$((value | 1 << number))
    done
  done
  printf '%016x\n' $((value & given))
}

# field NAME: of $text.
field() {
  sed -n "s/^$1:\t//p" <<<"$text"
}

# expect NAME VALUE
expect() {
  [ "$(field "$1")" = "$2" ] || {
    printf '%s is %s instead of %s\n' "$1" "$(field "$1")" "$2" >&2
    return 1
  }
}

# expect_rights ROW_WORDS EFFECTIVE_WORDS
expect_rights() {
  local kept effective
  # shellcheck disable=SC2086 # words
  kept=$(mask $1) effective=$(mask $2)
  [ "$kept" != "$(mask)" ]
  expect CapPrm "$kept"
  expect CapBnd "$kept"
  expect CapEff "$effective"
  expect CapInh "$(mask)"
  expect CapAmb "$(mask)"
  expect NoNewPrivs 1
}

# waits_for_state PID: until it is in read(2) of its standard input, which /proc/PID/syscall says as
# "NUMBER 0x0 ...".
waits_for_state() {
  local number descriptor rest
  for _ in {1..400}; do
    read -r number descriptor rest <"/proc/$1/syscall" || return 1
    case $number:$descriptor in 0:0x0 | 63:0x0) return 0 ;; esac
    sleep 0.05
  done
  return 1
}

# at_the_state COMMAND...: its status into $text while it waits for a container's state.
at_the_state() {
  local fifo=$BATS_TEST_TMPDIR/state pid
  rm -f "$fifo"
  mkfifo "$fifo"
  # bats reads to the end of descriptor 3.
  "$@" <"$fifo" >/dev/null 2>&1 3>&- &
  pid=$!
  exec 9>"$fifo"
  waits_for_state "$pid"
  text=$(<"/proc/$pid/status")
  exec 9>&-
  wait "$pid" || true
}

@test "a hook has given up what is not in its row before it reads the container's state" {
  local hook
  for hook in nvbox-hook 'nvidia-cdi-hook update-ldcache' 'nvidia-cdi-hook create-symlinks' 'nvidia-cdi-hook chmod' \
    'nvidia-cdi-hook disable-device-node-modification' 'nvidia-cdi-hook update-application-profile' \
    'nvidia-cdi-hook noop'; do
    echo "$hook"
    # shellcheck disable=SC2086 # words
    at_the_state "$nvbox" $hook
    expect_rights "$(row "\`$hook\`")" DAC_READ_SEARCH
    expect Seccomp 2
  done
  at_the_state "$nvbox" nvidia-cdi-hook enable-cuda-compat --host-driver-version=535.1
  expect_rights "$(row '`nvidia-cdi-hook enable-cuda-compat`')" DAC_READ_SEARCH
  expect Seccomp 2
  at_the_state "$nvbox" nvidia-ctk hook create-symlinks --link=a::/b
  expect_rights "$(row '`nvidia-cdi-hook create-symlinks`')" DAC_READ_SEARCH
  expect Seccomp 2
}

# The state is read as late when a file has it.
@test "a hook has given it up before it reads a state that is in a file" {
  local pid fifo=$BATS_TEST_TMPDIR/file
  mkfifo "$fifo"
  exec 8<>"$fifo"
  "$nvbox" nvidia-cdi-hook chmod --mode=755 --container-spec="$fifo" >/dev/null 2>&1 3>&- &
  pid=$!
  waits_for_state "$pid"
  text=$(<"/proc/$pid/status")
  kill "$pid"
  wait "$pid" || true
  exec 8>&-
  expect_rights "$(row '`nvidia-cdi-hook chmod`')" DAC_READ_SEARCH
  expect Seccomp 2
}

# It starts programs when it knows what is asked for, and so has no list yet.
@test "the prestart hook has given up what its configuration does not need" {
  local hook=$BATS_TEST_TMPDIR/config.toml all
  all=$(row '`nvidia-container-runtime-hook`')
  printf '[nvidia-container-cli]\nload-kmods = true\n' >"$hook"
  at_the_state "$nvbox" nvidia-container-runtime-hook -config "$hook" prestart
  expect_rights "$all $(row '... with `load-kmods`, in addition')" DAC_READ_SEARCH
  printf '[nvidia-container-cli]\nload-kmods = false\n' >"$hook"
  at_the_state "$nvbox" nvidia-container-runtime-hook -config "$hook" prestart
  expect_rights "$all" DAC_READ_SEARCH
  printf '[nvidia-container-cli]\nload-kmods = false\nno-cgroups = true\n' >"$hook"
  at_the_state "$nvbox" nvidia-container-runtime-hook -config "$hook" prestart
  expect_rights "${all/NET_ADMIN/}" DAC_READ_SEARCH
}

@test "a prestart hook that is to execute another program reads with no more" {
  local config=$BATS_TEST_TMPDIR/config.toml
  printf '[nvidia-container-cli]\npath = "/bin/true"\n' >"$config"
  at_the_state "$nvbox" nvidia-container-runtime-hook -config "$config" prestart
  expect CapEff "$(mask DAC_READ_SEARCH)"
  expect CapPrm "$(sed -n 's/^CapPrm:\t//p' /proc/self/status)"
}

# stopped_configure ARGUMENT...: its status into $text, when it is stopped at its first mount in a
# container in a mount namespace of its own. The first call asks whether the kernel has it.
stopped_configure() {
  run on_host t4x1 runc bash -c '
    set -e
    "$0/bundle.sh" /run/b glibc true
    unshare --mount --propagation private bash -c "mount --bind /run/b/rootfs /run/b/rootfs; touch /run/ready; exec sleep 600" &
    container=$!
    trap "kill -KILL \$pid \$container" EXIT
    until test -e /run/ready; do sleep 0.05; done
    strace -f -qq -o /run/trace -e trace=move_mount -e inject=move_mount:signal=SIGSTOP:when=2 \
      nvidia-container-cli "$@" --pid=$container --device=all --compute --utility /run/b/rootfs &
    strace=$!
    for _ in $(seq 400); do
      if grep -q "stopped by SIGSTOP" /run/trace; then break; fi
      sleep 0.05
    done
    grep "stopped by SIGSTOP" /run/trace
    pid=$(cat /proc/$strace/task/$strace/children)
    cat /proc/${pid%% *}/status' "$support" "$@"
  text=$output
  [ "$status" -eq 0 ]
}

@test "configure has given up in the container what it needed to find it" {
  local all effective
  all=$(row '... in the container')
  effective=${all/NET_ADMIN/}
  stopped_configure configure
  expect_rights_inside "$all" "$effective"
  stopped_configure --load-kmods configure
  expect_rights_inside "$all" "$effective"
  stopped_configure configure --no-cgroups
  expect_rights_inside "$effective" "$effective"
}

# What is never given back stays in the bounding set, where no_new_privs makes it worth nothing.
expect_rights_inside() {
  # shellcheck disable=SC2086 # words
  expect CapPrm "$(mask $1)"
  # shellcheck disable=SC2086 # words
  expect CapEff "$(mask $2)"
  expect NoNewPrivs 1
  expect Seccomp 2
}
