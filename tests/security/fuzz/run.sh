#!/usr/bin/env bash
# Fuzzes what reads strangers' bytes: builds every target with libFuzzer and the sanitizers, and runs
# each for a while from its corpus.
#
#   tests/security/fuzz/run.sh [SECONDS [TARGET...]]    30 seconds, all targets
#
# What ends a target is a finding: a crash, a sanitizer's report, a leak, a property of the target
# that does not hold, an input that takes 10 seconds of the processor or 512 MiB. The input that did
# it is kept, and goes into the corpus once the reason is mended.
set -euo pipefail
cd "$(dirname "$0")/../../.."

seconds=${1:-30}
shift || true
build='build-fuzz'

# Clang 14, Debian 12's own, cannot parse the ranges of gcc 12's library. Its warnings are no errors,
# whatever the environment says: the product is compiled by gcc, whose library clang 19 warns about.
cmake -S . -B "$build" -G Ninja -DNVBOX_FUZZ=ON -DBUILD_TESTING=ON -DCMAKE_BUILD_TYPE=Debug \
  -DNVBOX_WERROR=OFF -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_CXX_FLAGS_DEBUG=-O1 >/dev/null

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for directory in tests/security/fuzz/corpus/*/; do targets+=("$(basename "$directory")"); done
fi
ninja -C "$build" --quiet "${targets[@]/#/fuzz_}"

# Nothing is written into the repository: what a run finds worth keeping is in a copy.
work=$(mktemp -d)
export build seconds work
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

fuzz() { # fuzz TARGET: one line on standard output; false when there is a finding
  local target=$1 place=$work/$1 status=0
  mkdir -p "$place/corpus" "$place/findings"
  cp -r "tests/security/fuzz/corpus/$target/." "$place/corpus"
  "$build/tests/security/fuzz/fuzz_$target" "$place/corpus" -max_total_time="$seconds" \
    -timeout=10 -rss_limit_mb=512 -malloc_limit_mb=256 -max_len=16384 -print_final_stats=1 \
    -artifact_prefix="$place/findings/" >"$place/log" 2>&1 || status=$?
  local executions features
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$place/log")
  features=$(sed -n 's/.* ft: \([0-9]*\) .*/\1/p' "$place/log" | tail -n 1)
  if [ "$status" -eq 0 ] || is_starved "$target"; then
    echo "$target: ${executions:-0} executions, ${features:-0} features"
    return
  fi
  echo "$target: FINDING"
  grep -E '^not true:|ERROR:|SUMMARY:|runtime error:' "$place/log" || tail -n 20 "$place/log"
  for finding in "$place/findings"/*; do
    [ -f "$finding" ] || continue
    echo "  input: $finding"
    [ "$(stat -c %s "$finding")" -gt 1024 ] || od -A x -t x1z "$finding"
  done
  return 1
}

# libFuzzer's time-out is by the clock, which on a busy machine runs on while the target waits.
is_starved() { # is_starved TARGET: the only finding is a time-out that needs no 10 s of the processor
  local findings=("$work/$1/findings"/*)
  [ ${#findings[@]} -eq 1 ] && [[ ${findings[0]} == */timeout-* ]] &&
    (ulimit -t 10 && "$build/tests/security/fuzz/fuzz_$1" "${findings[0]}" >/dev/null 2>&1)
}
export -f fuzz is_starved

if printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'fuzz {}'; then
  rm -rf "$work"
else
  echo "the findings, and the logs, are in $work" >&2
  exit 1
fi
