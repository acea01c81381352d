#!/bin/sh
# Builds nvbox, installs the binary with the links of its programs, tells the container engines, and
# starts a GPU container: on the driver of this machine, or in a simulated GPU host where there is
# none.
#
#   ./install.sh [--bindir DIR] [--engine auto|docker|containerd|crio|podman|none]
#                [--binary FILE] [--no-demo]
#   ./install.sh --target aarch64
#
#   --bindir DIR   where to; without it /usr/local/bin, or /opt/bin where that is read-only
#   --engine NAME  which engine gets nvidia-container-runtime: each that is found (auto), or one
#   --binary FILE  installs this nvbox instead of building one; no package is needed then
#   --no-demo      starts no container
#   --target NAME  only builds, for hosts with another processor: one file, build-NAME/stripped/nvbox,
#                  to copy there. Known is aarch64 (arm64, Grace)
#
# Needs root; --target only where packages are missing. On Debian and Ubuntu what the build needs comes
# from apt; elsewhere it is told what to install first. `nvbox uninstall` takes the installation back.
set -eu

build_packages='cmake ninja-build g++ git nlohmann-json3-dev libtomlplusplus-dev libcap-dev libseccomp-dev libyaml-dev'
demo_packages='runc crun jq busybox-static util-linux procps musl-tools gcc binutils'
# Of a build for aarch64: what runs here, and what is linked, of dpkg's architecture arm64.
aarch64_packages='cmake ninja-build git nlohmann-json3-dev libtomlplusplus-dev g++-aarch64-linux-gnu'
aarch64_libraries='libcap-dev libseccomp-dev libyaml-dev'
bindir=
engine=auto
binary=
target=
demo=yes

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

# What elsewhere has to be there, in the names of its commands and libraries.
list_needs() {
  cat >&2 <<'TEXT'
install.sh: no apt here; install these first, or copy a binary that was built elsewhere: --binary FILE
  cmake 3.25, ninja, a C++23 compiler (gcc 12), git
  headers of nlohmann-json 3.11; static libraries of libcap, libseccomp, libyaml, libstdc++ and the C library
  for the demo: runc or crun, jq, a static busybox, unshare, ps, musl-gcc, gcc, binutils; or --no-demo
TEXT
}

# has_build_tools COMPILER: whether they are there, where no package manager says so.
has_build_tools() {
  command -v cmake >/dev/null && command -v ninja >/dev/null && command -v "$1" >/dev/null
}

has_apt() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null
}

# is_installed PACKAGE ARCHITECTURE: the one of another architecture does not count.
is_installed() {
  dpkg-query -W -f '${db:Status-Status} ${Architecture}\n' "$1" 2>/dev/null | grep -qxE "installed (all|$2)"
}

install_packages() {
  # shellcheck disable=SC2086 # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_missing() {
  wanted=$build_packages
  [ $demo = no ] || wanted="$wanted $demo_packages"
  missing=
  architecture=$(dpkg --print-architecture)
  for package in $wanted; do
    is_installed "$package" "$architecture" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  echo "installing$missing"
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of words
  install_packages $missing
}

# The architecture and its libraries lie beside this host's own, in directories of their own.
install_missing_for_aarch64() {
  missing=
  for package in $aarch64_packages; do
    is_installed "$package" "$(dpkg --print-architecture)" || missing="$missing $package"
  done
  for package in $aarch64_libraries; do
    is_installed "$package" arm64 || missing="$missing $package:arm64"
  done
  [ -n "$missing" ] || return 0
  [ "$(id -u)" -eq 0 ] ||
    fail "a build for aarch64 needs packages; as root: dpkg --add-architecture arm64 && apt-get update && apt-get install$missing"
  added=
  if ! dpkg --print-foreign-architectures | grep -qx arm64; then
    echo 'adding the architecture arm64 to what dpkg installs here (dpkg --remove-architecture arm64 takes it back)'
    dpkg --add-architecture arm64
    added=yes
  fi
  echo "installing$missing"
  # shellcheck disable=SC2086 # a list of words
  if apt-get update -qq && install_packages $missing; then return 0; fi
  # A mirror may lack it, and every update would fail from now on.
  [ -z "$added" ] || dpkg --remove-architecture arm64 || true
  fail 'these packages do not come from the mirror of this host; Ubuntu has arm64 on another one, so build on an aarch64 host there'
}

build_for_aarch64() {
  [ "$(uname -m)" != aarch64 ] || fail '--target aarch64: this host is aarch64, and ./install.sh builds for it'
  if has_apt; then
    install_missing_for_aarch64
  elif ! has_build_tools aarch64-linux-gnu-g++; then
    list_needs
    echo '  of these, the compiler as aarch64-linux-gnu-g++, and the libraries for aarch64' >&2
    exit 1
  fi
  cmake --toolchain cmake/aarch64-linux-gnu.cmake -S . -B build-aarch64 -G Ninja -DBUILD_TESTING=OFF >/dev/null
  ninja -C build-aarch64 --quiet nvbox
  mkdir -p build-aarch64/stripped
  aarch64-linux-gnu-strip -o build-aarch64/stripped/nvbox build-aarch64/nvbox
  cat <<'TEXT'
built build-aarch64/stripped/nvbox; nothing was installed here. On an aarch64 host it needs no other file:
  scp build-aarch64/stripped/nvbox HOST:
  ssh HOST sudo ./nvbox install      # or in a clone there: sudo ./install.sh --binary FILE, for its engines as well
TEXT
}

build() {
  if has_apt; then
    install_missing
  elif ! has_build_tools c++; then
    list_needs
    exit 1
  fi
  cmake -S . -B build -G Ninja -DBUILD_TESTING=OFF >/dev/null
  ninja -C build --quiet nvbox
  mkdir -p build/stripped
  strip -o build/stripped/nvbox build/nvbox
  binary=build/stripped/nvbox
}

# configure NAME: the engine's own file gets nvidia-container-runtime as the runtime nvidia.
configure() {
  if "$bindir/nvbox" nvidia-ctk --quiet runtime configure --runtime="$1" \
    --nvidia-runtime-path="$bindir/nvidia-container-runtime"; then
    echo "configured $1; it knows the runtime nvidia when it is started again"
  else
    echo "install.sh: $1 is not configured; README.md, 'Register it', says how to do it by hand" >&2
    return 1
  fi
}

# is_used NAME: whether this host has the engine for itself.
is_used() {
  case $1 in
    docker) command -v dockerd >/dev/null ;;
    # Docker's containerd needs no file: Docker tells it everything.
    containerd) command -v containerd >/dev/null && { ! is_used docker || [ -e /etc/containerd/config.toml ]; } ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

configure_engines() {
  case $engine in
    none) return 0 ;;
    auto) ;;
    *)
      configure "$engine"
      return
      ;;
  esac
  if ! "$bindir/nvbox" nvidia-ctk runtime configure --help >/dev/null 2>&1; then
    echo "no engine is configured: this binary cannot; README.md, 'Register it', says how"
    return 0
  fi
  for each in docker containerd crio podman; do
    # One that cannot be configured has said so; the installation is good without it.
    if is_used $each; then configure $each || true; fi
  done
}

while [ $# -gt 0 ]; do
  case $1 in
    --bindir | --engine | --binary | --target)
      [ $# -ge 2 ] || fail "$1 needs a value"
      option=${1#--}
      value=$2
      shift
      ;;
    --bindir=* | --engine=* | --binary=* | --target=*)
      option=${1%%=*}
      option=${option#--}
      value=${1#*=}
      ;;
    --no-demo)
      demo=no
      shift
      continue
      ;;
    -h | --help)
      sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *) fail "unknown option $1; known are --bindir, --engine, --binary, --target and --no-demo" ;;
  esac
  case $option in
    bindir) bindir=$value ;;
    engine) engine=$value ;;
    binary) binary=$value ;;
    target) target=$value ;;
  esac
  shift
done

case $engine in
  auto | docker | containerd | crio | podman | none) ;;
  *) fail "--engine $engine: known are auto, docker, containerd, crio, podman and none" ;;
esac
case $target in
  '') ;;
  aarch64)
    [ "$bindir$engine$binary" = auto ] || fail '--target installs nothing here; give the other options on the host that gets the file'
    cd "$(dirname "$0")"
    build_for_aarch64
    exit
    ;;
  *) fail "--target $target: known is aarch64" ;;
esac
[ "$(id -u)" -eq 0 ] || fail 'must run as root: it writes to the system'
case $bindir in
  '' | /*) ;;
  *) bindir=$PWD/$bindir ;;
esac
if [ -n "$binary" ]; then
  [ -x "$binary" ] || fail "--binary $binary: not an executable file"
  case $binary in
    /*) ;;
    *) binary=$PWD/$binary ;;
  esac
  # The demo's helpers are built, which hosts that copy one file cannot do.
  demo=no
fi

cd "$(dirname "$0")"
[ -n "$binary" ] || build
report=$("$binary" install ${bindir:+"--bindir=$bindir"})
printf '%s\n' "$report"
# "installed nvbox 0.1.0 in DIR", or "nvbox 0.1.0 in DIR was installed already; ...".
bindir=$(printf '%s\n' "$report" | sed -n 's/^\(installed \)\{0,1\}nvbox [^ ]* in \(.*\)$/\2/p')
bindir=${bindir%% was installed already;*}
configure_engines

[ $demo = no ] || exec tests/e2e/demo.sh "$bindir/nvbox"
