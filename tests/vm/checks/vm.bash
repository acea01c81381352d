# shellcheck shell=bash
# What the checks share. Each file runs alone or behind any other: what it needs is made where it is not there.
# Commands have a bound, because an engine that hangs is a failure of its test and not of all that follow.

# shellcheck disable=SC2034,SC2154 # read by the checks; $output is bats'

all_nodes='/dev/nvidia0 /dev/nvidiactl /dev/nvidia-uvm'
docker_settings=/etc/docker/daemon.json
hooks_file=/usr/share/containers/oci/hooks.d/oci-nvidia-hook.json

install_package() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' nvbox 2>/dev/null) != installed ]] || return 0
  DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -y /share/nvbox*.deb
  wait_for_specification
}

# The unit is started without waiting for it.
wait_for_specification() { timeout 60 sh -c 'until [ -s /run/cdi/nvidia.yaml ]; do sleep 0.2; done'; }

import_image() {
  local engine=$1 kind
  for kind in glibc musl; do
    "$engine" image inspect "$kind" >/dev/null 2>&1 ||
      timeout 120 "$engine" import "/share/images/$kind.tar" "$kind"
  done
}

# Docker has to be told of CDI before 28.2 (docs.docker.com, "Container Device Interface": features.cdi), and
# finds the hook for --gpus in its PATH when it starts.
set_up_docker() {
  install_package
  import_image docker
  nvidia-ctk runtime configure --runtime=docker --cdi.enabled
  timeout 120 systemctl restart docker
}

set_up_podman() {
  install_package
  import_image podman
}

# Hooks are called for every container of root's Podman (oci-hooks(5)), so who adds them takes them away.
add_hooks() {
  nvidia-ctk runtime configure --config-mode=oci-hook \
    --nvidia-runtime-hook-path=/usr/bin/nvidia-container-runtime-hook --oci-hook-path=$hooks_file
}

remove_hooks() { rm -f "$hooks_file"; }

# A user without rights, with subordinate ids, in a session of hers, as logind would make it.
as_ann() {
  local user
  user=$(id -u ann)
  (cd / && timeout 200 runuser -u ann -- env HOME=/home/ann XDG_RUNTIME_DIR="/run/user/$user" \
    DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$user/bus" "$@")
}

# start ENGINE ARG...: a container that stays and may make nodes. Sets `engine`, `id` and `slice`.
start() {
  engine=$1 slice=system.slice
  shift
  [[ $engine != podman ]] || slice=machine.slice
  id=$(timeout 120 "$engine" run -d --network=none --cap-add=MKNOD "$@" glibc sleep 1000)
}

# end: removes the container of `start`.
end() {
  if [[ -n ${id-} ]]; then timeout 120 "$engine" kill -s KILL "$id" >/dev/null || true; fi
  if [[ -n ${id-} ]]; then timeout 120 "$engine" rm -f "$id" >/dev/null; fi
}

# other_gpu: a command for a shell in a container that makes the node of GPU 1, which is not the container's.
other_gpu='test -e /dev/other || busybox mknod /dev/other c 195 1'

# Root in a container may make the node of another GPU, and the cgroup's rules decide about opening it. cgroup-v2
# of the kernel's documentation, "Device controller": "If the program returns 0, the attempt fails with -EPERM,
# otherwise it succeeds".
expect_own_gpu() {
  local path expected='' more=("$@")
  for path in $all_nodes "${more[@]}"; do expected+="$path: OK"$'\n'; done
  run -0 timeout 120 "$engine" exec "$id" sh -c "$other_gpu; probe open $all_nodes ${more[*]} /dev/other"
  echo "$output"
  [ "$output" = "${expected}/dev/other: EPERM" ]
}

# What the kernel's log says of opened nodes behind line $1: the programs' names, cut to 15 characters by the kernel.
openers_since() { nvsim opens | tail -n "+$(($1 + 1))" | sed 's/.* by //' | sort -u; }
count_opens() { nvsim opens | wc -l; }
