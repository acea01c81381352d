#!/bin/bash
# Usage: build.sh PROFILE_FILE OUT
# Makes the files of a profile that layer.sh keeps.
set -Eeuo pipefail
name=${1##*/}
trap 'printf "simhost: cannot make the files of %s\n" "$name" >&2' ERR
simhost_dir=${BASH_SOURCE[0]%/*}/..
. "$simhost_dir/lib/profile.sh"
. "$simhost_dir/lib/driver.sh"
. "$simhost_dir/lib/kernel.sh"
. "$simhost_dir/lib/nvml.sh"

read_profile "$1"
build_driver_files "$2"
build_nvml_table "$2"
build_runtime_wrappers "$2"
build_groups "$2"
build_run "$2"
build_kernel_views "$2"
build_device_tree "$2"
build_settings "$2"
