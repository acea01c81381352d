#!/usr/bin/env bash
# check_bats.sh FILE...: names the statements of bats files that cannot fail, also those of scripts
# that a test hands to another shell, which shellcheck takes for text. bash(1), `set -e`: "The shell
# does not exit if the command that fails is [...] part of any command executed in a && or || list
# except the command following the final && or ||, [...] or if the command's return value is being
# inverted with !."
set -euo pipefail

# Tests of [ and find negate by `! -e`, which is no command.
negated='(^|[;{(]|&&|[|][|]|(^|[[:space:]])(then|do|else))[[:space:]]*![[:space:]]+[^-]'
condition='(\[|\(\(|(grep|cmp|diff|test|false|has_[a-z_]+)[[:space:]])'
joined="^[[:space:]]*$condition.*&&[[:space:]]*$condition"

found=0
if grep -nHE -- "$negated" "$@"; then
  echo 'check_bats.sh: a command behind ! never fails; write run ! COMMAND, or if COMMAND; then false; fi' >&2
  found=1
fi
# A word that is echoed at the end is looked for behind it.
if grep -nHE -- "$joined" "$@" | grep -vE '[|][|]|&& echo|\[\[ [^]]*$|\[\[ [^]]*&&[^]]*\]\]$'; then
  echo 'check_bats.sh: only the last condition of a && list can fail; write a line for each' >&2
  found=1
fi
exit "$found"
