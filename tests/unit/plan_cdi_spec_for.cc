#include "plan/cdi_spec_for.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace nvbox::plan {
namespace {

using driver::Capabilities;
using driver::FileKind;
using driver::HostDevice;

constexpr Capabilities graphical = Capabilities::graphics | Capabilities::display;

driver::Inventory small_host() {
  const driver::Gpu gpu = {
      .index = 0,
      .minor = 3,
      .uuid = "GPU-3a",
      .node = HostDevice{"/dev/nvidia3", 195, 3, 0666, 0},
      .drm_nodes = {{"/dev/dri/card0", 226, 0, 0660, 44}},
      .drm_links = {{"../card0", "/dev/dri/by-path/pci-0000:07:00.0-card", graphical}}};
  return {.driver = {.kind = driver::DriverKind::dgpu, .version = "535.1"},
          .gpus = {gpu},
          .control = {{"/dev/nvidiactl", 195, 255, 0666, 0}},
          .libraries = {{.path = "/usr/lib64/libcuda.so.535.1",
                         .soname = "libcuda.so.1",
                         .links = {{"libcuda.so.1", "/usr/lib64/libcuda.so"}}},
                        {.path = "/usr/lib64/libnvidia-egl-gbm.so.1.1.0",
                         .soname = "libnvidia-egl-gbm.so.1",
                         .serves = graphical},
                        {.path = "/usr/lib32/libcuda.so.535.1",
                         .soname = "libcuda.so.1",
                         .is_32_bit = true}},
          .library_directories = {"/usr/lib64"},
          .files = {{FileKind::socket, "/run/x/socket", "/run/x/socket"},
                    {FileKind::data, "/etc/x.json", "/etc/x.json", graphical}},
          .extra_links = {{"../a", "/usr/lib64/gbm/a", graphical}}};
}

driver::Inventory mig_host() {
  const HostDevice instance = {"/dev/nvidia-caps/nvidia-cap66", 511, 66, 0444, 0};
  const HostDevice compute = {"/dev/nvidia-caps/nvidia-cap67", 511, 67, 0444, 0};
  driver::Inventory host = small_host();
  host.gpus.push_back({.index = 1,
                       .minor = 0,
                       .uuid = "GPU-4b",
                       .node = HostDevice{"/dev/nvidia0", 195, 0, 0666, 0},
                       .mig = {{.gpu_instance = 7,
                                .gpu_instance_node = instance,
                                .compute_instance_node = compute,
                                .index = 2,
                                .uuid = "MIG-7"},
                               {.gpu_instance = 9,
                                .gpu_instance_node = instance,
                                .compute_instance_node = compute,
                                .index = 0,
                                .uuid = "MIG-9"}}});
  return host;
}

std::vector<std::string> names_of(const spec::CdiSpec& spec) {
  std::vector<std::string> names;
  for (const spec::CdiDevice& device : spec.devices) names.push_back(device.name);
  return names;
}

// The hooks as one line each, without the program.
std::vector<std::string> hooks_of(const spec::ContainerEdits& edits) {
  std::vector<std::string> lines;
  for (const spec::Hook& hook : edits.hooks) {
    std::string line;
    for (size_t i = 1; i < hook.args.size(); ++i) line += (i > 1 ? " " : "") + hook.args[i];
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string error_of(const Result<CdiOutcome>& outcome) {
  return outcome ? "no error" : outcome.error().full_message();
}

using Words = std::vector<std::string>;

TEST(GpuSpec, has_a_device_for_each_name_and_one_for_all) {
  const auto made = cdi_spec_of_gpus(small_host(), {});
  ASSERT_TRUE(made) << error_of(made);
  const spec::CdiSpec& spec = made->spec;
  EXPECT_EQ(spec.kind, "nvidia.com/gpu");
  EXPECT_EQ(names_of(spec), (Words{"0", "GPU-3a", "all"}));
  EXPECT_EQ(spec.devices[0].edits, spec.devices[1].edits);
  EXPECT_EQ(spec.devices[0].edits, spec.devices[2].edits);
  EXPECT_EQ(
      spec.devices[0].edits.nodes,
      (std::vector<spec::DeviceNode>{
          {.path = "/dev/nvidia3", .type = 0, .major = 195, .minor = 3, .file_mode = 0666},
          {.path = "/dev/dri/card0", .type = 0, .major = 226, .file_mode = 0660, .gid = 44}}));
  EXPECT_EQ(hooks_of(spec.devices[0].edits),
            Words{"create-symlinks --link ../card0::/dev/dri/by-path/pci-0000:07:00.0-card"});
}

TEST(GpuSpec, has_the_peers_common_hooks_in_its_order) {
  const auto made = cdi_spec_of_gpus(small_host(), {});
  ASSERT_TRUE(made) << error_of(made);
  const spec::ContainerEdits& common = made->spec.edits;
  EXPECT_EQ(common.env,
            (Words{"NVIDIA_CTK_LIBCUDA_DIR=/usr/lib64", "NVIDIA_VISIBLE_DEVICES=void"}));
  EXPECT_EQ(
      hooks_of(common),
      (Words{"create-symlinks --link ../a::/usr/lib64/gbm/a",
             "create-symlinks --link libcuda.so.1::/usr/lib64/libcuda.so",
             "enable-cuda-compat --host-driver-version=535.1", "update-ldcache --folder /usr/lib64",
             "disable-device-node-modification", "update-application-profile"}));
  EXPECT_EQ(common.hooks[0], (spec::Hook{.stage = "createContainer",
                                         .path = "/usr/bin/nvidia-cdi-hook",
                                         .args = {"nvidia-cdi-hook", "create-symlinks", "--link",
                                                  "../a::/usr/lib64/gbm/a"},
                                         .env = {"NVIDIA_CTK_DEBUG=false"}}));
  const bool has_32_bit = std::ranges::any_of(common.mounts, [](const spec::Mount& mount) {
    return mount.host_path.starts_with("/usr/lib32");
  });
  EXPECT_FALSE(has_32_bit);
}

// As the peer's (driverDiscoverer of its pkg/nvcdi/lib-csv.go and its test), and e2e/jetson.bats
// compares the whole.
TEST(GpuSpec, of_a_tegra_has_the_peers_hooks_in_its_order) {
  driver::Inventory host = small_host();
  host.driver = {.kind = driver::DriverKind::tegra,
                 .version = "540.3.0",
                 .cuda_version = "13.1",
                 .compat_root = "/another/compat/root"};
  host.library_directories.clear();
  EXPECT_EQ(hooks_of(cdi_spec_of_gpus(host, {})->spec.edits),
            (Words{"create-symlinks --link libcuda.so.1::/usr/lib64/libcuda.so",
                   "create-symlinks --link ../a::/usr/lib64/gbm/a",
                   "enable-cuda-compat --host-cuda-version=13.1 "
                   "--cuda-compat-container-root=/another/compat/root",
                   "update-ldcache --folder /usr/lib64"}));
  host.driver.compat_root.clear();
  EXPECT_EQ(hooks_of(cdi_spec_of_gpus(host, {})->spec.edits)[2],
            "enable-cuda-compat --host-cuda-version=13.1");
  // An older one has no version, and no NVML.
  host.driver.version.clear();
  EXPECT_EQ(cdi_spec_of_gpus(host, {})->spec.edits.hooks.size(), 3);
}

TEST(GpuSpec, is_in_the_lowest_version_that_will_do) {
  EXPECT_EQ(cdi_spec_of_gpus(small_host(), {})->spec.version, "0.7.0") << "additional groups";
  EXPECT_EQ(cdi_spec_of_gpus(small_host(), {.additional_gids = false})->spec.version, "0.5.0")
      << "names that begin with a digit";
  EXPECT_EQ(
      cdi_spec_of_gpus(small_host(), {.naming = {CdiNaming::type_index}, .additional_gids = false})
          ->spec.version,
      "0.3.0");
}

TEST(GpuSpec, names_hooks_of_nvidia_ctk_by_its_subcommand) {
  const auto made = cdi_spec_of_gpus(small_host(), {.hooks = {.program = "/opt/bin/nvidia-ctk"}});
  ASSERT_TRUE(made) << error_of(made);
  const spec::Hook& hook = made->spec.edits.hooks.back();
  EXPECT_EQ(hook.path, "/opt/bin/nvidia-ctk");
  EXPECT_EQ(hook.args, (Words{"nvidia-ctk", "hook", "update-application-profile"}));
}

TEST(GpuSpec, calls_the_hooks_that_are_chosen) {
  const auto hooks = [](const CdiHooks& choice) {
    const auto made = cdi_spec_of_gpus(small_host(), {.hooks = choice});
    return made ? hooks_of(made->spec.edits) : Words{error_of(made)};
  };
  EXPECT_EQ(hooks({.disabled = {"all"}}), Words{});
  EXPECT_EQ(hooks({.disabled = {"all"}, .enabled = {"enable-cuda-compat"}}),
            Words{"enable-cuda-compat --host-driver-version=535.1"});
  EXPECT_EQ(hooks({.disabled = {"create-symlinks", "enable-cuda-compat",
                                "disable-device-node-modification", "update-application-profile"},
                   .ldconfig_path = "/sbin/ldconfig"}),
            Words{"update-ldcache --ldconfig-path /sbin/ldconfig --folder /usr/lib64"});
}

TEST(GpuSpec, makes_directories_accessible_only_when_asked) {
  const auto made = cdi_spec_of_gpus(small_host(), {.hooks = {.enabled = {"chmod"}}});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(hooks_of(made->spec.devices[0].edits).back(), "chmod --mode 755 --path /dev/dri");
}

TEST(GpuSpec, says_where_things_are_below_other_roots) {
  driver::Inventory host = small_host();
  host.driver.root = "/run/driver";
  host.driver.dev_root = "/other";
  const auto made = cdi_spec_of_gpus(host, {});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(made->spec.devices[0].edits.nodes[0].host_path, "/other/dev/nvidia3");
  EXPECT_EQ(made->spec.edits.mounts[0].host_path, "/run/driver/etc/x.json");
  EXPECT_EQ(made->spec.edits.mounts[0].container_path, "/etc/x.json");
}

TEST(GpuSpec, leaves_out_the_daemons_when_asked) {
  const auto made = cdi_spec_of_gpus(small_host(), {.ipc = false});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_FALSE(std::ranges::any_of(made->spec.edits.mounts, [](const spec::Mount& mount) {
    return mount.host_path.starts_with("/run/x");
  }));
}

TEST(GpuSpec, keeps_a_device_whose_edits_are_all_common) {
  driver::Inventory host = small_host();
  host.gpus[0].drm_nodes.clear();
  host.gpus[0].drm_links.clear();
  host.control.push_back(*host.gpus[0].node);
  const auto made = cdi_spec_of_gpus(host, {});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(made->spec.devices[0].edits.nodes.size(), 1U);
}

TEST(MigSpec, names_devices_as_nvml_does) {
  const auto made = cdi_spec_of_gpus(
      mig_host(), {.naming = {CdiNaming::index, CdiNaming::type_index, CdiNaming::uuid}});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(names_of(made->spec), (Words{"0", "1:0", "1:2", "GPU-3a", "MIG-7", "MIG-9", "all",
                                         "gpu0", "mig1:0", "mig1:2"}));
  EXPECT_EQ(made->spec.devices[1].edits.nodes.size(), 3U);
}

TEST(MigSpec, has_the_devices_that_are_chosen) {
  const auto names = [](Words ids) {
    const auto made =
        cdi_spec_of_gpus(mig_host(), {.device_ids = std::move(ids), .all_device = false});
    return made ? names_of(made->spec) : Words{error_of(made)};
  };
  EXPECT_EQ(names({"1:2"}), (Words{"1:2", "MIG-7"}));
  EXPECT_EQ(names({"0"}), (Words{"0", "GPU-3a"}));
  EXPECT_EQ(names({"MIG-GPU-4b/7/0", "1"}), (Words{"1", "1:2", "GPU-4b", "MIG-7"}));
  EXPECT_EQ(names({"MIG-9"}), (Words{"1:0", "MIG-9"}));
  EXPECT_EQ(names({"1:1"}), Words{"device 1:1: GPU 1 has no such MIG device; it has 0 and 2"});
}

// emptyDeviceSpecGenerator and getDeviceSpecGeneratorsForIDs of NVIDIA's pkg/nvcdi/lib-nvml.go:
// whichever of "none" and "all" comes first stands for the whole list.
TEST(GpuSpec, of_none_is_one_device_with_a_variable_alone) {
  for (const Words& ids : {Words{"none"}, Words{"0", "none"}, Words{"none", "all"}}) {
    const auto made = cdi_spec_of_gpus(mig_host(), {.device_ids = ids, .all_device = false});
    ASSERT_TRUE(made) << error_of(made);
    ASSERT_EQ(names_of(made->spec), Words{"none"});
    EXPECT_EQ(made->spec.devices[0].edits, (spec::ContainerEdits{.env = {"NVCT_EMPTY_DEVICE="}}));
    EXPECT_FALSE(made->spec.edits.mounts.empty());
  }
  const auto all =
      cdi_spec_of_gpus(small_host(), {.device_ids = {"all", "none"}, .all_device = false});
  ASSERT_TRUE(all) << error_of(all);
  EXPECT_EQ(names_of(all->spec), (Words{"0", "GPU-3a"}));
}

TEST(MigSpec, is_refused_where_nvml_does_not_number_its_devices_unless_they_may_be_left_out) {
  driver::Inventory host = mig_host();
  host.gpus[1].mig[0].index.reset();
  host.gpus[1].unanswered = "nvml error: gpu is lost";
  const std::string lack =
      "MIG device 1 7/0 has no name: only NVML numbers MIG devices, and it does not: nvml error: "
      "gpu is lost";
  EXPECT_EQ(error_of(cdi_spec_of_gpus(host, {})),
            lack + "; --allow-incomplete writes the specification without it");
  const auto made = cdi_spec_of_gpus(host, {.allow_incomplete = true});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(names_of(made->spec), (Words{"0", "1:0", "GPU-3a", "MIG-9", "all"}));
  EXPECT_EQ(made->left_out,
            (std::vector<driver::Problem>{{lack, driver::Problem::Kind::mig_device}}));
}

TEST(MigSpec, is_refused_without_its_nodes_unless_it_may_be_incomplete) {
  driver::Inventory host = mig_host();
  host.gpus[1].mig[0].compute_instance_node.reset();
  const Result<CdiOutcome> refused = cdi_spec_of_gpus(host, {});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message().starts_with("MIG device 1 7/0 cannot be used"))
      << refused.error().message();
  const auto made = cdi_spec_of_gpus(host, {.allow_incomplete = true});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(names_of(made->spec), (Words{"0", "1:0", "GPU-3a", "MIG-9", "all"}))
      << "the other keeps its name";
  EXPECT_EQ(made->left_out.size(), 1U);
}

TEST(GpuSpec, is_made_without_a_broken_gpu) {
  driver::Inventory host = mig_host();
  host.gpus[0].problem = "it fell off the bus";
  const auto made = cdi_spec_of_gpus(host, {});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(names_of(made->spec), (Words{"1:0", "1:2", "MIG-7", "MIG-9", "all"}));
  ASSERT_EQ(made->left_out.size(), 1U);
  EXPECT_TRUE(made->left_out[0].text.ends_with("it fell off the bus"));
}

// What is missing is a GPU, which nobody takes for one of its instances.
TEST(GpuSpec, is_made_without_a_broken_gpu_and_its_instances) {
  driver::Inventory host = mig_host();
  host.gpus[1].problem = "it fell off the bus";
  const auto made = cdi_spec_of_gpus(host, {});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(names_of(made->spec), (Words{"0", "GPU-3a", "all"}));
  EXPECT_FALSE(made->left_out.empty());
}

TEST(ManagementSpec, has_nodes_and_libraries_but_nothing_for_displays) {
  const std::vector<HostDevice> nodes = {{"/dev/nvidiactl", 195, 255, 0666, 0}};
  const auto made = cdi_spec_of_management(small_host(), nodes, {});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(names_of(made->spec), Words{"all"});
  EXPECT_EQ(made->spec.devices[0].edits.nodes.size(), 1U);
  EXPECT_TRUE(made->spec.edits.nodes.empty());
  std::vector<std::string> paths;
  for (const spec::Mount& mount : made->spec.edits.mounts) paths.push_back(mount.host_path);
  EXPECT_EQ(paths, (Words{"/run/x/socket", "/usr/lib64/libcuda.so.535.1"}));
  EXPECT_EQ(hooks_of(made->spec.edits),
            (Words{"create-symlinks --link libcuda.so.1::/usr/lib64/libcuda.so",
                   "enable-cuda-compat --host-driver-version=535.1",
                   "update-ldcache --folder /usr/lib64"}));
}

// getDeviceSubfolders of NVIDIA's pkg/nvcdi/workarounds-device-folder-permissions.go: folders in
// which a node lies.
TEST(ManagementSpec, opens_the_folders_of_its_nodes_alone) {
  const auto last_hook = [](const std::vector<HostDevice>& nodes) {
    const auto made =
        cdi_spec_of_management(small_host(), nodes, {.hooks = {.enabled = {"chmod"}}});
    const Words hooks = made ? hooks_of(made->spec.devices[0].edits) : Words{error_of(made)};
    return hooks.empty() ? "" : hooks.back();
  };
  const HostDevice control = {"/dev/nvidiactl", 195, 255, 0666, 0};
  EXPECT_EQ(last_hook({control, {"/dev/nvidia-caps/nvidia-cap1", 511, 1, 0400, 0}}),
            "chmod --mode 755 --path /dev/nvidia-caps");
  EXPECT_EQ(last_hook({control}), "");
}

TEST(ManagementSpec, of_no_nodes_is_an_error) {
  EXPECT_FALSE(cdi_spec_of_management(small_host(), {}, {}));
}

TEST(FeatureSpec, is_one_device_with_the_features_nodes_and_files) {
  driver::Inventory host = small_host();
  host.features = {{.feature = driver::Features::gds,
                    .nodes = {{"/dev/nvidia-fs0", 506, 0, 0666, 0}},
                    .files = {{FileKind::data, "/etc/cufile.json", "/etc/cufile.json"}}}};
  const auto made = cdi_spec_of_feature(host, driver::Features::gds, {.kind = "nvidia.com/gds"});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(made->spec.kind, "nvidia.com/gds");
  EXPECT_EQ(names_of(made->spec), Words{"all"});
  EXPECT_EQ(made->spec.devices[0].edits.mounts.size(), 1U);
  EXPECT_EQ(made->spec.edits, (spec::ContainerEdits{.env = {"NVIDIA_VISIBLE_DEVICES=void"}}));
  EXPECT_FALSE(cdi_spec_of_feature(host, driver::Features::mofed, {}));
}

TEST(ImexSpec, has_a_device_for_each_channel) {
  driver::Inventory host = small_host();
  host.imex_channels = {{"/dev/nvidia-caps-imex-channels/channel0", 509, 0, 0666, 0},
                        {"/dev/nvidia-caps-imex-channels/channel5", 509, 5, 0666, 0}};
  const auto made = cdi_spec_of_imex(host, {});
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(names_of(made->spec), (Words{"0", "5", "all"}));
  EXPECT_EQ(made->spec.devices[1].edits.nodes,
            (std::vector<spec::DeviceNode>{{.path = "/dev/nvidia-caps-imex-channels/channel5",
                                            .host_path = "/dev/nvidia-caps-imex-channels/channel5",
                                            .type = 0,
                                            .permissions = ""}}));
  const auto one = cdi_spec_of_imex(host, {.device_ids = {"channel5"}, .all_device = false});
  ASSERT_TRUE(one) << error_of(one);
  EXPECT_EQ(names_of(one->spec), Words{"5"});
  EXPECT_FALSE(cdi_spec_of_imex(small_host(), {}));
}

}  // namespace
}  // namespace nvbox::plan
