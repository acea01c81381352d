#include "matrix_host.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "base/path.h"
#include "base/text.h"
#include "host/ld_cache.h"
#include "namespaced/tree.h"
#include "support/elf_stub.h"

namespace nvbox::test::matrix {
namespace {

namespace fs = std::filesystem;

constexpr const char* small_tmpfs = "mode=0755,size=64m";
constexpr std::string_view libraries = "/usr/lib/x86_64-linux-gnu";

void put_node(const std::string& path, unsigned minor) {
  put_directory(fs::path(path).parent_path());
  require(mknod(path.c_str(), S_IFCHR | 0666, makedev(195, minor)) == 0, path);
}

void put_library(const std::string& path, const std::string& soname) {
  put_file(path, elf_image({.soname = soname}));
}

void put_driver() {
  const std::string driver = "/driver";
  for (const char* name : {"libcuda.so", "libnvidia-ml.so", "libnvidia-glcore.so",
                           "libGLX_nvidia.so", "libnvcuvid.so"}) {
    put_library(cat(driver, libraries, "/", std::string_view(name), ".535.1"),
                cat(std::string_view(name), ".1"));
  }
  put_file(driver + "/usr/lib/i386-linux-gnu/libcuda.so.535.1",
           elf_image({.is_64 = false, .machine = EM_386, .soname = "libcuda.so.1"}));
  put_file(driver + "/usr/bin/nvidia-smi", "#!");
  require(chmod((driver + "/usr/bin/nvidia-smi").c_str(), 0755) == 0, "chmod");
  put_file(driver + "/lib/firmware/nvidia/535.1/gsp_ga10x.bin", "firmware");
  put_directory(driver + "/run/nvidia-persistenced");
  require(mknod((driver + "/run/nvidia-persistenced/socket").c_str(), S_IFSOCK | 0666, 0) == 0,
          "socket");
  put_directory(driver + "/tmp/nvidia-mps");
  put_node(driver + "/dev/nvidia0", 0);
  put_node(driver + "/dev/nvidiactl", 255);
  put_node(driver + "/dev/nvidia-uvm", 254);
}

// In the place of what the driver's module shows.
void put_proc_of_driver() {
  require(mount("driver", "/proc/driver", "tmpfs", 0, small_tmpfs) == 0, "mount /proc/driver");
  const std::string proc = "/proc/driver/nvidia";
  put_file(proc + "/params", "ResmanDebugLevel: 1\nModifyDeviceFiles: 1\n");
  put_file(proc + "/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.1  today\n");
  put_file(proc + "/gpus/0000:3b:00.0/information",
           "Model: \t\t Tesla T4\nGPU UUID: \t GPU-00000074-0000-0000-0000-000000000000\n"
           "Bus Type: \t PCIe\nBus Location: \t 0000:3b:00.0\nDevice Minor: \t 0\n");
}

std::string secret_cache() {
  return host::write_ld_cache(
      {{.name = "libsecret.so.1", .path = cat(secret, "/libsecret.so.1"), .flags = 0x303}}, "");
}

// What is in a place of the host or of a volume: text that the reader of the place would take for
// something, and that must not come into the image. Of a library on a volume the header may be
// read, so the secret is behind it.
void put_secret(const std::string& path, const Place& place) {
  switch (place.kind) {
    case Kind::directory:
      put_directory(path);
      return;
    case Kind::cache:
      put_file(path, secret_cache());
      break;
    case Kind::library:
      put_file(path, cat(elf_image({.soname = "libcuda.so.1"}), secret, "\n"));
      break;
    case Kind::text:
    case Kind::other:
      put_file(path, cat(secret, "\n"));
      break;
  }
  require(chmod(path.c_str(), 0600) == 0, path);
}

// Every place at `top` and below, with a secret in it.
void put_secrets(std::string_view directory, std::string_view top) {
  for (const Place& place : places()) {
    if (path::is_below(place.path, top)) put_secret(cat(directory, place.path), place);
  }
}

std::string config_json(const Setting& setting) {
  return cat(R"({"ociVersion":"1.0.2","root":{"path":")", rootfs, R"("},"process":{"cwd":"/",)",
             R"("args":["sh"],"user":{"uid":)", setting.has_user_namespace ? 0 : setting.uid,
             R"(,"gid":0},"env":["PATH=/usr/bin","NVIDIA_VISIBLE_DEVICES=all",)",
             R"("NVIDIA_DRIVER_CAPABILITIES=all"]},"linux":{"namespaces":[{"type":"mount"}]}})");
}

void put_configuration() {
  put_file("/etc/nvidia-container-runtime/config.toml",
           "[nvidia-container-cli]\nroot = \"/driver\"\nno-cgroups = true\nload-kmods = false\n"
           "[nvidia-container-runtime.modes.legacy]\ncuda-compat-mode = \"mount\"\n");
  for (const Setting& setting : settings()) {
    put_file(bundle_of(setting) + "/config.json", config_json(setting));
  }
}

// An image with both C libraries, as Alpine with gcompat, so that all places count.
void put_image(const std::string& root) {
  put_file(root + "/etc/alpine-release", "3.20\n");
  put_file(root + "/etc/debian_version", "12\n");
  put_file(root + "/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
  put_file(root + "/etc/ld.so.conf.d/a.conf", "/opt/lib\n");
  put_file(root + "/etc/nvidia-container-runtime/config.toml", "");
  put_file(root + "/lib/ld-musl-x86_64.so.1", "");
  put_file(root + "/lib64/ld-linux-x86-64.so.2", "");
  // As the runtime makes it before hooks run.
  put_node(root + "/dev/nvidia0", 0);
  put_directory(root + "/proc");
  put_directory(root + "/run");
  put_directory(root + "/tmp");
  put_directory(root + "/usr/bin");
  put_library(root + "/opt/lib/libopt.so.1", "libopt.so.1");
  put_library(cat(root, libraries, "/libfoo.so.1"), "libfoo.so.1");
  put_library(cat(root, libraries, "/glibc-hwcaps/x86-64-v3/libfoo.so.1"), "libfoo.so.1");
  put_library(root + "/usr/local/cuda/compat/libcuda.so.570.1", "libcuda.so.1");
  put_link(root + "/usr/local/cuda/compat/libcuda.so.1", "libcuda.so.570.1");
  // Where a reader of the secret would go on.
  put_library(cat(root, secret, "/libsecret.so.1"), "libsecret.so.1");
  put_directory(root + "/usr/lib64");
}

// Proc is the kernel's, but an image can bring what stands there where nothing is mounted.
bool replaces_proc(const Case& item) {
  return item.trap->put != nullptr && item.place->path.starts_with("/proc");
}

void bind(std::string_view source, const std::string& target, unsigned long flags) {
  put_directory(target);
  require(
      mount(std::string(source).c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0,
      cat("bind ", target));
  if (flags == 0) return;
  require(mount(nullptr, target.c_str(), nullptr, MS_BIND | MS_REMOUNT | flags, nullptr) == 0,
          cat("remount ", target));
}

void give_to(const std::string& root, uid_t uid) {
  require(lchown(root.c_str(), uid, uid) == 0, "chown");
  struct stat own {};
  require(stat(root.c_str(), &own) == 0, "stat");
  for (auto entry = fs::recursive_directory_iterator(root);
       entry != fs::recursive_directory_iterator(); ++entry) {
    struct stat info {};
    require(lstat(entry->path().c_str(), &info) == 0, "stat");
    if (info.st_dev != own.st_dev) {
      entry.disable_recursion_pending();
      continue;
    }
    require(lchown(entry->path().c_str(), uid, uid) == 0, "chown");
  }
}

void make_volumes(const Place& place) {
  require(mount("volumes", "/volumes", "tmpfs", 0, small_tmpfs) == 0, "mount volumes");
  put_secrets(rw_volume, place.path);
  put_secrets(ro_volume, place.path);
}

}  // namespace

void require(bool is_done, std::string_view what) {
  const int failure = errno;
  if (!is_done) throw std::runtime_error(cat(what, ": ", std::string_view(std::strerror(failure))));
}

std::string bundle_of(const Setting& setting) {
  return cat("/bundles/", setting.uid, setting.shares_host_pids ? "-pids" : "");
}

std::string state_of(const Setting& setting, pid_t pid) {
  return cat(R"({"ociVersion":"1.0.2","id":"case","status":"creating","pid":)", pid,
             R"(,"bundle":")", bundle_of(setting), R"("})");
}

void enter_host(const std::string& scratch, const Subject& subject) {
  require(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make mounts private");
  require(mount("host", scratch.c_str(), "tmpfs", 0, small_tmpfs) == 0, "mount a tmpfs");
  put_file(scratch + "/program", "");
  require(
      mount(subject.file.c_str(), (scratch + "/program").c_str(), nullptr, MS_BIND, nullptr) == 0,
      "bind the program");
  put_directory(scratch + "/old");
  require(chdir(scratch.c_str()) == 0, "chdir");
  require(syscall(SYS_pivot_root, ".", "old") == 0, "pivot_root");
  require(umount2("/old", MNT_DETACH) == 0 && rmdir("/old") == 0, "leave the machine");
  require(chdir("/") == 0, "chdir");
  for (const char* name : {"/proc", "/rootfs", "/volumes", "/dev", "/etc", "/tmp", "/run"}) {
    put_directory(name);
  }
  require(mount("proc", "/proc", "proc", 0, nullptr) == 0, "mount proc");
  // What a case mounts there is no change of the host.
  require(mount("none", "/rootfs", "tmpfs", 0, small_tmpfs) == 0, "mount a root");
  require(mount("none", "/volumes", "tmpfs", 0, small_tmpfs) == 0, "mount volumes");
  put_proc_of_driver();
  put_driver();
  put_configuration();
  put_secrets(canary, "/");
  put_file(cat(canary, "/etc/shadow"), cat(secret, "\n"));
  if (!subject.is_careless) return;
  require(mount("/proc/version", "/proc/kmsg", nullptr, MS_BIND, nullptr) == 0, "cover kmsg");
}

void make_container(const Case& item) {
  make_volumes(*item.place);
  const std::string root(rootfs);
  require(mount("rootfs", root.c_str(), "tmpfs", 0, small_tmpfs) == 0, "mount a root");
  put_image(root);
  const Ground ground = {root, *item.place};
  if (item.trap->put != nullptr) {
    fs::remove_all(ground.target());
    item.trap->put(ground);
  }
  give_to(root, item.setting->uid);
  bind(rw_volume, cat(root, rw_volume_inside), 0);
  bind(ro_volume, cat(root, ro_volume_inside), MS_RDONLY);
}

void mount_proc(const Case& item, const Subject& subject) {
  if (replaces_proc(item)) return;
  const std::string proc = cat(rootfs, "/proc");
  require(mount("proc", proc.c_str(), "proc", 0, nullptr) == 0, "mount the container's proc");
  require(
      mount("/proc/driver", (proc + "/driver").c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0,
      "the driver's proc");
  if (!subject.is_careless) return;
  require(
      mount((proc + "/version").c_str(), (proc + "/kmsg").c_str(), nullptr, MS_BIND, nullptr) == 0,
      "cover kmsg");
}

}  // namespace nvbox::test::matrix
