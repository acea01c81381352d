#!/usr/bin/env bats
# The Debian package on a host with systemd: what it brings, keeps and takes away.
# shellcheck disable=SC2034,SC2154 # variables of vm.bash
bats_require_minimum_version 1.5.0

load vm.bash

units='nvidia-cdi-refresh.path nvidia-cdi-refresh.service'

setup_file() {
  set_up_docker
}

# Each test begins with the package installed and its specification made.
setup() {
  export DEBIAN_FRONTEND=noninteractive
  install_package
}

teardown() {
  touch "$BATS_TEST_TMPDIR/stop"
  end
}

purge() { timeout 120 dpkg --purge nvbox; }

# The files that a package may leave. What dpkg, apt, systemd and the engines write for themselves is no package's.
files_of_host() {
  find /etc /usr /var/lib /run /opt /srv -xdev \( -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/docker \
    -o -path /var/lib/containerd -o -path /var/lib/containers -o -path /var/lib/systemd/timers -o -path /run/systemd \
    -o -path /run/udev -o -path /run/docker -o -path /run/containerd -o -path /run/log -o -path /run/user \) -prune \
    -o -print
  # Of these, the units' own.
  find /var/lib/systemd /run/systemd -name '*nvidia*'
}

@test "apt takes the package without a network, and the units work at once" {
  purge
  rm -rf /run/cdi
  run -0 timeout 300 apt-get install -y /share/nvbox*.deb
  echo "$output"
  # Not root's file below /root, which apt complains of that user _apt cannot read.
  [[ $output != *"couldn't be accessed by user '_apt'"* ]]
  # systemctl(1): is-enabled and is-active of several units fail if any... so one line for each counts.
  # shellcheck disable=SC2086 # a list
  run -0 systemctl is-enabled $units
  [ "$output" = $'enabled\nenabled' ]
  [ "$(systemctl is-active nvidia-cdi-refresh.path)" = active ]
  wait_for_specification
  # A service of Type=oneshot is inactive when it has done its work (systemd.service(5)).
  timeout 60 sh -c 'while systemctl -q is-active nvidia-cdi-refresh.service; do sleep 0.2; done'
  [ "$(systemctl show -P Result nvidia-cdi-refresh.service)" = success ]
  run -0 nvidia-ctk cdi list
  # The names of NVIDIA's specification: index, GPU:MIG and UUIDs, of a100mig.profile.
  [[ $output == *$'\nnvidia.com/gpu=0\n'* ]]
  [[ $output == *$'\nnvidia.com/gpu=1:6\n'* ]]
  [[ $output == *$'\nnvidia.com/gpu=GPU-3ba10000-0000-4a10-8000-000000000000\n'* ]]
  start docker --device nvidia.com/gpu=0
  expect_own_gpu
}

@test "the path unit makes the specification again when the list of modules changes" {
  rm /run/cdi/nvidia.yaml
  depmod -a
  wait_for_specification
}

# Debian policy 9.3.3: what an administrator has disabled stays so over an update.
@test "units that are switched off stay off over an update, and over a removal" {
  # shellcheck disable=SC2086 # a list
  systemctl disable --now $units
  timeout 120 dpkg -i /share/nvbox*.deb
  # shellcheck disable=SC2086
  run systemctl is-enabled $units
  [ "$output" = $'disabled\ndisabled' ]
  [ "$(systemctl is-active nvidia-cdi-refresh.path || true)" = inactive ]
  timeout 120 dpkg -r nvbox
  timeout 120 dpkg -i /share/nvbox*.deb
  # shellcheck disable=SC2086
  run systemctl is-enabled $units
  [ "$output" = $'disabled\ndisabled' ]
  # shellcheck disable=SC2086
  systemctl enable --now $units
  wait_for_specification
}

# start_for_ever DIR: containers in each way, until DIR/stop; a line of DIR/ways for each that had its GPU.
start_for_ever() {
  local way answer
  until [ -e "$1/stop" ]; do
    for way in '--runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0' '--gpus device=0' '--device nvidia.com/gpu=0'; do
      # shellcheck disable=SC2086 # options
      answer=$(timeout 120 docker run --rm --network=none $way glibc probe open /dev/nvidia0 2>&1) || true
      if [[ $answer == '/dev/nvidia0: OK' ]]; then
        echo "$way" >>"$1/ways"
      else
        echo "$way: $answer" >>"$1/failed"
      fi
    done
  done
}

# dpkg(1): a file is unpacked beside the one that is there and renamed over it, so that there is always one.
@test "containers start while the package is updated" {
  local each starter before after
  start_for_ever "$BATS_TEST_TMPDIR" 3>&- &
  starter=$!
  # shellcheck disable=SC2016 # for that shell
  timeout 120 sh -c 'until [ "$(wc -l <"$0")" -ge 3 ]; do sleep 0.2; done' "$BATS_TEST_TMPDIR/ways" 2>/dev/null
  before=$(wc -l <"$BATS_TEST_TMPDIR/ways")
  for each in 1 2 3; do timeout 120 dpkg -i /share/nvbox*.deb; done
  after=$(wc -l <"$BATS_TEST_TMPDIR/ways")
  touch "$BATS_TEST_TMPDIR/stop"
  wait "$starter"
  echo "$((after - before)) starts during the updates"
  run cat "$BATS_TEST_TMPDIR/failed"
  echo "$output"
  [ "$status" -ne 0 ]
  [ "$((after - before))" -ge 3 ]
}

@test "a container runs on over an update, and stops and starts again" {
  start docker --gpus device=0
  timeout 120 dpkg -i /share/nvbox*.deb
  expect_own_gpu
  timeout 120 docker restart -t 0 "$id"
  expect_own_gpu
}

# An engine says itself that it knows no such device: no container fails in a hook that is not there.
@test "removal takes units, links and the specification" {
  wait_for_specification
  timeout 120 dpkg -r nvbox
  [ ! -e /run/cdi/nvidia.yaml ]
  # Others of the driver, nvidia-cuda-mps-control among them, stay.
  run find /usr/bin /usr/sbin /usr/local/bin \( -name 'nvidia-c[dto]*' -o -name nvidia-docker -o -name nvbox \)
  [ "$output" = '' ]
  run systemctl is-active nvidia-cdi-refresh.path
  [ "$output" = inactive ]
  run systemctl cat nvidia-cdi-refresh.path
  [ "$status" -ne 0 ]
  run timeout 120 docker run --rm --network=none --device nvidia.com/gpu=0 glibc true
  echo "$output"
  [ "$status" -ne 0 ]
  [[ $output == *'unresolvable CDI devices nvidia.com/gpu=0'* ]]
  run -0 timeout 120 docker run --rm --network=none glibc echo runs
  [ "$output" = runs ]
}

# Debian policy 6.8: after purge nothing of the package is left.
@test "purge leaves nothing behind" {
  purge || true
  rm -rf /run/cdi
  files_of_host | sort >"$BATS_TEST_TMPDIR/before"
  timeout 120 dpkg -i /share/nvbox*.deb
  wait_for_specification
  files_of_host | sort >"$BATS_TEST_TMPDIR/between"
  grep -qx /usr/bin/nvidia-ctk "$BATS_TEST_TMPDIR/between"
  purge
  files_of_host | sort >"$BATS_TEST_TMPDIR/after"
  run diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
  echo "$output"
  [ "$status" -eq 0 ]
}
