// What decides is NVIDIA's (v1.20.0: pkg/nvlib/info/property-extractor.go of the vendored go-nvlib,
// and resolver.go beside it), with the names of GPUs read from files instead of asked of NVML.
#include "driver/platform.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/make_host.h"

namespace nvbox::driver {
namespace {

DriverKind kind_of(std::string_view text) {
  const test::Host host(text);
  const host::Root root = host.root();
  return platform_of({root, root, root}, read_version_file(root));
}

constexpr std::string_view release = "f /etc/nv_tegra_release\n";

// A GPU as the driver lists it.
std::string gpu(std::string_view address, std::string_view model) {
  return "f /proc/driver/nvidia/gpus/" + std::string(address) + "/information <<EOF\nModel: \t\t " +
         std::string(model) + "\nDevice Minor: \t 0\nEOF\n";
}

std::string with_release(const std::string& more) {
  return std::string(release) + more;
}

// WSL's kernel has Microsoft's dxgkrnl and no module of NVIDIA's (NVIDIA's toolkit dlopens
// libdxcore, which opens that node).
TEST(Platform, of_wsl_is_where_windows_lends_its_gpus) {
  EXPECT_EQ(kind_of("c /dev/dxg 10:125\n"), DriverKind::wsl);
  EXPECT_EQ(kind_of("c /dev/dxg 10:125\n" + with_release("")), DriverKind::wsl);
  EXPECT_EQ(kind_of("c /dev/dxg 10:125\nf /proc/driver/nvidia/version\n"), DriverKind::dgpu);
}

TEST(Platform, of_a_host_without_files_of_tegra_is_the_usual_one) {
  EXPECT_EQ(kind_of(""), DriverKind::dgpu);
  EXPECT_EQ(kind_of("d /etc/nv_tegra_release\n"), DriverKind::dgpu) << "it has to be a file";
  EXPECT_EQ(kind_of("f /sys/devices/soc0/family <<EOF\nSnapdragon\nEOF\n"), DriverKind::dgpu);
  EXPECT_EQ(kind_of("c /dev/nvhost-gpu 505:1\n"), DriverKind::dgpu);
  EXPECT_EQ(kind_of(gpu("0000:01:00.0", "NVIDIA GB10")), DriverKind::dgpu);
}

TEST(Platform, of_a_driver_for_x86_is_not_looked_at) {
  constexpr std::string_view version =
      "f /proc/driver/nvidia/version <<EOF\nNVRM version: NVIDIA UNIX x86_64 Kernel Module  "
      "535.1\nEOF\n";
  EXPECT_EQ(kind_of(with_release(std::string(version))), DriverKind::dgpu);
}

TEST(Platform, is_tegra_by_the_release_or_by_the_family_of_the_chip) {
  EXPECT_EQ(kind_of(release), DriverKind::tegra);
  EXPECT_EQ(kind_of("f /sys/devices/soc0/family <<EOF\nTegra\nEOF\n"), DriverKind::tegra);
  EXPECT_EQ(kind_of("f /sys/devices/soc0/family <<EOF\ntegra194\nEOF\n"), DriverKind::tegra);
}

TEST(Platform, is_tegra_beside_a_card_as_long_as_the_integrated_gpu_is_there) {
  const std::string card = gpu("0005:09:00.0", "NVIDIA RTX A6000");
  EXPECT_EQ(kind_of(with_release(card + "c /dev/nvgpu/igpu0/as 10:1\n")), DriverKind::tegra);
  EXPECT_EQ(kind_of(with_release(card + "c /dev/nvhost-gpu 505:1\n")), DriverKind::tegra);
  EXPECT_EQ(kind_of(with_release(card + gpu("0000:01:00.0", "NVIDIA Thor"))), DriverKind::tegra);
  EXPECT_EQ(kind_of(with_release(gpu("0000:00:00.0", "Orin (nvgpu)"))), DriverKind::tegra);
}

TEST(Platform, is_the_usual_one_where_cards_are_all_there_is) {
  EXPECT_EQ(kind_of(with_release(gpu("0005:09:00.0", "NVIDIA RTX A6000"))), DriverKind::dgpu);
  EXPECT_EQ(kind_of(with_release("d /proc/driver/nvidia/gpus/0005:09:00.0\n")), DriverKind::dgpu)
      << "a GPU that cannot be read is none of nvgpu's";
}

}  // namespace
}  // namespace nvbox::driver
