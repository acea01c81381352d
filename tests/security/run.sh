#!/usr/bin/env bash
# Attacks alone, which tests/run.sh runs among everything else.
#
#   tests/security/run.sh          as often as in tests/run.sh; half a minute of fuzzing
#   tests/security/run.sh --long   races 10,000 times for each kind, 10,000 cycles, an hour of fuzzing
#
# Uses the build in build/, and makes it where there is none.
set -euo pipefail
cd "$(dirname "$0")/../.."

case ${1-} in
  --long)
    export NVBOX_LONG=1
    fuzz_seconds=3600
    ;;
  '') fuzz_seconds=30 ;;
  *)
    echo "tests/security/run.sh: unknown option $1; known is --long" >&2
    exit 2
    ;;
esac
[ "$(id -u)" -eq 0 ] || {
  echo 'tests/security/run.sh: these tests start containers and need root' >&2
  exit 1
}

# What somebody configured without tests has none.
grep -qs '^BUILD_TESTING:BOOL=ON$' build/CMakeCache.txt ||
  cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=ON >/dev/null
ninja -C build --quiet
NVBOX_MUST_RUN=${NVBOX_MUST_RUN-namespaced,e2e} \
  ctest --test-dir build --no-tests=error --output-on-failure -j "$(nproc)" -L security
tests/security/fuzz/run.sh "$fuzz_seconds"
