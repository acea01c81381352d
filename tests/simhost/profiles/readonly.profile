# A root that nobody can write to, with no ldconfig and no loader's cache, as of an image that boots.
driver 535.261.03
gpu 0000:05:00.0 0 0 0x030200 0x27b8 GPU-72656164-0000-0000-0000-000000000000 NVIDIA L4
read_only yes
absent /etc/ld.so.cache
absent /usr/sbin/ldconfig
move /usr/lib/x86_64-linux-gnu /usr/lib64
