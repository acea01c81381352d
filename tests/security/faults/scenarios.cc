#include "scenarios.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "trace.h"
#include "world.h"

namespace nvbox::faults {
namespace {

constexpr std::string_view state =
    R"({"ociVersion":"1.0.2","id":"c1","status":"creating","pid":1,"bundle":"/run/faults/bundle"})";

constexpr std::string_view image_configuration = R"({
  "ociVersion": "1.0.2",
  "process": {"user": {"uid": 0, "gid": 0}, "args": ["nvidia-smi"], "cwd": "/",
              "env": ["PATH=/usr/bin", "NVIDIA_VISIBLE_DEVICES=all"]},
  "root": {"path": "rootfs", "readonly": false},
  "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
  "linux": {"resources": {"devices": [{"allow": false, "access": "rwm"}]},
            "namespaces": [{"type": "mount"}]}
})";

void write_configuration() {
  put("bundle/config.json", image_configuration);
}

void write_cdi_configuration() {
  std::string text(image_configuration);
  text.replace(text.find("VISIBLE_DEVICES=all"), 19, "VISIBLE_DEVICES=vendor.com/gpu=0");
  put("bundle/config.json", text);
}

// An image with a loader's cache to be made, libraries for CUDA's forward compatibility, and files
// whose modes are changed.
void make_image() {
  write_configuration();
  put("bundle/rootfs/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
  put("bundle/rootfs/etc/ld.so.conf.d/libc.conf", "/usr/local/lib\n");
  put("bundle/rootfs/etc/ld.so.cache", "old\n");
  put("bundle/rootfs/etc/debian_version", "12\n");
  put("bundle/rootfs/usr/local/cuda/compat/libcuda.so.999.10", "no ELF file\n");
  put("bundle/rootfs/proc/driver/nvidia/params", "ModifyDeviceFiles: 1\n");
  put("bundle/rootfs/usr/local/bin/tool", "#!/bin/sh\n", 0600);
  put_link("bundle/rootfs/usr/lib64/libold.so", "somewhere");
  for (const std::string_view folder :
       {"proc", "dev", "usr/lib/x86_64-linux-gnu", "usr/bin", "run"}) {
    put_folder(std::string("bundle/rootfs/") + std::string(folder));
  }
}

// A runtime below nvidia-container-runtime that does nothing.
void make_bundle(std::string_view mode) {
  make_image();
  put("config.toml", "[nvidia-container-runtime]\nmode = \"" + std::string(mode) +
                         "\"\nruntimes = [\"/bin/true\"]\n[nvidia-container-runtime-hook]\npath = "
                         "\"/usr/bin/nvidia-container-runtime-hook\"\n");
}

void make_jit_bundle() {
  make_bundle("jit-cdi");
}

void make_legacy_bundle() {
  make_bundle("legacy");
}

constexpr std::string_view specification = R"(---
cdiVersion: 0.5.0
kind: vendor.com/gpu
devices:
    - name: "0"
      containerEdits:
        deviceNodes:
            - path: /dev/nvidia0
containerEdits:
    env:
        - NVIDIA_VISIBLE_DEVICES=void
    mounts:
        - hostPath: /driver/usr/bin/nvidia-smi
          containerPath: /usr/bin/nvidia-smi
          options: [ro, rbind]
)";

void make_cdi_bundle() {
  make_bundle("cdi");
  put("config.toml", R"([nvidia-container-runtime]
mode = "cdi"
runtimes = ["/bin/true"]
[nvidia-container-runtime.modes.cdi]
spec-dirs = ["/run/faults/cdi"]
)");
  write_cdi_configuration();
  std::string own(specification);
  own.replace(own.find("/driver/"), 8, "/");
  put("cdi/vendor.yaml", own);
}

// What a command has to find that another one of nvbox's has made.
void run_in_peace(const std::vector<std::string_view>& arguments) {
  Command command = {.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}};
  command.arguments.assign(arguments.begin(), arguments.end());
  command.arguments.front().insert(0, "/usr/bin/");
  const auto outcome = run(command, std::nullopt);
  if (outcome && outcome->status == 0) return;
  std::fprintf(stderr, "faults: cannot prepare with %s\n", command.arguments.front().c_str());
  std::exit(1);
}

void make_specification() {
  put("in.yaml", specification);
  put("out.yaml", "old\n");
}

void make_old_specification() {
  put("cdi/nvidia.yaml", "old\n");
}

void make_docker() {
  put("daemon.json", "{\n    \"log-driver\": \"journald\"\n}\n");
}

void make_containerd() {
  put("config.toml", "version = 2\n\n[grpc]\n  address = \"/run/containerd/containerd.sock\"\n");
}

void make_crio() {
  put("crio.conf", "[crio.runtime]\nconmon = \"/usr/bin/conmon\"\n");
}

// As `runtime configure` leaves it (nvidia-ctk runtime configure --help, --rollback).
void make_configured_docker() {
  put("daemon.json", "{\n    \"runtimes\": {}\n}\n");
  put("daemon.json.nvbox-before", "{}\n");
}

void make_configuration() {
  put("config.toml", "# ours\n[nvidia-container-cli]\nload-kmods = true\n");
}

void make_dev_root() {
  put_folder("root/dev");
}

void make_links_folder() {
  put_folder("char");
  put_link("char/195:0", "../nvidia7");
}

void make_before_install() {
  put("root/usr/local/bin/nvidia-ctk", "somebody else's\n", 0755);
  put_folder("root/etc");
  put_folder("root/usr/local/lib");
}

const std::vector<std::string_view> install_arguments = {
    "nvbox", "install", "--root=/run/faults/root", "--force", "--with-units"};

// Installed once, and copied for each run.
void make_installed() {
  namespace fs = std::filesystem;
  const fs::path root = "/run/faults/root";
  const fs::path kept = "/run/faults-installed";
  constexpr auto whole = fs::copy_options::recursive | fs::copy_options::copy_symlinks;
  if (fs::exists(kept)) return fs::copy(kept, root, whole);
  make_before_install();
  run_in_peace(install_arguments);
  fs::copy(root, kept, whole);
}

const std::vector<std::string_view> create_arguments = {
    "nvidia-container-runtime", "--log", "/run/faults/log", "create", "--bundle",
    "/run/faults/bundle",       "c1"};

const Scenario table[] = {
    {.name = "runtime-jit-cdi",
     .prepare = make_jit_bundle,
     .arguments = create_arguments,
     .renew = write_configuration},
    {.name = "runtime-legacy",
     .prepare = make_legacy_bundle,
     .arguments = create_arguments,
     .renew = write_configuration},
    {.name = "runtime-cdi",
     .prepare = make_cdi_bundle,
     .arguments = create_arguments,
     .renew = write_cdi_configuration},
    {.name = "configure",
     .prepare = make_image,
     .arguments = {"nvidia-container-cli", "--debug=/run/faults/log", "configure", "--device=all",
                   "--compute", "--utility", "--no-cgroups", "--pid=@PID",
                   "/run/faults/bundle/rootfs"},
     .is_beside = true,
     .undoes = true},
    {.name = "configure-nodes",
     .prepare = make_image,
     .arguments = {"nvidia-container-cli", "--debug=/run/faults/log", "configure", "--device=all",
                   "--no-cgroups", "--no-devbind", "--pid=@PID", "/run/faults/bundle/rootfs"},
     .is_beside = true,
     .undoes = true},
    {"update-ldcache",
     make_image,
     {"nvidia-cdi-hook", "update-ldcache", "--folder", "/usr/lib/x86_64-linux-gnu"},
     state},
    {"create-symlinks",
     make_image,
     {"nvidia-cdi-hook", "create-symlinks", "--link", "libcuda.so.1::/usr/lib64/libcuda.so",
      "--link", "new::/usr/lib64/libold.so"},
     state},
    {"chmod",
     make_image,
     {"nvidia-cdi-hook", "chmod", "--mode", "755", "--path", "/usr/local/bin/tool"},
     state},
    {"enable-cuda-compat",
     make_image,
     {"nvidia-cdi-hook", "enable-cuda-compat", "--host-driver-version=535.261.03"},
     state},
    {.name = "disable-device-node-modification",
     .prepare = make_image,
     .arguments = {"nvidia-cdi-hook", "disable-device-node-modification"},
     .input = state,
     .undoes = true},
    {.name = "combined-hook",
     .prepare = make_image,
     .arguments = {"nvbox-hook", "--link", "libcuda.so.1::/usr/lib64/libcuda.so", "--folder",
                   "/usr/lib/x86_64-linux-gnu", "--cuda-compat-driver", "535.261.03",
                   "--mask-params"},
     .input = state},
    {"docker",
     make_docker,
     {"nvidia-ctk", "runtime", "configure", "--runtime=docker",
      "--config=/run/faults/daemon.json"}},
    {"containerd",
     make_containerd,
     {"nvidia-ctk", "runtime", "configure", "--runtime=containerd",
      "--config=/run/faults/config.toml", "--drop-in-config=/run/faults/conf.d/99-nvidia.toml"}},
    {"crio",
     make_crio,
     {"nvidia-ctk", "runtime", "configure", "--runtime=crio", "--config=/run/faults/crio.conf",
      "--drop-in-config="}},
    {"rollback",
     make_configured_docker,
     {"nvidia-ctk", "runtime", "configure", "--runtime=docker", "--config=/run/faults/daemon.json",
      "--rollback"}},
    {"config-set",
     make_configuration,
     {"nvidia-ctk", "config", "--config-file=/run/faults/config.toml", "--in-place", "--set",
      "nvidia-container-runtime.debug=/var/log/x.log"}},
    {"cdi-generate",
     make_old_specification,
     {"nvidia-ctk", "cdi", "generate", "--output=/run/faults/cdi/nvidia.yaml"}},
    {"cdi-transform",
     make_specification,
     {"nvidia-ctk", "cdi", "transform", "root", "--from=/driver", "--to=/opt/driver",
      "--input=/run/faults/in.yaml", "--output=/run/faults/out.yaml"}},
    {"create-device-nodes",
     make_dev_root,
     {"nvidia-ctk", "system", "create-device-nodes", "--control-devices",
      "--dev-root=/run/faults/root"}},
    {"create-dev-char-symlinks",
     make_links_folder,
     {"nvidia-ctk", "system", "create-dev-char-symlinks", "--dev-char-path=/run/faults/char"}},
    {.name = "install",
     .prepare = make_before_install,
     .arguments = install_arguments,
     .account = "root/usr/local/lib/nvbox/installed"},
    {"uninstall", make_installed, {"nvbox", "uninstall", "--root=/run/faults/root"}},
};

}  // namespace

std::span<const Scenario> scenarios() {
  return table;
}

}  // namespace nvbox::faults
