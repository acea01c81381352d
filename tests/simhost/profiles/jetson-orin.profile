# A Jetson AGX Orin with L4T 36.4.3 (JetPack 6.2): one integrated GPU, which nvgpu drives, and the open kernel modules
# for its screen.
driver 540.4.0
module open
files tegra-files.txt
compatible nvidia,p3737-0000+p3701-0000 nvidia,tegra234 nvidia,tegra23x
igpu 8.7 54d0709b-558d-5a59-9c65-0c5fc14a21a4 Orin (nvgpu)
node /dev/nvidia0 195 0 0666
node /dev/dri/card0 226 0 0660 44
node /dev/dri/renderD128 226 128 0660 105
node /dev/nvgpu/igpu0/as 502 0 0660 44
node /dev/nvgpu/igpu0/channel 502 1 0660 44
node /dev/nvgpu/igpu0/ctrl 502 2 0660 44
node /dev/nvgpu/igpu0/ctxsw 502 3 0660 44
node /dev/nvgpu/igpu0/dbg 502 4 0660 44
node /dev/nvgpu/igpu0/nvsched 502 5 0660 44
node /dev/nvgpu/igpu0/power 502 6 0660 44
node /dev/nvgpu/igpu0/prof 502 7 0660 44
node /dev/nvgpu/igpu0/prof-ctx 502 8 0660 44
node /dev/nvgpu/igpu0/prof-dev 502 9 0660 44
node /dev/nvgpu/igpu0/sched 502 10 0660 44
node /dev/nvgpu/igpu0/tsg 502 11 0660 44
node /dev/host1x-fence 503 1 0660 44
node /dev/nvmap 503 0 0660 44
node /dev/nvsciipc 504 0 0666
node /dev/v4l2-nvdec 1 3 0666
node /dev/v4l2-nvenc 1 3 0666

t /etc/nv_tegra_release # R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 01:49:37 UTC 2025
