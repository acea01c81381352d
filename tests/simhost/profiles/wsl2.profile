# WSL 2: Windows' node for GPUs, and libraries of its driver for Linux in the driver store, with what the driver's
# installer copies to /usr/lib/wsl/lib. Also the stores of another vendor and of a former driver. (names:
# nvidia-container-toolkit 1.20.0, pkg/nvcdi/driver-wsl.go; copies and SONAMEs: WSL issues 8587 and 11229)
driver 572.83
module none
node /dev/dxg 10 125 0666
without *
f /usr/lib/wsl/drivers/u0420529.inf_amd64_94ad5a6c4d1a04e2/libamd_smi.so
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libcuda.so.1.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libcuda_loader.so libcuda.so.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvidia-ptxjitcompiler.so.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvidia-ml.so.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvidia-ml_loader.so libnvidia-ml.so.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvdxgdmal.so.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/nvcubins.bin
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/nvidia-smi
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvcuvid.so.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvdxdlkernels.so
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvidia-encode.so.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvidia-ngx.so.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvidia-opencl.so.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvidia-opticalflow.so.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvoptix.so.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/libnvwgf2umx.so
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/nvngx.dll
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/nvoptix.bin
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_7cc7738d8e428783/nvdisp.cat
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_0a1b2c3d4e5f6071/libcuda.so.1.1
f /usr/lib/wsl/drivers/nv_dispi.inf_amd64_0a1b2c3d4e5f6071/libcuda_loader.so libcuda.so.1
f /usr/lib/wsl/lib/libcuda.so libcuda.so.1
f /usr/lib/wsl/lib/libcuda.so.1
f /usr/lib/wsl/lib/libcuda.so.1.1 libcuda.so.1
f /usr/lib/wsl/lib/libd3d12.so
f /usr/lib/wsl/lib/libd3d12core.so
f /usr/lib/wsl/lib/libdxcore.so
f /usr/lib/wsl/lib/libnvidia-ml.so.1
f /usr/lib/wsl/lib/libnvcuvid.so.1
f /usr/lib/wsl/lib/libnvidia-encode.so.1
f /usr/lib/wsl/lib/nvidia-smi
