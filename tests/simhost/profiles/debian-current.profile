# Debian's own packages of the driver: most libraries in nvidia/current, everything else that a program may ask for
# a link by /etc/alternatives. (nvidia-graphics-drivers 535.261.03-1 of bookworm: lists of files, and the
# postinst of nvidia-alternative)
driver 535.261.03
gpu 0000:01:00.0 0 0 0x030000 0x2782 GPU-64656269-0000-0000-0000-000000000000 NVIDIA GeForce RTX 4070 Ti
without /usr/bin/nvidia-smi
without /usr/bin/nvidia-debugdump
without /usr/bin/nvidia-cuda-mps-server
without /usr/bin/nvidia-powerd
without /usr/lib/xorg/*
without */gbm/*
without *libnvidia-egl-*
without *libnvidia-eglcore.so.*
without *libnvidia-glcore.so.*
without *libnvidia-glsi.so.*
without *libnvidia-glvkspirv.so.*
without *libnvidia-rtcore.so.*
without *libnvidia-tls.so.*
without *libnvidia-ml.so
without *egl_external_platform.d*
without */nvoptix.bin
without *.swidtag
move /usr/lib/x86_64-linux-gnu/vdpau /usr/lib/x86_64-linux-gnu/nvidia/current
move /usr/lib/x86_64-linux-gnu/nvidia/wine /usr/lib/x86_64-linux-gnu/nvidia/current/nvidia/wine
move /usr/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current

f /usr/lib/x86_64-linux-gnu/libnvidia-eglcore.so.@VERSION@
f /usr/lib/x86_64-linux-gnu/libnvidia-glcore.so.@VERSION@
f /usr/lib/x86_64-linux-gnu/libnvidia-glsi.so.@VERSION@
f /usr/lib/x86_64-linux-gnu/libnvidia-glvkspirv.so.@VERSION@
f /usr/lib/x86_64-linux-gnu/libnvidia-rtcore.so.@VERSION@
f /usr/lib/x86_64-linux-gnu/libnvidia-tls.so.@VERSION@
l /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so libnvidia-ml.so.1
l /usr/lib/x86_64-linux-gnu/nvidia/current/nvidia-drm_gbm.so libnvidia-allocator.so.@VERSION@
f /usr/lib/x86_64-linux-gnu/nvidia/current/nvoptix.bin
f /usr/lib/nvidia/current/nvidia-smi
f /usr/lib/nvidia/current/nvidia-debugdump
f /usr/lib/nvidia/current/nvidia_drv.so
l /usr/lib/nvidia/current/libglxserver_nvidia.so libglxserver_nvidia.so.@VERSION@
f /usr/lib/nvidia/current/libglxserver_nvidia.so.@VERSION@
f /usr/sbin/nvidia-cuda-mps-server
f /usr/sbin/nvidia-powerd
l /usr/lib/nvidia/nvidia /etc/alternatives/nvidia
l /etc/alternatives/nvidia /usr/lib/nvidia/current
l /usr/lib/nvidia/nvidia_drv.so /etc/alternatives/nvidia--nvidia_drv.so
l /etc/alternatives/nvidia--nvidia_drv.so /usr/lib/nvidia/current/nvidia_drv.so
l /usr/bin/nvidia-smi /etc/alternatives/nvidia--nvidia-smi
l /etc/alternatives/nvidia--nvidia-smi /usr/lib/nvidia/current/nvidia-smi
l /usr/bin/nvidia-debugdump /etc/alternatives/nvidia--nvidia-debugdump
l /etc/alternatives/nvidia--nvidia-debugdump /usr/lib/nvidia/current/nvidia-debugdump
l /usr/share/nvidia/nvoptix.bin /etc/alternatives/nvidia--nvoptix.bin
l /etc/alternatives/nvidia--nvoptix.bin /usr/lib/x86_64-linux-gnu/nvidia/current/nvoptix.bin
l /usr/lib/x86_64-linux-gnu/vdpau/libvdpau_nvidia.so.1 /etc/alternatives/nvidia--libvdpau_nvidia.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libvdpau_nvidia.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libvdpau_nvidia.so.1
l /usr/lib/x86_64-linux-gnu/libGLX_nvidia.so.0 /etc/alternatives/nvidia--libGLX_nvidia.so.0-x86_64-linux-gnu
l /etc/alternatives/nvidia--libGLX_nvidia.so.0-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libGLX_nvidia.so.0
l /usr/lib/x86_64-linux-gnu/libEGL_nvidia.so.0 /etc/alternatives/nvidia--libEGL_nvidia.so.0-x86_64-linux-gnu
l /etc/alternatives/nvidia--libEGL_nvidia.so.0-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libEGL_nvidia.so.0
l /usr/lib/x86_64-linux-gnu/libGLESv1_CM_nvidia.so.1 /etc/alternatives/nvidia--libGLESv1_CM_nvidia.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libGLESv1_CM_nvidia.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libGLESv1_CM_nvidia.so.1
l /usr/lib/x86_64-linux-gnu/libGLESv2_nvidia.so.2 /etc/alternatives/nvidia--libGLESv2_nvidia.so.2-x86_64-linux-gnu
l /etc/alternatives/nvidia--libGLESv2_nvidia.so.2-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libGLESv2_nvidia.so.2
l /usr/lib/x86_64-linux-gnu/libcuda.so.1 /etc/alternatives/nvidia--libcuda.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libcuda.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.1
l /usr/lib/x86_64-linux-gnu/libcuda.so /etc/alternatives/nvidia--libcuda.so-x86_64-linux-gnu
l /etc/alternatives/nvidia--libcuda.so-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so
l /usr/lib/x86_64-linux-gnu/libcudadebugger.so.1 /etc/alternatives/nvidia--libcudadebugger.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libcudadebugger.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libcudadebugger.so.1
l /usr/lib/x86_64-linux-gnu/libnvcuvid.so.1 /etc/alternatives/nvidia--libnvcuvid.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvcuvid.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvcuvid.so.1
l /usr/lib/x86_64-linux-gnu/libnvcuvid.so /etc/alternatives/nvidia--libnvcuvid.so-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvcuvid.so-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvcuvid.so
l /usr/lib/x86_64-linux-gnu/libnvidia-allocator.so.1 /etc/alternatives/nvidia--libnvidia-allocator.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-allocator.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-allocator.so.1
l /usr/lib/x86_64-linux-gnu/libnvidia-api.so.1 /etc/alternatives/nvidia--libnvidia-api.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-api.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-api.so.1
l /usr/lib/x86_64-linux-gnu/libnvidia-encode.so.1 /etc/alternatives/nvidia--libnvidia-encode.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-encode.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-encode.so.1
l /usr/lib/x86_64-linux-gnu/libnvidia-fbc.so.1 /etc/alternatives/nvidia--libnvidia-fbc.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-fbc.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-fbc.so.1
l /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1 /etc/alternatives/nvidia--libnvidia-ml.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-ml.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so.1
l /usr/lib/x86_64-linux-gnu/libnvidia-ngx.so.1 /etc/alternatives/nvidia--libnvidia-ngx.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-ngx.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ngx.so.1
l /usr/lib/x86_64-linux-gnu/libnvidia-nvvm.so.4 /etc/alternatives/nvidia--libnvidia-nvvm.so.4-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-nvvm.so.4-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-nvvm.so.4
l /usr/lib/x86_64-linux-gnu/libnvidia-nvvm.so.@VERSION@ /etc/alternatives/nvidia--libnvidia-nvvm.so.@VERSION@-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-nvvm.so.@VERSION@-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-nvvm.so.@VERSION@
l /usr/lib/x86_64-linux-gnu/libnvidia-opencl.so.1 /etc/alternatives/nvidia--libnvidia-opencl.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-opencl.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-opencl.so.1
l /usr/lib/x86_64-linux-gnu/libnvidia-opticalflow.so.1 /etc/alternatives/nvidia--libnvidia-opticalflow.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-opticalflow.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-opticalflow.so.1
l /usr/lib/x86_64-linux-gnu/libnvidia-ptxjitcompiler.so.1 /etc/alternatives/nvidia--libnvidia-ptxjitcompiler.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-ptxjitcompiler.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ptxjitcompiler.so.1
l /usr/lib/x86_64-linux-gnu/libnvoptix.so.1 /etc/alternatives/nvidia--libnvoptix.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvoptix.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvoptix.so.1
l /usr/lib/x86_64-linux-gnu/gbm/nvidia-drm_gbm.so /etc/alternatives/nvidia--nvidia-drm_gbm.so-x86_64-linux-gnu
l /etc/alternatives/nvidia--nvidia-drm_gbm.so-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/nvidia-drm_gbm.so
l /usr/lib/x86_64-linux-gnu/nvidia/libnvidia-cfg.so.1 /etc/alternatives/nvidia--libnvidia-cfg.so.1-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-cfg.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-cfg.so.1
l /usr/lib/x86_64-linux-gnu/libnvidia-ml.so /etc/alternatives/nvidia--libnvidia-ml.so-x86_64-linux-gnu
l /etc/alternatives/nvidia--libnvidia-ml.so-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so
l /usr/lib/x86_64-linux-gnu/libnvidia-cfg.so.1 /etc/alternatives/glx--libnvidia-cfg.so.1-x86_64-linux-gnu
l /etc/alternatives/glx--libnvidia-cfg.so.1-x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/nvidia/libnvidia-cfg.so.1
