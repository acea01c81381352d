# Two A100; the second is cut into seven 1g instances, which the driver numbers from 7. NVML counts
# MIG devices in the order of their making, which need not be that of the instances: whoever derives
# one from the other is found out.
driver 550.163.01
mig_capable yes
gpu 0000:3b:00.0 0 0 0x030200 0x20b5 GPU-3ba10000-0000-4a10-8000-000000000000 NVIDIA A100 80GB PCIe
gpu 0000:86:00.0 1 1 0x030200 0x20b5 GPU-86a10000-0000-4a10-8000-000000000001 NVIDIA A100 80GB PCIe
mig 1 9 0
mig 1 7 0
mig 1 8 0
mig 1 10 0
mig 1 11 0
mig 1 12 0
mig 1 13 0
socket /run/nvidia-persistenced/socket
