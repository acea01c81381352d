#include "apply/to_steps.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/own_machine.h"

namespace nvbox::apply {
namespace {

const std::vector<std::string> file_options = {"ro", "nosuid", "nodev", "rbind", "rprivate"};
const std::vector<std::string> socket_options = {"nosuid", "nodev", "rbind", "rprivate", "noexec"};
constexpr sys::Restrictions file_restrictions =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

constexpr ImageLayout debian = {.is_debian = true};
constexpr ImageLayout fedora = {.has_separate_usr_lib = true};

// Without the shadow of /proc, which has tests of its own.
ConfigureRequest bare() {
  return {.proc = ProcView::left};
}

std::vector<std::string> described(const ConfigureRequest& request, const ImageLayout& image,
                                   const HostFacts& host = {}) {
  std::vector<std::string> out;
  for (const Step& step : to_steps(request, image, host)) out.push_back(describe(step));
  return out;
}

using Lines = std::vector<std::string>;
using test::own;

TEST(LibraryDirectories, are_multiarch_in_images_of_debian) {
  EXPECT_EQ(library_directories(debian),
            (LibraryDirectories{own("/usr/lib/x86_64-linux-gnu"), own("/usr/lib/i386-linux-gnu")}));
}

TEST(LibraryDirectories, are_usr_lib64_and_usr_lib32_elsewhere) {
  EXPECT_EQ(library_directories({}), (LibraryDirectories{"/usr/lib64", "/usr/lib32"}));
  EXPECT_EQ(library_directories({.has_usr_lib32 = true, .has_separate_usr_lib = true}),
            (LibraryDirectories{"/usr/lib64", "/usr/lib32"}));
}

TEST(LibraryDirectories, of_32_bits_are_usr_lib_where_that_is_not_the_one_of_64_bits) {
  EXPECT_EQ(library_directories(fedora), (LibraryDirectories{"/usr/lib64", "/usr/lib"}));
}

TEST(IsLibraryName, takes_versions_and_nothing_that_only_contains_so) {
  EXPECT_TRUE(is_library_name("libcuda.so"));
  EXPECT_TRUE(is_library_name("libcuda.so.535.261.03"));
  EXPECT_TRUE(is_library_name("nvidia-drm_gbm.so"));
  EXPECT_FALSE(is_library_name("nvidia_icd.json"));
  EXPECT_FALSE(is_library_name("x.so.json"));
  EXPECT_FALSE(is_library_name("x.so."));
}

TEST(ToSteps, a_library_of_a_debian_host_goes_where_a_fedora_image_looks_for_it) {
  ConfigureRequest request = bare();
  request.edits.mounts = {{"/run/nvidia/driver/usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03",
                           "/usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03", file_options}};
  request.work.links = {{"libcuda.so.535.261.03", "/usr/lib/x86_64-linux-gnu/libcuda.so.1"},
                        {"libcuda.so.1", "/usr/lib/x86_64-linux-gnu/libcuda.so"}};
  request.work.library_folders = {"/usr/lib/x86_64-linux-gnu"};
  EXPECT_EQ(described(request, fedora),
            (Lines{"bind /run/nvidia/driver/usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03 on "
                   "/usr/lib64/libcuda.so.535.261.03 (ro,nosuid,nodev)",
                   "link /usr/lib64/libcuda.so.1 -> libcuda.so.535.261.03",
                   "link /usr/lib64/libcuda.so -> libcuda.so.1",
                   "update the loader's cache for /usr/lib64"}));
}

TEST(ToSteps, libraries_from_several_directories_end_up_in_one) {
  ConfigureRequest request = bare();
  request.edits.mounts = {
      {own("/usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.1.2"),
       own("/usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.1.2"), file_options},
      {own("/usr/lib/x86_64-linux-gnu/vdpau/libvdpau_nvidia.so.1.2"),
       own("/usr/lib/x86_64-linux-gnu/vdpau/libvdpau_nvidia.so.1.2"), file_options}};
  request.work.links = {
      {"nvidia/current/libcuda.so.1.2", own("/usr/lib/x86_64-linux-gnu/libcuda.so.1")},
      {"libvdpau_nvidia.so.1.2", own("/usr/lib/x86_64-linux-gnu/vdpau/libvdpau_nvidia.so.1")}};
  request.work.library_folders = {own("/usr/lib/x86_64-linux-gnu/nvidia/current"),
                                  own("/usr/lib/x86_64-linux-gnu/vdpau")};
  const Lines lines = described(request, debian);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_TRUE(lines[0].contains(own(" on /usr/lib/x86_64-linux-gnu/libcuda.so.1.2 ")));
  EXPECT_TRUE(lines[1].contains(own(" on /usr/lib/x86_64-linux-gnu/libvdpau_nvidia.so.1.2 ")));
  EXPECT_EQ(lines[2], own("link /usr/lib/x86_64-linux-gnu/libcuda.so.1 -> libcuda.so.1.2"));
  EXPECT_EQ(lines[3],
            own("link /usr/lib/x86_64-linux-gnu/libvdpau_nvidia.so.1 -> libvdpau_nvidia.so.1.2"));
  EXPECT_EQ(lines[4], own("update the loader's cache for /usr/lib/x86_64-linux-gnu"));
}

TEST(ToSteps, a_library_for_32_bit_programs_goes_to_its_own_directory) {
  ConfigureRequest request = bare();
  request.edits.mounts = {{"/usr/lib/libcuda.so.1.2", "/usr/lib/libcuda.so.1.2", file_options},
                          {"/usr/lib64/libcuda.so.1.2", "/usr/lib64/libcuda.so.1.2", file_options}};
  request.work.links = {{"libcuda.so.1.2", "/usr/lib/libcuda.so.1"},
                        {"libcuda.so.1.2", "/usr/lib64/libcuda.so.1"}};
  request.work.library_folders = {"/usr/lib64", "/usr/lib"};
  EXPECT_EQ(described(request, debian, {.libraries_32 = {"/usr/lib/libcuda.so.1.2"}}),
            own(Lines{"bind /usr/lib/libcuda.so.1.2 on /usr/lib/i386-linux-gnu/libcuda.so.1.2 "
                      "(ro,nosuid,nodev)",
                      "bind /usr/lib64/libcuda.so.1.2 on /usr/lib/x86_64-linux-gnu/libcuda.so.1.2 "
                      "(ro,nosuid,nodev)",
                      "link /usr/lib/i386-linux-gnu/libcuda.so.1 -> libcuda.so.1.2",
                      "link /usr/lib/x86_64-linux-gnu/libcuda.so.1 -> libcuda.so.1.2",
                      "update the loader's cache for /usr/lib/x86_64-linux-gnu, "
                      "/usr/lib/i386-linux-gnu"}));
}

TEST(ToSteps, a_plug_in_keeps_its_place_below_the_library_directory) {
  ConfigureRequest request = bare();
  request.edits.mounts = {{own("/usr/lib/x86_64-linux-gnu/libnvidia-allocator.so.1.2"),
                           own("/usr/lib/x86_64-linux-gnu/libnvidia-allocator.so.1.2"),
                           file_options}};
  request.work.links = {
      {"../libnvidia-allocator.so.1", own("/usr/lib/x86_64-linux-gnu/gbm/nvidia-drm_gbm.so")}};
  EXPECT_EQ(described(request, fedora).back(),
            "link /usr/lib64/gbm/nvidia-drm_gbm.so -> /usr/lib64/libnvidia-allocator.so.1");
  EXPECT_EQ(
      described(request, debian).back(),
      own("link /usr/lib/x86_64-linux-gnu/gbm/nvidia-drm_gbm.so -> ../libnvidia-allocator.so.1"));
}

TEST(ToSteps, modules_of_the_x_server_and_files_that_are_no_libraries_stay_where_they_are) {
  ConfigureRequest request = bare();
  request.edits.mounts = {
      {"/usr/lib/libcuda.so.1.2", "/usr/lib/libcuda.so.1.2", file_options},
      {"/usr/lib/xorg/modules/extensions/libglxserver_nvidia.so.1.2",
       "/usr/lib/xorg/modules/extensions/libglxserver_nvidia.so.1.2", file_options},
      {"/usr/lib/firmware/nvidia/1.2/gsp.bin", "/usr/lib/firmware/nvidia/1.2/gsp.bin",
       file_options}};
  const std::vector<Step> steps = to_steps(request, debian, {});
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(std::get<BindMount>(steps[1]).path,
            "/usr/lib/xorg/modules/extensions/libglxserver_nvidia.so.1.2");
  EXPECT_EQ(std::get<BindMount>(steps[2]).path, "/usr/lib/firmware/nvidia/1.2/gsp.bin");
}

TEST(ToSteps, sockets_and_firmware_are_optional_and_programs_are_not) {
  ConfigureRequest request = bare();
  request.edits.mounts = {
      {"/run/nvidia-persistenced/socket", "/run/nvidia-persistenced/socket", socket_options},
      {"/lib/firmware/nvidia/1.2/gsp.bin", "/lib/firmware/nvidia/1.2/gsp.bin", file_options},
      {"/opt/bin/nvidia-smi", "/usr/bin/nvidia-smi", file_options}};
  EXPECT_EQ(to_steps(request, debian, {}),
            (std::vector<Step>{
                BindMount{"/run/nvidia-persistenced/socket", "/run/nvidia-persistenced/socket",
                          MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                          Source::anything_optional},
                BindMount{"/lib/firmware/nvidia/1.2/gsp.bin", "/lib/firmware/nvidia/1.2/gsp.bin",
                          file_restrictions, Source::anything_optional},
                BindMount{"/opt/bin/nvidia-smi", "/usr/bin/nvidia-smi", file_restrictions,
                          Source::library_or_program}}));
}

TEST(ToSteps, a_node_is_bound_from_the_dev_root_and_allowed_once) {
  ConfigureRequest request = bare();
  request.edits.nodes = {{.path = "/dev/nvidia0",
                          .host_path = "/run/nvidia/driver/dev/nvidia0",
                          .major = 195,
                          .file_mode = 0666},
                         {.path = "/dev/nvidiactl", .major = 195, .minor = 255}};
  EXPECT_EQ(described(request, debian),
            (Lines{"bind /run/nvidia/driver/dev/nvidia0 (c 195:0) on /dev/nvidia0",
                   "bind /dev/nvidiactl (c 195:255) on /dev/nvidiactl",
                   "allow devices c 195:0 rw, c 195:255 rw"}));
}

TEST(ToSteps, a_node_is_made_without_binds_and_not_allowed_without_cgroups) {
  ConfigureRequest request = bare();
  request.mknod_devices = true;
  request.cgroups = false;
  request.edits.nodes = {
      {.path = "/dev/nvidia0", .major = 195, .minor = 7, .file_mode = 0660, .gid = 44}};
  EXPECT_EQ(to_steps(request, debian, {}),
            (std::vector<Step>{MakeNode{"/dev/nvidia0", 'c', 195, 7, 0660, 0, 44}}));
}

TEST(ToSteps, the_shadow_of_proc_comes_first_and_shows_only_what_was_asked_for) {
  const ConfigureRequest request = {.visible_bus_ids = {"0000:3b:00.0"},
                                    .visible_capabilities = {"gpu0/mig/gi1/access"}};
  EXPECT_EQ(
      described(request, debian,
                {.proc_files = {{"params", "ModifyDeviceFiles: 0\n"}, {"version", "NVRM\n"}}}),
      (Lines{"mount a tmpfs on /proc/driver/nvidia with params, version",
             "bind /proc/driver/nvidia/gpus/0000:3b:00.0 on "
             "/proc/driver/nvidia/gpus/0000:3b:00.0 (ro,nosuid,nodev,noexec)",
             "bind /proc/driver/nvidia/capabilities/gpu0/mig/gi1/access on "
             "/proc/driver/nvidia/capabilities/gpu0/mig/gi1/access "
             "(ro,nosuid,nodev,noexec)"}));
}

TEST(ToSteps, graphics_has_a_profile_directory_of_its_own_that_is_written_after_the_nodes) {
  ConfigureRequest request = bare();
  request.cgroups = false;
  request.work.application_profile = true;
  request.edits.nodes = {{.path = "/dev/nvidia0", .major = 195}};
  EXPECT_EQ(
      described(request, debian),
      (Lines{"mount a tmpfs on /etc/nvidia/nvidia-application-profiles-rc.d",
             "bind /dev/nvidia0 (c 195:0) on /dev/nvidia0", "write the application profile"}));
}

ConfigureRequest with_compat(CompatMode mode) {
  ConfigureRequest request = bare();
  request.work.cuda_compat_driver = "535.261.03";
  request.host_driver_version = "535.261.03";
  request.compat = mode;
  return request;
}

TEST(ToSteps, compat_libraries_are_mounted_or_left_to_the_loader_or_neither) {
  EXPECT_EQ(to_steps(with_compat(CompatMode::mount), debian, {}),
            (std::vector<Step>{MountCompat{"/usr/local/cuda/compat",
                                           own("/usr/lib/x86_64-linux-gnu"), "535.261.03"}}));
  EXPECT_EQ(to_steps(with_compat(CompatMode::ldconfig), debian, {}),
            (std::vector<Step>{UpdateCache{{}, "/usr/local/cuda/compat", "535.261.03"}}));
  EXPECT_EQ(to_steps(with_compat(CompatMode::disabled), debian, {}), std::vector<Step>{});
}

TEST(ToSteps, compat_libraries_by_the_cuda_version_are_left_to_the_loader_in_both_modes) {
  ConfigureRequest request = bare();
  request.work.cuda_compat_cuda = "12.6";
  request.work.cuda_compat_root = "/usr/local/cuda/compat_orin";
  for (const CompatMode mode : {CompatMode::mount, CompatMode::ldconfig}) {
    request.compat = mode;
    EXPECT_EQ(to_steps(request, debian, {}),
              (std::vector<Step>{UpdateCache{.compat_root = "/usr/local/cuda/compat_orin",
                                             .compat_cuda = "12.6"}}));
  }
  request.compat = CompatMode::disabled;
  EXPECT_EQ(to_steps(request, debian, {}), std::vector<Step>{});
}

// Of a Tegra, as its old library did (jetson branch of libnvidia-container): names may be there
// twice, and plug-ins are looked for where they are.
TEST(ToSteps, libraries_may_stay_where_they_are) {
  ConfigureRequest request = bare();
  request.moves_libraries = false;
  request.edits.mounts = {{"/usr/lib/aarch64-linux-gnu/nvidia/libx.so",
                           "/usr/lib/aarch64-linux-gnu/nvidia/libx.so", file_options}};
  request.work.links = {{"libx.so", "/usr/lib/aarch64-linux-gnu/nvidia/libx.so.1"}};
  request.work.library_folders = {"/usr/lib/aarch64-linux-gnu/nvidia"};
  EXPECT_EQ(described(request, fedora),
            (Lines{"bind /usr/lib/aarch64-linux-gnu/nvidia/libx.so on "
                   "/usr/lib/aarch64-linux-gnu/nvidia/libx.so (ro,nosuid,nodev)",
                   "link /usr/lib/aarch64-linux-gnu/nvidia/libx.so.1 -> libx.so",
                   "update the loader's cache for /usr/lib/aarch64-linux-gnu/nvidia"}));
}

TEST(ToSteps, the_loaders_cache_is_left_alone_on_request) {
  ConfigureRequest request = with_compat(CompatMode::ldconfig);
  request.work.library_folders = {"/usr/lib64"};
  request.leave_loader_cache = true;
  EXPECT_EQ(to_steps(request, debian, {}), std::vector<Step>{});
}

TEST(ToSteps, links_come_after_everything_that_fails_more_easily) {
  ConfigureRequest request = with_compat(CompatMode::mount);
  request.edits.mounts = {{"/usr/lib64/libcuda.so.1.2", "/usr/lib64/libcuda.so.1.2", file_options}};
  request.edits.nodes = {{.path = "/dev/nvidia0", .major = 195}};
  request.work.links = {{"libcuda.so.1.2", "/usr/lib64/libcuda.so.1"}};
  request.work.library_folders = {"/usr/lib64"};
  std::vector<size_t> kinds;
  for (const Step& step : to_steps(request, {}, {})) kinds.push_back(step.index());
  EXPECT_EQ(kinds, (std::vector<size_t>{Step(BindMount{}).index(), Step(BindNode{}).index(),
                                        Step(AllowDevices{}).index(), Step(MakeLink{}).index(),
                                        Step(MountCompat{}).index(), Step(UpdateCache{}).index()}));
}

TEST(ToSteps, a_directory_of_nodes_is_bound_whole_and_devices_without_a_node_are_allowed) {
  ConfigureRequest request = bare();
  request.edits.mounts = {
      {"/dev/nvidia-caps", "/dev/nvidia-caps", {"nosuid", "noexec", "rbind", "rprivate"}}};
  request.edits.nodes = {{.path = "/dev/nvidia0", .major = 195}};
  request.edits.allowed = {{195, 0}, {511, 1}, {511, 3}};
  request.mknod_devices = true;
  const std::vector<Step> steps = to_steps(request, debian, {});
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0], Step(BindMount{"/dev/nvidia-caps", "/dev/nvidia-caps",
                                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, Source::anything}));
  const AllowDevices expected = {
      .rules = {{.type = sys::DeviceType::character, .major = 195, .minor = 0},
                {.type = sys::DeviceType::character, .major = 511, .minor = 1},
                {.type = sys::DeviceType::character, .major = 511, .minor = 3}}};
  EXPECT_EQ(steps[2], Step(expected));
}

}  // namespace
}  // namespace nvbox::apply
