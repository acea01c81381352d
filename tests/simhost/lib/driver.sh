# shellcheck shell=bash
# The user space half of the driver: libraries, programs, data files, and what lies around them.
# shellcheck disable=SC2154 # simhost_dir and the profile's arrays

build_driver_files() {
  local out=$1 lines=() widths
  mkdir -p "$out/usr" "$out/etc"
  mapfile -t lines < <(usual_files; ((${#driver_files[@]} == 0)) || printf '%s\n' "${driver_files[@]}")
  lines=("${lines[@]//@VERSION@/$driver}")
  lines=("${lines[@]//x86_64-linux-gnu/$machine-linux-gnu}")
  widths=('')
  [[ ${lines[*]} != */i386-linux-gnu/*.so.* ]] || widths+=(32)
  compile_stubs "$out" "${widths[@]}"
  make_files "$out" "${lines[@]}"
  rm -r "$out/stubs"
  make_copies "$out"
  make_loader_caches "$out"
  # They were installed together.
  find "$out" -exec touch -h -d '2025-07-03 10:42:15 UTC' {} +
}

# The list of usual files with what the profile's `move`, `linked` and `without` say of it.
usual_files() {
  local kind path target pattern
  while read -r kind path target; do
    for pattern in "${without[@]}"; do
      # shellcheck disable=SC2053 # a pattern
      [[ $path != $pattern ]] || continue 2
    done
    printf '%s\n' "$kind $(moved "$path")${target:+ $(moved "$target")}"
    links_to "$path"
  done <"$simhost_dir/$files"
}

# A link to a file in each tree of links that the profile has.
links_to() {
  local path=$1 line from to
  for line in "${linked[@]}"; do
    read -r from to <<<"$line"
    [[ $path != "$from"/* ]] || printf '%s\n' "l $to/${path#"$from/"} $(moved "$path")"
  done
}

# The first `move` that fits decides.
moved() {
  local path=$1 line from to
  for line in "${moves[@]}"; do
    read -r from to <<<"$line"
    [[ $path == "$from"/* ]] || continue
    printf '%s\n' "${to%/}/${path#"$from/"}"
    return
  done
  printf '%s\n' "$path"
}

# place OUT PATH: where a file of the simulated host is made. What is below none of the directories that enter.sh
# furnishes one by one is in `top`.
place() {
  case $2 in
    /usr/* | /etc/* | /run/*) printf '%s\n' "$1$2" ;;
    *) printf '%s\n' "$1/top$2" ;;
  esac
}

make_copies() {
  local out=$1 line path source to
  for line in "${copies[@]}"; do
    read -r path source <<<"$line"
    to=$(place "$out" "$path")
    mkdir -p "${to%/*}"
    cp -L -- "$source" "$to"
  done
}

make_loader_caches() {
  local out=$1 root
  for root in "${loader_caches[@]}"; do
    ldconfig -r "$(place "$out" "$root")" 2>/dev/null
  done
}

# What is the same in every stub; the file's own name is linked in per file.
compile_stubs() {
  local objects=$1/stubs width flags=(-Os -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables)
  shift
  mkdir "$objects"
  "${tools}gcc" "${flags[@]}" -fno-pie -c "$simhost_dir/stubs/program.c" -o "$objects/program.o"
  # gcc needs no 32-bit libc for code that uses none.
  for width in "$@"; do
    "${tools}gcc" ${width:+"-m$width"} "${flags[@]}" -fPIC -c "$simhost_dir/stubs/library.c" -o "$objects/library$width.o"
    "${tools}gcc" ${width:+"-m$width"} "${flags[@]}" -fPIC -DWITH_CUDA -c "$simhost_dir/stubs/library.c" \
      -o "$objects/cuda$width.o"
  done
  compile_nvml "${flags[@]}"
  # ldconfig takes a 32-bit library for one of libc 5 unless it needs libc.so.6.
  [[ -z $width ]] || ld -m elf_i386 -shared -soname libc.so.6 -o "$objects/libc32.so" "$objects/library32.o" \
    --defsym nvbox_stub_file=0
}

# Needs `objects` of compile_stubs.
compile_nvml() {
  local function known options=()
  "${tools}gcc" "$@" -fPIC -c "$simhost_dir/stubs/nvml.c" -o "$objects/nvml.o"
  known=$("${tools}nm" --format=just-symbols --defined-only --extern-only "$objects/nvml.o")
  for function in "${nvml_without[@]}"; do
    [[ $'\n'$known$'\n' == *$'\n'"$function"$'\n'* ]] ||
      die "nvml_without $function: no function of the simulated libnvidia-ml"
    options+=(--localize-symbol="$function")
  done
  "${tools}objcopy" "${options[@]}" "$objects/nvml.o"
}

make_files() {
  local out=$1 line kind path target to
  local -A loader_name=()
  shift
  for line in "$@"; do
    read -r kind path target <<<"$line"
    [[ $kind == [flt] ]] || continue
    to=$(place "$out" "$path")
    mkdir -p "${to%/*}"
    [[ $kind != t ]] || printf '%s\n' "$target" >>"$to"
    [[ $kind == l ]] || continue
    ln -s "$target" "$to"
    # A link beside the file is the one the loader asks for, so it carries the SONAME.
    [[ $target == */* || ${path##*/} != lib* ]] || loader_name[${path%/*}/$target]=${path##*/}
  done
  for line in "$@"; do
    read -r kind path target <<<"$line"
    [[ $kind != f ]] ||
      make_file "$out" "$path" "$(place "$out" "$path")" "${target:-${loader_name[$path]:-${path##*/}}}"
  done
}

make_file() {
  local out=$1 path=$2 to=$3 soname=$4
  case $path in
    */*.so.*/*) data_file "$path" >"$to" ;;
    *.so | *.so.*) make_library "$out" "$path" "$to" "$soname" ;;
    */bin/* | */sbin/* | */nvidia-smi | */nvidia-debugdump) make_program "$out" "$path" "$to" ;;
    *) data_file "$path" >"$to" ;;
  esac
}

# An object with nothing but the file's name in it, and what only this file has.
assemble_name() {
  local out=$1 path=$2 option=$3 more=''
  # There were two libnvidia-tls, told apart by the oldest kernel that each is for, here Linux 2.3.99;
  # nvidia-container-cli (nvc_info.c) refuses one that does not say.
  [[ $path != */libnvidia-tls.so.* ]] ||
    more='.section .note.ABI-tag,"a",%note; .balign 4; .long 4, 16, 1; .asciz "GNU"; .long 0, 2, 3, 99'
  printf '.section .rodata\n.hidden nvbox_stub_file\n.globl nvbox_stub_file\nnvbox_stub_file: .string "%s"\n%s\n%s\n' \
    "${path##*/}" "$more" '.section .note.GNU-stack,"",%progbits' |
    "${tools}as" ${option:+"$option"} -o "$out/stubs/name.o" -
}

make_library() {
  local out=$1 path=$2 to=$3 soname=$4 kind=library suffix='' assembler='' emulation=() more=()
  [[ $path != */libcuda.so.* ]] || kind=cuda
  if [[ $path == */i386-linux-gnu/* ]]; then
    suffix=32 assembler=--32 emulation=(-m elf_i386) more=(--no-as-needed "$out/stubs/libc32.so")
  elif [[ $path == */libnvidia-ml.so.* ]]; then
    more=("$out/stubs/nvml.o")
  fi
  assemble_name "$out" "$path" "$assembler"
  "${tools}ld" "${emulation[@]}" -shared -s -z defs --build-id=none -z noexecstack -z noseparate-code -z max-page-size=4096 \
    -soname "$soname" -o "$to" "$out/stubs/$kind$suffix.o" "$out/stubs/name.o" "${more[@]}"
  chmod 0644 "$to"
}

make_program() {
  local out=$1 path=$2 to=$3
  assemble_name "$out" "$path" ''
  "${tools}ld" -static -s --build-id=none -z noexecstack -o "$to" "$out/stubs/program.o" "$out/stubs/name.o"
  # The one program of the driver that is installed setuid root.
  [[ $path != */nvidia-modprobe ]] || chmod 4755 "$to"
}

data_file() {
  case ${1##*/} in
    10_nvidia.json) echo '{"file_format_version": "1.0.0", "ICD": {"library_path": "libEGL_nvidia.so.0"}}' ;;
    10_nvidia_wayland.json) echo '{"file_format_version": "1.0.0", "ICD": {"library_path": "libnvidia-egl-wayland.so.1"}}' ;;
    15_nvidia_gbm.json) echo '{"file_format_version": "1.0.0", "ICD": {"library_path": "libnvidia-egl-gbm.so.1"}}' ;;
    nvidia_icd.json) echo '{"file_format_version": "1.0.0", "ICD": {"library_path": "libGLX_nvidia.so.0", "api_version": "1.3"}}' ;;
    nvidia_layers.json) echo '{"file_format_version": "1.0.0", "layer": {"name": "VK_LAYER_NV_optimus", "library_path": "libGLX_nvidia.so.0"}}' ;;
    nvidia.icd) echo libnvidia-opencl.so.1 ;;
    cufile.json) echo '{"properties": {"allow_compat_mode": true}}' ;;
    i386-linux-gnu.conf) printf '/usr/local/lib/i386-linux-gnu\n/lib/i386-linux-gnu\n/usr/lib/i386-linux-gnu\n' ;;
    *) printf 'stand-in for %s\n' "${1##*/}" ;;
  esac
}

build_runtime_wrappers() {
  local dir=$1/usr/local/lib/simhost
  mkdir -p "$dir"
  install -m 0755 "$simhost_dir/runtime/wrapper" "$dir/runc"
  install -m 0755 "$simhost_dir/runtime/wrapper" "$dir/crun"
  gcc -Os -s -static -Wall "$simhost_dir/runtime/bind-proc-driver.c" -o "$dir/bind-proc-driver"
}

# Groups the machine may lack.
build_groups() {
  [[ $render_gid == 0 ]] || echo "render:x:$render_gid:" >"$1/groups"
}

# What enter.sh has to know: lines of config.toml, paths that are hidden, whether all is read-only.
build_settings() {
  local out=$1
  ((${#config[@]} == 0)) || printf '%s\n' "${config[@]}" >"$out/config"
  ((${#absent[@]} == 0)) || printf '%s\n' "${absent[@]}" >"$out/absent"
  ((${#binds[@]} == 0)) || printf '%s\n' "${binds[@]}" >"$out/binds"
  [[ $read_only != yes ]] || : >"$out/read_only"
  [[ -z $usr ]] || { echo "$usr" >"$out/usr_path" && mkdir -p "$out/top$usr"; }
  [[ -z $firmware_path ]] || echo "$firmware_path" >"$out/firmware_path"
}

build_run() {
  local out=$1
  mkdir -p "$out/run/lock"
  build_sockets "$out"
  # udev's database, with one NVMe disk for GPUDirect Storage.
  ((gds)) || return 0
  mkdir -m 0755 "$out"/run/udev{,/data}
  echo 'E:ID_MODEL=Simulated NVMe' >"$out/run/udev/data/b259:0"
}

build_sockets() {
  local out=$1 path
  ((${#sockets[@]})) || return 0
  gcc -Os -Wall "$simhost_dir/stubs/mksocket.c" -o "$out/mksocket"
  for path in "${sockets[@]}"; do
    [[ $path == /run/* ]]
    mkdir -p "$out${path%/*}"
    "$out/mksocket" "$out$path"
  done
  rm "$out/mksocket"
}
