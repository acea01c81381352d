#!/usr/bin/env bats
# README's two commands, ./install.sh and tests/run.sh: one behind the other, and beside an nvbox that the
# machine has; and the checks of tests that only pass.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

bats_require_minimum_version 1.5.0
load helpers

setup() {
  repository=$e2e_dir/../..
  clone=$BATS_TEST_TMPDIR/clone
}

# A clone that builds in no time: the scripts are the real ones, "nvbox" is the binary under test, and
# there is one test, where tests are configured at all.
make_clone() {
  mkdir -p "$clone/tests"
  cp "$repository/install.sh" "$clone"
  cp "$repository/tests/run.sh" "$clone/tests"
  cat >"$clone/CMakeLists.txt" <<'TEXT'
cmake_minimum_required(VERSION 3.25)
project(clone NONE)
include(CTest)
add_custom_target(nvbox COMMAND ${CMAKE_COMMAND} -E copy $ENV{NVBOX_BINARY} ${CMAKE_BINARY_DIR}/nvbox)
if(BUILD_TESTING)
  add_test(NAME one COMMAND ${CMAKE_COMMAND} -E true)
  set_tests_properties(one PROPERTIES LABELS unit)
endif()
TEXT
}

@test "each command works after the other, in either order, twice" {
  require cmake ctest ninja unshare strip
  make_clone
  local order
  for order in 'install test install test' 'test install test install'; do
    rm -rf "$clone/build"
    run -0 env NVBOX_BINARY="$nvbox" "$simhost" t4x1 -- bash -ec '
      cd "$1"
      for command in $2; do
        case $command in
          install) ./install.sh --engine none --no-demo ;;
          test) tests/run.sh --quick ;;
        esac
      done' bash "$clone" "$order"
    [ "$(grep -c '^100% tests passed, 0 tests failed out of 1$' <<<"$output")" -eq 2 ]
    [ "$(grep -cE '^installed nvbox|was installed already' <<<"$output")" -eq 2 ]
  done
}

@test "a run of no test fails" {
  require cmake ctest ninja
  make_clone
  sed -i '/add_test/d; /set_tests_properties/d' "$clone/CMakeLists.txt"
  run -8 "$clone/tests/run.sh" --quick
  has_text 'No tests were found!!!'
}

# Which files a simulated host has, without those that are its own by name.
files_of_simhost() {
  "$simhost" t4x1 -- sh -c '
    find /usr /etc /opt -xdev -not -type d -not -path "/usr/share/doc/*" -printf "%p %y %s %l\n" | sort
    cat /etc/docker/daemon.json /etc/containerd/config.toml 2>/dev/null || true'
}

@test "tests see nothing of an nvbox, or of NVIDIA's toolkit, that the machine has" {
  require unshare mount
  # A simulated host is an overlay on the copy below, and the kernel stacks two (FILESYSTEM_MAX_STACK_DEPTH).
  [ "$(stat -f -c %T /usr)" != overlayfs ] || skip 'overlays cannot be stacked on the overlay that /usr is'
  export -f files_of_simhost
  export nvbox simhost
  # On a copy of this machine's /usr, /etc and /opt.
  run -0 unshare --mount bash -ec '
    mount -n -t tmpfs none "$1"
    for name in usr etc opt; do
      mkdir -p "$1/$name/upper" "$1/$name/work" "/$name"
      mount -n -t overlay -o "lowerdir=/$name,upperdir=$1/$name/upper,workdir=$1/$name/work" none "/$name"
    done
    # An engine that nobody has configured yet.
    mkdir -p /etc/docker /etc/containerd
    echo "{}" >/etc/docker/daemon.json
    rm -f /etc/docker/daemon.json.nvbox-* /etc/containerd/config.toml*
    files_of_simhost >"$1/before"
    "$nvbox" install --bindir=/usr/local/bin --prefix-links=/usr/sbin --with-units --with-cdi-hook --force >"$1/log"
    "$nvbox" install --bindir=/opt/bin --force >>"$1/log"
    for engine in docker containerd crio podman; do
      /usr/local/bin/nvidia-ctk --quiet runtime configure --runtime=$engine 2>>"$1/log"
    done
    mkdir -p /etc/cdi
    echo "kind: nvidia.com/gpu" >/etc/cdi/nvidia.yaml
    # As the packages of the toolkit have them (packaging/debian/*.install).
    for name in nvidia-ctk nvidia-cdi-hook nvidia-container-runtime nvidia-container-runtime.cdi \
      nvidia-container-runtime.legacy nvidia-container-runtime-hook nvidia-container-toolkit nvidia-container-cli; do
      rm -f "/usr/bin/$name"
      echo peer >"/usr/bin/$name"
    done
    grep -q nvidia-container-runtime /etc/docker/daemon.json
    grep -q nvidia-container-runtime /etc/containerd/config.toml /etc/containerd/conf.d/*
    [ -x /usr/local/bin/nvidia-ctk ]
    [ -x /opt/bin/nvidia-ctk ]
    [ -L /usr/sbin/nvidia-ctk ]
    files_of_simhost >"$1/after"
    diff "$1/before" "$1/after"' bash "$BATS_TEST_TMPDIR"
  [ -z "$output" ]
}

# check BATS_LINE...: what tests/check_bats.sh says of a test with these lines.
check() {
  { printf '@test "x" {\n'; printf '  %s\n' "$@"; printf '}\n'; } >"$BATS_TEST_TMPDIR/sample.bats"
  run "$repository/tests/check_bats.sh" "$BATS_TEST_TMPDIR/sample.bats"
}

@test "the check of tests finds what cannot fail, and nothing else" {
  local bang='!'
  for line in "$bang gpu" "x; $bang gpu" "if true; then $bang gpu; fi" "a && $bang b" "{ $bang cmp a b; }" \
    "on 'set -e; $bang gpu'" "[ -e a ] &""& [ -e b ]" \
    "[[ 1 == 2 ]] &""& grep x y" "grep x y &""& [ -e a ]" "test -e a &""& test -e b" "cmp a b &""& cmp b c"; do
    check "$line" true
    echo "$line: $output"
    [ "$status" -eq 1 ]
    has_text "sample.bats:2:  $line"
  done
  for line in "run $bang gpu" "if $bang gpu; then false; fi" "[ $bang -e a ]" "[ \"\$a\" $bang= b ]" \
    "find . $bang -name x" "[[ -f a &""& $bang -L a ]]" "[ -e a ] &""& [ -e b ] || false" "a &""& b" \
    "[ -e a ] &""& cmp a b &""& echo same"; do
    check "$line" true
    echo "$line: $output"
    [ "$status" -eq 0 ]
  done
}
