#!/usr/bin/env bats
# Kernels without the newer system calls, and lists of calls (seccomp) that do not know them: what the programs
# answer and do is the same. What has no other way is lost alone, and the error says what.

# shellcheck disable=SC2154 # variables of helpers.bash

load helpers

# By the version that brought them (syscalls(2)): 3.17, 5.2, 5.3, 5.6, 5.9, 5.12.
mounting=open_tree,move_mount,fsopen,fsconfig,fsmount,mount_setattr

setup_file() {
  gcc -O1 -Wall "$BATS_TEST_DIRNAME/support/deny.c" -lseccomp -o "$BATS_FILE_TMPDIR/deny"
  export deny=$BATS_FILE_TMPDIR/deny
}

setup() {
  require gcc unshare nsenter jq
  [ -e "$BATS_FILE_TMPDIR/all" ] || answers all
}

answers() { # answers NAME [WORD...]
  on_host a100mig runc "$support/answers.sh" "$BATS_FILE_TMPDIR/$1" "${@:2}"
}

# without CALLS: the programs' answers where these calls fail, in both ways.
without() {
  local error
  for error in ENOSYS EPERM; do
    answers "$error-$1" "$deny" "$error" "$1"
    diff -r "$BATS_FILE_TMPDIR/all" "$BATS_FILE_TMPDIR/$error-$1" >&2
  done
}

@test "with all calls everything succeeds, twice alike" {
  local file
  for file in list info generate jit legacy mig cdi hook configure prestart; do
    grep -qx 'status 0' "$BATS_FILE_TMPDIR/all/$file"
  done
  answers again
  diff -r "$BATS_FILE_TMPDIR/all" "$BATS_FILE_TMPDIR/again"
}

@test "without openat2 (Linux 5.6)" {
  without openat2
}

@test "without open_tree and move_mount (Linux 5.2)" {
  without open_tree,move_mount
}

@test "without mount_setattr (Linux 5.12)" {
  without mount_setattr
}

@test "without close_range (Linux 5.9)" {
  without close_range
}

@test "without pidfd_open (Linux 5.3)" {
  without pidfd_open
}

@test "without any of them, as on Linux 4.19" {
  without "openat2,$mounting,close_range,pidfd_open,clone3"
}

# The helper that loads NVML is a file in memory.
@test "without memfd_create (Linux 3.17), what only NVML knows is not known, and the error says so" {
  local different text='only NVML numbers MIG devices, and it does not: make a file in memory: Operation not permitted'
  answers EPERM-memfd "$deny" EPERM memfd_create
  different=$(diff -rq "$BATS_FILE_TMPDIR/all" "$BATS_FILE_TMPDIR/EPERM-memfd" | sed 's|.*/all/\([^ ]*\) .*|\1|')
  [ "$different" = $'generate\nmig\nmig.json' ]
  grep -qF "$text" "$BATS_FILE_TMPDIR/EPERM-memfd/generate"
}
