# shellcheck shell=bash
# What container stacks have left on the real host is not on the simulated one: the programs of nvbox
# or of NVIDIA's toolkit, their units and pages, and what they wrote into the configurations of engines.
# This is the only place that says so; a test sees what `--install` and the profile put there.
#
# It makes a layer that lies between the simulated driver and the real host and has a whiteout for each
# name: a character device 0/0 (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories").
# shellcheck disable=SC2154 # stage comes from the caller

# For the patterns below; ?() makes a pattern of a name, so that nothing stands for a file that is not there.
shopt -s extglob

# hide PATH...
hide() {
  local path
  for path in "$@"; do
    mkdir -p "$stage/hidden${path%/*}"
    mknod "$stage/hidden$path" c 0 0
  done
}

# Simple patterns first: bash takes 50 ms to look for the alternatives in a /usr/bin.
hide_programs() {
  local path
  for path in /{usr,usr/local,opt}/{bin,sbin,share/man/man[18]}/nv[bi]* /{usr,usr/local,opt}/lib/nvbox?(); do
    case ${path##*/} in
      nvbox* | nvidia-ctk* | nvidia-cdi-hook* | nvidia-container-* | nvidia-docker*) hide "$path" ;;
    esac
  done
}

hide_settings() {
  hide /{etc,usr/lib}/systemd/system/{,*.wants/}nvidia-cdi-refresh.* /{etc,usr/lib}/udev/rules.d/*nvidia-cdi-refresh.rules \
    /{etc,usr/share}/containers/oci/hooks.d/*nvidia* /etc/{cdi,nvidia-container-runtime,nvidia-container-toolkit}?()
}

# `nvidia-ctk runtime configure` keeps what was there before beside the file, or beside its directory.
restore_engines() {
  local kept file directory
  for kept in /etc/{docker,containerd,crio,containers}/*.nvbox-{before,absent}; do
    file=${kept%.nvbox-*} directory=${kept%%.d-*}.d
    [[ ! -d $directory ]] || file=$directory/${file#"$directory-"}
    hide "$kept"
    if [[ $kept == *.nvbox-absent ]]; then
      [[ ! -e $file ]] || hide "$file"
    else
      mkdir -p "$stage/hidden${file%/*}"
      cp -a -- "$kept" "$stage/hidden$file"
    fi
  done
}

hide_installed() {
  mkdir -p "$stage"/hidden/{usr,etc}
  shopt -s nullglob
  hide_programs
  hide_settings
  restore_engines
  shopt -u nullglob
}
