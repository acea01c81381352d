#!/usr/bin/env bats
# nvidia-ctk runtime configure on the files of a simulated host, which has Debian's engines.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require patch containerd podman jq unshare
}

# on_etc SCRIPT: bash on a host with a private /etc. `configure` is the command, `files [ROOT]`
# prints a line for every file of the engines, `say TEXT FILE` writes one.
on_etc() {
  run on_host t4x1 runc bash -c '
    configure() { nvidia-ctk --quiet runtime configure "$@"; }
    files() { (cd "${1-}/etc" && find docker containerd crio containers -type f -exec sha256sum {} + 2>/dev/null | sort -k 2); }
    say() { mkdir -p "${2%/*}" && printf "$1" >"$2"; }
    eval "$1"' bash "$1"
}

# patched SETUP OPTION...: what --dry-run prints makes, by patch, the same files as the command.
patched() {
  on_etc "$1"'
    before=$(files)
    configure '"${*:2}"' --dry-run >/run/diff
    [ -s /run/diff ] && [ "$(files)" = "$before" ] || echo "no diff, or a change"
    mkdir /run/root && cp -a /etc /run/root
    patch --silent -d /run/root -p1 </run/diff
    configure '"${*:2}"' && echo configured
    [ "$(files | grep -v nvbox-)" = "$(files /run/root)" ] && echo same
    after=$(files)
    configure '"${*:2}"' --dry-run
    configure '"${*:2}"'
    [ "$(files)" = "$after" ] && echo settled
    configure '"${*:2}"' --rollback --dry-run | patch --silent -d /run/root -p1
    configure '"${*:2}"' --rollback
    [ "$(files)" = "$before" ] && echo restored
    [ "$(files /run/root)" = "$before" ] && echo "restored by patch"'
  [ "$output" = "$(printf 'configured\nsame\nsettled\nrestored\nrestored by patch')" ] || {
    printf '%s\n' "$output"
    return 1
  }
}

@test "docker: a diff that patch applies, one change, and the way back" {
  patched '' --set-as-default --cdi.enabled
  patched 'say "{\n\t\"hosts\": [\"fd://\"], \"runtimes\": {}\n}" /etc/docker/daemon.json' --runtime docker
}

@test "containerd: a diff that patch applies, one change, and the way back" {
  patched '' --runtime=containerd
  patched '' --runtime=containerd --cdi.enabled --set-as-default --config-source=command
  patched '' --runtime=containerd --drop-in-config=
  patched 'rm /etc/containerd/config.toml' --runtime=containerd
  patched 'rm /etc/containerd/config.toml' --runtime=containerd --config-source=command
  patched 'say "# version 1\n[plugins.cri]\nsandbox_image = \"x\" # mine\n" /etc/containerd/config.toml' \
    --runtime=containerd
  patched 'say "version = 2\n" /etc/containerd/config.toml; say "version = 2" /etc/containerd/conf.d/99-nvidia.toml' \
    --runtime=containerd
}

@test "crio and podman: a diff that patch applies, one change, and the way back" {
  patched '' --runtime=crio --set-as-default
  patched 'say "[crio.runtime]\ndefault_runtime = \"crun\"\n" /etc/crio/crio.conf' --runtime=crio --drop-in-config=
  patched '' --runtime=podman --set-as-default
  patched 'say "[engine]\nruntime = \"crun\" # fast\n" /etc/containers/containers.conf' --runtime=podman --drop-in-config=
}

@test "a file that our reader and toml++ read differently is left alone" {
  on_etc '
    for engine in containerd crio podman; do
      case $engine in
        containerd) file=/etc/containerd/config.toml ;;
        crio) file=/etc/crio/crio.conf ;;
        podman) file=/etc/containers/containers.conf ;;
      esac
      say "[a]\nx = 1e400\n" "$file"
      before=$(files)
      configure --runtime="$engine" --set-as-default --drop-in-config= && echo configured
      [ "$(files)" = "$before" ] || echo changed
    done'
  [ "$(grep -c ': toml++, which reads it as a second opinion, refuses line .*; nothing was written; ' <<<"$output")" -eq 3 ]
  [ "$(wc -l <<<"$output")" -eq 3 ]
}

@test "podman: the file of hooks.d" {
  patched '' --config-mode=oci-hook --oci-hook-path=/etc/containers/oci/hooks.d/oci-nvidia-hook.json
  on_etc 'configure --config-mode=oci-hook | jq -r .hook.path'
  [ "$output" = /usr/bin/nvidia-container-runtime-hook ]
}

@test "containerd reads what was written" {
  on_etc 'configure --runtime=containerd --set-as-default && containerd config dump'
  [ "$status" -eq 0 ]
  has_text 'BinaryName = "/usr/bin/nvidia-container-runtime"'
  has_text 'default_runtime_name = "nvidia"'
  has_text 'bin_dir = "/usr/lib/cni"'
}

@test "dockerd runs containers with what was written" {
  require dockerd docker
  run on_host t4x1 runc bash -c '
    dir=$(mktemp -d)
    "$1/docker.sh" with --storage vfs "$dir" bash -c "
      set -e
      nvidia-ctk --quiet runtime configure --config=\$1/daemon.json --set-as-default
      kill -HUP \$(cat \$1/docker.pid)
      for ((i = 0; i < 100; ++i)); do
        [[ \$(docker info --format \"{{.DefaultRuntime}}\") != nvidia ]] || break
        sleep 0.1
      done
      \$2/docker.sh import \$1 glibc glibc
      docker run --rm --network=none -e NVIDIA_VISIBLE_DEVICES=0 glibc probe nodes
    " bash "$dir" "$1"' bash "$support"
  [ "$status" -eq 0 ]
  has_text '/dev/nvidia0 195:0'
}

@test "podman uses what was written" {
  on_etc 'configure --runtime=podman --set-as-default
    podman --cgroup-manager=cgroupfs info --format "{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}"'
  has_line 'nvidia /usr/bin/nvidia-container-runtime'
}

@test "it says what it did" {
  on_etc 'nvidia-ctk runtime configure; nvidia-ctk runtime configure; nvidia-ctk runtime configure --rollback'
  [ "$status" -eq 0 ]
  has_text 'msg="Wrote updated config to /etc/docker/daemon.json"'
  has_text 'msg="It is recommended that docker daemon be restarted."'
  has_text 'msg="/etc/docker/daemon.json needs no change"'
  has_text 'msg="Removed /etc/docker/daemon.json"'
}

@test "a rollback goes back to what was there before the first time, once" {
  on_etc 'say "{}" /etc/docker/daemon.json; before=$(files)
    configure; configure --set-as-default --nvidia-runtime-name=other
    configure --rollback; [ "$(files)" = "$before" ] && echo restored
    configure --rollback'
  [ "$status" -eq 1 ]
  has_line restored
  has_text 'nothing was kept for /etc/docker/daemon.json: they were not configured, or were rolled back already'
}

# refused SETUP EXPECTED OPTION...: an error with the text, and no file is changed.
refused() {
  on_etc "$1"'
    before=$(files)
    configure '"${*:3}"'
    echo "status $?"
    [ "$(files)" = "$before" ] && echo untouched'
  has_line 'status 1'
  has_line untouched
  has_text "$2"
}

@test "malformed files are refused with their position" {
  refused 'say "{\n  \"runtimes\": {,}\n}" /etc/docker/daemon.json' \
    '/etc/docker/daemon.json: invalid JSON at line 2, column 16'
  refused 'say "version = 2\n[plugins\n" /etc/containerd/config.toml' \
    '/etc/containerd/config.toml: line 2, column 9' --runtime=containerd
  refused 'say "version = 2\n[plugins\n" /etc/containerd/config.toml' \
    'containerd --config=/etc/containerd/config.toml config dump failed' --runtime=containerd --config-source=command
  refused 'say "[crio\n" /etc/crio/crio.conf' '/etc/crio/crio.conf: line 1, column 6' --runtime=crio
}

@test "wrong types and a disabled plugin are refused" {
  refused 'say "{\"runtimes\":[]}" /etc/docker/daemon.json' \
    '/etc/docker/daemon.json: line 1: "runtimes" is of type array, not an object'
  refused 'say "disabled_plugins = [\"cri\"]\n" /etc/containerd/config.toml' \
    'disabled_plugins disables cri, so a runtime would have no effect; remove "cri" from disabled_plugins first' \
    --runtime=containerd
}

@test "a read-only directory is told" {
  refused 'say "{}" /etc/docker/daemon.json; mount --bind /etc/docker /etc/docker; mount -o remount,bind,ro /etc/docker' \
    'Read-only file system'
  refused 'mount --bind /etc/containerd /etc/containerd; mount -o remount,bind,ro /etc/containerd' \
    'Read-only file system' --runtime=containerd
}

@test "a full disk leaves the files as they are" {
  refused 'mount -t tmpfs -o size=8k none /etc/docker
    say "{}" /etc/docker/daemon.json; head -c 9000 /dev/zero >/etc/docker/filler 2>/dev/null' \
    'No space left on device'
}

@test "a link is followed, and a link to nothing is refused" {
  on_etc 'say "{\"debug\":true}" /srv/nvbox/real.json; ln -s /srv/nvbox/real.json /etc/docker/daemon.json
    configure; readlink /etc/docker/daemon.json; jq -c "[.debug, .runtimes.nvidia.path]" /srv/nvbox/real.json
    configure --rollback; cat /srv/nvbox/real.json'
  [ "$status" -eq 0 ]
  [ "$output" = "$(printf '/srv/nvbox/real.json\n[true,"nvidia-container-runtime"]\n{"debug":true}')" ]
  refused 'ln -s /nowhere /etc/docker/daemon.json' \
    '/etc/docker/daemon.json is a link to "/nowhere", which does not exist'
}

@test "what the engine refuses is taken back" {
  refused 'say "#!/bin/sh\necho \"\$*\" >/run/asked\necho merge conflict >&2\nexit 1\n" /usr/local/bin/dockerd
    chmod 755 /usr/local/bin/dockerd; PATH=/usr/local/bin:$PATH; say "{}" /etc/docker/daemon.json' \
    'dockerd --validate --config-file=/etc/docker/daemon.json refuses the new configuration: merge conflict; nothing is changed'
}

@test "crio is asked with --config-source=command" {
  on_etc 'say "#!/bin/sh\necho [crio.runtime.runtimes.runc]\necho \"monitor_path = \\\\\"/conmon \$*\\\\\"\"\n" /usr/local/bin/crio-status
    chmod 755 /usr/local/bin/crio-status; PATH=/usr/local/bin:$PATH
    configure --runtime=crio --config-source=command; cat /etc/crio/crio.conf.d/99-nvidia.toml'
  [ "$status" -eq 0 ]
  has_line 'monitor_path = "/conmon config"'
}

@test "crio inherits options of runtimes that crio.conf.d defines" {
  on_etc 'say "[crio.runtime.runtimes.crun]\nmonitor_path = \"/conmon\"\n" /etc/crio/crio.conf.d/10-crun.conf
    configure --runtime=crio; cat /etc/crio/crio.conf.d/99-nvidia.toml; ls -A /etc/crio /etc/crio/crio.conf.d'
  has_line 'monitor_path = "/conmon"'
  has_line 'crio.conf.d-99-nvidia.toml.nvbox-absent'
}

@test "k3s gets a drop-in where it imports one, and advice where it does not" {
  on_etc 'rm /etc/containerd/config.toml; k3s=/var/lib/rancher/k3s/agent/etc/containerd
    say "version = 2\n" $k3s/config.toml; configure --runtime=containerd; find $k3s -type f
    say "version = 3\nimports = [\"$k3s/config-v3.toml.d/*.toml\"]\n" $k3s/config.toml
    configure --runtime=containerd; find $k3s -type f | sort'
  has_text 'restart k3s, which adds nvidia-container-runtime by itself'
  has_line /var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/99-nvidia.toml
  has_no_text config.toml.nvbox-before
}

@test "mistakes of the command line" {
  refused '' 'unrecognized runtime "lxc"; there are docker, containerd, crio and podman' --runtime=lxc
  refused '' '--drop-in-config "/x" would have no effect' --drop-in-config=/x
  refused '' '--drop-in-config "x" is not absolute' --runtime=containerd --drop-in-config=x
  refused '' 'the path of the runtime, "x", is not absolute' --runtime=crio --runtime-path=x
  refused '' '--config-source "y" is neither file nor command' --config-source=y
  refused '' 'no program crio or crio-status is in PATH' --runtime=crio --config-source=command
}

@test "--help says where --rollback keeps files" {
  run "$nvbox" nvidia-ctk runtime configure --help
  [ "$status" -eq 0 ]
  has_text FILE.nvbox-before
}
