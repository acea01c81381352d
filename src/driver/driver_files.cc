#include "driver/driver_files.h"

namespace nvbox::driver {
namespace {

constexpr Capabilities compute = Capabilities::compute;
constexpr Capabilities utility = Capabilities::utility;
constexpr Capabilities video = Capabilities::video;

// By capability, as nvidia-container-cli assigns them; those that it does not know are marked.
constexpr LibraryRow libraries[] = {
    {"libnvidia-ml.so", utility, Numbering::driver, utility},
    {"libnvidia-cfg.so", utility},
    {"libnvidia-nscq.so", utility},
    {"libnvidia-sandboxutils.so", utility},  // CDI only
    {"libcuda.so", compute, Numbering::driver, compute},
    {"libcudadebugger.so", compute},
    {"libnvidia-opencl.so", compute},
    // Since 550 the graphics libraries need it as well.
    {"libnvidia-gpucomp.so", compute | graphical},
    {"libnvidia-ptxjitcompiler.so", compute},
    {"libnvidia-fatbinaryloader.so", compute},
    // It is also the GBM backend.
    {"libnvidia-allocator.so", compute | graphical},
    {"libnvidia-compiler.so", compute},
    {"libnvidia-pkcs11.so", compute},
    {"libnvidia-pkcs11-openssl3.so", compute},
    // Some drivers number it by itself: libnvidia-nvvm.so.4.0.0.
    {"libnvidia-nvvm.so", compute, Numbering::own},
    {"libnvidia-nvvm70.so", compute, Numbering::own},  // CDI only
    {"libnvidia-tileiras.so", compute},
    {"libnvidia-ngx.so", Capabilities::ngx},
    {"libvdpau_nvidia.so", video},
    {"libnvidia-encode.so", video},
    {"libnvidia-opticalflow.so", video},
    {"libnvcuvid.so", video},
    {"libnvidia-eglcore.so", graphical},
    {"libnvidia-glcore.so", graphical},
    {"libnvidia-tls.so", graphical},
    {"libnvidia-glsi.so", graphical},
    {"libnvidia-fbc.so", graphical},
    {"libnvidia-ifr.so", graphical},
    {"libnvidia-rtcore.so", graphical},
    {"libnvoptix.so", graphical},
    {"libGLX_nvidia.so", graphical},
    {"libEGL_nvidia.so", graphical},
    {"libGLESv2_nvidia.so", graphical},
    {"libGLESv1_CM_nvidia.so", graphical},
    {"libnvidia-glvkspirv.so", graphical},
    {"libnvidia-cbl.so", graphical},
    // CDI only, from here on. Vulkan of driver 580 does not start without libnvidia-api.
    {"libnvidia-api.so", graphical, Numbering::own},
    {"libnvidia-vulkan-producer.so", graphical},
    {"libnvidia-egl-gbm.so", graphical, Numbering::own},
    {"libnvidia-egl-wayland.so", graphical, Numbering::own},
    {"libnvidia-egl-wayland2.so", graphical, Numbering::own},
    {"libnvidia-egl-xcb.so", graphical, Numbering::own},
    {"libnvidia-egl-xlib.so", graphical, Numbering::own},
};

constexpr BinaryRow binaries[] = {
    {"nvidia-smi", utility},
    {"nvidia-debugdump", utility},
    {"nvidia-persistenced", utility},
    {"nv-fabricmanager", utility},
    {"nvidia-cuda-mps-control", compute},
    {"nvidia-cuda-mps-server", compute},
    {"nvidia-imex", utility | compute},
    {"nvidia-imex-ctl", utility | compute},
    {"nvidia-xconfig", graphical},
};

constexpr DataRow data[] = {
    {"glvnd/egl_vendor.d/10_nvidia.json", "/usr/share", graphical},
    {"egl/egl_external_platform.d/15_nvidia_gbm.json", "/usr/share", graphical},
    {"egl/egl_external_platform.d/10_nvidia_wayland.json", "/usr/share", graphical},
    {"egl/egl_external_platform.d/09_nvidia_wayland2.json", "/usr/share", graphical},
    {"egl/egl_external_platform.d/20_nvidia_xcb.json", "/usr/share", graphical},
    {"egl/egl_external_platform.d/20_nvidia_xlib.json", "/usr/share", graphical},
    {"nvidia/nvoptix.bin", "/usr/share", graphical},
    {"X11/xorg.conf.d/10-nvidia.conf", "/usr/share", graphical},
    {"X11/xorg.conf.d/nvidia-drm-outputclass.conf", "/usr/share", graphical},
    {"OpenCL/vendors/nvidia.icd", "/etc", compute | graphical},
    {"vulkan/icd.d/nvidia_icd.json", "/etc", graphical, true},
    {"vulkan/icd.d/nvidia_icd.@.json", "/etc", graphical, true},
    {"vulkan/icd.d/nvidia_layers.json", "/etc", graphical, true},
    {"vulkan/implicit_layer.d/nvidia_layers.json", "/etc", graphical, true},
};

constexpr SocketRow sockets[] = {
    {"nvidia-persistenced", utility},
    {"nvidia-fabricmanager", utility},
};

}  // namespace

std::span<const LibraryRow> library_rows() {
  return libraries;
}

std::span<const BinaryRow> binary_rows() {
  return binaries;
}

std::span<const DataRow> data_rows() {
  return data;
}

std::span<const SocketRow> socket_rows() {
  return sockets;
}

}  // namespace nvbox::driver
