# shellcheck shell=bash
# What the simulated libnvidia-ml (stubs/nvml.c) answers: a text file that README.md describes.
# shellcheck disable=SC2154 # the profile's arrays

build_nvml_table() {
  local table=$1/etc/simhost/nvml
  mkdir -p "${table%/*}"
  write_nvml_table >"$table"
  chmod 0644 "$table"
}

write_nvml_table() {
  printf 'driver %s\ncuda %s\n' "$driver" "$(cuda_version)"
  [[ -z $igpu ]] || write_nvml_igpu
  each_gpu write_nvml_gpu
  ((${#nvml[@]} == 0)) || printf '%s\n' "${nvml[@]}"
}

# The newest CUDA that the driver's branch serves.
cuda_version() {
  case $driver in
    535.*) echo 12020 ;;
    540.*) echo 12060 ;;
    550.*) echo 12040 ;;
    565.*) echo 12070 ;;
    570.*) echo 12080 ;;
    *) echo 13000 ;;
  esac
}

# NVML's number for the brand (2 Tesla, 13 NVIDIA RTX, 14 NVIDIA), and the compute capability.
brand_and_arch() {
  case $1 in
    0x1eb8) echo 14 7.5 ;;
    0x20b2 | 0x20b5) echo 14 8.0 ;;
    0x2230) echo 13 8.6 ;;
    0x2335) echo 14 9.0 ;;
    *) echo 14 12.1 ;;
  esac
}

# On no bus, and first.
write_nvml_igpu() {
  local arch uuid model
  read -r arch uuid model <<<"$igpu"
  printf 'gpu - 0 %s 14 %s - %s\n' "$uuid" "$arch" "$model"
}

write_nvml_gpu() {
  local busid=$1 minor=$2 device=$5 uuid=$6 model=$7 instances
  printf 'gpu %s %s %s %s - %s\n' "$busid" "$minor" "$uuid" "$(brand_and_arch "$device")" "$model"
  instances=$(write_nvml_mig "$busid" "$minor" "$uuid")
  if [[ -n $instances ]]; then
    printf 'mig_mode %s 1\n%s\n' "$busid" "$instances"
  elif [[ $mig_capable == yes ]]; then
    printf 'mig_mode %s 0\n' "$busid"
  fi
  ! is_dead "$busid" || printf 'fail %s 15\n' "$busid"
}

write_nvml_mig() {
  local busid=$1 minor=$2 group=${3#GPU-} line gpu gi ci profile slot=0
  for line in "${mig[@]}"; do
    read -r gpu gi ci profile <<<"$line"
    [[ $gpu == "$minor" ]] || continue
    printf 'mig %s %d %d %d MIG-%s-0000-5000-8000-%06x%06x %s\n' \
      "$busid" $((slot++)) "$gi" "$ci" "${group%%-*}" "$gi" "$ci" "${profile:-1g.10gb}"
  done
}
