#!/usr/bin/env bats
# nvidia-docker in front of a docker that only records how it was called. What it does with a real
# daemon is docker.bats' and the runtime's matter.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require unshare
}

# on_a100x8 SCRIPT: in a host with eight GPUs, whose docker prints its arguments, one a line in
# angle brackets, and exits with 5. No settings of the machine's own docker are seen.
on_a100x8() {
  run on_host a100x8 runc env -i PATH=/usr/bin:/bin HOME=/run/home bash -c '
    printf "%s\n" "#!/bin/sh" "printf \"<%s>\\n\" \"\$@\"" "exit 5" >/run/docker
    chmod 755 /run/docker
    rm -rf /usr/bin/docker /etc/docker /etc/cdi
    mv /run/docker /usr/bin/docker
    mkdir /etc/docker /etc/cdi
    knows_runtime() { echo "{\"runtimes\":{\"nvidia\":{\"path\":\"x\"}}}" >/etc/docker/daemon.json; }
    has_cdi() { echo "kind: nvidia.com/gpu" >/etc/cdi/nvidia.yaml; }
    has_hook() { ln -sf nvbox /usr/bin/nvidia-container-runtime-hook; }
    has_no_hook() { rm -f /usr/bin/nvidia-container-runtime-hook; }
    has_no_hook
    eval "$1"' bash "$1"
}

# Everything that was printed, exactly.
is_output() {
  diff <(printf '%s\n' "$1") <(printf '%s\n' "$output") >&2
}

# docker_got WORD...: nothing was printed but this, by docker.
docker_got() {
  is_output "$(printf '<%s>\n' "$@")"
}

@test "run gets the runtime and NV_GPU, and the exit status is docker's" {
  on_a100x8 'knows_runtime; NV_GPU="0 GPU-0FA1" nvidia-docker -D run -it "a b" ""'
  [ "$status" -eq 5 ]
  docker_got -D run --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0,GPU-0FA1 -it 'a b' ''
}

@test "without NV_GPU only the runtime is added" {
  on_a100x8 'knows_runtime; nvidia-docker container create i'
  docker_got container create --runtime=nvidia i
}

@test "other commands pass, with whatever NV_GPU is" {
  on_a100x8 'NV_GPU=99 nvidia-docker exec c run'
  docker_got exec c run
  on_a100x8 'NV_GPU=99 nvidia-docker compose run x'
  docker_got compose run x
}

@test "ranges are spelled out" {
  on_a100x8 'NV_GPU=1-3,7 nvidia-docker run i'
  docker_got run --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=1,2,3,7 i
}

@test "a GPU that the host does not have is an error before docker runs" {
  on_a100x8 'NV_GPU="0 8" nvidia-docker run i'
  [ "$status" -eq 1 ]
  is_output 'nvidia-docker: NV_GPU: device 8: this host has GPUs 0-7'
  on_a100x8 'NV_GPU=GPU-dead nvidia-docker run i'
  is_output 'nvidia-docker: NV_GPU: device GPU-dead: no GPU has this UUID; this host has GPUs 0-7'
  on_a100x8 'NV_DOCKER="env -u X docker -D" NV_GPU=8 nvidia-docker run i'
  is_output 'nvidia-docker: NV_GPU: device 8: this host has GPUs 0-7'
}

@test "a MIG device is not looked for" {
  on_a100x8 'NV_GPU="0:1 MIG-3eb8" nvidia-docker run i'
  docker_got run --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0:1,MIG-3eb8 i
}

@test "a host without a driver says so" {
  on_a100x8 'mount -t tmpfs none /proc/driver; NV_GPU=0 nvidia-docker run i'
  [ "$status" -eq 1 ]
  is_output "nvidia-docker: NV_GPU: no NVIDIA driver is loaded: /proc/driver/nvidia/version does not exist; load it with 'modprobe nvidia' or install the driver"
  on_a100x8 'mount -t tmpfs none /proc/driver; nvidia-docker run i'
  docker_got run --runtime=nvidia i
}

@test "GPUs that are not in /proc are not looked for there" {
  on_a100x8 'mount -t tmpfs none /proc/driver; : >/etc/nv_tegra_release; NV_GPU=0 nvidia-docker run i'
  docker_got run --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0 i
  on_a100x8 'mount -t tmpfs none /proc/driver; mknod /dev/dxg c 10 127; NV_GPU=0 nvidia-docker run i'
  docker_got run --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0 i
}

@test "the GPUs of another host are not this host's" {
  for remote in 'export DOCKER_HOST=tcp://h:2375' 'export DOCKER_CONTEXT=far' \
    'export NV_DOCKER="docker -H ssh://h"' 'export NV_DOCKER="env docker --context far"' \
    'mkdir -p /run/home/.docker; echo "{\"currentContext\":\"far\"}" >/run/home/.docker/config.json'; do
    on_a100x8 "$remote; has_cdi; NV_GPU=8 nvidia-docker run i"
    [ "$status" -eq 5 ]
    has_text '<--runtime=nvidia>'
    has_text '<NVIDIA_VISIBLE_DEVICES=8>'
    has_no_text nvidia-docker:
  done
  on_a100x8 'NV_GPU=8 nvidia-docker -c far run i'
  docker_got -c far run --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=8 i
  on_a100x8 'NV_MODE=cdi NV_GPU=8,GPU-aa nvidia-docker -H tcp://h run i'
  docker_got -H tcp://h run --device nvidia.com/gpu=8 --device nvidia.com/gpu=GPU-aa i
  on_a100x8 'DOCKER_HOST=unix:///srv/docker.sock NV_GPU=8 nvidia-docker run i'
  [ "$status" -eq 1 ]
}

@test "CDI is chosen when the daemon does not know the runtime, and is announced" {
  on_a100x8 'has_cdi; has_hook; NV_GPU="0-1 GPU-bda1 0000:0f:00.0" nvidia-docker run i'
  is_output 'nvidia-docker: --device nvidia.com/gpu instead of --runtime=nvidia: /etc/docker/daemon.json has no runtime nvidia, /etc/cdi/nvidia.yaml is a CDI specification; choose with NV_MODE=runtime|cdi|gpus
<run>
<--device>
<nvidia.com/gpu=0>
<--device>
<nvidia.com/gpu=1>
<--device>
<nvidia.com/gpu=7>
<i>'
}

@test "--gpus is chosen when there is only the hook, and is announced" {
  on_a100x8 'has_hook; NV_GPU=0,2 nvidia-docker run i'
  is_output 'nvidia-docker: --gpus instead of --runtime=nvidia: /etc/docker/daemon.json has no runtime nvidia, there is /usr/bin/nvidia-container-runtime-hook; choose with NV_MODE=runtime|cdi|gpus
<run>
<--gpus>
<"device=0,2">
<i>'
}

@test "without NV_GPU, CDI and --gpus give all GPUs and say so" {
  on_a100x8 'has_hook; nvidia-docker run i'
  [[ ${lines[0]} == *'; all GPUs, because NV_GPU is not set' ]]
  has_line '<all>'
  on_a100x8 'NV_MODE=cdi nvidia-docker run i'
  is_output 'nvidia-docker: all GPUs, because NV_GPU is not set
<run>
<--device>
<nvidia.com/gpu=all>
<i>'
}

@test "NV_MODE decides, and nothing is announced then" {
  on_a100x8 'has_cdi; NV_MODE=runtime NV_GPU=0 nvidia-docker run i'
  docker_got run --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0 i
  on_a100x8 'knows_runtime; NV_MODE=gpus NV_GPU=0 nvidia-docker run i'
  docker_got run --gpus '"device=0"' i
  on_a100x8 'knows_runtime; NV_MODE=cdi NV_GPU=none nvidia-docker run i'
  docker_got run i
  on_a100x8 'NV_MODE=nvml nvidia-docker run i'
  [ "$status" -eq 1 ]
  is_output 'nvidia-docker: NV_MODE=nvml: not known; known are runtime, cdi and gpus'
}

@test "the command's own options go before NV_GPU" {
  on_a100x8 'NV_MODE=gpus nvidia-docker run -e NVIDIA_VISIBLE_DEVICES=3 i'
  docker_got run --gpus '"device=3"' -e NVIDIA_VISIBLE_DEVICES=3 i
  on_a100x8 'NV_MODE=cdi nvidia-docker run -e NVIDIA_VISIBLE_DEVICES= i'
  docker_got run -e NVIDIA_VISIBLE_DEVICES= i
  on_a100x8 'has_cdi; nvidia-docker run --gpus 1 i'
  [[ ${lines[0]} == *'; nothing added, because the command asks for GPUs itself' ]]
  has_no_text nvidia.com/gpu=
  on_a100x8 'NV_MODE=cdi nvidia-docker run --device nvidia.com/gpu=0 i'
  is_output 'nvidia-docker: nothing added, because the command asks for GPUs itself
<run>
<--device>
<nvidia.com/gpu=0>
<i>'
  on_a100x8 'has_cdi; nvidia-docker run --runtime nvidia i'
  docker_got run --runtime=nvidia --runtime nvidia i
}

@test "--privileged makes NV_GPU a wish" {
  on_a100x8 'NV_GPU=0 nvidia-docker run --privileged i'
  [ "${lines[0]}" = 'nvidia-docker: NV_GPU does not hide GPUs from a container with --privileged' ]
  has_line '<--runtime=nvidia>'
  on_a100x8 'NV_GPU=all nvidia-docker run --privileged i'
  docker_got run --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=all --privileged i
}

@test "NV_COMPAT=strict is version 2: its scan, no checks, no choice" {
  on_a100x8 'has_cdi; NV_COMPAT=strict NV_MODE=x NV_GPU="0, 99 0-3" nvidia-docker service create --privileged i'
  docker_got service create --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=0,,99,0-3 --privileged i
  on_a100x8 'NV_COMPAT=strict nvidia-docker -- run i'
  docker_got -- run i
  on_a100x8 'NV_COMPAT=v2 nvidia-docker run i'
  is_output 'nvidia-docker: NV_COMPAT=v2: not known; unset it, or set it to strict'
}

@test "--print shows a line that a shell understands and runs nothing" {
  on_a100x8 'NV_GPU=0 NV_MODE=gpus NV_DOCKER="sudo  docker" nvidia-docker --print run i sh -c "echo \$HOME"'
  [ "$status" -eq 0 ]
  is_output "sudo docker run --gpus '\"device=0\"' i sh -c 'echo \$HOME'"
  on_a100x8 'eval "$(nvidia-docker --print run i "it'"'"'s \$x" "")"'
  docker_got run --runtime=nvidia i "it's \$x" ''
  on_a100x8 'nvidia-docker run --print i'
  docker_got run --runtime=nvidia --print i
}

@test "NV_DEBUG shows the command on standard error and runs it" {
  on_a100x8 'NV_DEBUG=1 nvidia-docker ps "a b" 2>/run/error; cat /run/error'
  is_output "<ps>
<a b>
+ docker ps 'a b'"
}

@test "version is told in front of docker's" {
  on_a100x8 'nvidia-docker version; nvidia-docker --version'
  [[ ${lines[0]} =~ ^NVIDIA\ Docker:\ [0-9.]+$ ]]
  is_output "${lines[0]}
<version>
<--version>"
}

@test "a missing docker is 127, one that cannot be executed 126" {
  on_a100x8 'rm /usr/bin/docker; nvidia-docker run i || echo "status $?"'
  is_output 'nvidia-docker: run docker: No such file or directory; install docker, or name the command in NV_DOCKER
status 127'
  on_a100x8 'NV_DOCKER=/etc/passwd nvidia-docker ps'
  [ "$status" -eq 126 ]
}
