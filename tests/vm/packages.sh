# shellcheck shell=bash disable=SC2034 # read by build
# What is on the disk. A change here makes a new base, which takes ten minutes.

first_packages=systemd,systemd-sysv,udev,dbus,ca-certificates,apt-utils

system_packages='linux-image-amd64 initramfs-tools linux-headers-amd64 gcc make libc6-dev kmod iproute2 iptables
  nftables apparmor seccomp procps psmisc jq strace bats busybox-static sudo libpam-systemd dbus-user-session uidmap
  passt slirp4netns fuse-overlayfs fuse3 bpftool'

# One after the other, because a suite may lack some.
engine_packages='runc crun containerd docker.io docker-cli docker-compose docker-buildx podman skopeo lxc incus
  cri-tools criu apptainer singularity-container charliecloud runsc nerdctl'
