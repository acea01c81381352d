# Talos: the driver lies beside a C library of its own below /usr/local/glibc; nothing else of the system knows
# glibc. (siderolabs/extensions: nvidia-gpu/nvidia-container-toolkit, its nvidia-cdi-gen.yaml and pkg.yaml)
driver 535.261.03
module open
gpu 0000:41:00.0 0 0 0x030200 0x20b5 GPU-74616c6f-0000-0000-0000-000000000000 NVIDIA A100 80GB PCIe
absent /etc/ld.so.cache
without /usr/lib/x86_64-linux-gnu/nvidia/wine/*
without /usr/lib/xorg/*
without /etc/OpenCL/*
without /usr/share/vulkan/*
without /usr/share/nvidia/rim/*
move /usr/lib/x86_64-linux-gnu /usr/local/glibc/usr/lib
move /usr/bin /usr/local/bin
move /usr/share/nvidia /usr/local/share/nvidia

f /etc/vulkan/icd.d/nvidia_icd.json
f /etc/vulkan/implicit_layer.d/nvidia_layers.json
f /usr/local/glibc/usr/lib/nvidia/xorg/nvidia_drv.so
l /usr/bin/nvidia-smi /usr/local/bin/nvidia-smi
l /usr/bin/nvidia-modprobe /usr/local/bin/nvidia-modprobe
socket /run/nvidia-persistenced/socket
