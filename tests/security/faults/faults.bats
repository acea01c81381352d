#!/usr/bin/env bats
# Every system call of every command that changes something fails once, or the command is killed
# there; faults.cc says what has to be true then. NVBOX_LONG=1 takes every error at every call.

# shellcheck disable=SC2154 # variables of helpers.bash

load ../../e2e/helpers

setup() {
  require unshare
}

# The program says what it did with each command in a line, and each defect in one.
@test "whatever fails, files are the old ones or the new ones, and the next run succeeds" {
  run "$simhost" --install "$nvbox" t4x1 -- env NVBOX_LONG="${NVBOX_LONG-}" "$FAULTS_PROGRAM"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(grep -c ' faults: .* 0 defects$' <<<"$output")" -eq 22 ]
  has_no_text ' 0 faults: '
}
