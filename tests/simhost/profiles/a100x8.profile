# A DGX A100. Minors are in another order than bus ids, and not a mere swap, so that whoever takes an
# index for a minor, or the inverse, is found out. card0 would be the board's own VGA.
driver 550.163.01
mig_capable yes
card_gid 44
render_gid 106
render_mode 0660
gpu 0000:07:00.0 1 1 0x030200 0x20b2 GPU-07a10000-0000-4a10-8000-000000000000 NVIDIA A100-SXM4-80GB
gpu 0000:0f:00.0 2 2 0x030200 0x20b2 GPU-0fa10000-0000-4a10-8000-000000000001 NVIDIA A100-SXM4-80GB
gpu 0000:47:00.0 0 3 0x030200 0x20b2 GPU-47a10000-0000-4a10-8000-000000000002 NVIDIA A100-SXM4-80GB
gpu 0000:4e:00.0 3 4 0x030200 0x20b2 GPU-4ea10000-0000-4a10-8000-000000000003 NVIDIA A100-SXM4-80GB
gpu 0000:87:00.0 5 5 0x030200 0x20b2 GPU-87a10000-0000-4a10-8000-000000000004 NVIDIA A100-SXM4-80GB
gpu 0000:90:00.0 4 6 0x030200 0x20b2 GPU-90a10000-0000-4a10-8000-000000000005 NVIDIA A100-SXM4-80GB
gpu 0000:b7:00.0 7 7 0x030200 0x20b2 GPU-b7a10000-0000-4a10-8000-000000000006 NVIDIA A100-SXM4-80GB
gpu 0000:bd:00.0 6 8 0x030200 0x20b2 GPU-bda10000-0000-4a10-8000-000000000007 NVIDIA A100-SXM4-80GB
nvswitch 0000:c4:00.0 0x1af1
nvswitch 0000:c5:00.0 0x1af1
nvswitch 0000:c6:00.0 0x1af1
nvswitch 0000:c7:00.0 0x1af1
nvswitch 0000:c8:00.0 0x1af1
nvswitch 0000:c9:00.0 0x1af1
gds 16
mofed 9
gdrcopy yes
socket /run/nvidia-persistenced/socket
socket /run/nvidia-fabricmanager/socket

f /etc/cufile.json
f /usr/bin/nv-fabricmanager
l /usr/lib/x86_64-linux-gnu/libnvidia-nscq.so libnvidia-nscq.so.2
l /usr/lib/x86_64-linux-gnu/libnvidia-nscq.so.2 libnvidia-nscq.so.@VERSION@
f /usr/lib/x86_64-linux-gnu/libnvidia-nscq.so.@VERSION@
