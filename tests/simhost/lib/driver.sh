# shellcheck shell=bash
# The user space half of the driver: libraries, programs, data files, and what lies around them.
# shellcheck disable=SC2154 # simhost_dir and the profile's arrays

build_driver_files() {
  local out=$1 lines widths
  mkdir -p "$out/usr" "$out/etc"
  mapfile -t lines < <(printf '%s\n' "$(<"$simhost_dir/$files")" "${driver_files[@]}")
  lines=("${lines[@]//@VERSION@/$driver}")
  widths=('')
  [[ ${lines[*]} != */i386-linux-gnu/*.so.* ]] || widths+=(32)
  compile_stubs "$out" "${widths[@]}"
  make_files "$out" "${lines[@]}"
  rm -r "$out/stubs"
}

# What is the same in every stub; the file's own name is linked in per file.
compile_stubs() {
  local objects=$1/stubs width flags=(-Os -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables)
  shift
  mkdir "$objects"
  gcc "${flags[@]}" -fno-pie -c "$simhost_dir/stubs/program.c" -o "$objects/program.o"
  # gcc needs no 32-bit libc for code that uses none.
  for width in "$@"; do
    gcc ${width:+"-m$width"} "${flags[@]}" -fPIC -c "$simhost_dir/stubs/library.c" -o "$objects/library$width.o"
    gcc ${width:+"-m$width"} "${flags[@]}" -fPIC -DWITH_CUDA -c "$simhost_dir/stubs/library.c" \
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
  gcc "$@" -fPIC -c "$simhost_dir/stubs/nvml.c" -o "$objects/nvml.o"
  known=$(nm --format=just-symbols --defined-only --extern-only "$objects/nvml.o")
  for function in "${nvml_without[@]}"; do
    [[ $'\n'$known$'\n' == *$'\n'"$function"$'\n'* ]] ||
      die "nvml_without $function: no function of the simulated libnvidia-ml"
    options+=(--localize-symbol="$function")
  done
  objcopy "${options[@]}" "$objects/nvml.o"
}

make_files() {
  local out=$1 line kind path target
  local -A loader_name=()
  shift
  for line in "$@"; do
    read -r kind path target <<<"$line"
    [[ $kind == [flt] ]] || continue
    [[ -d $out${path%/*} ]] || mkdir -p "$out${path%/*}"
    [[ $kind != t ]] || printf '%s\n' "$target" >>"$out$path"
    [[ $kind == l ]] || continue
    ln -s "$target" "$out$path"
    # A link beside the file is the one the loader asks for, so it carries the SONAME.
    [[ $target == */* ]] || loader_name[${path%/*}/$target]=${path##*/}
  done
  for line in "$@"; do
    read -r kind path target <<<"$line"
    [[ $kind != f ]] || make_file "$out" "$path" "${loader_name[$path]:-${path##*/}}"
  done
}

make_file() {
  local out=$1 path=$2 soname=$3
  case $path in
    /usr/*.so | /usr/*.so.*) make_library "$out" "$path" "$soname" ;;
    /usr/bin/* | /usr/sbin/*) make_program "$out" "$path" ;;
    *) data_file "$path" >"$out$path" ;;
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
    as ${option:+"$option"} -o "$out/stubs/name.o" -
}

make_library() {
  local out=$1 path=$2 soname=$3 kind=library suffix='' assembler='' emulation=() more=()
  [[ $path != */libcuda.so.* ]] || kind=cuda
  if [[ $path == */i386-linux-gnu/* ]]; then
    suffix=32 assembler=--32 emulation=(-m elf_i386) more=(--no-as-needed "$out/stubs/libc32.so")
  elif [[ $path == */libnvidia-ml.so.* ]]; then
    more=("$out/stubs/nvml.o")
  fi
  assemble_name "$out" "$path" "$assembler"
  ld "${emulation[@]}" -shared -s -z defs --build-id=none -z noexecstack -z noseparate-code -z max-page-size=4096 \
    -soname "$soname" -o "$out$path" "$out/stubs/$kind$suffix.o" "$out/stubs/name.o" "${more[@]}"
  chmod 0644 "$out$path"
}

make_program() {
  local out=$1 path=$2
  assemble_name "$out" "$path" ''
  ld -static -s --build-id=none -z noexecstack -o "$out$path" "$out/stubs/program.o" "$out/stubs/name.o"
  # The one program of the driver that is installed setuid root.
  [[ $path != */nvidia-modprobe ]] || chmod 4755 "$out$path"
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

build_run() {
  local out=$1
  mkdir -m 0755 "$out/run" "$out/run/lock"
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
