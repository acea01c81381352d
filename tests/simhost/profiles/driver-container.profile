# The driver in a container of its own, whose root file system is at /run/nvidia/driver: a whole system with its
# C library and its loader's cache. (NVIDIA's GPU operator)
driver 535.261.03
module open
gpu 0000:3b:00.0 0 0 0x030200 0x20b5 GPU-64726976-0000-0000-0000-000000000000 NVIDIA A100 80GB PCIe
config nvidia-container-cli.root = "/run/nvidia/driver"
firmware_path /run/nvidia/driver/lib/firmware
move /usr /run/nvidia/driver/usr
move /etc /run/nvidia/driver/etc
bind /dev /run/nvidia/driver/dev
ldconfig /run/nvidia/driver
copy /run/nvidia/driver/usr/lib64/ld-linux-x86-64.so.2 /lib64/ld-linux-x86-64.so.2
copy /run/nvidia/driver/usr/lib/x86_64-linux-gnu/libc.so.6 /lib/x86_64-linux-gnu/libc.so.6
copy /run/nvidia/driver/usr/lib/x86_64-linux-gnu/libdl.so.2 /lib/x86_64-linux-gnu/libdl.so.2

l /run/nvidia/driver/bin usr/bin
l /run/nvidia/driver/lib usr/lib
l /run/nvidia/driver/lib64 usr/lib64
l /run/nvidia/driver/var/run ../run
socket /run/nvidia/driver/run/nvidia-persistenced/socket
