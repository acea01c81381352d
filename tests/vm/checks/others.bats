#!/usr/bin/env bats
# Callers that have no file of their own: Apptainer, Charliecloud and gVisor as Debian has them, and many containers
# at once.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # text for other shells; variables of vm.bash and bats
bats_require_minimum_version 1.5.0

load vm.bash

setup_file() {
  install_package
  # The way to the images, for somebody who is nobody to the host.
  chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
}

teardown() {
  if [[ -n ${container-} ]]; then timeout 60 runsc delete -force "$container" || true; fi
  if [[ -n ${many-} ]]; then end_many; fi
}

# What a test may have taken from other checks.
teardown_file() { nvsim nodes; }

needs() { command -v "$1" >/dev/null || skip "this Debian has no package with $1"; }

# unpack USER: an image as a directory of this user. Sets `image`.
unpack() {
  image=$BATS_FILE_TMPDIR/$BATS_TEST_NUMBER-$1
  mkdir -p "$image/var/tmp"
  tar -C "$image" -xf /share/images/glibc.tar
  chown -R "$1:" "$image"
}

questions=(probe open /dev/nvidia0 /dev/nvidia1 -- dlopen libcuda.so.1 -- nodes)

# has_gpu OWNER: what the questions' answers say of compute and utility on GPU 0, whose driver's numbers are those of
# /proc/devices. A node is the host's, so root of the host is nobody in a user namespace.
has_gpu() {
  local cuda='libcuda.so.1: libcuda.so.550.163.01'
  echo "$output"
  # shellcheck disable=SC2001 # a pattern in each line
  [ "$(sed "s|^\($cuda\) /.*|\1|" <<<"$output")" = "== open /dev/nvidia0 /dev/nvidia1
/dev/nvidia0: OK
/dev/nvidia1: ENOENT
== dlopen libcuda.so.1
$cuda
== nodes
/dev/nvidia-uvm 510:0 0666 $1
/dev/nvidia-uvm-tools 510:1 0666 $1
/dev/nvidia0 195:0 0666 $1
/dev/nvidiactl 195:255 0666 $1" ]
}

# Apptainer 1.4 (internal/pkg/util/gpu/nvidia.go) translates NVIDIA_* to options and runs
# "nvidia-container-cli [--user] configure --no-cgroups OPTION... --ldconfig=@PATH ROOTFS" with an upper layer over
# the image, after it has mounted everything else. What the container has of /dev beside that is the host's, unless
# it is contained. That this host has no name servers to tell is what --dns is for.
contained() {
  timeout 120 apptainer --quiet exec --contain --dns 127.0.0.1 "$@"
}

contained_by_ann() {
  as_ann env NVIDIA_VISIBLE_DEVICES="$visible" NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    apptainer --quiet exec --contain --dns 127.0.0.1 "$@"
}

use_apptainer() {
  needs apptainer
  export NVIDIA_VISIBLE_DEVICES=0 NVIDIA_DRIVER_CAPABILITIES=compute,utility
  visible=0
}

# gives_gpu_and_keeps_image OWNER PROGRAM: has_gpu, no GPU was opened but by the probe, and all of it was in a layer
# above the image.
gives_gpu_and_keeps_image() {
  local before files
  files=$(find "$image" | sort)
  before=$(count_opens)
  run -0 "$2" --nvccli "$image" "${questions[@]}"
  has_gpu "$1"
  [ "$(openers_since "$before")" = probe ]
  [ "$(find "$image" | sort)" = "$files" ]
}

@test "apptainer --nvccli, root" {
  use_apptainer
  unpack root
  gives_gpu_and_keeps_image 0:0 contained
  # What was mounted was the container's alone.
  run ! grep nvidia /proc/self/mounts
}

@test "apptainer --nvccli, a user" {
  use_apptainer
  unpack ann
  gives_gpu_and_keeps_image 65534:65534 contained_by_ann
}

@test "apptainer --nvccli --fakeroot, a user" {
  use_apptainer
  unpack ann
  run -0 contained_by_ann --fakeroot --nvccli "$image" "${questions[@]}"
  has_gpu 65534:65534
}

# SingularityCE has no other way for users ("nvidia-container-cli requires --writable with user namespace/fakeroot",
# its internal/pkg/runtime/launcher/native). Without a layer the image needs what is mounted upon.
@test "apptainer --nvccli --writable, a user" {
  use_apptainer
  unpack ann
  mkdir "$image/home"
  touch "$image"/etc/{hosts,localtime,resolv.conf}
  run -0 contained_by_ann --writable --nvccli "$image" "${questions[@]}"
  has_gpu 65534:65534
  run -0 contained_by_ann --writable --nvccli "$image" "${questions[@]}"
  has_gpu 65534:65534
}

# Without this line of apptainer.conf, --nv reads nvliblist.conf and calls nobody.
@test "apptainer --nv, when it is configured to use nvidia-container-cli" {
  use_apptainer
  unpack root
  sed 's/^use nvidia-container-cli = no/use nvidia-container-cli = yes/' /etc/apptainer/apptainer.conf \
    >"$BATS_TEST_TMPDIR/apptainer.conf"
  run -0 timeout 120 apptainer --quiet --config "$BATS_TEST_TMPDIR/apptainer.conf" exec --contain --dns 127.0.0.1 \
    --nv "$image" "${questions[@]}"
  has_gpu 0:0
}

# NVIDIA's MIG User Guide, "Device Nodes and Capabilities": who can open both of them for reading has the instance.
# 1:0 is instance 9 of tests/simhost/profiles/a100mig.profile.
@test "apptainer --nvccli, a MIG device for a user" {
  local information=/proc/driver/nvidia/capabilities/gpu1/mig/gi9 own=() path
  use_apptainer
  unpack ann
  for path in "$information"/{access,ci0/access}; do
    own+=("/dev/nvidia-caps/nvidia-cap$(sed -n 's/^DeviceFileMinor: //p' "$path")")
  done
  visible=1:0
  run -0 contained_by_ann --nvccli "$image" sh -c 'probe open /dev/nvidia1 /dev/nvidia0
    for node in /dev/nvidia-caps/*; do : <$node && echo $node; done'
  echo "$output"
  [ "$output" = $'/dev/nvidia1: OK\n/dev/nvidia0: ENOENT\n'"$(printf '%s\n' "${own[@]}" | sort)" ]
}

# Apptainer shows what nvidia-container-cli has written; the messages are libnvidia-container's.
@test "apptainer --nvccli shows why there is no container" {
  use_apptainer
  unpack ann
  visible=7
  run contained_by_ann --nvccli "$image" true
  echo "$output"
  [ "$status" -ne 0 ]
  [[ $output == *'nvidia-container-cli failed'*'device error: 7: unknown device'* ]]
  export NVIDIA_REQUIRE_CUDA='cuda>=99.0'
  run contained --nvccli "$image" true
  echo "$output"
  [ "$status" -ne 0 ]
  [[ $output == *'nvidia-container-cli failed'*'unsatisfied condition: cuda>=99.0'* ]]
}

# ch-fromhost(1): --nvidia copies into the image what "nvidia-container-cli list --binaries --libraries" names,
# libraries to the first directory of the image's ldconfig, which is then run. ch-run(1) gives the host's /dev.
@test "ch-fromhost --nvidia" {
  local before name names
  needs ch-fromhost
  unpack ann
  install -o ann /sbin/ldconfig "$image/usr/sbin/"
  before=$(count_opens)
  run -0 as_ann ch-fromhost --nvidia "$image"
  echo "$output"
  [ "$(openers_since "$before")" = '' ]
  run -0 as_ann ch-run "$image" -- probe dlopen libcuda.so.1 libnvidia-ml.so.1 libnvidia-encode.so.1 \
    libGLX_nvidia.so.0 -- open /dev/nvidia0
  echo "$output"
  for name in libcuda libnvidia-ml libnvidia-encode libGLX_nvidia; do
    grep -q "^$name\.so\.[01]: $name\.so\.550\.163\.01 /opt/image/lib/" <<<"$output"
  done
  grep -qx '/dev/nvidia0: OK' <<<"$output"
  run -0 as_ann ch-run "$image" -- nvidia-smi
  [ "$output" = nvidia-smi ]
  # Each library of the driver in the host's cache, which tests/simhost/driver-files.txt describes, has come along.
  names=$(cd /usr/lib/x86_64-linux-gnu && ls libnvidia-{ml,cfg,opencl,ptxjitcompiler,nvvm}.so.550.163.01 libcuda*.550*)
  for name in $names; do [ -f "$image/opt/image/lib/$name" ]; done
}

# gVisor of 2024 (runsc/container/container.go) runs, in place of the hook, "nvidia-container-cli --load-kmods
# configure --ldconfig=@/sbin/ldconfig --no-cgroups --utility --compute --pid=GOFER --device=LIST ROOTFS", and gives the
# sandbox the nodes that it finds in ROOTFS/dev. It asks the driver for its version by an ioctl, which there is nobody
# here to answer, and has a list of those that it knows; the next one in that list is as good for nodes and libraries.
runsc_options=(--network=none --ignore-cgroups --platform=systrap --nvproxy --nvproxy-driver-version=550.90.07)

# in_gvisor DEVICES COMMAND...: what it says there.
in_gvisor() {
  local bundle=$BATS_TEST_TMPDIR
  [[ -d $bundle/rootfs ]] || { mkdir "$bundle/rootfs" && tar -C "$bundle/rootfs" -xf /share/images/glibc.tar; }
  [[ -e $bundle/made ]] || (cd "$bundle" && runsc spec && mv config.json made)
  jq --arg devices "NVIDIA_VISIBLE_DEVICES=$1" '.process.args = $ARGS.positional | .process.env += [$devices] |
    .hooks.prestart = [{path: "/usr/bin/nvidia-container-runtime-hook",
      args: ["nvidia-container-runtime-hook", "prestart"]}]' "$bundle/made" --args -- "${@:2}" >"$bundle/config.json"
  container=gvisor
  run -0 --separate-stderr timeout 120 runsc "${runsc_options[@]}" run --bundle "$bundle" "$container" </dev/null
  container=
  echo "$output"
}

# The node of nvidia-uvm has a number of the sandbox's own.
without_uvm() { sed '/^\/dev\/nvidia-uvm 25[0-9]*:0 /d; s|\(libcuda.so.550.163.01\) /.*|\1|' <<<"$output"; }

@test "gVisor: the GPU that is named, its driver, and no other" {
  local before
  needs runsc
  before=$(count_opens)
  in_gvisor 0 "${questions[@]}"
  [ "$(without_uvm)" = '== open /dev/nvidia0 /dev/nvidia1
/dev/nvidia0: OK
/dev/nvidia1: ENOENT
== dlopen libcuda.so.1
libcuda.so.1: libcuda.so.550.163.01
== nodes
/dev/nvidia0 195:0 0666 0:0
/dev/nvidiactl 195:255 0666 0:0' ]
  # The gofer, which gVisor runs as /proc/self/exe, opens for the sandbox.
  [ "$(openers_since "$before")" = exe ]
  run ! grep nvidia /proc/self/mounts
}

# runsc/specutils/nvidia.go: "none" is the driver without a GPU, which is an empty --device.
@test "gVisor: the driver without a GPU" {
  needs runsc
  in_gvisor none "${questions[@]}"
  [ "$(without_uvm)" = '== open /dev/nvidia0 /dev/nvidia1
/dev/nvidia0: ENOENT
/dev/nvidia1: ENOENT
== dlopen libcuda.so.1
libcuda.so.1: libcuda.so.550.163.01
== nodes
/dev/nvidiactl 195:255 0666 0:0' ]
}

# Where there is no /dev/nvidiactl, gVisor first runs "nvidia-container-cli --load-kmods info", "side-effect of
# automatically creating GPU device files" (nvProxyPreGoferHostSetup).
@test "gVisor: nodes that the host does not have yet" {
  local nodes=(/dev/nvidia{0,1,ctl,-uvm,-uvm-tools})
  needs runsc
  rm "${nodes[@]}"
  nvidia-container-cli --load-kmods info
  [ "$(stat -c '%t:%T %a' /dev/nvidia0 /dev/nvidiactl)" = $'c3:0 666\nc3:ff 666' ]
  rm "${nodes[@]}"
  in_gvisor 1 probe open /dev/nvidia1 /dev/nvidiactl /dev/nvidia0
  [ "$output" = $'/dev/nvidia1: OK\n/dev/nvidiactl: OK\n/dev/nvidia0: ENOENT' ]
  [ "$(stat -c '%t:%T %a' /dev/nvidia0 /dev/nvidiactl)" = $'c3:0 666\nc3:ff 666' ]
}

# A third of them each asks by one of these names. GPU 1 is in MIG mode, so that CDI has names for its instances alone.
many_count=64
many_devices=(0 1 nvidia.com/gpu=0)

# make_many: containers that open the nodes of both GPUs and one of the other GPU that they have made. Sets `many`.
make_many() {
  local n
  many=$BATS_TEST_TMPDIR
  mkdir "$many/image"
  tar -C "$many/image" -xf /share/images/glibc.tar
  (cd "$many" && runc spec)
  jq '.process.terminal = false | .root.readonly = false | .process.capabilities[] += ["CAP_MKNOD"] |
    .process.args = ["sh", "-c", "busybox mknod /dev/other c 195 $OTHER
      probe open /dev/nvidia0 /dev/nvidia1 /dev/other -- dlopen libcuda.so.1; exec sleep 1000"] |
    .process.env += ["NVIDIA_VISIBLE_DEVICES=DEVICES", "OTHER=MINOR"] | .linux.cgroupsPath = "/nvbox-many/NUMBER"' \
    "$many/config.json" >"$many/pattern"
  for ((n = 0; n < many_count; n++)); do
    mkdir "$many/$n"
    cp -a "$many/image" "$many/$n/rootfs"
    sed "s|DEVICES=DEVICES|DEVICES=${many_devices[n % 3]}|; s|OTHER=MINOR|OTHER=$((n % 3 != 1))|; s|NUMBER|$n|" \
      "$many/pattern" >"$many/$n/config.json"
  done
}

start_many() {
  seq 0 $((many_count - 1)) | timeout 300 xargs -P "$many_count" -I {} sh -c \
    'exec nvidia-container-runtime --root "$0/state" run -d --bundle "$0/{}" many-{} >"$0/{}/out" 2>&1 </dev/null' \
    "$many"
}

# cgroup.kill (cgroup-v2 of the kernel's documentation) ends all below at once.
end_many() {
  echo 1 >/sys/fs/cgroup/nvbox-many/cgroup.kill || true
  many=
  timeout 60 sh -c 'while [ -d "$0" ]; do find "$0" -type d -delete; sleep 0.5; done' /sys/fs/cgroup/nvbox-many 2>&1
}

# What a start may leave on the host: files, mounts, and programs of ours, by what they run.
traces() {
  local exe
  find /etc /dev /dev/shm /tmp /var/tmp /var/lib /run -xdev \( -path "$BATS_RUN_TMPDIR" -o -path /dev/char \
    -o -path /run/systemd -o -path /run/udev -o -path /run/user -o -path /run/log -o -path /var/lib/systemd \) -prune \
    -o -print | sort
  cut -d' ' -f 5- /proc/self/mountinfo
  for exe in /proc/[0-9]*/exe; do readlink "$exe" || true; done | grep -E 'nvbox|nvidia|memfd' || true
}

@test "64 containers at once: each has its GPU, and nothing stays but them" {
  local before n own failed=0
  make_many
  traces >"$many/before"
  before=$(count_opens)
  start_many || failed=$?
  # Where all were started, their answers are not far.
  ((failed)) || timeout 60 sh -c 'until [ "$(cat "$0"/*/out | grep -c libcuda.so.1:)" -ge "$1" ]; do sleep 1; done' \
    "$many" "$many_count"
  for ((n = 0; n < many_count; n++)); do
    own='/dev/nvidia0: OK
/dev/nvidia1: ENOENT'
    ((n % 3 != 1)) || own='/dev/nvidia0: ENOENT
/dev/nvidia1: OK'
    echo "container $n: $(<"$many/$n/out")"
    [[ $(<"$many/$n/out") == "== open /dev/nvidia0 /dev/nvidia1 /dev/other
$own
/dev/other: EPERM
== dlopen libcuda.so.1
libcuda.so.1: libcuda.so.550.163.01 "* ]]
  done
  [ "$(runc --root "$many/state" list -f json | jq '[.[] | select(.status == "running")] | length')" -eq "$many_count" ]
  # To open a GPU wakes it (docs.nvidia.com, "Driver Persistence"), so only the containers do.
  [ "$(openers_since "$before")" = probe ]
  traces >"$many/after"
  run diff "$many/before" "$many/after"
  echo "$output"
  [ "$status" -eq 0 ]
}
