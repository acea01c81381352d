# A Jetson AGX Thor with L4T 38.2 (JetPack 7.0): the integrated GPU is the usual driver's, on a bus inside the chip, and
# /dev/nvidia2 is its screen.
driver 580.00
module open
files tegra-files.txt
compatible nvidia,p3971-0089+p3834-0008 nvidia,tegra264
gpu 0000:01:00.0 0 0 0x030000 0x2b00 GPU-7f00d001-0000-4700-8000-000000000000 NVIDIA Thor
node /dev/nvidia2 195 2 0666
node /dev/nvmap 503 0 0660 44
node /dev/nvsciipc 504 0 0666

t /etc/nv_tegra_release # R38 (release), REVISION: 2.0, GCID: 41844464, BOARD: generic, EABI: aarch64, DATE: Fri Aug 22 00:55:42 UTC 2025
