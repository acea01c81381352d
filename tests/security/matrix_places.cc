// Places of an image where nvbox reads, writes or mounts.
#include "matrix_tables.h"

namespace nvbox::test::matrix {
namespace {

using enum Kind;

constexpr Place table[] = {
    {"/etc", directory},
    {"/etc/ld.so.conf", text},
    {"/etc/ld.so.conf.d", directory},
    {"/etc/ld.so.conf.d/a.conf", text},
    {"/etc/ld.so.conf.d/00-nvbox.conf", text},
    {"/etc/ld.so.conf.d/00-compat.conf", text},
    {"/etc/ld.so.conf.d/00-compat-3c0f.conf", text},
    {"/etc/ld.so.cache", cache},
    {"/etc/ld.so.cache~", cache},
    {"/etc/ld-musl-x86_64.path", text},
    {"/etc/debian_version", text},
    {"/etc/nvidia", directory},
    {"/etc/nvidia/nvidia-application-profiles-rc.d", directory},
    {"/etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf", text},
    {"/etc/nvidia-container-runtime", directory},
    {"/etc/nvidia-container-runtime/config.toml", text},
    {"/etc/docker/daemon.json", text},
    {"/lib", directory},
    {"/lib/ld-musl-x86_64.so.1", library},
    {"/lib/firmware", directory},
    {"/lib/firmware/nvidia/535.1", directory},
    {"/lib/firmware/nvidia/535.1/gsp_ga10x.bin", other},
    {"/lib64", directory},
    {"/lib64/ld-linux-x86-64.so.2", library},
    {"/usr", directory},
    {"/usr/lib", directory},
    {"/usr/lib64", directory},
    {"/usr/lib/x86_64-linux-gnu", directory},
    {"/usr/lib/x86_64-linux-gnu/libcuda.so.535.1", library},
    {"/usr/lib/x86_64-linux-gnu/libcuda.so.1", library},
    {"/usr/lib/x86_64-linux-gnu/libcuda.so.570.1", library},
    {"/usr/lib/x86_64-linux-gnu/libfoo.so.1", library},
    {"/usr/lib/x86_64-linux-gnu/glibc-hwcaps", directory},
    {"/usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3", directory},
    {"/usr/bin", directory},
    {"/usr/bin/nvidia-smi", other},
    {"/usr/local/bin", directory},
    {"/usr/local/bin/nvbox", other},
    {"/usr/local/bin/nvidia-container-cli", other},
    {"/usr/local/lib/nvbox", directory},
    {"/usr/local/lib/nvbox/installed", text},
    {"/usr/local/cuda", directory},
    {"/usr/local/cuda/compat", directory},
    {"/usr/local/cuda/compat/libcuda.so.570.1", library},
    {"/usr/local/cuda/compat/libcuda.so.1", library},
    {"/var/lib/dpkg/info", directory},
    {"/run", directory},
    {"/run/nvidia-persistenced", directory},
    {"/run/nvidia-persistenced/socket", other},
    {"/tmp", directory},
    {"/tmp/nvidia-mps", directory},
    {"/dev", directory},
    {"/dev/nvidia0", other},
    {"/dev/nvidiactl", other},
    {"/proc", directory},
    {"/proc/driver/nvidia", directory},
    {"/proc/driver/nvidia/params", text},
};

}  // namespace

std::span<const Place> places() {
  return table;
}

}  // namespace nvbox::test::matrix
