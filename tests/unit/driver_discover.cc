#include "driver/discover.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "support/make_host.h"
#include "sys/cgroup.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view t4x1 =
#include "hosts/t4x1.host"
    ;

Result<Inventory> discover_on(const test::Host& host, const Need& need,
                              const std::string& driver_root = "",
                              const std::string& dev_root = "") {
  const host::Root root = host.root();
  const host::Root driver = host.root(driver_root);
  const host::Root dev = host.root(dev_root);
  return discover({root, driver, dev}, {.machine = host::elf_machine_x86_64}, need);
}

HostDevice node(std::string path, unsigned major, unsigned minor) {
  return {std::move(path), major, minor, 0666, getgid()};
}

constexpr Capabilities graphical = Capabilities::graphics | Capabilities::display;

TEST(T4x1, has_the_peers_driver_and_devices) {
  const test::Host host(t4x1);
  const Result<Inventory> found = discover_on(host, {});
  ASSERT_TRUE(found) << found.error().full_message();
  EXPECT_EQ(found->driver, (Driver{.kind = DriverKind::dgpu,
                                   .version = "535.261.03",
                                   .root = host.path(),
                                   .dev_root = host.path(),
                                   .modifies_device_files = true}));
  EXPECT_EQ(
      found->gpus,
      (std::vector<Gpu>{
          {.index = 0,
           .minor = 0,
           .uuid = "GPU-00000074-0000-0000-0000-000000000000",
           .bus_id = "0000:3b:00.0",
           .model = "Tesla T4",
           .node = node("/dev/nvidia0", 195, 0),
           .drm_nodes = {node("/dev/dri/card0", 226, 0), node("/dev/dri/renderD128", 226, 128)},
           .drm_names = {"card0", "renderD128"},
           .drm_links = {
               {"../card0", "/dev/dri/by-path/pci-0000:3b:00.0-card", graphical},
               {"../renderD128", "/dev/dri/by-path/pci-0000:3b:00.0-render", graphical}}}}));
  EXPECT_EQ(found->control,
            (std::vector<HostDevice>{
                node("/dev/nvidiactl", 195, 255), node("/dev/nvidia-uvm", 510, 0),
                node("/dev/nvidia-uvm-tools", 510, 1), node("/dev/nvidia-modeset", 195, 254)}));
  EXPECT_EQ(found->library_directories, std::vector<std::string>{"/usr/lib/x86_64-linux-gnu"});
  EXPECT_EQ(found->problems, std::vector<Problem>{});
}

// The --link arguments of NVIDIA's create-symlinks hooks on this host, in their order.
TEST(T4x1, has_the_peers_links) {
  const test::Host host(t4x1);
  const Result<Inventory> found = discover_on(host, {});
  ASSERT_TRUE(found) << found.error().full_message();
  std::string links = "\n";
  const auto add = [&](const HostLink& link) { links += link.target + "::" + link.link + "\n"; };
  std::ranges::for_each(found->extra_links, add);
  for (const Library& library : found->libraries) {
    if (!library.is_32_bit) std::ranges::for_each(library.links, add);
  }
  EXPECT_EQ(links, R"(
../libnvidia-allocator.so.1::/usr/lib/x86_64-linux-gnu/gbm/nvidia-drm_gbm.so
libnvidia-vulkan-producer.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvidia-vulkan-producer.so
libglxserver_nvidia.so.535.261.03::/usr/lib/xorg/modules/extensions/libglxserver_nvidia.so
libEGL_nvidia.so.535.261.03::/usr/lib/x86_64-linux-gnu/libEGL_nvidia.so.0
libGLESv1_CM_nvidia.so.535.261.03::/usr/lib/x86_64-linux-gnu/libGLESv1_CM_nvidia.so.1
libGLESv2_nvidia.so.535.261.03::/usr/lib/x86_64-linux-gnu/libGLESv2_nvidia.so.2
libGLX_nvidia.so.535.261.03::/usr/lib/x86_64-linux-gnu/libGLX_indirect.so.0
libGLX_nvidia.so.535.261.03::/usr/lib/x86_64-linux-gnu/libGLX_nvidia.so.0
libcuda.so.1::/usr/lib/x86_64-linux-gnu/libcuda.so
libcuda.so.535.261.03::/usr/lib/x86_64-linux-gnu/libcuda.so.1
libcudadebugger.so.535.261.03::/usr/lib/x86_64-linux-gnu/libcudadebugger.so.1
libnvcuvid.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvcuvid.so.1
libnvcuvid.so.1::/usr/lib/x86_64-linux-gnu/libnvcuvid.so
libnvidia-allocator.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvidia-allocator.so.1
libnvidia-cfg.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvidia-cfg.so.1
libnvidia-encode.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvidia-encode.so.1
libnvidia-encode.so.1::/usr/lib/x86_64-linux-gnu/libnvidia-encode.so
libnvidia-fbc.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvidia-fbc.so.1
libnvidia-fbc.so.1::/usr/lib/x86_64-linux-gnu/libnvidia-fbc.so
libnvidia-ml.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1
libnvidia-ml.so.1::/usr/lib/x86_64-linux-gnu/libnvidia-ml.so
libnvidia-ngx.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvidia-ngx.so.1
libnvidia-ngx.so.1::/usr/lib/x86_64-linux-gnu/libnvidia-ngx.so
libnvidia-nvvm.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvidia-nvvm.so.4
libnvidia-opencl.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvidia-opencl.so.1
libnvidia-opticalflow.so.1::/usr/lib/x86_64-linux-gnu/libnvidia-opticalflow.so
libnvidia-opticalflow.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvidia-opticalflow.so.1
libnvidia-ptxjitcompiler.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvidia-ptxjitcompiler.so.1
libnvoptix.so.535.261.03::/usr/lib/x86_64-linux-gnu/libnvoptix.so.1
libvdpau_nvidia.so.535.261.03::/usr/lib/x86_64-linux-gnu/vdpau/libvdpau_nvidia.so.1
)");
}

// What NVIDIA's toolkit mounts on this host, and libnvidia-api, which it learned about later.
TEST(T4x1, has_the_peers_files) {
  const test::Host host(t4x1);
  const Result<Inventory> found = discover_on(host, {});
  ASSERT_TRUE(found) << found.error().full_message();
  std::set<std::string> places;
  for (const Library& library : found->libraries) {
    if (!library.is_32_bit) places.insert(library.path);
  }
  for (const HostFile& file : found->files) places.insert(file.container_path);
  std::string lines = "\n";
  for (const std::string& place : places) lines += place + "\n";
  EXPECT_EQ(lines, R"(
/etc/OpenCL/vendors/nvidia.icd
/etc/vulkan/icd.d/nvidia_icd.json
/etc/vulkan/implicit_layer.d/nvidia_layers.json
/lib/firmware/nvidia/535.261.03/gsp_ga10x.bin
/lib/firmware/nvidia/535.261.03/gsp_tu10x.bin
/run/nvidia-persistenced/socket
/usr/bin/nvidia-cuda-mps-control
/usr/bin/nvidia-cuda-mps-server
/usr/bin/nvidia-debugdump
/usr/bin/nvidia-persistenced
/usr/bin/nvidia-smi
/usr/lib/x86_64-linux-gnu/libEGL_nvidia.so.535.261.03
/usr/lib/x86_64-linux-gnu/libGLESv1_CM_nvidia.so.535.261.03
/usr/lib/x86_64-linux-gnu/libGLESv2_nvidia.so.535.261.03
/usr/lib/x86_64-linux-gnu/libGLX_nvidia.so.535.261.03
/usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03
/usr/lib/x86_64-linux-gnu/libcudadebugger.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvcuvid.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-allocator.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-api.so.1
/usr/lib/x86_64-linux-gnu/libnvidia-cfg.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-egl-gbm.so.1.1.0
/usr/lib/x86_64-linux-gnu/libnvidia-egl-wayland.so.1.1.10
/usr/lib/x86_64-linux-gnu/libnvidia-eglcore.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-encode.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-fbc.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-glcore.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-glsi.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-glvkspirv.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-ngx.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-nvvm.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-opencl.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-opticalflow.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-pkcs11-openssl3.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-ptxjitcompiler.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-rtcore.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-tls.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvidia-vulkan-producer.so.535.261.03
/usr/lib/x86_64-linux-gnu/libnvoptix.so.535.261.03
/usr/lib/x86_64-linux-gnu/vdpau/libvdpau_nvidia.so.535.261.03
/usr/lib/xorg/modules/drivers/nvidia_drv.so
/usr/lib/xorg/modules/extensions/libglxserver_nvidia.so.535.261.03
/usr/share/egl/egl_external_platform.d/10_nvidia_wayland.json
/usr/share/egl/egl_external_platform.d/15_nvidia_gbm.json
/usr/share/glvnd/egl_vendor.d/10_nvidia.json
/usr/share/nvidia/nvoptix.bin
)");
}

TEST(T4x1, has_files_at_other_places_than_in_a_container) {
  const test::Host host(t4x1);
  const Result<Inventory> found = discover_on(host, {});
  ASSERT_TRUE(found) << found.error().full_message();
  std::vector<HostFile> moved = found->files;
  std::erase_if(moved, [](const HostFile& file) { return file.path == file.container_path; });
  const std::string firmware = "/lib/firmware/nvidia/535.261.03/";
  EXPECT_EQ(moved, (std::vector<HostFile>{
                       {FileKind::data, "/usr/share/vulkan/icd.d/nvidia_icd.json",
                        "/etc/vulkan/icd.d/nvidia_icd.json", graphical},
                       {FileKind::data, "/usr/share/vulkan/implicit_layer.d/nvidia_layers.json",
                        "/etc/vulkan/implicit_layer.d/nvidia_layers.json", graphical},
                       {FileKind::firmware, "/usr" + firmware + "gsp_ga10x.bin",
                        firmware + "gsp_ga10x.bin", Capabilities::all},
                       {FileKind::firmware, "/usr" + firmware + "gsp_tu10x.bin",
                        firmware + "gsp_tu10x.bin", Capabilities::all}}));
}

TEST(T4x1, gives_a_utility_container_little) {
  const test::Host host(t4x1);
  const Result<Inventory> found = discover_on(host, {.files = Capabilities::utility});
  ASSERT_TRUE(found) << found.error().full_message();
  const std::string libraries = "/usr/lib/x86_64-linux-gnu/";
  const std::string firmware = "/lib/firmware/nvidia/535.261.03/";
  const Capabilities utility = Capabilities::utility;
  const Inventory expected = {
      .driver = found->driver,
      .gpus = {{.index = 0,
                .minor = 0,
                .uuid = "GPU-00000074-0000-0000-0000-000000000000",
                .bus_id = "0000:3b:00.0",
                .model = "Tesla T4",
                .node = node("/dev/nvidia0", 195, 0)}},
      .control = {node("/dev/nvidiactl", 195, 255)},
      .libraries =
          {{.path = libraries + "libnvidia-cfg.so.535.261.03",
            .soname = "libnvidia-cfg.so.1",
            .links = {{"libnvidia-cfg.so.535.261.03", libraries + "libnvidia-cfg.so.1", utility}},
            .serves = utility},
           {.path = libraries + "libnvidia-ml.so.535.261.03",
            .soname = "libnvidia-ml.so.1",
            .links = {{"libnvidia-ml.so.535.261.03", libraries + "libnvidia-ml.so.1", utility},
                      {"libnvidia-ml.so.1", libraries + "libnvidia-ml.so", utility}},
            .serves = utility}},
      .library_directories = {"/usr/lib/x86_64-linux-gnu"},
      .files = {
          {FileKind::socket, "/run/nvidia-persistenced/socket", "/run/nvidia-persistenced/socket",
           utility},
          {FileKind::firmware, "/usr" + firmware + "gsp_ga10x.bin", firmware + "gsp_ga10x.bin",
           Capabilities::all},
          {FileKind::firmware, "/usr" + firmware + "gsp_tu10x.bin", firmware + "gsp_tu10x.bin",
           Capabilities::all},
          {FileKind::binary, "/usr/bin/nvidia-smi", "/usr/bin/nvidia-smi", utility},
          {FileKind::binary, "/usr/bin/nvidia-debugdump", "/usr/bin/nvidia-debugdump", utility},
          {FileKind::binary, "/usr/bin/nvidia-persistenced", "/usr/bin/nvidia-persistenced",
           utility}}};
  EXPECT_EQ(*found, expected);
}

TEST(Discover, needs_a_loaded_driver) {
  const test::Host host("d /proc\n");
  EXPECT_EQ(discover_on(host, {}).error().full_message(),
            "no NVIDIA driver is loaded: /proc/driver/nvidia/version does not exist; load it with "
            "'modprobe nvidia' or install the driver");
}

// getrlimit(2): EMFILE once RLIMIT_NOFILE is reached; then nobody knows whether there is a driver.
TEST(Discover, says_why_the_version_cannot_be_read) {
  const test::Host host("f /proc/driver/nvidia/version\n");
  const host::Root root = host.root();
  rlimit former{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &former), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = former.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const Result<Inventory> found = discover({root, root, root}, {}, {});
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &former), 0);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().full_message(),
            cat("open ", root.path(), "/proc/driver/nvidia/version: Too many open files"));
}

TEST(Discover, learns_the_version_from_the_module_where_proc_has_none) {
  const test::Host host(R"(
f /sys/module/nvidia/version <<EOF
570.86.15
EOF
)");
  const Result<Inventory> found = discover_on(host, {.gpus = false, .files = Capabilities::none});
  ASSERT_TRUE(found) << found.error().full_message();
  EXPECT_EQ(found->driver.version, "570.86.15");
}

TEST(Discover, tells_that_a_version_cannot_be_read) {
  const test::Host host(R"(
f /proc/driver/nvidia/version <<EOF
nonsense
EOF
)");
  EXPECT_EQ(discover_on(host, {}).error().full_message(),
            "the version of the loaded NVIDIA driver is unknown; look into "
            "/proc/driver/nvidia/version");
}

// A driver in a container of its own: its files are below /run/nvidia/driver, nodes are the host's.
constexpr std::string_view driver_container = R"(
f /proc/driver/nvidia/version <<EOF
NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54
EOF
f /run/nvidia/driver/proc/driver/nvidia/version <<EOF
NVRM version: NVIDIA UNIX x86_64 Kernel Module  1.1
EOF
c /dev/nvidiactl 195:255
c /dev/nvidia-uvm 510:0
c /dev/nvidia-uvm-tools 510:1
so /run/nvidia/driver/usr/lib64/libcuda.so.550.54 libcuda.so.1
l /run/nvidia/driver/lib64 -> /usr/lib64
x /run/nvidia/driver/opt/tools/nvidia-cuda-mps-control
l /run/nvidia/driver/usr/bin/nvidia-cuda-mps-control -> /opt/tools/nvidia-cuda-mps-control
l /run/nvidia/driver/usr/bin/nvidia-cuda-mps-server -> /opt/tools/absent
x /opt/tools/absent
f /run/nvidia/driver/lib/firmware/nvidia/550.54/gsp_ga10x.bin
f /run/nvidia/driver/lib/firmware/nvidia/550.54/readme.txt
d /run/nvidia/driver/tmp/nvidia-mps
so /usr/lib64/libcuda.so.535.1 libcuda.so.1
)";

TEST(Discover, looks_for_files_below_the_driver_root_and_for_nodes_below_the_dev_root) {
  const test::Host host(driver_container);
  const Result<Inventory> found =
      discover_on(host, {.files = Capabilities::compute}, "/run/nvidia/driver");
  ASSERT_TRUE(found) << found.error().full_message();
  const Capabilities compute = Capabilities::compute;
  const Inventory expected = {
      .driver = {.kind = DriverKind::dgpu,
                 .version = "550.54",
                 .root = host.path() + "/run/nvidia/driver",
                 .dev_root = host.path()},
      .control = {node("/dev/nvidiactl", 195, 255), node("/dev/nvidia-uvm", 510, 0),
                  node("/dev/nvidia-uvm-tools", 510, 1)},
      .libraries = {{.path = "/usr/lib64/libcuda.so.550.54",
                     .soname = "libcuda.so.1",
                     .links = {{"libcuda.so.1", "/usr/lib64/libcuda.so", compute}},
                     .serves = compute}},
      .library_directories = {"/usr/lib64"},
      .files = {{FileKind::directory, "/tmp/nvidia-mps", "/tmp/nvidia-mps", compute},
                {FileKind::firmware, "/lib/firmware/nvidia/550.54/gsp_ga10x.bin",
                 "/lib/firmware/nvidia/550.54/gsp_ga10x.bin", Capabilities::all},
                {FileKind::binary, "/opt/tools/nvidia-cuda-mps-control",
                 "/usr/bin/nvidia-cuda-mps-control", compute}}};
  EXPECT_EQ(*found, expected) << "links mean what they mean below the driver root";
}

TEST(Discover, does_not_follow_a_link_that_stands_for_the_mps_directory) {
  const test::Host host(R"(
f /proc/driver/nvidia/version <<EOF
NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54
EOF
so /usr/lib64/libcuda.so.550.54 libcuda.so.1
c /dev/nvidiactl 195:255
c /dev/nvidia-uvm 510:0
c /dev/nvidia-uvm-tools 510:1
d /root
l /tmp/nvidia-mps -> /root
)");
  const Result<Inventory> found = discover_on(host, {.files = Capabilities::compute});
  ASSERT_TRUE(found) << found.error().full_message();
  EXPECT_EQ(found->files, std::vector<HostFile>{});
  EXPECT_EQ(
      found->problems,
      std::vector<Problem>{{"/tmp/nvidia-mps is a symbolic link and is not given to containers"}});
}

// Who may exchange what is in a directory: unlink(2) and rename(2), EACCES and EPERM.
TEST(Discover, leaves_an_mps_directory_out_that_others_can_exchange_unless_that_does_not_matter) {
  const test::Host host(R"(
f /proc/driver/nvidia/version <<EOF
NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54
EOF
so /usr/lib64/libcuda.so.550.54 libcuda.so.1
c /dev/nvidiactl 195:255
c /dev/nvidia-uvm 510:0
c /dev/nvidia-uvm-tools 510:1
d /tmp/nvidia-mps
)");
  const std::vector<HostFile> given = {
      {FileKind::directory, "/tmp/nvidia-mps", "/tmp/nvidia-mps", Capabilities::compute}};
  const auto files = [&](bool exchangeable) {
    const Need need = {.files = Capabilities::compute, .exchangeable = exchangeable};
    const Result<Inventory> found = discover_on(host, need);
    EXPECT_TRUE(found) << found.error().full_message();
    EXPECT_EQ(found->problems.empty(), !found->files.empty());
    return found->files;
  };
  const auto set_mode = [&](mode_t mode) {
    ASSERT_EQ(chmod((host.path() + "/tmp").c_str(), mode), 0);
  };
  for (const mode_t mode : {0755U, 01777U}) {
    set_mode(mode);
    EXPECT_EQ(files(false), given) << mode;
  }
  if (sys::is_in_user_namespace()) return;
  for (const mode_t mode : {0777U, 0775U}) {
    set_mode(mode);
    EXPECT_EQ(files(false), std::vector<HostFile>{}) << mode;
    EXPECT_EQ(files(true), given) << mode;
  }
  if (geteuid() != 0) return;
  set_mode(01777);
  ASSERT_EQ(chown((host.path() + "/tmp/nvidia-mps").c_str(), 1000, 1000), 0);
  EXPECT_EQ(files(false), std::vector<HostFile>{});
  EXPECT_EQ(files(true), given);
}

TEST(Discover, finds_what_a_site_adds_and_tells_what_it_does_not_understand) {
  const test::Host host(R"(
f /proc/driver/nvidia/version <<EOF
NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54
EOF
f /etc/nvbox/driver-files.d/50-site.conf <<EOF
library compute libsite.so
binary compute site-tool
binary compute /opt/site/bin/other
file compute /etc/site.json
file graphics /etc/unneeded.json
nonsense
EOF
f /etc/nvbox/driver-files.d/readme <<EOF
not a configuration file
EOF
so /usr/lib64/libcuda.so.550.54 libcuda.so.1
so /usr/lib64/libsite.so.3 libsite.so.3
x /usr/local/bin/site-tool
x /opt/site/bin/other
f /etc/site.json
f /etc/unneeded.json
c /dev/nvidiactl 195:255
c /dev/nvidia-uvm 510:0
c /dev/nvidia-uvm-tools 510:1
)");
  const Result<Inventory> found = discover_on(host, {.files = Capabilities::compute});
  ASSERT_TRUE(found) << found.error().full_message();
  const Capabilities compute = Capabilities::compute;
  EXPECT_EQ(
      found->libraries.back(),
      (Library{.path = "/usr/lib64/libsite.so.3", .soname = "libsite.so.3", .serves = compute}));
  EXPECT_EQ(found->files,
            (std::vector<HostFile>{
                {FileKind::binary, "/usr/local/bin/site-tool", "/usr/local/bin/site-tool", compute},
                {FileKind::binary, "/opt/site/bin/other", "/opt/site/bin/other", compute},
                {FileKind::data, "/etc/site.json", "/etc/site.json", compute}}));
  EXPECT_EQ(found->problems,
            std::vector<Problem>{{"/etc/nvbox/driver-files.d/50-site.conf:6: expected "
                                  "library|binary|file CAPABILITIES NAME-OR-PATH"}});
}

TEST(Discover, gives_programs_of_unusual_places_a_usual_one_in_containers) {
  const test::Host host(R"(
f /proc/driver/nvidia/version <<EOF
NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54
EOF
so /usr/lib64/libnvidia-ml.so.550.54 libnvidia-ml.so.1
c /dev/nvidiactl 195:255
x /run/current-system/sw/bin/nvidia-smi
x /bin/nvidia-debugdump
)");
  const host::Root root = host.root();
  const Result<Inventory> found = discover(
      {root, root, root},
      {.path = "relative::/run/current-system/sw/bin/", .machine = host::elf_machine_x86_64},
      {.files = Capabilities::utility});
  ASSERT_TRUE(found) << found.error().full_message();
  EXPECT_EQ(found->files,
            (std::vector<HostFile>{{FileKind::binary, "/run/current-system/sw/bin/nvidia-smi",
                                    "/usr/bin/nvidia-smi", Capabilities::utility},
                                   {FileKind::binary, "/bin/nvidia-debugdump",
                                    "/bin/nvidia-debugdump", Capabilities::utility}}));
}

}  // namespace
}  // namespace nvbox::driver
