#!/usr/bin/env bats
# Man pages and shell completion, read by groff, man and bash itself.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of bats and helpers.bash

load helpers

names() {
  "$nvbox" --list | cut -d' ' -f1
}

# needs TOOL: without it there is nothing to test.
needs() {
  command -v "$1" >/dev/null || skip "needs $1"
}

@test "groff has nothing to say against any man page" {
  needs groff
  for name in $(names); do
    "$nvbox" --man "$name" >"$BATS_TEST_TMPDIR/$name"
    run groff -man -Tutf8 -ww -z "$BATS_TEST_TMPDIR/$name"
    [ "$status" -eq 0 ]
    [ -z "$output" ] || { echo "$name: $output" >&2 && return 1; }
  done
}

@test "man shows a page with the program's commands and options" {
  needs man
  "$nvbox" --man nvidia-ctk >"$BATS_TEST_TMPDIR/page"
  MANWIDTH=100 run man -l -Tutf8 "$BATS_TEST_TMPDIR/page"
  [ "$status" -eq 0 ]
  output=$(sed 's/\x1b\[[0-9;]*m//g; s/.\x08//g' <<<"$output")
  has_text 'NVIDIA-CTK(1)'
  has_line '   system create-dev-char-symlinks'
  has_line '       --dev-char-path=VALUE'
  has_text "this host's GPUs"
}

@test "--man without a name is nvbox's own, and of an unknown name an error" {
  run "$nvbox" --man
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == '.TH NVBOX 1 '* ]]
  [ "$("$nvbox" --man=nvidia-ctk)" = "$("$nvbox" --man nvidia-ctk)" ]
  run "$nvbox" --man ls
  [ "$status" -eq 1 ]
  [ "$output" = "nvbox: no applet \"ls\"; 'nvbox --list' prints what there is" ]
  run "$nvbox" --completion fish
  [ "$status" -eq 1 ]
}

@test "bash can read its script, and shellcheck likes it" {
  "$nvbox" --completion bash >"$BATS_TEST_TMPDIR/completion"
  bash -n "$BATS_TEST_TMPDIR/completion"
  needs shellcheck
  run shellcheck -s bash "$BATS_TEST_TMPDIR/completion"
  [ "$status" -eq 0 ]
}

@test "zsh can read its script" {
  needs zsh
  "$nvbox" --completion zsh >"$BATS_TEST_TMPDIR/completion"
  zsh -n "$BATS_TEST_TMPDIR/completion"
}

# typed KEYS: an interactive bash, on a terminal, in which a program only says how it was called.
typed() {
  local text
  "$nvbox" --completion bash >"$BATS_TEST_TMPDIR/completion"
  cat >"$BATS_TEST_TMPDIR/rc" <<RC
source "$BATS_TEST_TMPDIR/completion"
for name in $(names | tr '\n' ' '); do
  eval "\$name() { echo \"called: \$name \\\$*\"; }"
done
PS1='$ '
cd "$BATS_TEST_TMPDIR"
RC
  text=$(printf '%s\nexit\n' "$1" |
    TERM=dumb script -qec "bash --noprofile --rcfile '$BATS_TEST_TMPDIR/rc' -i" /dev/null | tr -d '\r')
  output=$(grep '^called: ' <<<"$text")
}

@test "bash completes commands, options and names of files" {
  needs script
  touch "$BATS_TEST_TMPDIR/a-file"
  typed $'nvidia-ctk sys\tprint\t--driv\ta-f\t'
  [ "$output" = 'called: nvidia-ctk system print-ldcache --driver-root a-file' ]
  typed $'nvidia-container-cli --root a-f\tconf\t--comput\t--strict\t'
  [ "$output" = 'called: nvidia-container-cli --root a-file configure --compute --strict-cgroups' ]
}

@test "bash completes programs behind nvbox, and values behind an equals sign" {
  needs script
  touch "$BATS_TEST_TMPDIR/a-file"
  typed $'nvbox nvidia-do\t--pri\tru\t'
  [ "$output" = 'called: nvbox nvidia-docker --print run' ]
  typed $'nvbox cd\tlis\t--spec\tx'
  [ "$output" = 'called: nvbox cdi list --spec-dir x' ]
  typed $'nvidia-ctk info --dev-root=a-f\t--driv\tx'
  [ "$output" = 'called: nvidia-ctk info --dev-root=a-file --driver-root x' ]
}

@test "bash does not take the value of an option for a command" {
  needs script
  typed $'nvidia-ctk --config system inf\t--form\tjson'
  [ "$output" = 'called: nvidia-ctk --config system info --format json' ]
}
