# shellcheck shell=bash
# The kernel half of the driver: what it shows in /proc/driver, /dev, /sys and /proc/devices.
# shellcheck disable=SC2154 # the profile's arrays

build_kernel_views() {
  local out=$1 tree=$1/tree
  mkdir -p "$tree/proc/driver" "$tree/dev" "$tree/sys/bus/pci/devices"
  make_standard_nodes "$tree/dev"
  : >"$out/majors"
  [[ $module == none ]] || build_module_views "$out" "$tree"
  make_named_nodes "$tree/dev"
  (cd "$tree" && shopt -s nullglob && tar --numeric-owner -cf "$out/live.tar" proc/driver/* dev/* sys/bus/pci/devices/*)
  rm -r "$tree"
}

build_module_views() {
  local out=$1 tree=$2
  write_proc "$tree/proc/driver"
  make_driver_nodes "$tree/dev"
  write_sys "$tree/sys/bus/pci/devices"
  write_majors >"$out/majors"
}

# Calls FUNCTION with the fields of each gpu line: BUSID MINOR DRM CLASS DEVICE UUID MODEL.
each_gpu() {
  local function=$1 busid minor drm class device uuid model line
  shift
  for line in "${gpus[@]}"; do
    read -r busid minor drm class device uuid model <<<"$line"
    "$function" "$@" "$busid" "$minor" "$drm" "$class" "$device" "$uuid" "$model"
  done
}

write_proc() {
  local proc=$1
  mkdir -p "$proc"/nvidia/{gpus,warnings,patches,capabilities/mig} "$proc/nvidia-caps"
  write_version >"$proc/nvidia/version"
  write_params >"$proc/nvidia/params"
  echo 'Binary: ""' >"$proc/nvidia/registry"
  echo 'suspend hibernate resume' >"$proc/nvidia/suspend"
  echo 'default modeset uvm' >"$proc/nvidia/suspend_depth"
  each_gpu write_gpu "$proc/nvidia/gpus"
  write_capabilities "$proc"
  find "$proc" -type f -exec chmod 0444 {} +
  find "$proc" -mindepth 1 -type d -exec chmod 0555 {} +
}

write_version() {
  local machine=$machine
  # Boards with a device tree are Arm's; their libraries here are for this machine all the same.
  [[ -z $compatible ]] || machine=aarch64
  if [[ $module == open ]]; then
    printf 'NVRM version: NVIDIA UNIX Open Kernel Module for %s  %s  Release Build  (builder@simhost)  %s\n' \
      "$machine" "$driver" 'Thu Jul  3 10:42:15 UTC 2025'
  else
    printf 'NVRM version: NVIDIA UNIX %s Kernel Module  %s  %s\n' "$machine" "$driver" 'Thu Jul  3 10:42:15 UTC 2025'
  fi
  echo 'GCC version:  gcc version 12.2.0 (Debian 12.2.0-14+deb12u1) '
}

write_params() {
  local name
  for name in ResmanDebugLevel=4294967295 RmLogonRC=1 ModifyDeviceFiles=1 DeviceFileUID=0 DeviceFileGID=0 \
    DeviceFileMode=438 InitializeSystemMemoryAllocations=1 UsePageAttributeTable=4294967295 EnableMSI=1 \
    EnablePCIeGen3=0 MemoryPoolSize=0 KMallocHeapMaxSize=0 VMallocHeapMaxSize=0 IgnoreMMIOCheck=0 \
    EnableStreamMemOPs=0 EnableUserNUMAManagement=1 NvLinkDisable=0 RmProfilingAdminOnly=1 \
    PreserveVideoMemoryAllocations=0 EnableS0ixPowerManagement=0 S0ixPowerManagementVideoMemoryThreshold=256 \
    DynamicPowerManagement=3 DynamicPowerManagementVideoMemoryThreshold=200 RegisterPCIDriver=1 \
    EnablePCIERelaxedOrderingMode=0 EnableResizableBar=0 EnableGpuFirmware=18 EnableGpuFirmwareLogs=2 \
    EnableDbgBreakpoint=0 OpenRmEnableUnsupportedGpus=1 DmaRemapPeerMmio=1; do
    printf '%s: %s\n' "${name%=*}" "${name#*=}"
  done
  ((imex == 0)) || printf 'ImexChannelCount: 2048\nCreateImexChannel0: 0\n'
  for name in RegistryDwords RegistryDwordsPerDevice RmMsg GpuBlacklist TemporaryFilePath ExcludedGpus; do
    printf '%s: ""\n' "$name"
  done
}

write_gpu() {
  local dir=$1/$2 busid=$2 minor=$3 uuid=$7 model=$8
  mkdir "$dir"
  echo 'Binary: ""' >"$dir/registry"
  # The driver fails to ask a GPU that fell off the bus; reading a directory fails for root as well.
  if is_dead "$busid"; then
    mkdir "$dir/information"
    return
  fi
  # As long as nothing has opened the GPU.
  ! is_masked "$busid" || uuid='GPU-????????-????-????-????-????????????'
  {
    printf 'Model: \t\t %s\n' "$model"
    printf 'IRQ:   \t\t %d\n' $((64 + minor))
    printf 'GPU UUID: \t %s\n' "$uuid"
    printf 'Video BIOS: \t 90.00.00.00.%02x\n' "$minor"
    printf 'Bus Type: \t PCIe\n'
    printf 'DMA Size: \t 47 bits\n'
    printf 'DMA Mask: \t 0x7fffffffffff\n'
    printf 'Bus Location: \t %s\n' "$busid"
    printf 'Device Minor: \t %s\n' "$minor"
    printf 'GPU Firmware: \t %s\n' "$driver"
    printf 'GPU Excluded:\t No\n'
  } >"$dir/information"
}

# The driver numbers every capability that could exist on 32 GPUs, whether it does or not.
# Prints the minor of config, monitor, or of instance CI ("" for the GPU instance itself) in GI of GPU.
cap_minor() {
  local gpu=$1 gi=$2 ci=$3
  echo $((3 + gpu * 135 + gi * 9 + ${ci:+1 + }${ci:-0}))
}

write_mig_minors() {
  local gpu gi ci number=3
  printf 'config 1\nmonitor 2\n'
  for ((gpu = 0; gpu < 32; gpu++)); do
    for ((gi = 0; gi < 15; gi++)); do
      printf 'gpu%d/gi%d/access %d\n' "$gpu" "$gi" $((number++))
      for ((ci = 0; ci < 8; ci++)); do
        printf 'gpu%d/gi%d/ci%d/access %d\n' "$gpu" "$gi" "$ci" $((number++))
      done
    done
  done
}

write_cap() {
  local file=$1 minor=$2 mode=$3
  mkdir -p "${file%/*}"
  printf 'DeviceFileMinor: %d\nDeviceFileMode: %d\nDeviceFileModify: 1\n' "$minor" "$mode" >"$file"
}

write_capabilities() {
  local proc=$1 caps=$1/nvidia/capabilities line gpu gi ci
  write_mig_minors >"$proc/nvidia-caps/mig-minors"
  echo 'fabric-mgmt 0' >"$proc/nvidia-caps/nvlink-minors"
  write_cap "$caps/mig/config" 1 256
  write_cap "$caps/mig/monitor" 2 292
  [[ $mig_capable != yes ]] || each_gpu make_gpu_capabilities "$caps"
  for line in "${mig[@]}"; do
    read -r gpu gi ci _ <<<"$line"
    write_cap "$caps/gpu$gpu/mig/gi$gi/access" "$(cap_minor "$gpu" "$gi" '')" 292
    write_cap "$caps/gpu$gpu/mig/gi$gi/ci$ci/access" "$(cap_minor "$gpu" "$gi" "$ci")" 292
  done
  ((${#nvswitches[@]} == 0)) || write_cap "$proc/nvidia-nvlink/capabilities/fabric-mgmt" 0 256
  ((imex == 0)) || write_imex_capability "$proc"
}

make_gpu_capabilities() {
  mkdir -p "$1/gpu$3/mig"
}

write_imex_capability() {
  local proc=$1
  echo 'fabric-imex-mgmt 4323' >"$proc/nvidia-caps/sys-minors"
  write_cap "$proc/nvidia/capabilities/fabric-imex-mgmt" 4323 256
}

# node PATH MODE MAJOR MINOR
node() {
  mknod -m "$2" "$1" c "$3" "$4"
}

make_standard_nodes() {
  local dev=$1 line name mode number
  while read -r name mode number; do
    # shellcheck disable=SC2086 # major and minor
    node "$dev/$name" "$mode" $number
  done <<'NODES'
null 0666 1 3
zero 0666 1 5
full 0666 1 7
random 0666 1 8
urandom 0666 1 9
kmsg 0644 1 11
tty 0666 5 0
console 0600 5 1
fuse 0666 10 229
loop-control 0660 10 237
NODES
  mkdir "$dev/net"
  node "$dev/net/tun" 0666 10 200
  ln -s pts/ptmx "$dev/ptmx"
  ln -s /proc/self/fd "$dev/fd"
  for line in 0=stdin 1=stdout 2=stderr; do
    ln -s "/proc/self/fd/${line%=*}" "$dev/${line#*=}"
  done
  ln -s /proc/kcore "$dev/core"
}

make_driver_nodes() {
  local dev=$1 number
  node "$dev/nvidiactl" 0666 "${major[nvidia]}" 255
  node "$dev/nvidia-modeset" 0666 "${major[nvidia]}" 254
  node "$dev/nvidia-uvm" 0666 "${major[uvm]}" 0
  node "$dev/nvidia-uvm-tools" 0666 "${major[uvm]}" 1
  mkdir -p "$dev/dri/by-path"
  each_gpu make_gpu_nodes "$dev"
  make_cap_nodes "$dev"
  make_nvswitch_nodes "$dev"
  make_feature_nodes "$dev"
  ((imex == 0)) || mkdir "$dev/nvidia-caps-imex-channels"
  for ((number = 0; number < imex; number++)); do
    node "$dev/nvidia-caps-imex-channels/channel$number" 0666 "${major[imex]}" "$number"
  done
}

make_gpu_nodes() {
  local dev=$1 busid=$2 minor=$3 drm=$4
  local card=$dev/dri/card$drm render=$dev/dri/renderD$((128 + drm))
  node "$dev/nvidia$minor" 0666 "${major[nvidia]}" "$minor"
  node "$card" 0660 "${major[drm]}" "$drm"
  node "$render" "$render_mode" "${major[drm]}" $((128 + drm))
  chown "0:$card_gid" "$card"
  chown "0:$render_gid" "$render"
  ln -s "../card$drm" "$dev/dri/by-path/pci-$busid-card"
  ln -s "../renderD$((128 + drm))" "$dev/dri/by-path/pci-$busid-render"
}

make_cap_nodes() {
  local dev=$1 caps=$1/nvidia-caps line gpu gi ci
  mkdir "$caps"
  node "$caps/nvidia-cap1" 0400 "${major[caps]}" 1
  node "$caps/nvidia-cap2" 0444 "${major[caps]}" 2
  ((imex == 0)) || node "$caps/nvidia-cap4323" 0400 "${major[caps]}" 4323
  for line in "${mig[@]}"; do
    read -r gpu gi ci _ <<<"$line"
    make_cap_node "$caps" "$(cap_minor "$gpu" "$gi" '')"
    make_cap_node "$caps" "$(cap_minor "$gpu" "$gi" "$ci")"
  done
}

# Compute instances of one GPU instance share its node.
make_cap_node() {
  [[ -e $1/nvidia-cap$2 ]] || node "$1/nvidia-cap$2" 0444 "${major[caps]}" "$2"
}

make_nvswitch_nodes() {
  local dev=$1 number
  ((${#nvswitches[@]})) || return 0
  node "$dev/nvidia-nvlink" 0666 "${major[nvlink]}" 0
  node "$dev/nvidia-nvswitchctl" 0666 "${major[nvswitch]}" 255
  for number in "${!nvswitches[@]}"; do
    node "$dev/nvidia-nvswitch$number" 0666 "${major[nvswitch]}" "$number"
  done
}

# GPUDirect Storage, InfiniBand verbs and GDRCopy: modules of their own, which serve nodes beside the driver's.
make_feature_nodes() {
  local dev=$1 number
  for ((number = 0; number < gds; number++)); do
    node "$dev/nvidia-fs$number" 0666 "${major[fs]}" "$number"
  done
  [[ $gdrcopy != yes ]] || node "$dev/gdrdrv" 0666 "${major[gdrdrv]}" 0
  ((mofed)) || return 0
  mkdir "$dev/infiniband"
  node "$dev/infiniband/rdma_cm" 0666 10 123
  for ((number = 0; number < mofed; number++)); do
    node "$dev/infiniband/uverbs$number" 0666 "${major[verbs]}" $((192 + number))
    node "$dev/infiniband/umad$number" 0600 "${major[verbs]}" "$number"
  done
}

make_named_nodes() {
  local dev=$1 line path number_major number_minor mode gid
  for line in "${nodes[@]}"; do
    read -r path number_major number_minor mode gid <<<"$line"
    path=${path#/dev}
    mkdir -p "$dev${path%/*}"
    node "$dev$path" "$mode" "$number_major" "$number_minor"
    chown "0:${gid:-0}" "$dev$path"
  done
}

# Boards with a device tree say what they are in it, each name with a NUL behind it.
build_device_tree() {
  local base=$1/firmware/devicetree/base name
  [[ -n $compatible ]] || return 0
  mkdir -p "$base"
  for name in $compatible; do printf '%s\0' "$name"; done >"$base/compatible"
}

write_sys() {
  local sys=$1 line busid device
  each_gpu write_gpu_in_sys "$sys"
  for line in "${nvswitches[@]}"; do
    read -r busid device <<<"$line"
    write_pci_device "$sys/$busid" 0x068000 "$device"
  done
}

write_pci_device() {
  local dir=$1 class=$2 device=$3
  mkdir "$dir"
  echo 0x10de >"$dir/vendor"
  echo "$device" >"$dir/device"
  echo "$class" >"$dir/class"
  echo 0 >"$dir/numa_node"
  printf 'DRIVER=nvidia\nPCI_CLASS=%s\nPCI_ID=10DE:%s\nPCI_SLOT_NAME=%s\n' \
    "${class#0x0}" "${device#0x}" "${dir##*/}" >"$dir/uevent"
}

write_gpu_in_sys() {
  local dir=$1/$2 drm=$4 class=$5 device=$6
  write_pci_device "$dir" "$class" "$device"
  mkdir -p "$dir/drm/card$drm" "$dir/drm/renderD$((128 + drm))"
  echo "${major[drm]}:$drm" >"$dir/drm/card$drm/dev"
  echo "${major[drm]}:$((128 + drm))" >"$dir/drm/renderD$((128 + drm))/dev"
}

write_majors() {
  local line="${major[nvidia]} nvidia ${major[nvidia]} nvidia-modeset ${major[nvidia]} nvidiactl ${major[drm]} drm"
  ((${#nvswitches[@]} == 0)) || line+=" ${major[nvlink]} nvidia-nvlink ${major[nvswitch]} nvidia-nvswitch"
  ((imex == 0)) || line+=" ${major[imex]} nvidia-caps-imex-channels"
  ((gds == 0)) || line+=" ${major[fs]} nvidia-fs"
  ((mofed == 0)) || line+=" ${major[verbs]} infiniband_verbs"
  [[ $gdrcopy != yes ]] || line+=" ${major[gdrdrv]} gdrdrv"
  line+=" ${major[uvm]} nvidia-uvm ${major[caps]} nvidia-caps"
  # shellcheck disable=SC2086 # pairs
  printf '%3d %s\n' $line
}
