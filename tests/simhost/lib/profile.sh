# shellcheck shell=bash
# Reads a profile (format: README.md) into the arrays below.
# shellcheck disable=SC2034 # read by driver.sh, kernel.sh and nvml.sh

# Majors of a simulated host. Those below 232 are the same everywhere, the others dynamic on a real one.
declare -rA major=([nvidia]=195 [drm]=226 [verbs]=231 [gdrdrv]=505 [fs]=506 [nvlink]=507 [nvswitch]=508 [imex]=509 [uvm]=510 [caps]=511)

driver='' machine=$(uname -m) module=proprietary mig_capable=no imex=0 gds=0 mofed=0 gdrcopy=no read_only=no usr='' firmware_path=''
card_gid=0 render_gid=0 render_mode=0666
# What the names of the tools that make the driver's files begin with.
tools=''
files=driver-files.txt compatible='' igpu=''
gpus=() dead=() masked=() mig=() nvml=() nvml_without=() nvswitches=() sockets=() nodes=() driver_files=()
moves=() linked=() without=() absent=() copies=() loader_caches=() config=() binds=()

die() {
  printf 'simhost: %s\n' "$*" >&2
  exit 1
}

read_profile() {
  local name=${1##*/} key value number=0
  while read -r key value; do
    number=$((number + 1))
    case $key in
      '' | '#'*) ;;
      driver) driver=$value ;;
      machine) machine=$value ;;
      module) module=$value ;;
      gpu) gpus+=("$value") ;;
      dead) dead+=("$value") ;;
      masked) masked+=("$value") ;;
      mig_capable) mig_capable=$value ;;
      mig) mig+=("$value") ;;
      nvml) nvml+=("$value") ;;
      nvml_without) nvml_without+=("$value") ;;
      nvswitch) nvswitches+=("$value") ;;
      imex) imex=$value ;;
      gds) gds=$value ;;
      mofed) mofed=$value ;;
      gdrcopy) gdrcopy=$value ;;
      card_gid) card_gid=$value ;;
      render_gid) render_gid=$value ;;
      render_mode) render_mode=$value ;;
      socket) sockets+=("$value") ;;
      files) files=$value ;;
      compatible) compatible=$value ;;
      igpu) igpu=$value ;;
      node) nodes+=("$value") ;;
      f | l | t) driver_files+=("$key $value") ;;
      move) moves+=("$value") ;;
      linked) linked+=("$value") ;;
      without) without+=("$value") ;;
      absent) absent+=("$value") ;;
      bind) binds+=("$value") ;;
      copy) copies+=("$value") ;;
      ldconfig) loader_caches+=("$value") ;;
      config) config+=("$value") ;;
      read_only) read_only=$value ;;
      usr) usr=$value ;;
      firmware_path) firmware_path=$value ;;
      *) die "$name:$number: unknown key '$key'" ;;
    esac
  done <"$1"
  [[ -n $driver ]] || die "$name: no driver line"
  [[ $machine == "$(uname -m)" ]] || tools=$machine-linux-gnu-
  command -v "${tools}gcc" >/dev/null || die "$name: machine $machine needs ${tools}gcc (Debian: g++-${machine//_/-}-linux-gnu)"
}

is_dead() {
  [[ " ${dead[*]} " == *" $1 "* ]]
}

is_masked() {
  [[ " ${masked[*]} " == *" $1 "* ]]
}
