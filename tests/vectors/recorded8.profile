# The host on which names.json and create-a100x8.json were recorded: minors equal to the indices.
driver 550.163.01
mig_capable yes
card_gid 44
render_gid 106
render_mode 0660
gpu 0000:07:00.0 0 1 0x030200 0x20b2 GPU-12345678-1234-1234-1234-123456780000 NVIDIA A100-SXM4-80GB
gpu 0000:0f:00.0 1 2 0x030200 0x20b2 GPU-12345678-1234-1234-1234-123456780001 NVIDIA A100-SXM4-80GB
gpu 0000:47:00.0 2 3 0x030200 0x20b2 GPU-12345678-1234-1234-1234-123456780002 NVIDIA A100-SXM4-80GB
gpu 0000:4e:00.0 3 4 0x030200 0x20b2 GPU-12345678-1234-1234-1234-123456780003 NVIDIA A100-SXM4-80GB
gpu 0000:87:00.0 4 5 0x030200 0x20b2 GPU-12345678-1234-1234-1234-123456780004 NVIDIA A100-SXM4-80GB
gpu 0000:90:00.0 5 6 0x030200 0x20b2 GPU-12345678-1234-1234-1234-123456780005 NVIDIA A100-SXM4-80GB
gpu 0000:b7:00.0 6 7 0x030200 0x20b2 GPU-12345678-1234-1234-1234-123456780006 NVIDIA A100-SXM4-80GB
gpu 0000:bd:00.0 7 8 0x030200 0x20b2 GPU-12345678-1234-1234-1234-123456780007 NVIDIA A100-SXM4-80GB
nvswitch 0000:c4:00.0 0x1af1
nvswitch 0000:c5:00.0 0x1af1
nvswitch 0000:c6:00.0 0x1af1
nvswitch 0000:c7:00.0 0x1af1
nvswitch 0000:c8:00.0 0x1af1
nvswitch 0000:c9:00.0 0x1af1
socket /run/nvidia-persistenced/socket
socket /run/nvidia-fabricmanager/socket

f /etc/cufile.json
f /usr/bin/nv-fabricmanager
l /usr/lib/x86_64-linux-gnu/libnvidia-nscq.so libnvidia-nscq.so.2
l /usr/lib/x86_64-linux-gnu/libnvidia-nscq.so.2 libnvidia-nscq.so.@VERSION@
f /usr/lib/x86_64-linux-gnu/libnvidia-nscq.so.@VERSION@
