#include "plan/edits_for.h"

#include <gtest/gtest.h>

namespace nvbox::plan {
namespace {

using driver::Capabilities;
using driver::FileKind;
using driver::HostDevice;

const std::vector<std::string> read_only = {"ro", "nosuid", "nodev", "rbind", "rprivate"};
const std::vector<std::string> ipc = {"nosuid", "nodev", "rbind", "rprivate", "noexec"};

driver::Inventory small_host() {
  driver::Gpu gpu = {.index = 0,
                     .minor = 3,
                     .node = HostDevice{"/dev/nvidia3", 195, 3, 0666, 0},
                     .drm_nodes = {{"/dev/dri/renderD128", 226, 128, 0660, 105},
                                   {"/dev/dri/card0", 226, 0, 0660, 44}},
                     .drm_links = {{"../card0", "/dev/dri/by-path/pci-0000:07:00.0-card",
                                    Capabilities::graphics | Capabilities::display}}};
  return {
      .driver = {.kind = driver::DriverKind::dgpu,
                 .version = "535.1",
                 .modifies_device_files = true},
      .gpus = {gpu},
      .control = {{"/dev/nvidiactl", 195, 255, 0666, 0},
                  {"/dev/nvidia-uvm", 510, 0, 0666, 0},
                  {"/dev/nvidia-modeset", 195, 254, 0666, 0}},
      .libraries = {{.path = "/usr/lib64/libcuda.so.535.1",
                     .soname = "libcuda.so.1",
                     .links = {{"libcuda.so.1", "/usr/lib64/libcuda.so"},
                               {"libcuda.so.535.1", "/usr/lib64/libcuda.so.1"}},
                     .serves = Capabilities::compute},
                    {.path = "/usr/lib64/libnvidia-ml.so.535.1",
                     .soname = "libnvidia-ml.so.1",
                     .links = {},
                     .serves = Capabilities::utility},
                    {.path = "/usr/lib64/libnvidia-encode.so.535.1",
                     .soname = "libnvidia-encode.so.1",
                     .links = {},
                     .serves = Capabilities::video}},
      .library_directories = {"/usr/lib64"},
      .files = {{FileKind::binary, "/usr/bin/nvidia-smi", "/usr/bin/nvidia-smi",
                 Capabilities::utility},
                {FileKind::socket, "/run/nvidia-persistenced/socket",
                 "/run/nvidia-persistenced/socket", Capabilities::utility}},
  };
}

TEST(Plan, of_utility_has_neither_cuda_nor_unified_memory) {
  const ContainerPlan plan = plan_for(small_host(), {.gpus = {0}}, Capabilities::utility, {});
  EXPECT_EQ(
      plan.edits,
      (spec::ContainerEdits{
          .env = {"NVIDIA_CTK_LIBCUDA_DIR=/usr/lib64", "NVIDIA_VISIBLE_DEVICES=void"},
          .nodes = {{.path = "/dev/nvidia3", .major = 195, .minor = 3, .file_mode = 0666},
                    {.path = "/dev/nvidiactl", .major = 195, .minor = 255, .file_mode = 0666}},
          .mounts = {{"/run/nvidia-persistenced/socket", "/run/nvidia-persistenced/socket", ipc},
                     {"/usr/bin/nvidia-smi", "/usr/bin/nvidia-smi", read_only},
                     {"/usr/lib64/libnvidia-ml.so.535.1", "/usr/lib64/libnvidia-ml.so.535.1",
                      read_only}}}))
      << "sorted by depth and path";
  EXPECT_EQ(plan.work,
            (spec::ContainerWork{.library_folders = {"/usr/lib64"}, .mask_params = true}));
}

// nvc_driver_mount of libnvidia-container (nvc_mount.c) mounts the driver's own nodes but uvm,
// which compute needs, and modeset whatever is asked for; supported-driver-capabilities = "" comes
// to that.
TEST(Plan, without_capabilities_has_the_control_node) {
  const ContainerPlan plan = plan_for(small_host(), {.gpus = {0}}, Capabilities::none, {});
  EXPECT_EQ(plan.edits.nodes,
            (std::vector<spec::DeviceNode>{
                {.path = "/dev/nvidia3", .major = 195, .minor = 3, .file_mode = 0666},
                {.path = "/dev/nvidiactl", .major = 195, .minor = 255, .file_mode = 0666}}));
  EXPECT_TRUE(plan.edits.mounts.empty());
}

TEST(Plan, of_compute_brings_the_links_and_looks_for_cuda_compatibility) {
  const ContainerPlan plan = plan_for(small_host(), {.gpus = {0}}, Capabilities::compute, {});
  EXPECT_EQ(plan.edits.nodes,
            (std::vector<spec::DeviceNode>{
                {.path = "/dev/nvidia3", .major = 195, .minor = 3, .file_mode = 0666},
                {.path = "/dev/nvidia-uvm", .major = 510, .minor = 0, .file_mode = 0666},
                {.path = "/dev/nvidiactl", .major = 195, .minor = 255, .file_mode = 0666}}));
  EXPECT_EQ(plan.work,
            (spec::ContainerWork{.links = {{"libcuda.so.1", "/usr/lib64/libcuda.so"},
                                           {"libcuda.so.535.1", "/usr/lib64/libcuda.so.1"}},
                                 .library_folders = {"/usr/lib64"},
                                 .cuda_compat_driver = "535.1",
                                 .mask_params = true}));
}

// "single orin CSV device" of NVIDIA's TestDeviceSpecGenerators (pkg/nvcdi/lib-csv_test.go).
TEST(Plan, of_a_tegra_has_every_node_and_file_whatever_the_capabilities) {
  const driver::Gpu orin = {.node = HostDevice{"/dev/nvidia0", 195, 0, 0666, 0},
                            .more_nodes = {{"/dev/nvmap", 10, 1, 0400, 44}}};
  const driver::Inventory host = {
      .driver = {.kind = driver::DriverKind::tegra,
                 .version = "540.3.0",
                 .cuda_version = "13.1",
                 .compat_root = "/usr/local/cuda/compat_orin"},
      .gpus = {orin},
      .libraries = {{.path = "/l/nvidia/libcuda.so.1.1",
                     .soname = "libcuda.so.1",
                     .links = {{"libcuda.so.1", "/l/nvidia/libcuda.so"}}},
                    {.path = "/pass/l/liby.so",
                     .soname = "liby.so",
                     .container_path = "/l/liby.so"}},
      .files = {{driver::FileKind::data, "/etc/x", "/etc/x"}},
      .extra_links = {{"nvidia/libcuda.so.1.1", "/l/libcuda.so"}}};
  const ContainerPlan plan = plan_for(host, {.gpus = {0}}, Capabilities::utility, {});
  EXPECT_EQ(plan.edits.env, std::vector<std::string>{"NVIDIA_VISIBLE_DEVICES=void"});
  EXPECT_EQ(plan.edits.nodes,
            (std::vector<spec::DeviceNode>{
                {.path = "/dev/nvidia0", .major = 195, .minor = 0, .file_mode = 0666},
                {.path = "/dev/nvmap", .major = 10, .minor = 1, .file_mode = 0400, .gid = 44}}));
  EXPECT_EQ(plan.edits.additional_gids, std::vector<std::uint32_t>{44});
  EXPECT_EQ(plan.edits.mounts,
            (std::vector<spec::Mount>{
                {"/etc/x", "/etc/x", read_only},
                {"/pass/l/liby.so", "/l/liby.so", read_only},
                {"/l/nvidia/libcuda.so.1.1", "/l/nvidia/libcuda.so.1.1", read_only}}));
  EXPECT_EQ(plan.work, (spec::ContainerWork{.links = {{"nvidia/libcuda.so.1.1", "/l/libcuda.so"},
                                                      {"libcuda.so.1", "/l/nvidia/libcuda.so"}},
                                            .library_folders = {"/l/nvidia", "/l"}}));
  EXPECT_EQ(plan_for(host, {.gpus = {0}}, Capabilities::all, {}).work,
            (spec::ContainerWork{.links = plan.work.links,
                                 .library_folders = {"/l/nvidia", "/l"},
                                 .cuda_compat_cuda = "13.1",
                                 .cuda_compat_root = "/usr/local/cuda/compat_orin"}));
}

TEST(Plan, of_video_includes_the_compute_libraries) {
  const ContainerPlan plan = plan_for(small_host(), {}, Capabilities::video, {});
  EXPECT_EQ(plan.edits.mounts,
            (std::vector<spec::Mount>{
                {"/usr/lib64/libcuda.so.535.1", "/usr/lib64/libcuda.so.535.1", read_only},
                {"/usr/lib64/libnvidia-encode.so.535.1", "/usr/lib64/libnvidia-encode.so.535.1",
                 read_only}}));
}

TEST(Plan, includes_32_bit_libraries_with_compat32_only) {
  driver::Inventory host = {.libraries = {{.path = "/usr/lib32/libcuda.so.535.1",
                                           .soname = "libcuda.so.1",
                                           .links = {},
                                           .serves = Capabilities::compute,
                                           .is_32_bit = true}}};
  EXPECT_TRUE(plan_for(host, {}, Capabilities::compute, {}).edits.mounts.empty());
  EXPECT_EQ(
      plan_for(host, {}, Capabilities::compute | Capabilities::compat32, {}).edits.mounts.size(),
      1U);
}

TEST(Plan, of_graphics_brings_the_gpus_drm_nodes_with_their_groups) {
  const ContainerPlan plan = plan_for(small_host(), {.gpus = {0}}, Capabilities::graphics, {});
  EXPECT_EQ(plan.edits.nodes,
            (std::vector<spec::DeviceNode>{
                {.path = "/dev/nvidia3", .major = 195, .minor = 3, .file_mode = 0666},
                {.path = "/dev/dri/card0", .major = 226, .minor = 0, .file_mode = 0660, .gid = 44},
                {.path = "/dev/dri/renderD128",
                 .major = 226,
                 .minor = 128,
                 .file_mode = 0660,
                 .gid = 105},
                {.path = "/dev/nvidia-modeset", .major = 195, .minor = 254, .file_mode = 0666},
                {.path = "/dev/nvidiactl", .major = 195, .minor = 255, .file_mode = 0666}}));
  EXPECT_EQ(plan.edits.additional_gids, (std::vector<gid_t>{44, 105}));
  EXPECT_EQ(plan.work.links,
            (std::vector<spec::Link>{{"../card0", "/dev/dri/by-path/pci-0000:07:00.0-card"}}));
  EXPECT_TRUE(plan.work.application_profile);
}

TEST(Plan, leaves_groups_out_where_they_are_switched_off) {
  config::Config config;
  config.features.no_additional_gids_for_device_nodes = true;
  EXPECT_EQ(
      plan_for(small_host(), {.gpus = {0}}, Capabilities::graphics, config).edits.additional_gids,
      std::vector<gid_t>{});
}

TEST(Plan, puts_the_roots_in_front_of_host_paths_only) {
  driver::Inventory host = small_host();
  host.driver.root = "/run/nvidia/driver";
  host.driver.dev_root = "/run/nvidia/driver";
  const ContainerPlan plan = plan_for(host, {.gpus = {0}}, Capabilities::utility, {});
  EXPECT_EQ(plan.edits.nodes[0], (spec::DeviceNode{.path = "/dev/nvidia3",
                                                   .host_path = "/run/nvidia/driver/dev/nvidia3",
                                                   .major = 195,
                                                   .minor = 3,
                                                   .file_mode = 0666}));
  EXPECT_EQ(plan.edits.mounts[1], (spec::Mount{"/run/nvidia/driver/usr/bin/nvidia-smi",
                                               "/usr/bin/nvidia-smi", read_only}));
}

TEST(Plan, gives_mig_devices_their_capability_nodes_and_the_gpu_once) {
  driver::Inventory host = small_host();
  const auto cap = [](unsigned minor) {
    return HostDevice{"/dev/nvidia-caps/nvidia-cap" + std::to_string(minor), 511, minor, 0444, 0};
  };
  host.gpus[0].mig = {{1, 0, cap(12), cap(13)}, {2, 0, cap(21), cap(22)}};
  const ContainerPlan plan = plan_for(host, {.migs = {{0, 0}, {0, 1}}}, Capabilities::utility, {});
  std::vector<std::string> paths;
  for (const spec::DeviceNode& node : plan.edits.nodes) paths.push_back(node.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"/dev/nvidia3", "/dev/nvidia-caps/nvidia-cap12",
                                             "/dev/nvidia-caps/nvidia-cap13",
                                             "/dev/nvidia-caps/nvidia-cap21",
                                             "/dev/nvidia-caps/nvidia-cap22", "/dev/nvidiactl"}));
}

TEST(Plan, gives_features_beside_the_gpus) {
  driver::Inventory host = {
      .gpus = {{.node = HostDevice{"/dev/nvidia0", 195, 0, 0666, 0}}},
      .features = {{driver::Features::gds,
                    {{"/dev/nvidia-fs0", 506, 0, 0660, 70}},
                    {{FileKind::directory, "/run/udev", "/run/udev"},
                     {FileKind::data, "/opt/cufile.json", "/etc/cufile.json"}}},
                   {driver::Features::gdrcopy, {{"/dev/gdrdrv", 505, 0, 0666, 70}}, {}}}};
  host.driver.root = "/run/nvidia/driver";
  const ContainerPlan plan = plan_for(host, {.gpus = {0}}, Capabilities::utility, {});
  EXPECT_EQ(
      plan.edits,
      (spec::ContainerEdits{
          .env = {"NVIDIA_VISIBLE_DEVICES=void"},
          .nodes =
              {{.path = "/dev/nvidia0", .major = 195, .minor = 0, .file_mode = 0666},
               {.path = "/dev/nvidia-fs0", .major = 506, .minor = 0, .file_mode = 0660, .gid = 70},
               {.path = "/dev/gdrdrv", .major = 505, .minor = 0, .file_mode = 0666, .gid = 70}},
          .mounts = {{"/run/nvidia/driver/run/udev", "/run/udev", read_only},
                     {"/run/nvidia/driver/opt/cufile.json", "/etc/cufile.json", read_only}},
          .additional_gids = {70}}));
}

TEST(Plan, honours_disabled_hooks_and_feature_flags) {
  config::Config config;
  config.runtime.jit_disabled_hooks = {"update-ldcache", "enable-cuda-compat"};
  config.runtime.jit_feature_flags = {"disable-ipc-discoverer"};
  const ContainerPlan plan =
      plan_for(small_host(), {.gpus = {0}}, Capabilities::compute | Capabilities::utility, config);
  EXPECT_TRUE(plan.work.library_folders.empty());
  EXPECT_EQ(plan.work.cuda_compat_driver, "");
  EXPECT_FALSE(plan.work.links.empty());
  for (const spec::Mount& mount : plan.edits.mounts) EXPECT_EQ(mount.options, read_only);
}

// "timeout" of config.md of the OCI runtime specification, "POSIX-platform Hooks": seconds, > 0.
TEST(HookFor, carries_the_work_an_environment_of_its_own_and_an_end) {
  EXPECT_EQ(hook_for({.links = {{"a", "/b"}}, .mask_params = true}, "/usr/bin/nvbox"),
            (spec::Hook{.stage = "createContainer",
                        .path = "/usr/bin/nvbox",
                        .args = {"nvbox-hook", "--link", "a::/b", "--mask-params"},
                        .env = {"NVIDIA_CTK_DEBUG=false"},
                        .timeout = 60}));
}

TEST(Need, is_what_the_request_makes_worth_looking_for) {
  EXPECT_EQ(need_of({.ask = Ask::driver_only, .capabilities = Capabilities::utility}),
            (driver::Need{.gpus = false, .files = Capabilities::utility}));
  EXPECT_EQ(need_of({.ask = Ask::all,
                     .capabilities = Capabilities::video,
                     .imex_channels = {"0"},
                     .features = driver::Features::mofed}),
            (driver::Need{.gpus = true,
                          .imex_channels = true,
                          .files = Capabilities::video | Capabilities::compute,
                          .features = driver::Features::mofed}));
}

HostDevice cap(unsigned minor, mode_t mode = 0444, gid_t gid = 0) {
  return {"/dev/nvidia-caps/nvidia-cap" + std::to_string(minor), 511, minor, mode, gid};
}

// GPU 0 has one instance, whose nodes a group of its own may use, and can have one more.
driver::Inventory mig_host() {
  driver::Inventory host = small_host();
  host.gpus[0].mig = {{.gpu_instance = 1,
                       .compute_instance = 0,
                       .gpu_instance_node = cap(12, 0440, 1012),
                       .compute_instance_node = cap(13, 0440, 1012)}};
  host.mig_controls = {{.file = "/proc/driver/nvidia/capabilities/mig/config",
                        .node = cap(1, 0400),
                        .gpus = {{3, {cap(12, 0440, 1012), cap(13, 0440, 1012), cap(21, 0)}}}}};
  return host;
}

const spec::Mount all_caps = {
    "/dev/nvidia-caps", "/dev/nvidia-caps", {"nosuid", "noexec", "rbind", "rprivate"}};

// NVIDIA's toolkit binds the directory, nosuid and noexec, and allows the right's capability and
// each of the GPU's (nvc_mount.c, mount_directory, nvc_mig_config_global_caps_mount,
// setup_mig_minor_cgroups).
TEST(MigRights, are_the_directory_of_the_nodes_and_leave_to_use_those_that_there_can_be) {
  const ContainerPlan plan = plan_for(mig_host(), {.gpus = {0}}, Capabilities::utility, {});
  EXPECT_EQ(plan.edits.nodes,
            (std::vector<spec::DeviceNode>{
                {.path = "/dev/nvidia3", .major = 195, .minor = 3, .file_mode = 0666},
                {.path = "/dev/nvidiactl", .major = 195, .minor = 255, .file_mode = 0666}}));
  EXPECT_EQ(plan.edits.mounts.back(), all_caps);
  EXPECT_EQ(plan.edits.allowed,
            (std::vector<spec::AllowedDevice>{{511, 1}, {511, 12}, {511, 13}, {511, 21}}));
  EXPECT_EQ(plan.edits.additional_gids, std::vector<gid_t>{1012});
}

// A runtime makes the nodes of config.json after its mounts: in the host's directory.
TEST(MigRights, take_the_place_of_the_nodes_of_mig_devices) {
  const ContainerPlan plan = plan_for(mig_host(), {.migs = {{0, 0}}}, Capabilities::utility, {});
  EXPECT_EQ(plan.edits.nodes,
            (std::vector<spec::DeviceNode>{
                {.path = "/dev/nvidia3", .major = 195, .minor = 3, .file_mode = 0666},
                {.path = "/dev/nvidiactl", .major = 195, .minor = 255, .file_mode = 0666}}));
  spec::ContainerEdits foreign = {
      .nodes = {{.path = "/dev/nvidia-caps/nvidia-cap30", .major = 511, .minor = 30}}};
  add_mig_rights(mig_host(), {}, foreign);
  EXPECT_EQ(foreign.nodes, std::vector<spec::DeviceNode>{});
  EXPECT_EQ(foreign.allowed, (std::vector<spec::AllowedDevice>{
                                 {511, 1}, {511, 12}, {511, 13}, {511, 21}, {511, 30}}));
}

TEST(MigRights, bring_no_group_where_groups_are_switched_off) {
  config::Config config;
  config.features.no_additional_gids_for_device_nodes = true;
  spec::ContainerEdits edits;
  add_mig_rights(mig_host(), config, edits);
  EXPECT_EQ(edits.additional_gids, std::vector<gid_t>{});
  EXPECT_EQ(edits.mounts, std::vector<spec::Mount>{all_caps});
}

TEST(MigRights, are_below_the_dev_root_on_the_host) {
  driver::Inventory host = mig_host();
  host.driver.dev_root = "/run/nvidia/driver";
  spec::ContainerEdits edits;
  add_mig_rights(host, {}, edits);
  EXPECT_EQ(edits.mounts, (std::vector<spec::Mount>{{"/run/nvidia/driver/dev/nvidia-caps",
                                                     "/dev/nvidia-caps", all_caps.options}}));
}

TEST(MigRights, of_a_driver_without_nodes_change_nothing) {
  driver::Inventory host = mig_host();
  host.mig_controls[0].node.reset();
  spec::ContainerEdits edits;
  add_mig_rights(host, {}, edits);
  add_mig_rights(small_host(), {}, edits);
  EXPECT_EQ(edits, spec::ContainerEdits());
}

}  // namespace
}  // namespace nvbox::plan
