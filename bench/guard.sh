#!/bin/bash
# Counts what the hot paths cost on the simulated GPU host a100x8, where times would tell what else the
# machine does: instructions (callgrind), page faults, and the size of the stripped binary.
#
#   bench/guard.sh [BINARY]                  fails when one is over 3 % more than bench/guard.tsv says
#   bench/guard.sh --update [BINARY]         writes bench/guard.tsv
#   bench/guard.sh --profile WHAT [BINARY]   says where the instructions of one of them go
#
# A count also fails only when it is over by more than what the length of a path or of a commit's name
# makes, and how many pages another kernel maps at a fault. The counts are those of gcc 12 and Debian 12's
# libraries. Needs root and what tests/run.sh --all installs.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname -- "$here")
known=$here/guard.tsv

# shellcheck source=bench/lib.sh
. "$here/lib.sh"
need valgrind jq strip time

if [[ -z ${GUARD_INSIDE-} ]]; then
  update=false profiled=''
  case ${1-} in
    --update) update=true; shift ;;
    --profile) profiled=$2; shift 2 ;;
  esac
  binary=$(readlink -f -- "${1:-$top/build/nvbox}")
  found=$(mktemp)
  trap 'rm -f "$found"' EXIT
  GUARD_INSIDE=1 GUARD_PROFILED=$profiled "$top/tests/simhost/simhost" --install "$binary" a100x8 -- "${BASH_SOURCE[0]}" "$binary" >"$found"
  if [[ -n $profiled ]]; then
    cat "$found"
    exit
  fi
  if $update; then
    cp "$found" "$known"
    exit
  fi
  # Columns: what, instructions (bytes for the size), page faults.
  awk -F '\t' '
    NR == FNR { instructions[$1] = $2; faults[$1] = $3; next }
    function judge(what, was, is, slack) {
      line = sprintf("%-32s %-12s %10d -> %10d  %+.1f %%", $1, what, was, is, was ? (is - was) * 100 / was : 0)
      if (is < was / 2) { print line, " LESS THAN HALF: does it still do its work?"; more = 1 } else if (is > was * 1.03 && is - was > slack) { print line, " MORE"; more = 1 } else print line
    }
    !($1 in instructions) { print $1 ": not in guard.tsv"; more = 1; next }
    $3 == "" { judge("bytes", instructions[$1], $2, 0) }
    $3 != "" { judge("instructions", instructions[$1], $2, 8000); judge("page faults", faults[$1], $3, 12) }
    { delete instructions[$1] }
    END { for (what in instructions) { print what ": was not counted"; more = 1 } exit more }' "$known" "$found" || {
    echo 'guard.sh: where that is worth it, write the new counts with --update' >&2
    exit 1
  }
  exit
fi

binary=$1
work=$(mktemp -d --tmpdir=/run)
trap 'rm -rf "$work"' EXIT

refusing_config "$work/config.toml"
export NVIDIA_CTK_CONFIG_FILE_PATH=$work/config.toml
same_on_all_processors

profile() { # profile COMMAND...: functions with what they call
  valgrind --tool=callgrind --callgrind-out-file="$work/profile" "$@" >/dev/null 2>&1 || true
  callgrind_annotate --inclusive=yes --threshold=95 "$work/profile"
}

count() { # count WHAT COMMAND...
  local what=$1 instructions faults
  shift
  if [[ -n $GUARD_PROFILED ]]; then
    [[ $what != "$GUARD_PROFILED" ]] || profile "$@"
    return
  fi
  # A start that the kernel refuses is an error at its end.
  faults=$({ /usr/bin/time -q -f %R "$@" || true; } 2>&1 >/dev/null | tail -n 1)
  restore
  instructions=$(instructions "$@")
  restore
  [[ $faults =~ ^[0-9]+$ ]] || { echo "guard.sh: failed: $*" >&2; return 1; }
  printf '%s\t%s\t%s\n' "$what" "$instructions" "$faults"
}

restore() { :; }
create() { # create WHAT PROGRAM VARIABLE...
  local what=$1 program=$2
  bundle "$work/bundle" "${@:3}"
  restore() { cp "$work/bundle/config.json.original" "$work/bundle/config.json"; }
  count "$what" "$program" create --bundle "$work/bundle" guard
  restore() { :; }
  rm -rf "$work/bundle"
}

count 'nvbox --version' /usr/bin/nvbox --version
create 'create, no GPU' /usr/bin/nvidia-container-runtime
create 'create, 8 GPUs' /usr/bin/nvidia-container-runtime "${all_gpus[@]}"
count 'list' /usr/bin/nvidia-container-cli list
count 'info' /usr/bin/nvidia-container-cli info
count 'cdi generate' /usr/bin/nvidia-ctk --quiet cdi generate
nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
create 'create in cdi mode, 8 GPUs' /usr/bin/nvidia-container-runtime.cdi "${all_gpus[@]}"
[[ -z $GUARD_PROFILED ]] || exit 0
strip -o "$work/stripped" "$binary"
printf 'stripped binary\t%s\t\n' "$(stat -c %s "$work/stripped")"
