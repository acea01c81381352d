# Alpine, or any host of musl: the libraries of NVIDIA's installer in /usr/lib, no loader's cache and no glibc that
# could load NVML. The simulated one keeps this machine's loader, which its runtimes need; a test takes it away.
driver 535.261.03
gpu 0000:09:00.0 0 0 0x030000 0x2504 GPU-616c7069-0000-0000-0000-000000000000 NVIDIA GeForce RTX 3060
absent /etc/ld.so.cache
without *.dll
without *.swidtag
without /usr/bin/nvidia-powerd
move /usr/lib/x86_64-linux-gnu /usr/lib
