#!/usr/bin/env bats
# containerd, by its own client and by CRI as the kubelet speaks it: the four ways in which NVIDIA's
# device plugin names GPUs (README.md of k8s-device-plugin, "deviceListStrategy").

bats_require_minimum_version 1.5.0

configuration=/etc/nvidia-container-runtime/config.toml
# That of the device plugin, whose names are the plugin's (internal/cdi of k8s-device-plugin).
specification=/var/run/cdi/k8s.device-plugin.nvidia.com-gpu.json

setup_file() {
  export IMAGE=localhost/glibc:latest
  dpkg -s nvbox >/dev/null 2>&1 || apt-get install -y -qq /share/nvbox*.deb >&2
  # What is there now is there again for the checks that come later.
  if [ -e "$configuration" ]; then cp "$configuration" "$BATS_FILE_TMPDIR/configuration"; fi
  # As on nodes of Kubernetes: systemd makes the cgroups ("Container Runtimes", "Configuring the systemd
  # cgroup driver", in the documentation of Kubernetes). The handler nvidia inherits it.
  cat >>/etc/containerd/config.toml <<'TOML'
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = true
TOML
  nvidia-ctk --quiet runtime configure --runtime=containerd
  # What containerd hands on of a pod's annotations: NVIDIA's installer writes this line, nvidia-ctk does not.
  sed -i '/runtimes\.nvidia\]$/a container_annotations = ["cdi.k8s.io/*"]' /etc/containerd/conf.d/99-nvidia.toml
  systemctl restart containerd
  podman import -q --change 'ENV PATH=/usr/sbin:/usr/bin' \
    --change 'CMD ["sleep","1000"]' /share/images/glibc.tar "$IMAGE"
  podman save -q --format oci-archive -o "$BATS_FILE_TMPDIR/image" "$IMAGE"
  ctr -n k8s.io images import "$BATS_FILE_TMPDIR/image"
  ctr images import "$BATS_FILE_TMPDIR/image"
  # What sleeps in a sandbox is an image by a name that each containerd has its own of.
  ctr -n k8s.io images tag --force "$IMAGE" "$(pause_image)"
  cri pod p1 nvidia >"$BATS_FILE_TMPDIR/nvidia"
}

teardown_file() {
  local pod
  for pod in "$BATS_FILE_TMPDIR"/{nvidia,runc}; do
    [ ! -s "$pod" ] || cri remove "$(<"$pod")" || true
  done
  rm -f "$configuration" "$specification"
  if [ -e "$BATS_FILE_TMPDIR/configuration" ]; then cp "$BATS_FILE_TMPDIR/configuration" "$configuration"; fi
}

cri() { timeout 250 python3 "$BATS_TEST_DIRNAME/cri.py" "$@"; }

pause_image() {
  containerd config dump | sed -nE "s/^ *(sandbox|sandbox_image) = ['\"](.*)['\"]\$/\\2/p" | head -n 1
}

uuid() { sed -n 's/^GPU UUID:[[:space:]]*//p' /proc/driver/nvidia/gpus/0000:3b:00.0/information; }

# container NAME HANDLER OPTION...: starts it in the pod of the handler; its id is then in a file.
container() {
  cri container "$(<"$BATS_FILE_TMPDIR/$2")" "$1" p1 "$2" --image "$IMAGE" "${@:3}" >"$BATS_FILE_TMPDIR/id-$1"
}

# A container may make nodes (CAP_MKNOD, and "c *:* m" of runc's own rules), so that what counts is the
# device cgroup: 195 is the driver's major, which Documentation/admin-guide/devices.txt does not assign,
# and GPU n has the minor n.
# shellcheck disable=SC2016 # for the shell in the container
opened='for n in 0 1; do [ -e /dev/try$n ] || mknod /dev/try$n c 195 $n; done
probe open /dev/try0 /dev/try1'
only_own=$'/dev/try0: OK\n/dev/try1: EPERM'

has_own_gpu() {
  run -0 cri exec "$(<"$BATS_FILE_TMPDIR/id-$1")" \
    sh -c "$opened; probe open /dev/nvidia0 /dev/nvidia1 /dev/nvidiactl"
  echo "$output"
  [ "$output" = "$only_own"$'\n/dev/nvidia0: OK\n/dev/nvidia1: ENOENT\n/dev/nvidiactl: OK' ]
}

@test "ctr run with the runtime in place of runc" {
  run -0 timeout 250 ctr run --rm --runc-binary /usr/bin/nvidia-container-runtime --env NVIDIA_VISIBLE_DEVICES=0 \
    "$IMAGE" c1 sh -c "$opened"
  [ "$output" = "$only_own" ]
}

@test "ctr run --device with a name of CDI" {
  run timeout 250 ctr run --rm --device nvidia.com/gpu=0 "$IMAGE" c2 sh -c "$opened"
  [[ $output != *'error stating device path'* ]] || skip "the ctr of containerd 1.7 takes paths only"
  [ "$output" = "$only_own" ]
}

@test "a container that asks for nothing has no GPU" {
  container none nvidia
  run -0 cri exec "$(<"$BATS_FILE_TMPDIR/id-none")" sh -c "$opened; probe nodes"
  [ "$output" = $'/dev/try0: EPERM\n/dev/try1: EPERM' ]
}

@test "strategy envvar: a variable" {
  container envvar nvidia --env "NVIDIA_VISIBLE_DEVICES=$(uuid)"
  has_own_gpu envvar
}

@test "strategy volume-mounts: a mount, and a variable that counts no longer" {
  nvidia-ctk --quiet config --profile kubernetes --in-place
  container volume nvidia --mount "/dev/null:/var/run/nvidia-container-devices/$(uuid)"
  has_own_gpu volume
  container other nvidia --env NVIDIA_VISIBLE_DEVICES=all
  run -0 cri exec "$(<"$BATS_FILE_TMPDIR/id-other")" probe nodes
  [ -z "$output" ]
}

plugin_specification() {
  nvidia-ctk --quiet cdi generate --vendor=k8s.device-plugin.nvidia.com --class=gpu --device-name-strategy=uuid \
    --output="$specification" --format=json
}

@test "strategy cdi-annotations: an annotation that the runtime reads" {
  plugin_specification
  container annotation nvidia \
    --annotation "cdi.k8s.io/nvidia-device-plugin_1=k8s.device-plugin.nvidia.com/gpu=$(uuid)"
  has_own_gpu annotation
}

@test "strategy cdi-cri: devices for containerd, under its runc" {
  plugin_specification
  nvidia-ctk --quiet runtime configure --runtime=containerd --cdi.enabled
  systemctl restart containerd
  cri pod p1 runc >"$BATS_FILE_TMPDIR/runc"
  container cri runc --cdi "k8s.device-plugin.nvidia.com/gpu=$(uuid)"
  has_own_gpu cri
}

# "Failed to initialize NVML: Unknown Error": systemd applies the rules of the unit again. The kubelet's
# CPU manager sends UpdateContainerResources to every container.
@test "the GPU stays when the kubelet changes limits and systemd is reloaded" {
  local name id
  for name in envvar volume annotation cri; do
    id=$(<"$BATS_FILE_TMPDIR/id-$name")
    [[ $(<"/proc/$(ctr -n k8s.io tasks ls | awk -v id="$id" '$1 == id { print $2 }')/cgroup") == *.scope ]]
    cri update "$id" $((200 << 20))
    [ "$(cat "/sys/fs/cgroup/kubepods.slice/cri-containerd-$id.scope/memory.max")" = $((200 << 20)) ]
    has_own_gpu "$name"
  done
  systemctl daemon-reload
  # What is reloaded is applied when a unit of the slice starts or changes.
  systemd-run -q --slice=kubepods.slice --wait true
  for name in envvar volume annotation cri; do has_own_gpu "$name"; done
}
