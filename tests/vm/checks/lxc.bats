#!/usr/bin/env bats
# LXC: unprivileged containers with the hook that it brings, privileged ones with nvbox as their hook
# (README.md, "LXC").

bats_require_minimum_version 1.5.0

setup_file() {
  dpkg -s nvbox >/dev/null 2>&1 || apt-get install -y -qq /share/nvbox*.deb >&2
  # Users of containers are these, of LXC and of Incus.
  grep -q '^root:' /etc/subuid || echo root:1000000:1000000000 | tee -a /etc/subuid >>/etc/subgid
}

teardown() {
  local name
  for name in ann root; do
    timeout 60 lxc-stop -k -P "$BATS_FILE_TMPDIR" -n "$name" >/dev/null 2>&1 || true
  done
}

# start NAME ID LINE...: a container that sleeps, whose root is the ID of the host.
start() {
  local name=$1 id=$2 dir=$BATS_FILE_TMPDIR/$1 config
  shift 2
  config=('lxc.include = /usr/share/lxc/config/common.conf' "lxc.uts.name = $name"
    "lxc.rootfs.path = dir:$dir/rootfs" 'lxc.net.0.type = empty' 'lxc.tty.max = 0'
    'lxc.init.cmd = /usr/bin/sleep 1000' "$@")
  mkdir -p "$dir/rootfs"
  tar -C "$dir/rootfs" -xf /share/images/glibc.tar
  mkdir -p "$dir/rootfs/dev/pts"
  if ((id != 0)); then
    config+=('lxc.include = /usr/share/lxc/config/userns.conf'
      "lxc.idmap = u 0 $id 65536" "lxc.idmap = g 0 $id 65536")
    chown -R "$id:$id" "$dir/rootfs"
    # The way to it, for somebody who is nobody to the host.
    chmod a+x "$dir" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
  fi
  printf '%s\n' "${config[@]}" >"$dir/config"
  timeout 200 lxc-start -d -P "$BATS_FILE_TMPDIR" -n "$name" -o "$dir/log" -l DEBUG || {
    sed -n 's/.* produced output: //p' "$dir/log"
    return 1
  }
}

inside() { timeout 60 lxc-attach --clear-env -P "$BATS_FILE_TMPDIR" -n "$1" -- "${@:2}"; }

@test "unprivileged, with LXC's own hook: the GPU that is named, its driver, and no other" {
  start ann 1000000 'lxc.hook.mount = /usr/share/lxc/hooks/nvidia' \
    'lxc.environment = NVIDIA_VISIBLE_DEVICES=0' 'lxc.environment = NVIDIA_DRIVER_CAPABILITIES=compute,utility'
  run -0 inside ann /usr/bin/probe open /dev/nvidia0 /dev/nvidiactl /dev/nvidia-uvm /dev/nvidia1
  [ "$output" = $'/dev/nvidia0: OK\n/dev/nvidiactl: OK\n/dev/nvidia-uvm: OK\n/dev/nvidia1: ENOENT' ]
  # What a user namespace may not: mknod(2), EPERM.
  run ! inside ann /usr/bin/sh -c 'mknod /dev/other c 195 1'
  run -0 inside ann /usr/bin/probe dlopen libcuda.so.1
  [[ $output == *libcuda.so.1*/libcuda.so.* ]]
}

# LXC sets its rules after its hooks, as the device cgroup of a container that may make every node
# (lxc.cgroup2.devices of common.conf).
@test "privileged, with nvbox as the hook: LXC's rules give and deny, also after daemon-reload" {
  local hook="nvidia-container-cli --load-kmods configure --no-cgroups --device=0 --compute --utility"
  start root 0 'lxc.hook.version = 1' "lxc.hook.mount = $hook \$LXC_ROOTFS_MOUNT" \
    'lxc.cgroup2.devices.allow = c 195:0 rw' 'lxc.cgroup2.devices.allow = c 195:255 rw'
  inside root /usr/bin/sh -c 'mknod /dev/other c 195 1'
  systemctl daemon-reload
  run -0 inside root /usr/bin/probe open /dev/nvidia0 /dev/nvidiactl /dev/other
  [ "$output" = $'/dev/nvidia0: OK\n/dev/nvidiactl: OK\n/dev/other: EPERM' ]
}

# The message is that of libnvidia-container.
@test "a GPU that there is not stops the start, and LXC's log has the reason" {
  run ! start ann 1000000 'lxc.hook.mount = /usr/share/lxc/hooks/nvidia' \
    'lxc.environment = NVIDIA_VISIBLE_DEVICES=7'
  echo "$output"
  [[ $output == *'nvidia-container-cli: device error: 7: unknown device'* ]]
}

# Incus names no GPU in the hook's variable (NVIDIA_VISIBLE_DEVICES=none): its nodes come as Incus's own device
# ("Instance options", nvidia.runtime, and "Type: gpu", in the documentation of Incus).
@test "Incus with nvidia.runtime: the driver from the hook, the GPU from Incus" {
  local dir=$BATS_FILE_TMPDIR/incus
  # It reads the users of containers when it starts.
  systemctl restart incus
  timeout 100 incus admin init --preseed <<'YAML'
storage_pools: [{name: pool, driver: dir}]
profiles: [{name: default, devices: {root: {type: disk, path: /, pool: pool}}}]
YAML
  mkdir "$dir"
  printf '%s\n' 'architecture: x86_64' 'creation_date: 1700000000' >"$dir/metadata.yaml"
  tar -C "$dir" -cf "$dir/metadata.tar" metadata.yaml
  timeout 100 incus image import "$dir/metadata.tar" /share/images/glibc.tar --alias glibc
  timeout 100 incus init glibc c1 -c nvidia.runtime=true -c nvidia.driver.capabilities=compute,utility \
    -c 'raw.lxc=lxc.init.cmd = /usr/bin/sleep 1000'
  timeout 60 incus config device add c1 gpu0 gpu gputype=physical pci=0000:3b:00.0
  timeout 100 incus start c1
  run -0 timeout 60 incus exec c1 -- /usr/bin/probe open /dev/nvidia0 /dev/nvidiactl /dev/nvidia-uvm /dev/nvidia1
  [ "$output" = $'/dev/nvidia0: OK\n/dev/nvidiactl: OK\n/dev/nvidia-uvm: OK\n/dev/nvidia1: ENOENT' ]
  run -0 timeout 60 incus exec c1 -- /usr/bin/probe dlopen libcuda.so.1
  [[ $output == *libcuda.so.1*/libcuda.so.* ]]
  timeout 100 incus delete -f c1
}
