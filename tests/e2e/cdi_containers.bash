# Containers of a simulated host with CDI specifications of the test's own, with a real low-level
# runtime: $E2E_LOW_LEVEL, runc or crun.

# shellcheck disable=SC2154,SC2016,SC2034 # variables of helpers.bash; text for an inner shell; read by tests

load helpers

low_level=${E2E_LOW_LEVEL:-runc}

# In front of every set-up: how its lines are said shortly.
prelude='
  set -e
  mkdir -p /etc/cdi /var/run/cdi
  config=/etc/nvidia-container-runtime/config.toml
  setting() { sed -i "/^\[nvidia-container-runtime\]/a $1" $config; }
  cdi_setting() { printf "[nvidia-container-runtime.modes.cdi]\n%s\n" "$1" >>$config; }
  setting "debug = \"/run/debug.log\""
  # spec FILE KIND NAME VALUE: one device that sets FROM=VALUE.
  spec() {
    cat >"$1" <<SPEC
{"cdiVersion": "0.5.0", "kind": "$2",
 "devices": [{"name": "$3", "containerEdits": {"env": ["FROM=$4"]}}]}
SPEC
  }'

setup() {
  require "$low_level" jq unshare
}

# cdi SETUP DEVICES CONTAINER_SH_ARGUMENT...: a container that asks for DEVICES where SETUP (bash) was
# run; and what the log has to say besides.
cdi() {
  run on_host "${profile:-t4x1}" "$low_level" bash -c '
    eval "$2"
    status=0
    "$1/container.sh" --env NVIDIA_VISIBLE_DEVICES="$3" "${@:4}" || status=$?
    [ ! -e /run/debug.log ] || jq -r "select(.level != \"error\") | .level + \": \" + .msg" /run/debug.log
    exit $status' bash "$support" "$prelude
$1" "${@:2}"
}

# edited SETUP DEVICES FILTER: what the runtime made of a config.json, by jq.
edited() {
  run on_host t4x1 "$low_level" bash -c '
    eval "$2"
    "$1/bundle.sh" --env NVIDIA_VISIBLE_DEVICES="$3" /run/b glibc true
    sed -i "s|^runtimes = .*|runtimes = [\"/bin/true\"]|" $config
    nvidia-container-runtime create --bundle /run/b c
    jq -c "$4" /run/b/config.json' bash "$support" "$prelude
$1" "$2" "$3"
}
