#!/usr/bin/env bats
# nvidia-ctk config: what it prints, what it leaves of a file that people wrote, and that a file that
# cannot be written stays as it was.

# shellcheck disable=SC2016 # text for an inner shell

load helpers

setup() {
  require unshare setpriv
}

# config SCRIPT: bash in a simulated host, where $F is the configuration file and there is none yet.
config() {
  run on_host t4x1 runc bash -c '
    F=/etc/nvidia-container-runtime/config.toml
    rm "$F"
    '"$1"
}

# A file with comments, an order of its own, and a key of somebody else's.
mine='printf "%s\n" "# Ours, see the wiki." "[nvidia-container-runtime]  # by hand" "mode = '"'cdi'"'" \
  "#debug = \"/var/log/nvidia-container-runtime.log\"" "runtimes = [" "  \"crun\", # first" "]" "" \
  "[site]" "owner = \"me\"" "" "[nvidia-ctk]" "path = \"nvidia-ctk\"" >"$F"; cp "$F" /run/mine;'

@test "a fresh file is the default document" {
  config 'set -e -o pipefail
    nvidia-ctk config default >/run/default
    nvidia-ctk config | cmp - /run/default
    nvidia-ctk config generate-default --output /run/made/../generated 2>&1
    nvidia-ctk config create-default -o /run/generated
    cmp /run/generated /run/default
    rm -r "${F%/*}"
    nvidia-ctk --quiet config --config-file="$F" --in-place
    cmp "$F" /run/default
    stat -c %a "$F"
    grep -c "^#" "$F"
    head -3 "$F"'
  [ "$status" -eq 0 ]
  has_line 644
  has_line 10
  has_line '#accept-nvidia-visible-devices-as-volume-mounts = false'
  has_line 'disable-require = false'
}

@test "the runtime reads the default document" {
  config '
    nvidia-ctk config --in-place --set nvidia-container-runtime.runtimes=/usr/local/lib/simhost/runc
    nvidia-container-runtime --version'
  [ "$status" -eq 0 ]
  has_text 'NVIDIA Container Runtime version'
}

@test "an edit in place changes its line and nothing else" {
  config "$mine"'
    chmod 600 "$F"
    nvidia-ctk config -i --set nvidia-container-runtime.debug=/var/log/x.log \
      --set nvidia-container-runtime.runtimes=runc,crun --set nvidia-ctk.path=nvidia-ctk
    echo "status $?"
    diff /run/mine "$F"
    stat -c "mode %a" "$F"
    ls -A "${F%/*}"'
  has_line 'status 0'
  has_line '< #debug = "/var/log/nvidia-container-runtime.log"'
  has_line '> debug = "/var/log/x.log"'
  has_line '> runtimes = ["runc", "crun"]'
  [ "$(grep -c '^>' <<<"$output")" -eq 2 ]
  has_line 'mode 600'
  has_line config.toml
  has_no_text nvbox-
  has_text '/etc/nvidia-container-runtime/config.toml: unknown key site'
}

@test "nothing is written when nothing changes" {
  config "$mine"'
    touch -d 2001-01-01 "$F"; before=$(stat -c "%i %y" "$F")
    nvidia-ctk --quiet config -i
    nvidia-ctk --quiet config -i --set nvidia-container-runtime.mode=cdi
    [ "$before" = "$(stat -c "%i %y" "$F")" ] && echo untouched'
  has_line untouched
}

@test "another file is written, and the one that was read stays" {
  config "$mine"'set -e -o pipefail
    nvidia-ctk --quiet config --set disable-require --output /run/a/b/out.toml
    cmp "$F" /run/mine
    grep disable-require /run/a/b/out.toml
    nvidia-ctk --quiet config -c /run/a/b/out.toml --set disable-require=false >/run/stdout
    grep disable-require /run/stdout /run/a/b/out.toml
    nvidia-ctk --quiet config --set disable-require -o /dev/stdout | grep -c disable-require'
  [ "$status" -eq 0 ]
  has_line 'disable-require = true'
  has_line '/run/stdout:disable-require = false'
  has_line '/run/a/b/out.toml:disable-require = true'
  has_line 1
}

@test "the file is found like the programs find it, and flags name another" {
  config '
    mkdir -p /run/xdg/nvidia-container-runtime
    echo "disable-require = true # xdg" >/run/xdg/nvidia-container-runtime/config.toml
    for name in explicit program flag; do echo "disable-require = true # $name" >/run/$name; done
    export XDG_CONFIG_HOME=/run/xdg; nvidia-ctk config
    export NVIDIA_CTK_CONFIG_FILE_PATH=/run/explicit; nvidia-ctk config
    nvidia-ctk --config /run/program config
    nvidia-ctk --config /run/program config --config /run/flag
    nvidia-ctk config -i -o /run/not --set disable-require=false; cat /run/explicit
    [ -e /run/not ] || echo "not written"'
  has_line 'disable-require = true # xdg'
  has_line 'disable-require = true # explicit'
  has_line 'disable-require = true # program'
  has_line 'disable-require = true # flag'
  has_line 'disable-require = false # explicit'
  has_text '--in-place: /run/not is not written'
  has_line 'not written'
}

@test "lists, flags and profiles" {
  config '
    nvidia-ctk config --set nvidia-container-runtime.modes.cdi.spec-dirs=/a:/b \
      --set nvidia-container-cli.environment=A=1,B=2 --set features.ignore-imex-channel-requests
    nvidia-ctk config --set nvidia-container-cli.environment="A=/x:/y;B" --set-list-separator ";"
    nvidia-ctk config -i --set features.ignore-imex-channel-requests
    nvidia-ctk config --set features.ignore-imex-channel-requests=nil | grep -c imex
    nvidia-ctk config --profile kubernetes | head -2'
  has_line 'spec-dirs = ["/a", "/b"]'
  has_line 'environment = ["A=1", "B=2"]'
  has_line 'environment = ["A=/x:/y", "B"]'
  has_line 'ignore-imex-channel-requests = true'
  has_line 0
  has_line 'accept-nvidia-visible-devices-as-volume-mounts = true'
  has_line 'accept-nvidia-visible-devices-envvar-when-unprivileged = false'
}

# refused SETUP ARGUMENTS EXPECTED: one line on standard error, status 1, and the file as it was.
refused() {
  config "$mine $1"'
    nvidia-ctk config '"$2"'
    echo "status $?"
    cmp "$F" /run/mine && echo untouched
    ls -A "${F%/*}" | grep nvbox-'
  has_line "nvidia-ctk: $3"
  has_line 'status 1'
  has_line untouched
  has_no_text nvbox-
}

@test "wrong keys and values" {
  refused '' '-i --set nvidia-container-runtime.mod=x' \
    'unknown key nvidia-container-runtime.mod; did you mean nvidia-container-runtime.mode?'
  refused '' '-i --set mode=x' 'unknown key mode; did you mean nvidia-container-runtime.mode?'
  refused '' '-i --set disable-require=maybe' \
    'disable-require: expected true or false, found "maybe"'
  refused '' '-i --set nvidia-container-cli.ldconfig=/sbin/ldconfig' \
    '/etc/nvidia-container-runtime/config.toml: line 16: nvidia-container-cli.ldconfig: expected @ before the path, found "/sbin/ldconfig"; put @ before a path of the host, or set features.allow-ldconfig-from-container'
}

# The words are NVIDIA's: tests/vectors/config_words.json.
@test "words that a key does not have" {
  words='supported-driver-capabilities: expected all, compat32, compute, display, graphics, ngx, utility or video'
  refused '' '-i --set nvidia-container-runtime.mode=cdii' \
    'nvidia-container-runtime.mode: expected auto, legacy, csv, cdi or jit-cdi, found "cdii"; did you mean cdi?'
  refused '' '-i --set nvidia-container-runtime.log-level=loud' \
    'nvidia-container-runtime.log-level: expected panic, fatal, error, warn, warning, info, debug or trace, found "loud"'
  refused '' '-i --set nvidia-container-runtime.modes.legacy.cuda-compat-mode=ldconfg' \
    'nvidia-container-runtime.modes.legacy.cuda-compat-mode: expected ldconfig, mount, hook, disabled or "", found "ldconfg"; did you mean ldconfig?'
  refused '' '-i --set supported-driver-capabilities=compute,vidoe' "$words, found \"vidoe\"; did you mean video?"
  refused '' '-i --set nvidia-container-runtime.modes.jit-cdi.nvcdi-disable-hooks=update-ldcache:chmd' \
    'nvidia-container-runtime.modes.jit-cdi.nvcdi-disable-hooks: expected all, chmod, create-symlinks, disable-device-node-modification, enable-cuda-compat, update-application-profile or update-ldcache, found "chmd"; did you mean chmod?'
  refused '' '-i --set nvidia-container-cli.nvml-timeout=0' \
    '/etc/nvidia-container-runtime/config.toml: line 16: nvidia-container-cli.nvml-timeout: expected 1 to 3600, found 0'
  config '
    nvidia-ctk --quiet config -i --set supported-driver-capabilities= --set nvidia-container-runtime.log-level=WARN && grep -E "^(supp|log)" "$F"
    sed -i "s/^mode = .*/mode = \"cdii\"/" "$F"
    nvidia-ctk config >/dev/null'
  has_line 'supported-driver-capabilities = ""'
  has_line 'log-level = "WARN"'
  has_text 'config.toml: line 21: nvidia-container-runtime.mode: expected auto, legacy, csv, cdi or jit-cdi, found \"cdii\"; did you mean cdi?'
}

@test "a malformed file, and one with a wrong type" {
  refused 'printf "a = 1\nb = [ 1\n" >"$F"; cp "$F" /run/mine;' '-i --set disable-require' \
    '/etc/nvidia-container-runtime/config.toml: line 2, column 5: the list is not closed'
  refused 'printf "[nvidia-container-runtime]\nmode = 1\n" >"$F"; cp "$F" /run/mine;' '-i' \
    '/etc/nvidia-container-runtime/config.toml: line 2: nvidia-container-runtime.mode: expected a string, found an integer'
}

@test "a directory that must not be written to" {
  refused 'nvidia-ctk() { setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/nvidia-ctk "$@"; };' \
    '-i --set disable-require' \
    'write /etc/nvidia-container-runtime/config.toml: create a temporary file beside it: Permission denied; --output chooses another file'
}

@test "a read-only file system" {
  refused 'mount -n --bind "${F%/*}" "${F%/*}"; mount -n -o remount,bind,ro "${F%/*}";' \
    '-i --set disable-require' \
    'write /etc/nvidia-container-runtime/config.toml: create a temporary file beside it: Read-only file system; --output chooses another file'
}

@test "a full disk" {
  refused 'mount -n -t tmpfs -o size=8k tmpfs "${F%/*}"; cp /run/mine "$F"; cat /dev/zero >"${F%/*}/full" 2>/dev/null;' \
    '-i --set disable-require' \
    'write /etc/nvidia-container-runtime/config.toml: write: No space left on device; --output chooses another file'
}

@test "a link is followed and stays" {
  config "$mine"'
    mkdir /run/real; mv "$F" /run/real/config.toml; ln -s ../../run/real/config.toml "$F"
    nvidia-ctk --quiet config -i --set disable-require
    readlink "$F"; grep disable-require /run/real/config.toml
    ln -sf ../../run/later/config.toml "$F"
    nvidia-ctk --quiet config -i
    readlink "$F"; stat -c "later %F" /run/later/config.toml
    ln -sf config.toml "$F"
    nvidia-ctk config -i; echo "status $?"; readlink "$F"'
  has_line ../../run/real/config.toml
  has_line 'disable-require = true'
  has_line ../../run/later/config.toml
  has_line 'later regular file'
  has_line 'status 1'
  has_text 'Too many levels of symbolic links'
  has_line config.toml
}

@test "keys are explained" {
  config '
    nvidia-ctk config --explain nvidia-container-runtime.log-level
    nvidia-ctk config --explain | grep -c "^[a-z]"
    echo "disable-require = true" >"$F"
    nvidia-ctk config --explain disable-require
    echo "disable-require = 1" >"$F"
    nvidia-ctk config --explain nvidia-container-cli.debug
    nvidia-ctk config --explain nvidia-container-runtime.experimental
    nvidia-ctk config --explain --quiet features.allow
    echo "status $?"'
  has_line nvidia-container-runtime.log-level
  has_line '  string, default "info"'
  has_line '  one of panic, fatal, error, warn, warning, info, debug or trace'
  has_line nvidia-container-runtime.experimental
  has_line nvidia-container-runtime.experimental.runtime-path
  has_line '  true on line 1 of /etc/nvidia-container-runtime/config.toml'
  has_text 'config.toml: line 1: disable-require: expected a boolean, found an integer'
  has_line '  log file of nvidia-container-cli'
  has_line 'status 1'
}

@test "help, and arguments that are none" {
  config '
    nvidia-ctk config help | head -2
    nvidia-ctk config default --help | head -2
    nvidia-ctk config defualt; echo "status $?"'
  has_line '   NVIDIA Container Toolkit CLI config - Interact with the NVIDIA Container Toolkit configuration'
  has_line '   NVIDIA Container Toolkit CLI config default - Generate the default NVIDIA Container Toolkit configuration file'
  has_line 'nvidia-ctk: unexpected argument "defualt"'
  has_line 'status 1'
}
