#!/usr/bin/env bash
# Builds nvbox and runs every test; README.md names this script and .ci/run calls it.
#
#   tests/run.sh            everything: installs what is missing (as root on Debian), builds, unit,
#                           namespaced and end-to-end tests
#   tests/run.sh --quick    unit tests only, nothing is installed
#   tests/run.sh --tidy     clang-tidy only, nothing is installed
#   tests/run.sh --vm       the virtual machine's essential checks only, nothing is installed
#   tests/run.sh --aarch64  only the build for aarch64 and its tests, which are run in an emulator
#   tests/run.sh --all      also format, shellcheck, clang-tidy, cppcheck, gcc -fanalyzer, sanitizers,
#                           reproducibility, costs, aarch64 and a virtual machine; warnings are errors
set -euo pipefail
cd "$(dirname "$0")/.."

build_packages=(cmake ninja-build g++ git nlohmann-json3-dev libtomlplusplus-dev libcap-dev libseccomp-dev libyaml-dev)
test_packages=(libgtest-dev libbenchmark-dev libtoml11-dev bats jq strace util-linux procps file runc crun
               systemd containerd docker.io podman lxc uidmap busybox-static musl musl-tools hyperfine time patch lintian rpm rpmlint cpio
               pkgconf valgrind)
lint_packages=(clang clang-format clang-tidy clang-19 libclang-rt-19-dev cppcheck shellcheck abigail-tools)
# The linked ones are of dpkg's architecture arm64, which lie beside this machine's own.
aarch64_packages=(g++-aarch64-linux-gnu qemu-user-static
                  {libcap-dev,libseccomp-dev,libyaml-dev,libgtest-dev,libstdc++6}:arm64)
vm_packages=(debootstrap e2fsprogs qemu-system-x86 qemu-utils)
# Of tests/vm, what no simulated host can show.
vm_checks=(host reload refresh)

say() { printf '== %s\n' "$*"; }

# is_installed NAME[:ARCHITECTURE]: this machine's own without one, of which a library of another does not count.
is_installed() {
  local name=${1%:*} architecture=${1#"${1%:*}"}
  : "${architecture:=$(dpkg --print-architecture)}"
  dpkg-query -W -f '${db:Status-Status} ${Architecture}\n' "$name" 2>/dev/null |
    grep -qxE "installed (all|${architecture#:})"
}

install_packages() {
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >/dev/null
}

build() { # build DIRECTORY [CMAKE_OPTION...]
  local directory=$1
  shift
  # install.sh leaves a build directory without tests.
  cmake -S . -B "$directory" -G Ninja -DBUILD_TESTING=ON "$@" >/dev/null
  ninja -C "$directory" --quiet
}

run_ctest() { ctest --test-dir "$1" --no-tests=error --output-on-failure -j "$(nproc)" "${@:2}"; }

sources() { git ls-files 'src/*' 'applets/*' 'tests/*' 'bench/*'; }

check_format() {
  say 'clang-format'
  sources | grep -E '\.(cc|h|c)$' | xargs clang-format --dry-run -Werror
}

check_tidy() {
  say 'clang-tidy'
  # A configuration of its own: clang-tidy needs the flags that clang understands.
  cmake -S . -B build-tidy -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DBUILD_TESTING=OFF \
    -DNVBOX_WERROR=OFF >/dev/null
  # How many warnings it leaves out is all that it says for files that are right.
  git ls-files 'src/*.cc' 'applets/*.cc' |
    xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build-tidy \
      2> >(grep -vE '^[0-9]+ warnings? generated' >&2)
}

# Steps that take as long as a build start in the background and live on what the others leave of the
# processors, which is much while the end-to-end tests run one after the other.
declare -A jobs logs

start() { # start NAME COMMAND...
  logs[$1]=$(mktemp)
  # A process group of its own, so that it ends with this script.
  set -m
  nice -n 19 "${@:2}" >"${logs[$1]}" 2>&1 &
  jobs[$1]=$!
  set +m
  trap 'kill -- "${jobs[@]/#/-}" 2>/dev/null || true' EXIT
}

finish() { # finish NAME
  local status=0
  wait "${jobs[$1]}" || status=$?
  unset "jobs[$1]"
  cat "${logs[$1]}"
  rm -f "${logs[$1]}"
  return "$status"
}

check_cppcheck() {
  say 'cppcheck'
  # Without its macro NVBOX_TRY is a call of an unknown function; statement expressions in braced
  # lists make cppcheck give up the file.
  cppcheck --enable=warning,performance,portability --inline-suppr --error-exitcode=1 --quiet \
    --suppressions-list=tests/cppcheck.suppressions --std=c++20 --library=posix -U NVBOX_TRY \
    -j "$(nproc)" -I src -I applets src applets
}

# C only. In C++, gcc 12's analyzer does not know exceptions and calls strings that functions return
# "uninitialized value '<unknown>'", and takes as long as the compilation; clang-tidy looks there.
check_analyzer() {
  say 'gcc -fanalyzer'
  # Not optimised: a malloc that is only freed is taken out before the analyzer sees it. Kernel modules
  # need their kernel's headers.
  git ls-files '*.c' | grep -v '^tests/vm/kernel/' |
    xargs -P "$(nproc)" -n 1 gcc -std=gnu17 -O0 -fno-builtin -fanalyzer -Werror -Iinclude -c -o /dev/null
}

check_shell() {
  say 'shellcheck, and tests that cannot fail'
  { git ls-files '*.sh' '*.bats' '*.bash' '.ci/run'; git grep -lE '^#!.*(bash|sh)$' -- tests bench; } |
    sort -u | xargs shellcheck -x -P tests/simhost
  git ls-files '*.bats' | xargs tests/check_bats.sh
}

check_try() {
  say 'NVBOX_TRY in braced lists'
  tests/check_try.pl --self-test
  sources | grep -E '\.(cc|h)$' | xargs tests/check_try.pl
}

check_reproducible() { # check_reproducible DIRECTORY [CMAKE_OPTION...]
  say "two builds are bit-identical: $1"
  local other
  other=$(mktemp -d)
  git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar -x -C "$other"
  cmake -S "$other" -B "$other/elsewhere" -G Ninja -DBUILD_TESTING=OFF "${@:2}" \
    -DNVBOX_COMMIT="$(git rev-parse HEAD)" \
    -DNVBOX_COMMIT_DATE="$(git log -1 --format=%cd --date=format:%Y-%m-%dT%H:%M%z)" >/dev/null
  ninja -C "$other/elsewhere" --quiet
  cmp "$1/nvbox" "$other/elsewhere/nvbox"
  cmp "$1/libnvidia-container.so.1" "$other/elsewhere/libnvidia-container.so.1"
  abidiff "$1/libnvidia-container.so.1" "$other/elsewhere/libnvidia-container.so.1"
  rm -rf "$other"
}

# The architecture stays: without its packages it costs an index of them at each update.
install_aarch64() {
  dpkg --print-foreign-architectures | grep -qx arm64 || dpkg --add-architecture arm64
  install_packages "${aarch64_packages[@]}"
  # Its ldconfig is a static program of a package of which there is only one on a machine.
  [ ! -x build-aarch64/foreign/sbin/ldconfig ] || return 0
  mkdir -p build-aarch64/foreign
  (cd build-aarch64/foreign && apt-get download -qq -o APT::Sandbox::User=root libc-bin:arm64 &&
    dpkg -x libc-bin_*_arm64.deb . && rm libc-bin_*_arm64.deb)
}

build_aarch64() {
  say 'build for aarch64'
  build build-aarch64 --toolchain cmake/aarch64-linux-gnu.cmake -DNVBOX_WERROR=ON
  check_reproducible build-aarch64 --toolchain cmake/aarch64-linux-gnu.cmake
}

# What cannot be run in the emulator is said in tests/CMakeLists.txt and tests/e2e/emulated.bats.
test_aarch64() {
  say 'aarch64, in an emulator'
  NVBOX_MUST_RUN=${NVBOX_MUST_RUN-e2e} run_ctest build-aarch64
}

check_sanitizers() {
  say 'AddressSanitizer and UndefinedBehaviorSanitizer'
  build build-sanitize -DNVBOX_WERROR=ON -DNVBOX_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug
  run_ctest build-sanitize -L 'unit|namespaced'
  run_ctest build-sanitize -R '^api$'
}

# The disk needs a mirror of Debian once, and the machine 3 GiB of memory, which not everybody has: that is
# told, and an error only where NVBOX_MUST_RUN has the word. A check that fails is one everywhere.
check_vm() {
  local status=0
  say 'a virtual machine'
  if tests/vm/build; then
    tests/vm/run --out build/vm "${vm_checks[@]}" || status=$?
  else
    status=3
  fi
  ((status == 3)) || return "$status"
  [[ ${NVBOX_MUST_RUN-} != *vm* ]] || return 1
  say 'SKIPPED: there is no virtual machine here'
}

main() {
  case ${1:-} in
    --quick)
      build build
      run_ctest build -L unit
      return
      ;;
    --tidy)
      check_tidy
      return
      ;;
    --vm)
      check_vm
      return
      ;;
    --aarch64-build)
      build_aarch64
      return
      ;;
    --aarch64)
      install_packages "${build_packages[@]}" "${test_packages[@]}"
      install_aarch64
      build_aarch64
      test_aarch64
      return
      ;;
    --all) local all=1 ;;
    '') ;;
    *)
      echo "tests/run.sh: unknown option $1; known are --quick, --tidy, --vm, --aarch64 and --all" >&2
      exit 2
      ;;
  esac
  if [ "$(id -u)" -ne 0 ]; then
    echo 'tests/run.sh: the end-to-end tests start containers and need root; try --quick' >&2
    exit 1
  fi
  install_packages "${build_packages[@]}" "${test_packages[@]}"
  local options=()
  if [ -n "${all:-}" ]; then
    install_packages "${lint_packages[@]}" "${vm_packages[@]}"
    install_aarch64
    check_format
    check_shell
    check_try
    check_analyzer
    check_cppcheck
    start clang-tidy tests/run.sh --tidy
    options=(-DNVBOX_WERROR=ON)
  fi
  say 'build'
  build build "${options[@]}"
  if [ -n "${all:-}" ]; then
    say 'what hot paths cost'
    bench/guard.sh build/nvbox
    check_reproducible build
    check_sanitizers
    start aarch64 tests/run.sh --aarch64-build
    start fuzzers tests/security/fuzz/run.sh 30
  fi
  say 'tests'
  NVBOX_MUST_RUN=${NVBOX_MUST_RUN-namespaced,e2e} run_ctest build
  [ -n "${all:-}" ] || return 0
  say 'fuzzers, 30 s each'
  finish fuzzers
  finish clang-tidy
  finish aarch64
  test_aarch64
  # Alone, because an emulated processor is slow enough by itself.
  check_vm
}

main "$@"
