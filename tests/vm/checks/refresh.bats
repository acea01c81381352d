#!/usr/bin/env bats
# The CDI specification follows what happens to the host: systemd's own inotify watches, no daemon of ours.

bats_require_minimum_version 1.5.0

specification=/var/run/cdi/nvidia.yaml

setup_file() {
  dpkg -s nvbox >/dev/null 2>&1 || apt-get install -y -qq /share/nvbox*.deb >&2
}

# soon COMMAND...: it succeeds within some seconds, as emulated machines need for starting a service.
soon() {
  local try
  for ((try = 0; try < 150; try++)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  "$@"
}

device_is_named() { nvidia-ctk --quiet cdi list | grep -qx "nvidia.com/gpu=$1"; }
device_is_unknown() { if device_is_named "$1"; then return 1; fi; }

@test "the package's units have described the host" {
  soon test -s "$specification"
  for name in 0 1:0 1:6 all; do device_is_named "$name"; done
}

@test "a MIG instance is described when it has its nodes" {
  device_is_unknown 0:0
  nvsim mig create 0 1 0
  soon device_is_named 0:0
}

@test "seven instances, one after the other, do not wear the watching out" {
  for gi in {2..7}; do nvsim mig create 0 "$gi" 0; done
  soon device_is_named 0:6
  [ "$(systemctl is-active nvidia-cdi-refresh.path)" = active ]
}

@test "an instance that is taken away is described no longer" {
  nvsim mig destroy 0 7
  soon device_is_unknown 0:6
}

@test "another driver is described when its modules have been installed" {
  nvsim driver 560.28.03
  soon grep -q 560.28.03 "$specification"
  soon device_is_named all
}
