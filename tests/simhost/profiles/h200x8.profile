# An HGX H200 with the open kernel modules and four IMEX channels.
driver 570.172.08
module open
mig_capable yes
gpu 0000:1b:00.0 0 0 0x030200 0x2335 GPU-1b200000-0000-4200-8000-000000000000 NVIDIA H200
gpu 0000:43:00.0 1 1 0x030200 0x2335 GPU-43200000-0000-4200-8000-000000000001 NVIDIA H200
gpu 0000:52:00.0 2 2 0x030200 0x2335 GPU-52200000-0000-4200-8000-000000000002 NVIDIA H200
gpu 0000:61:00.0 3 3 0x030200 0x2335 GPU-61200000-0000-4200-8000-000000000003 NVIDIA H200
gpu 0000:9d:00.0 4 4 0x030200 0x2335 GPU-9d200000-0000-4200-8000-000000000004 NVIDIA H200
gpu 0000:c3:00.0 5 5 0x030200 0x2335 GPU-c3200000-0000-4200-8000-000000000005 NVIDIA H200
gpu 0000:d1:00.0 6 6 0x030200 0x2335 GPU-d1200000-0000-4200-8000-000000000006 NVIDIA H200
gpu 0000:df:00.0 7 7 0x030200 0x2335 GPU-df200000-0000-4200-8000-000000000007 NVIDIA H200
nvswitch 0000:05:00.0 0x22a3
nvswitch 0000:06:00.0 0x22a3
nvswitch 0000:07:00.0 0x22a3
nvswitch 0000:08:00.0 0x22a3
imex 4
socket /run/nvidia-persistenced/socket
socket /run/nvidia-fabricmanager/socket

f /usr/bin/nv-fabricmanager
f /usr/bin/nvidia-imex
f /usr/bin/nvidia-imex-ctl
l /usr/lib/x86_64-linux-gnu/libnvidia-nscq.so libnvidia-nscq.so.2
l /usr/lib/x86_64-linux-gnu/libnvidia-nscq.so.2 libnvidia-nscq.so.@VERSION@
f /usr/lib/x86_64-linux-gnu/libnvidia-nscq.so.@VERSION@
