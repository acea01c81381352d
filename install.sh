#!/bin/sh
# Builds nvbox, installs the binary and the links of its programs, and starts a GPU container: on
# the driver of this machine, or in a simulated GPU host where there is none.
#
#   ./install.sh [--bindir DIR] [--no-demo]
#
# Needs root on Debian or Ubuntu (build dependencies come from apt); elsewhere install the packages
# named below first.
set -eu
cd "$(dirname "$0")"

build_packages='cmake ninja-build g++ git nlohmann-json3-dev libcap-dev libyaml-dev'
demo_packages='runc crun jq busybox-static util-linux procps musl-tools gcc binutils'
bindir=/usr/local/bin
demo=yes

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --bindir)
      [ $# -ge 2 ] || fail '--bindir needs a directory'
      bindir=$2
      shift
      ;;
    --no-demo) demo=no ;;
    -h | --help)
      sed -n '2,8s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *) fail "unknown option $1; known are --bindir DIR and --no-demo" ;;
  esac
  shift
done

[ "$(id -u)" -eq 0 ] || fail 'must run as root: it writes to the system'
mkdir -p "$bindir" 2>/dev/null || fail "cannot create $bindir; choose another with --bindir"
[ -w "$bindir" ] || fail "cannot write to $bindir; choose another with --bindir"

wanted=$build_packages
[ $demo = no ] || wanted="$wanted $demo_packages"
missing=
if command -v dpkg-query >/dev/null; then
  for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing="$missing $package"
  done
fi
if [ -n "$missing" ]; then
  echo "installing$missing"
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

cmake -S . -B build -G Ninja -DBUILD_TESTING=OFF >/dev/null
ninja -C build --quiet nvbox

# The new file is complete before it takes the name: containers may start at any moment.
strip -o "$bindir/.nvbox.new" build/nvbox
chmod 755 "$bindir/.nvbox.new"
mv -f "$bindir/.nvbox.new" "$bindir/nvbox"
"$bindir/nvbox" --list | while read -r name group; do
  [ "$name" = nvbox ] || [ "$group" = internal ] || ln -sfn nvbox "$bindir/$name"
done
echo "installed $("$bindir/nvbox" --version | head -n 1) in $bindir"

[ $demo = no ] || exec tests/e2e/demo.sh "$bindir/nvbox"
