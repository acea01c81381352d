#!/usr/bin/env bats
# The multi-call binary itself.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of bats and helpers.bash; inner shells

load helpers
bats_require_minimum_version 1.5.0

@test "the binary is static and position independent" {
  run file -b "$nvbox"
  has_text 'static-pie linked'
  run ldd "$nvbox"
  has_text 'statically linked'
}

@test "--list prints names and groups, sorted" {
  run "$nvbox" --list
  [ "$status" -eq 0 ]
  has_line 'nvbox core'
  has_line 'nvidia-container-runtime core'
  [ "$output" = "$(LC_ALL=C sort <<<"$output")" ]
}

@test "an unknown name is 127 with a suggestion" {
  run -127 "$nvbox" nvidia-container-runtme
  [ "$output" = 'nvbox: no applet "nvidia-container-runtme"; did you mean nvidia-container-runtime?' ]
  run -127 "$nvbox" --frobnicate
}

@test "--version names the version and the commit" {
  run "$nvbox" --version
  [ "$status" -eq 0 ]
  [[ ${lines[0]} =~ ^nvbox\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "the runtime's --version is followed by the low-level runtime's" {
  require runc unshare
  run on_host t4x1 runc nvidia-container-runtime --version
  [ "$status" -eq 0 ]
  [[ ${lines[0]} =~ ^NVIDIA\ Container\ Runtime\ version\ [0-9.]+$ ]]
  has_line 'spec: 1.3.0'
  has_text 'runc version'
}

@test "names with what installers add to them work" {
  require runc unshare
  for name in nvidia-container-runtime.real .nvidia-container-runtime-wrapped \
    nvidia-container-runtime-1.20.0; do
    run on_host t4x1 runc sh -c "ln -s nvbox /usr/bin/$name && $name --version"
    [ "$status" -eq 0 ]
    has_text 'NVIDIA Container Runtime version'
  done
}

# argv[0] is the caller's to choose (execve(2)); the kernel tells which file it was (AT_EXECFN).
@test "where argv[0] names no program, the executed file does" {
  require runc unshare
  run on_host t4x1 runc bash -c 'exec -a x nvidia-ctk --version'
  [ "$status" -eq 0 ]
  has_text 'NVIDIA Container Toolkit CLI version'
  run on_host t4x1 runc bash -c '(exec -a "" nvidia-container-runtime --version)
    ln -s /usr/bin/nvbox /run/nvidia-cdi-hook.real; (exec -a nobody /run/nvidia-cdi-hook.real --version)'
  has_text 'NVIDIA Container Runtime version'
  has_text 'NVIDIA CDI Hook version'
  run on_host t4x1 runc bash -c 'cp /usr/bin/nvbox /run/nvbox-1.2; cp /usr/bin/nvbox /run/nvbox.new
    for file in /run/nvbox-1.2 /run/nvbox.new; do $file nvidia-ctk --version; (exec -a x $file nvidia-ctk --version); done
    (exec -a nvidia-ctk /usr/bin/nvidia-container-runtime --version)'
  [ "$(grep -c 'NVIDIA Container Toolkit CLI version' <<<"$output")" -eq 5 ]
}

@test "a full standard output is an error" {
  run bash -c '"$1" --list >/dev/full' bash "$nvbox"
  [ "$status" -eq 1 ]
  [ "$output" = 'nvbox: standard output: write: No space left on device' ]
}

@test "the hook refuses the host's own root directory and unknown options" {
  run bash -c 'echo "{\"bundle\":\"/tmp\",\"root\":\"/\"}" | "$1" nvbox-hook --mask-params' bash "$nvbox"
  [ "$status" -eq 1 ]
  has_text "is the host's root directory"
  run bash -c 'echo "{}" | "$1" nvbox-hook --frobnicate x' bash "$nvbox"
  [ "$status" -eq 1 ]
  has_text 'unknown option "--frobnicate"'
}
