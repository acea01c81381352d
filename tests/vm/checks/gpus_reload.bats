#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
setup_file() {
  dpkg -i /share/nvbox*.deb >&2
  nvidia-ctk runtime configure --runtime=docker >&2
  systemctl restart docker
  docker import /share/images/glibc.tar glibc >&2
}
@test "docker --gpus keeps its GPU" {
  id=$(docker run -d --network=none --gpus device=0 --device /dev/fuse glibc sleep 1000)
  o() { echo "# $1: $(docker exec "$id" probe open /dev/nvidia0 /dev/nvidiactl /dev/fuse /dev/null | tr '\n' ' ')" >&3; }
  o start
  systemctl show "docker-$id.scope" -p DeviceAllow -p DevicePolicy -p BPFProgram | sed 's/^/# /' >&3
  systemctl daemon-reload; sleep 1; o reload
  docker update --memory 300m --memory-swap 400m "$id" >/dev/null; o update
  systemctl daemon-reload; sleep 1; o reload
  docker rm -f "$id"
  journalctl -b --no-pager | grep -i nvidia-container | tail -5 | sed 's/^/# /' >&3
}
