#!/usr/bin/env bats
# What nvidia-container-runtime does with recorded requests, against what NVIDIA's did with the same
# ones: sources of device names x kinds x modes (names.json), and random requests with requirements,
# rights and configurations (create-*.json). tests/vectors/README.md says where they come from.

# shellcheck disable=SC2154,SC2016 # variables of helpers.bash; text for an inner shell

load helpers

vectors=$e2e_dir/../vectors

setup() {
  require "$VECTORS_PROGRAM"
}

# recorded PROFILE FILE: every case of the file.
recorded() {
  run on_host "$1" runc bash -c 'mkdir -p /run/low && cp /bin/true /run/low/noop
    nvidia-ctk --quiet cdi generate --output=/run/low/nvidia.yaml && "$1" "$2" /run/low/nvidia.yaml' \
    bash "$VECTORS_PROGRAM" "$vectors/$2"
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "names of devices from variables, swarm resources, mounts and annotations, in every mode" {
  recorded "$vectors/recorded8.profile" names.json
  has_line '500 as recorded, 0 differ on purpose, 0 are wrong'
}

@test "random requests on a host with eight GPUs" {
  recorded "$vectors/recorded8.profile" create-a100x8.json
}

@test "random requests on a host with one GPU" {
  recorded t4x1 create-t4x1.json
}
