// Names and order of search are NVIDIA's (v1.20.0: pkg/nvcdi/driver-wsl.go); that the files of
// /usr/lib/wsl/lib are copies, and their SONAMEs, is in issues 8587 and 11229 of microsoft/WSL.
#include "driver/wsl.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "driver/discover.h"
#include "support/make_host.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view wsl = R"(
c /dev/dxg 10:125
so /usr/lib/wsl/lib/libdxcore.so libdxcore.so
so /usr/lib/wsl/lib/libcuda.so.1 libcuda.so.1
x /usr/lib/wsl/lib/nvidia-smi
so /usr/lib/wsl/drivers/iigd.inf/libigd.so libigd.so
)";

constexpr std::string_view store = R"(
so /usr/lib/wsl/drivers/nv.inf/libcuda.so.1.1 libcuda.so.1
so /usr/lib/wsl/drivers/nv.inf/libcuda_loader.so libcuda.so.1
so /usr/lib/wsl/drivers/nv.inf/libnvidia-ml.so.1 libnvidia-ml.so.1
so /usr/lib/wsl/drivers/nv.inf/libnvidia-ml_loader.so libnvidia-ml.so.1
so /usr/lib/wsl/drivers/nv.inf/libnvcuvid.so.1 libnvcuvid.so.1
f /usr/lib/wsl/drivers/nv.inf/nvcubins.bin
f /usr/lib/wsl/drivers/nv.inf/nvngx.dll
f /usr/lib/wsl/drivers/nv.inf/nv.cat
x /usr/lib/wsl/drivers/nv.inf/nvidia-smi
)";

Result<Inventory> discover_on(const test::Host& host, const Need& need) {
  const host::Root root = host.root();
  return discover({root, root, root}, {.machine = host::elf_machine_x86_64}, need);
}

Result<Inventory> discover_on(const std::string& text, const Need& need = {}) {
  return discover_on(test::Host(text), need);
}

std::vector<std::string> names_of(const Inventory& inventory) {
  std::vector<std::string> names;
  for (const Library& library : inventory.libraries) {
    names.push_back(library.path.substr(library.path.rfind('/') + 1));
  }
  for (const HostFile& file : inventory.files) {
    names.push_back(file.path.substr(file.path.rfind('/') + 1));
  }
  return names;
}

TEST(Wsl, has_one_device_and_the_files_of_the_driver_store) {
  const auto found = discover_on(cat(wsl, store));
  ASSERT_TRUE(found) << found.error().full_message();
  EXPECT_EQ(found->driver.kind, DriverKind::wsl);
  EXPECT_EQ(found->driver.version, "");
  ASSERT_EQ(found->gpus.size(), 1U);
  EXPECT_EQ(found->gpus[0].node->path, "/dev/dxg");
  EXPECT_EQ(found->gpus[0].node->minor, 125U);
  EXPECT_EQ(found->control, std::vector<HostDevice>{});
  EXPECT_EQ(found->problems, std::vector<Problem>{});
  EXPECT_EQ(names_of(*found),
            (std::vector<std::string>{"libcuda.so.1.1", "libcuda_loader.so", "libnvcuvid.so.1",
                                      "libnvidia-ml.so.1", "libnvidia-ml_loader.so", "libdxcore.so",
                                      "nvcubins.bin", "nvidia-smi", "nvngx.dll"}));
}

// Windows has no links; the loader asks libdxcore for the store before it loads the real library.
TEST(Wsl, gives_sonames_that_no_file_has_to_the_loaders) {
  const auto found = discover_on(cat(wsl, store));
  ASSERT_TRUE(found) << found.error().full_message();
  const std::string folder = "/usr/lib/wsl/drivers/nv.inf/";
  std::vector<HostLink> links = found->extra_links;
  for (const Library& library : found->libraries) {
    links.insert(links.end(), library.links.begin(), library.links.end());
  }
  EXPECT_EQ(links, (std::vector<HostLink>{
                       {folder + "nvidia-smi", "/usr/bin/nvidia-smi", Capabilities::utility},
                       {"libcuda_loader.so", folder + "libcuda.so.1", Capabilities::compute},
                       {"libcuda.so.1", folder + "libcuda.so", Capabilities::compute}}));
}

TEST(Wsl, looks_only_for_what_is_needed) {
  const auto utility = discover_on(cat(wsl, store), {.files = Capabilities::utility});
  ASSERT_TRUE(utility) << utility.error().full_message();
  EXPECT_EQ(names_of(*utility),
            (std::vector<std::string>{"libnvidia-ml.so.1", "libnvidia-ml_loader.so", "libdxcore.so",
                                      "nvidia-smi"}));
  const auto nodes = discover_on(cat(wsl, store), {.only_nodes = true});
  ASSERT_TRUE(nodes) << nodes.error().full_message();
  EXPECT_EQ(names_of(*nodes), std::vector<std::string>{});
}

TEST(Wsl, without_a_driver_store_is_an_error) {
  EXPECT_EQ(discover_on(std::string(wsl)).error().full_message(),
            "this is WSL, and no directory in /usr/lib/wsl/drivers has libcuda.so.1.1; install "
            "NVIDIA's driver for Windows, then run 'wsl --shutdown' there");
  EXPECT_EQ(discover_on("c /dev/dxg 10:125\n").error().full_message(),
            discover_on(std::string(wsl)).error().full_message());
}

TEST(Wsl, of_another_kind_of_machine_is_an_error) {
  const auto found = discover_on(cat(wsl,
                                     "so /usr/lib/wsl/drivers/nv.inf/libcuda.so.1.1 "
                                     "libcuda.so.1 aarch64\n"));
  EXPECT_EQ(found.error().full_message(),
            "the driver store is not for this machine: /usr/lib/wsl/drivers/nv.inf/libcuda.so.1.1 "
            "is for ELF machine 183, and x86_64 needs 64-bit files for machine 62; install "
            "NVIDIA's driver for Windows on x86_64");
}

// Windows keeps former drivers.
class Stores : public testing::Test {
 protected:
  // Of the stores "a" and "b" which is used, and why.
  std::string taken() {
    const auto found = discover_on(host_, {});
    if (!found) return found.error().full_message();
    return found->problems.size() == 1 ? found->problems.front().text : "no problem";
  }

  void set_age(const std::string& path, int hours) {
    const std::string file = host_.path() + path;
    std::filesystem::last_write_time(
        file, std::filesystem::last_write_time(file) - std::chrono::hours(hours));
  }

  test::Host host_{cat(wsl,
                       "so /usr/lib/wsl/drivers/a/libcuda.so.1.1 libcuda.so.1\n"
                       "x /usr/lib/wsl/drivers/a/nvidia-smi\n"
                       "so /usr/lib/wsl/drivers/b/libcuda.so.1.1 libcuda.so.1\n"
                       "so /usr/lib/wsl/drivers/b/libcuda_loader.so libcuda.so.1\n"
                       "x /usr/lib/wsl/drivers/b/nvidia-smi\n")};
};

TEST_F(Stores, are_told_apart_by_what_is_in_the_directory_of_libraries) {
  EXPECT_EQ(taken(),
            "2 directories in /usr/lib/wsl/drivers have libcuda.so.1.1; /usr/lib/wsl/drivers/b is "
            "used, which /usr/lib/wsl/lib was filled from");
  set_age("/usr/lib/wsl/drivers/b/nvidia-smi", 1);
  set_age("/usr/lib/wsl/drivers/b/libcuda_loader.so", 1);
  EXPECT_EQ(taken(),
            "2 directories in /usr/lib/wsl/drivers have libcuda.so.1.1; /usr/lib/wsl/drivers/a is "
            "used, which /usr/lib/wsl/lib was filled from");
}

TEST_F(Stores, of_equal_rank_are_taken_by_age) {
  for (const char* file : {"/usr/lib/wsl/lib/nvidia-smi", "/usr/lib/wsl/lib/libcuda.so.1"}) {
    set_age(file, 1);
  }
  set_age("/usr/lib/wsl/drivers/a/libcuda.so.1.1", 1);
  EXPECT_TRUE(taken().ends_with("/usr/lib/wsl/drivers/b is used, which is the newest")) << taken();
  set_age("/usr/lib/wsl/drivers/b/libcuda.so.1.1", 2);
  EXPECT_TRUE(taken().ends_with("/usr/lib/wsl/drivers/a is used, which is the newest")) << taken();
}

}  // namespace
}  // namespace nvbox::driver
