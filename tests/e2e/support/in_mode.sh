#!/bin/bash
# Runs a command with nvidia-container-runtime in another mode, inside a simulated host. See README.md.
#
# usage: in_mode.sh MODE COMMAND [ARG...]
set -euo pipefail

config=/run/config-of-mode.toml
sed "s|^\[nvidia-container-runtime\]|&\nmode = \"$1\"|" /etc/nvidia-container-runtime/config.toml >"$config"
export NVIDIA_CTK_CONFIG_FILE_PATH=$config
[[ $1 != cdi ]] || nvidia-ctk --quiet cdi generate --output=/run/cdi/nvidia.yaml
exec "${@:2}"
