# Bottlerocket: /usr is a link into the root that it was built for. (bottlerocket-core-kit: filesystem.spec,
# bottlerocket-kernel-kit: kmod-6.12-nvidia-r580.spec)
driver 535.261.03
module open
gpu 0000:00:1e.0 0 0 0x030200 0x2237 GPU-626f7474-0000-0000-0000-000000000000 NVIDIA A10G
usr /x86_64-bottlerocket-linux-gnu/sys-root/usr
without *.dll
without /etc/*
without /usr/lib/xorg/*
without /usr/lib/x86_64-linux-gnu/*.so
without */gbm/*
without *libnvidia-egl-*
without *-application-profiles-*
without *.swidtag
move /usr/lib/x86_64-linux-gnu/vdpau /usr/lib/nvidia/tesla
move /usr/lib/x86_64-linux-gnu /usr/lib/nvidia/tesla

l /usr/libexec/nvidia/tesla/bin/nvidia-smi ../../../../bin/nvidia-smi
l /usr/share/vulkan/icd.d/nvidia_layers.json ../implicit_layer.d/nvidia_layers.json
