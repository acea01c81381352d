# One T4, the host of the recorded outputs of the original stack; also the one with 32-bit libraries.
driver 535.261.03
gpu 0000:3b:00.0 0 0 0x030200 0x1eb8 GPU-00000074-0000-0000-0000-000000000000 Tesla T4
socket /run/nvidia-persistenced/socket

f /etc/ld.so.conf.d/i386-linux-gnu.conf
l /usr/lib/i386-linux-gnu/libEGL_nvidia.so.0 libEGL_nvidia.so.@VERSION@
f /usr/lib/i386-linux-gnu/libEGL_nvidia.so.@VERSION@
l /usr/lib/i386-linux-gnu/libGLX_nvidia.so.0 libGLX_nvidia.so.@VERSION@
f /usr/lib/i386-linux-gnu/libGLX_nvidia.so.@VERSION@
l /usr/lib/i386-linux-gnu/libcuda.so libcuda.so.1
l /usr/lib/i386-linux-gnu/libcuda.so.1 libcuda.so.@VERSION@
f /usr/lib/i386-linux-gnu/libcuda.so.@VERSION@
f /usr/lib/i386-linux-gnu/libnvidia-eglcore.so.@VERSION@
f /usr/lib/i386-linux-gnu/libnvidia-glcore.so.@VERSION@
f /usr/lib/i386-linux-gnu/libnvidia-glsi.so.@VERSION@
l /usr/lib/i386-linux-gnu/libnvidia-ml.so libnvidia-ml.so.1
l /usr/lib/i386-linux-gnu/libnvidia-ml.so.1 libnvidia-ml.so.@VERSION@
f /usr/lib/i386-linux-gnu/libnvidia-ml.so.@VERSION@
l /usr/lib/i386-linux-gnu/libnvidia-opencl.so.1 libnvidia-opencl.so.@VERSION@
f /usr/lib/i386-linux-gnu/libnvidia-opencl.so.@VERSION@
l /usr/lib/i386-linux-gnu/libnvidia-ptxjitcompiler.so.1 libnvidia-ptxjitcompiler.so.@VERSION@
f /usr/lib/i386-linux-gnu/libnvidia-ptxjitcompiler.so.@VERSION@
f /usr/lib/i386-linux-gnu/libnvidia-tls.so.@VERSION@
