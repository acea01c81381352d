#!/usr/bin/env bats
# nvbox install and uninstall, below directories that stand for hosts.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of bats and helpers.bash

load helpers
bats_require_minimum_version 1.5.0

setup() {
  root=$BATS_TEST_TMPDIR/root
  mkdir "$root"
}

install_below() {
  "$nvbox" install --root "$root" "$@"
}

uninstall_below() {
  "$nvbox" uninstall --root "$root" "$@"
}

# Everything below the root: kind, mode, link target and path.
tree() {
  (cd "$root" && find . -mindepth 1 -printf '%y %m %l %P\n' | LC_ALL=C sort)
}

# A chroot with a static busybox and this nvbox, and nothing else.
make_chroot() {
  mkdir -p "$root"/{bin,usr/bin,etc,tmp,proc}
  cp "$(command -v busybox)" "$root/bin/busybox"
  ln -s busybox "$root/bin/sh"
  cp "$nvbox" "$root/tmp/downloaded"
}

@test "install makes the binary and relative links, uninstall leaves nothing" {
  run -0 install_below
  has_line "installed nvbox $("$nvbox" --version | sed -n 's/^nvbox version //p') in $root/usr/local/bin"
  cmp "$nvbox" "$root/usr/local/bin/nvbox"
  local name group
  while read -r name group; do
    [ "$group" = core ] && [ "$name" != nvbox ] || continue
    [ "$(readlink "$root/usr/local/bin/$name")" = nvbox ]
  done < <("$nvbox" --list)
  [ ! -e "$root/usr/local/bin/nvbox-hook" ]
  run -0 "$root/usr/local/bin/nvidia-container-cli" --version
  run -0 uninstall_below
  [ -z "$(tree)" ]
  run -0 uninstall_below
  [ "$output" = "nvbox has installed nothing in $root/usr/local/bin" ]
}

@test "a second run changes nothing and says so" {
  install_below --with-units --with-cdi-hook
  local before
  before=$(tree; stat -c '%i %Y %n' "$root"/usr/local/bin/* "$root"/usr/local/lib/nvbox/*)
  # Not even without the options that made more.
  run -0 install_below
  has_no_text nvidia-cdi-hook
  has_text 'was installed already; nothing has changed'
  [ "$before" = "$(tree; stat -c '%i %Y %n' "$root"/usr/local/bin/* "$root"/usr/local/lib/nvbox/*)" ]
}

@test "--dry-run says what would be done and does nothing" {
  run -0 install_below --dry-run
  has_line 'make link /usr/local/bin/nvidia-ctk -> nvbox'
  [ -z "$(tree)" ]
  install_below
  local before
  before=$(tree)
  run -0 uninstall_below --dry-run
  has_line 'remove /usr/local/bin/nvidia-ctk'
  [ "$before" = "$(tree)" ]
}

@test "nvidia-cdi-hook is installed where an engine uses CDI, and the reason is told" {
  run -0 install_below
  has_text 'nvidia-cdi-hook is left out, because no engine here uses CDI'
  [ ! -L "$root/usr/local/bin/nvidia-cdi-hook" ]
  mkdir -p "$root/etc/docker"
  echo '{"features": {"cdi": true}}' >"$root/etc/docker/daemon.json"
  run -0 install_below
  has_text 'nvidia-cdi-hook is installed because /etc/docker/daemon.json sets features.cdi; Docker 29.2'
  [ -L "$root/usr/local/bin/nvidia-cdi-hook" ]
}

@test "links for those who look in /usr/bin, which go again" {
  # /usr/bin/nvidia-cdi-hook is the default of NVIDIA's nvcdi, by which its device plugin writes
  # specifications; k3s looks for usr/bin/nvidia-container-runtime below its root.
  mkdir -p "$root/usr/bin"
  echo mine >"$root/usr/bin/other"
  local before
  before=$(tree)
  run -0 install_below
  has_line "NVIDIA's device plugin, k3s and Kata look for these programs in /usr/bin; --prefix-links=/usr/bin makes links there"
  run -0 install_below --with-cdi-hook --prefix-links /usr/bin
  has_no_text "device plugin"
  for name in nvidia-cdi-hook nvidia-container-runtime nvidia-ctk; do
    [ "$(readlink "$root/usr/bin/$name")" = /usr/local/bin/nvbox ]
  done
  run -0 chroot "$root" /usr/bin/nvidia-ctk --version
  has_text 'NVIDIA Container Toolkit CLI version'
  [ ! -e "$root/usr/bin/nvbox" ]
  # A later run keeps them without being told.
  rm "$root/usr/bin/nvidia-ctk"
  run -0 install_below
  has_line 'make link /usr/bin/nvidia-ctk -> /usr/local/bin/nvbox'
  run -0 uninstall_below
  [ "$before" = "$(tree)" ]
  run -1 install_below --bindir=/usr/bin --prefix-links=/usr/bin
  has_text '--prefix-links=/usr/bin is where the programs are anyway'
  run -1 install_below --prefix-links=bin
  has_text '--prefix-links=bin is no absolute path; write it from the root directory on: --prefix-links=/opt/bin'
}

@test "links beside the programs can be taken back" {
  mkdir -p "$root/usr/bin"
  run -0 install_below
  local before
  before=$(tree)
  run -0 install_below --prefix-links /usr/bin
  run -0 install_below --prefix-links /opt/links
  has_line 'remove /usr/bin/nvidia-ctk'
  [ -z "$(ls -A "$root/usr/bin")" ]
  [ -L "$root/opt/links/nvidia-ctk" ]
  run -0 install_below --prefix-links=
  has_line 'remove /opt/links/nvidia-ctk'
  has_no_text 'nothing has changed'
  [ -z "$(ls -A "$root/opt/links")" ]
  run -0 install_below
  has_text 'nothing has changed'
  rm -r "$root/opt"
  [ "$before" = "$(tree)" ]
}

@test "links that a package took or that cannot be written keep no update back" {
  require unshare mount
  # dpkg's list of a package's files (dpkg-query(1), "info/package.list").
  mkdir -p "$root/usr/bin" "$root/var/lib/dpkg/info"
  install_below --prefix-links /usr/bin
  rm "$root/usr/bin/nvidia-ctk" "$root/usr/bin/nvidia-docker"
  echo peer >"$root/usr/bin/nvidia-ctk"
  echo /usr/bin/nvidia-ctk >"$root/var/lib/dpkg/info/nvidia-container-toolkit-base.list"
  # shellcheck disable=SC2016 # expanded in the namespace
  run -0 unshare -m sh -ec '
    mount --bind "$1/usr/bin" "$1/usr/bin"
    mount -o remount,bind,ro "$1/usr/bin"
    "$2" install --root "$1"' sh "$root" "$nvbox"
  has_line "links in /usr/bin are left as they are: write to $root/usr/bin: Read-only file system"
  run -0 install_below
  has_line '/usr/bin/nvidia-ctk is left out: it belongs to the package nvidia-container-toolkit-base'
  has_line 'make link /usr/bin/nvidia-docker -> /usr/local/bin/nvbox'
  run -1 install_below --prefix-links /usr/bin
  has_text '/usr/bin/nvidia-ctk belongs to the package nvidia-container-toolkit-base'
  run -0 install_below --prefix-links=
  [ "$(ls "$root/usr/bin")" = nvidia-ctk ]
  [ "$(cat "$root/usr/bin/nvidia-ctk")" = peer ]
}

@test "a directory with two names is one" {
  # Debian merges /bin with /usr/bin (usrmerge).
  mkdir -p "$root/usr/bin"
  ln -s usr/bin "$root/bin"
  local before
  before=$(tree)
  run -1 install_below --bindir /usr/bin --prefix-links /bin
  has_text '--prefix-links=/bin is where the programs are anyway'
  run -0 install_below --bindir /bin
  has_no_text "device plugin"
  has_no_text 'the nvbox in'
  run -0 uninstall_below --bindir /bin
  has_no_text 'the nvbox in'
  [ "$before" = "$(tree)" ]
}

@test "an nvbox beside another says whose that is and what removes it" {
  # dpkg's list of a package's files (dpkg-query(1), "info/package.list").
  mkdir -p "$root/usr/bin" "$root/var/lib/dpkg/info"
  cp "$nvbox" "$root/usr/bin/nvbox"
  echo /usr/bin/nvbox >"$root/var/lib/dpkg/info/nvbox.list"
  local owner="the nvbox in /usr/bin is of the package nvbox, which 'apt remove nvbox' removes"
  run -0 uninstall_below
  has_line "nvbox has installed nothing in $root/usr/local/bin"
  has_line "$owner"
  run -0 install_below
  has_line "$owner"
  has_line 'PATH decides which of them is called'
  run -0 install_below --bindir /opt/bin
  has_line "the nvbox in /usr/local/bin is removed by 'nvbox uninstall --bindir=/usr/local/bin'"
  run -0 uninstall_below --bindir /usr/local/bin
  has_line "$owner"
  has_line "the nvbox in /opt/bin is removed by 'nvbox uninstall --bindir=/opt/bin'"
}

@test "files of packages are refused, named, and saved by force" {
  mkdir -p "$root/usr/bin" "$root/var/lib/dpkg/info"
  echo peer >"$root/usr/bin/nvidia-ctk"
  ln -s elsewhere "$root/usr/bin/nvidia-docker"
  echo /usr/bin/nvidia-ctk >"$root/var/lib/dpkg/info/nvidia-container-toolkit-base.list"
  local before
  before=$(tree)
  run -1 install_below --bindir /usr/bin
  has_text '/usr/bin/nvidia-ctk belongs to the package nvidia-container-toolkit-base'
  has_text '/usr/bin/nvidia-docker is not of an nvbox that was installed'
  [ "$before" = "$(tree)" ]
  run -0 install_below --bindir /usr/bin --force
  [ "$(cat "$root/usr/bin/nvidia-ctk.nvbox-saved")" = peer ]
  [ "$(readlink "$root/usr/bin/nvidia-ctk")" = nvbox ]
  run -0 install_below --bindir /usr/bin
  has_text 'nothing has changed'
  run -0 uninstall_below --bindir /usr/bin
  [ "$before" = "$(tree)" ]
}

@test "uninstall leaves what was changed and names it" {
  install_below
  rm "$root/usr/local/bin/nvidia-ctk"
  echo mine >"$root/usr/local/bin/nvidia-ctk"
  run -0 uninstall_below
  has_line 'leave /usr/local/bin/nvidia-ctk, which is not what was installed'
  [ "$(find "$root" -type f -printf '%P')" = usr/local/bin/nvidia-ctk ]
}

@test "a link below the root leads nowhere outside it" {
  mkdir -p "$root/usr"
  ln -s "$BATS_TEST_TMPDIR" "$root/usr/local"
  run install_below
  [ ! -e "$BATS_TEST_TMPDIR/bin" ]
}

@test "a file system that is full leaves what was there" {
  require unshare mount
  # shellcheck disable=SC2016 # expanded in the namespace
  run -0 unshare -m sh -ec '
    mount -t tmpfs -o size=1m none "$1"
    mkdir "$1/bin" && echo old >"$1/bin/nvbox"
    if "$2" install --root "$1" --bindir /bin; then exit 9; fi
    [ "$(cat "$1/bin/nvbox")" = old ]
    [ "$(ls -A "$1/bin")" = nvbox ]' sh "$root" "$nvbox"
  has_text 'No space left on device'
}

@test "a busybox chroot with a read-only /usr gets nvbox in /opt/bin" {
  require busybox unshare mount chroot
  make_chroot
  # shellcheck disable=SC2016 # expanded in the namespace
  run -0 unshare -m sh -ec '
    mount --bind "$1/usr" "$1/usr"
    mount -o remount,bind,ro "$1/usr"
    chroot "$1" /tmp/downloaded install
    chroot "$1" /tmp/downloaded install
    chroot "$1" /opt/bin/nvidia-container-cli --version
    chroot "$1" /opt/bin/nvbox uninstall' sh "$root" "$nvbox"
  has_line '/usr/local/bin is on a read-only file system: installing in /opt/bin, which engines may not have in their PATH'
  has_text 'in /opt/bin was installed already; nothing has changed'
  has_line 'uninstalled nvbox in /opt/bin'
  [ ! -e "$root/opt" ]
}

@test "an explicit directory that is read-only is refused" {
  require unshare mount
  mkdir "$root/bin"
  # shellcheck disable=SC2016 # expanded in the namespace
  run -1 unshare -m sh -ec '
    mount --bind "$1/bin" "$1/bin"
    mount -o remount,bind,ro "$1/bin"
    "$2" install --root "$1" --bindir /bin' sh "$root" "$nvbox"
  has_text "Read-only file system; --bindir chooses another directory"
}

@test "killed at any of its changes, it leaves links that work, and a second run finishes" {
  require strace
  mkdir -p "$root"/usr/{bin,lib}
  echo peer >"$root/usr/bin/nvidia-ctk"
  local before call count
  before=$(tree)
  for call in renameat symlinkat linkat; do
    for count in 1 2 3; do
      run strace -f -qq -o /dev/null -e "trace=$call" \
        -e "inject=$call:signal=KILL:when=$count" \
        "$nvbox" install --root "$root" --bindir /usr/bin --force
      [ "$count" -gt 1 ] || [ "$status" -ne 0 ]
      # Whatever has a name is whole.
      [ ! -e "$root/usr/bin/nvbox" ] || cmp "$nvbox" "$root/usr/bin/nvbox"
      [ -e "$root/usr/bin/nvidia-ctk" ]
      run -0 install_below --bindir /usr/bin --force
      cmp "$nvbox" "$root/usr/bin/nvbox"
      run -0 uninstall_below --bindir /usr/bin
      [ "$before" = "$(tree)" ]
    done
  done
}

@test "killed before it has a manifest, uninstall leaves nothing of it" {
  require strace
  mkdir -p "$root"/usr/{bin,lib}
  local before
  before=$(tree)
  # The manifest is the first file that is renamed to its name.
  run strace -f -qq -o /dev/null -e trace=renameat -e inject=renameat:signal=KILL:when=1 \
    "$nvbox" install --root "$root" --bindir /usr/bin
  [ "$status" -ne 0 ]
  [ "$before" != "$(tree)" ]
  run -0 uninstall_below --bindir /usr/bin
  has_line "nvbox has installed nothing in $root/usr/bin"
  [ "$before" = "$(tree)" ]
}

@test "killed while it removes, a second run finishes" {
  require strace
  mkdir -p "$root/usr/bin"
  echo peer >"$root/usr/bin/nvidia-ctk"
  local before count
  before=$(tree)
  for count in 1 3 5; do
    install_below --bindir /usr/bin --force
    run strace -f -qq -o /dev/null -e trace=unlinkat \
      -e "inject=unlinkat:signal=KILL:when=$count" \
      "$nvbox" uninstall --root "$root" --bindir /usr/bin
    [ "$status" -ne 0 ]
    [ -x "$root/usr/bin/nvbox" ]
    run -0 uninstall_below --bindir /usr/bin
    [ "$before" = "$(tree)" ]
  done
}

# systemctl works on files alone with SYSTEMD_OFFLINE=1 (systemd's docs/ENVIRONMENT.md).
@test "uninstall takes its specification, and names the units and the engines that still call it" {
  require unshare systemctl
  # shellcheck disable=SC2016 # expanded in the simulated host
  run -0 "$simhost" t4x1 -- sh -ec '
    rm -rf /run/cdi /etc/systemd/system/*.wants/nvidia-cdi-refresh.*
    export SYSTEMD_OFFLINE=1
    "$1" install --with-units --with-cdi-hook >/dev/null
    systemctl --quiet enable nvidia-cdi-refresh.path nvidia-cdi-refresh.service
    nvidia-ctk --quiet cdi generate --output=/var/run/cdi/nvidia.yaml
    nvidia-ctk --quiet cdi generate --output=/run/cdi/mine.yaml
    mkdir -p /etc/docker
    echo "{}" >/etc/docker/daemon.json
    nvidia-ctk --quiet runtime configure --runtime=docker
    nvbox uninstall --dry-run >/run/dry
    ls -m /run/cdi
    nvbox uninstall >/run/said
    ls -m /run/cdi
    grep -v "^remove /usr/local/\|^remove /etc/" /run/said
    sed "\$d" /run/dry >/run/dry-lines
    sed "\$d" /run/said | cmp - /run/dry-lines
    # The command that is named does work without the units.
    $(sed -n "s/^to forget the units, too: //p" /run/said)
    find /etc/systemd/system/*.wants -name "nvidia-cdi-refresh.*"' sh "$nvbox"
  [ "$(grep -v '^Failed\|^Removed' <<<"$output")" = "mine.yaml, nvidia.yaml
mine.yaml
remove /var/run/cdi/nvidia.yaml, whose hooks are removed
/etc/docker/daemon.json still names programs that are removed; take them out (/etc/docker/daemon.json.nvbox-before or .nvbox-absent tells what was there before) and restart the engine
to forget the units, too: systemctl disable nvidia-cdi-refresh.path nvidia-cdi-refresh.service
uninstalled nvbox in /usr/local/bin" ]
}

# make_peer_package NAME PROGRAM: a package of NVIDIA's, with one program.
make_peer_package() {
  local tree=$BATS_TEST_TMPDIR/peer
  mkdir -p "$tree/DEBIAN" "$tree/usr/bin"
  echo peer >"$tree/usr/bin/$2"
  printf '%s\n' "Package: $1" 'Version: 1.17.8-1' 'Architecture: amd64' 'Maintainer: nobody' \
    'Description: stands for the toolkit of NVIDIA' >"$tree/DEBIAN/control"
  dpkg-deb -b "$tree" "$BATS_TEST_TMPDIR/$1.deb" >/dev/null
}

@test "the Debian package replaces NVIDIA's, works, and goes" {
  require cpack dpkg dpkg-deb busybox chroot gzip
  local build
  build=$(dirname "$nvbox")
  [ -e "$build/CPackConfig.cmake" ] || skip 'the binary is not in its build directory'
  run -0 cpack --config "$build/CPackConfig.cmake" -G DEB -B "$BATS_TEST_TMPDIR/packages"
  make_chroot
  mkdir -p "$root"/var/lib/dpkg/{info,updates}
  touch "$root"/var/lib/dpkg/{status,available}
  make_peer_package nvidia-container-toolkit nvidia-container-runtime-hook
  dpkg --root "$root" -i "$BATS_TEST_TMPDIR/nvidia-container-toolkit.deb"
  run -0 dpkg --root "$root" -i "$BATS_TEST_TMPDIR"/packages/nvbox_*.deb
  run -0 chroot "$root" /usr/bin/nvidia-container-runtime-hook --version
  run -0 chroot "$root" /usr/bin/nvidia-ctk --version
  [ -e "$root/usr/lib/systemd/system/nvidia-cdi-refresh.service" ]
  zcat "$root/usr/share/man/man1/nvidia-ctk.1.gz" | grep -q '^.TH NVIDIA'
  run -1 install_below --bindir /usr/bin
  has_text '/usr/bin/nvbox belongs to the package nvbox'
  run -0 dpkg --root "$root" -r nvbox
  [ -z "$(find "$root/usr" -name 'nv*')" ]
}

@test "install.sh installs a binary without building one" {
  require unshare
  # shellcheck disable=SC2016 # expanded in the simulated host
  run -0 "$simhost" t4x1 -- sh -ec '
    "$2/install.sh" --binary "$1" --engine none
    /usr/local/bin/nvidia-container-cli --version
    "$2/install.sh" --binary=/usr/local/bin/nvbox --engine=none
    nvbox uninstall
    [ ! -e /usr/local/bin/nvbox ]
    [ ! -e /usr/local/lib/nvbox ]' sh "$nvbox" "$e2e_dir/../.."
  has_text ' in /usr/local/bin was installed already; nothing has changed'
  has_line 'uninstalled nvbox in /usr/local/bin'
}

@test "install.sh registers the runtime with an engine" {
  require unshare jq
  # shellcheck disable=SC2016 # expanded in the simulated host
  run -0 "$simhost" t4x1 -- sh -ec '
    rm -f /etc/docker/daemon.json
    "$2/install.sh" --binary "$1" --engine docker
    jq -r .runtimes.nvidia.path /etc/docker/daemon.json' sh "$nvbox" "$e2e_dir/../.."
  has_line 'configured docker; it knows the runtime nvidia when it is started again'
  has_line /usr/local/bin/nvidia-container-runtime
}

@test "install.sh is a POSIX script and explains itself" {
  require busybox
  busybox sh -n "$e2e_dir/../../install.sh"
  run -0 "$e2e_dir/../../install.sh" --help
  has_text '--engine'
  run -1 "$e2e_dir/../../install.sh" --engine lxc
  has_text '--engine lxc: known are auto, docker, containerd, crio, podman and none'
  run -1 "$e2e_dir/../../install.sh" --target riscv64
  has_text '--target riscv64: known is aarch64'
  run -1 "$e2e_dir/../../install.sh" --target=aarch64 --engine docker
  has_text '--target installs nothing here'
}

# A directory that is all of PATH, with what the script needs anyway.
make_tools() {
  local name
  mkdir "$root/bin"
  for name in sh dirname id uname cat grep mkdir cp; do ln -s "$(command -v "$name")" "$root/bin"; done
}

# tool NAME SCRIPT
tool() {
  printf '#!/bin/sh\n%s\n' "$2" >"$root/bin/$1"
  chmod +x "$root/bin/$1"
}

# For the user nobody, who installs nothing.
build_for_aarch64() {
  cp "$e2e_dir/../../install.sh" "$root"
  chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"
  chown 65534 "$root"
  run -"$1" setpriv --reuid=65534 --regid=65534 --clear-groups env PATH="$root/bin" sh "$root/install.sh" --target aarch64
}

# shellcheck disable=SC2016 # text for the tools
@test "install.sh builds for aarch64 without root, and says what is missing" {
  require setpriv
  [ "$(uname -m)" != aarch64 ] || skip 'a build for another machine'
  make_tools
  build_for_aarch64 1
  has_text 'no apt here; install these first'
  has_text 'aarch64-linux-gnu-g++'
  tool apt-get 'echo apt-get "$@"'
  tool dpkg 'echo amd64'
  # A library of this machine does not count.
  tool dpkg-query 'echo installed amd64'
  build_for_aarch64 1
  has_text 'dpkg --add-architecture arm64 && apt-get update && apt-get install libcap-dev:arm64 libseccomp-dev:arm64 libyaml-dev:arm64'
  tool dpkg-query 'echo installed amd64; echo installed arm64'
  tool cmake 'mkdir build-aarch64 && echo nvbox >build-aarch64/nvbox'
  tool ninja true
  tool aarch64-linux-gnu-strip 'cp "$3" "$2"'
  build_for_aarch64 0
  has_text 'scp build-aarch64/stripped/nvbox HOST:'
  [ "$(<"$root/build-aarch64/stripped/nvbox")" = nvbox ]
}

# shellcheck disable=SC2016 # text for the tools
@test "install.sh adds the architecture of a build for aarch64, and takes it back where it has no packages" {
  [ "$(uname -m)" != aarch64 ] || skip 'a build for another machine'
  make_tools
  cp "$e2e_dir/../../install.sh" "$root"
  tool dpkg 'case $1 in --print-architecture) echo amd64 ;; --print-foreign-architectures) ;; *) echo "dpkg $*" ;; esac'
  tool dpkg-query 'echo installed amd64'
  tool apt-get '[ "$1" = update ] || exit 100'
  run -1 env PATH="$root/bin" sh "$root/install.sh" --target aarch64
  [ "$(grep ^dpkg <<<"$output")" = 'dpkg --add-architecture arm64
dpkg --remove-architecture arm64' ]
  has_text 'adding the architecture arm64'
  has_text 'installing libcap-dev:arm64'
  has_text 'do not come from the mirror'
}

# Debian Policy 10.9: directories that programs are found in are 755.
@test "whatever the umask, programs and their folders are for everybody" {
  local mask
  for mask in 077 000; do
    (umask "$mask" && install_below)
    run -0 find "$root" -mindepth 1 -type d ! -perm 755
    [ "$output" = '' ]
    "$nvbox" uninstall --root "$root"
  done
}
