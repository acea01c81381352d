# NixOS: the driver is a package below /nix/store, of which /run/opengl-driver is a tree of links; its programs
# are in the system's profile, and there is no loader's cache (nixpkgs: nvidia-x11/builder.sh, hardware/graphics.nix).
driver 535.261.03
module open
gpu 0000:01:00.0 0 0 0x030000 0x2684 GPU-6e69786f-0000-0000-0000-000000000000 NVIDIA GeForce RTX 4090
firmware_path /nix/store/dddd-nvidia-x11-535.261.03-firmware/lib/firmware
absent /etc/ld.so.cache
without /usr/lib/x86_64-linux-gnu/nvidia/wine/*
without /usr/lib/x86_64-linux-gnu/gbm/*
without /usr/lib/xorg/*
without /usr/lib/firmware/*
without *-application-profiles-*
without /usr/share/nvidia/rim/*
without /usr/share/vulkan/icd.d/*
without /usr/bin/*
without /etc/*
move /usr/lib/x86_64-linux-gnu /nix/store/aaaa-nvidia-x11-535.261.03/lib
move /usr/share /nix/store/aaaa-nvidia-x11-535.261.03/share
linked /usr/lib/x86_64-linux-gnu /nix/store/cccc-graphics-drivers/lib
linked /usr/share /nix/store/cccc-graphics-drivers/share

l /run/opengl-driver /nix/store/cccc-graphics-drivers
f /nix/store/bbbb-nvidia-x11-535.261.03-bin/bin/nvidia-cuda-mps-control
l /run/current-system/sw/bin/nvidia-cuda-mps-control /nix/store/bbbb-nvidia-x11-535.261.03-bin/bin/nvidia-cuda-mps-control
f /nix/store/bbbb-nvidia-x11-535.261.03-bin/bin/nvidia-cuda-mps-server
l /run/current-system/sw/bin/nvidia-cuda-mps-server /nix/store/bbbb-nvidia-x11-535.261.03-bin/bin/nvidia-cuda-mps-server
f /nix/store/bbbb-nvidia-x11-535.261.03-bin/bin/nvidia-debugdump
l /run/current-system/sw/bin/nvidia-debugdump /nix/store/bbbb-nvidia-x11-535.261.03-bin/bin/nvidia-debugdump
f /nix/store/bbbb-nvidia-x11-535.261.03-bin/bin/nvidia-smi
l /run/current-system/sw/bin/nvidia-smi /nix/store/bbbb-nvidia-x11-535.261.03-bin/bin/nvidia-smi
f /nix/store/aaaa-nvidia-x11-535.261.03/etc/OpenCL/vendors/nvidia.icd
l /nix/store/cccc-graphics-drivers/etc/OpenCL/vendors/nvidia.icd /nix/store/aaaa-nvidia-x11-535.261.03/etc/OpenCL/vendors/nvidia.icd
l /nix/store/aaaa-nvidia-x11-535.261.03/lib/gbm/nvidia-drm_gbm.so /nix/store/aaaa-nvidia-x11-535.261.03/lib/libnvidia-allocator.so
l /nix/store/cccc-graphics-drivers/lib/gbm/nvidia-drm_gbm.so /nix/store/aaaa-nvidia-x11-535.261.03/lib/gbm/nvidia-drm_gbm.so
f /nix/store/dddd-nvidia-x11-535.261.03-firmware/lib/firmware/nvidia/@VERSION@/gsp_ga10x.bin
f /nix/store/dddd-nvidia-x11-535.261.03-firmware/lib/firmware/nvidia/@VERSION@/gsp_tu10x.bin
f /nix/store/aaaa-nvidia-x11-535.261.03/share/vulkan/icd.d/nvidia_icd.x86_64.json
l /nix/store/cccc-graphics-drivers/share/vulkan/icd.d/nvidia_icd.x86_64.json /nix/store/aaaa-nvidia-x11-535.261.03/share/vulkan/icd.d/nvidia_icd.x86_64.json
