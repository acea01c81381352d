# Four workstation GPUs, the second of which fell off the bus: its node is there, its information
# cannot be read. Also the driver version with two parts only.
driver 565.77
gpu 0000:18:00.0 0 0 0x030000 0x2230 GPU-18a60000-0000-4a60-8000-000000000000 NVIDIA RTX A6000
gpu 0000:3b:00.0 1 1 0x030000 0x2230 GPU-3ba60000-0000-4a60-8000-000000000001 NVIDIA RTX A6000
gpu 0000:86:00.0 2 2 0x030000 0x2230 GPU-86a60000-0000-4a60-8000-000000000002 NVIDIA RTX A6000
gpu 0000:af:00.0 3 3 0x030000 0x2230 GPU-afa60000-0000-4a60-8000-000000000003 NVIDIA RTX A6000
dead 0000:3b:00.0
socket /run/nvidia-persistenced/socket
