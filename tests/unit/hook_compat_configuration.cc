#include "hook/cuda_compat.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "hook/create_container.h"
#include "hook/update_ld_cache.h"
#include "host/ld_cache.h"
#include "support/elf_stub.h"
#include "support/make_host.h"

namespace nvbox::hook {
namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view compat_root = "/usr/local/cuda/compat";
constexpr const char* own_file = "/etc/ld.so.conf.d/00-compat.conf";
constexpr std::string_view note =
    R"({"format":1,"CUDA version":"12.9","driver":[570],"device":[1]})";

// A Debian with newer libraries for CUDA than a driver 570 has.
class Image {
 public:
  Image()
      : host_(R"(
f /etc/debian_version
f /etc/ld.so.conf <<EOF
include /etc/ld.so.conf.d/*.conf
EOF
d /etc/ld.so.conf.d
l /lib64 -> usr/lib64
so /usr/lib64/ld-linux-x86-64.so.2 ld-linux-x86-64.so.2
so /usr/lib/x86_64-linux-gnu/libcuda.so.570.86 libcuda.so.1
l /usr/lib/x86_64-linux-gnu/libcuda.so.1 -> libcuda.so.570.86
so /opt/driver/libcuda.so.570.86 libcuda.so.1
l /opt/driver/libcuda.so.1 -> libcuda.so.570.86
d /usr/local/cuda-12/compat
l /usr/local/cuda -> cuda-12
)") {
    std::ofstream(host_.path() + "/usr/local/cuda-12/compat/libcuda.so.575.57.08", std::ios::binary)
        << test::elf_image({.soname = "libcuda.so.1", .note = test::cuda_note(note)});
  }

  host::Root root() const { return host_.root(); }

  void put(const std::string& file, std::string_view text) const {
    std::ofstream(host_.path() + file) << text;
  }

  std::string read(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream(host_.path() + file).rdbuf();
    return text.str();
  }

  void enable(const std::string& driver_version) const {
    const auto done =
        enable_cuda_compat(root(), {.driver_version = driver_version}, compat_root, Log());
    EXPECT_TRUE(done) << done.error().message();
  }

  // Where the loader then finds libcuda.so.1.
  std::string libcuda_after_update(const Strings& folders) const {
    const Result<> done = update_ld_cache(root(), folders, "", Log());
    EXPECT_TRUE(done) << done.error().message();
    const auto cache = host::parse_ld_cache(read("/etc/ld.so.cache"));
    EXPECT_TRUE(cache);
    for (const host::LdCacheEntry& entry : cache->entries) {
      if (entry.name == "libcuda.so.1") return entry.path;
    }
    return "";
  }

 private:
  test::Host host_;
};

TEST(CompatConfiguration, names_the_resolved_directory_in_one_file_for_all_starts) {
  const Image image;
  image.enable("570.211.01");
  EXPECT_EQ(image.read(own_file), "/usr/local/cuda-12/compat\n");
  image.enable("570.211.01");
  EXPECT_EQ(image.root().list("/etc/ld.so.conf.d").value(), Strings{"00-compat.conf"});
}

TEST(CompatConfiguration, goes_when_the_libraries_are_not_wanted_any_more) {
  const Image image;
  image.enable("570.211.01");
  image.enable("580.10");
  EXPECT_EQ(image.root().list("/etc/ld.so.conf.d").value(), Strings{});
  image.enable("580.10");
}

TEST(CompatConfiguration, comes_before_the_drivers_folders_in_the_cache_and_leaves_it_again) {
  const Image image;
  const Strings folders = {"/opt/driver", "/usr/lib/x86_64-linux-gnu"};
  const std::string driver = "/opt/driver/libcuda.so.1";
  const std::string compat = "/usr/local/cuda-12/compat/libcuda.so.1";
  EXPECT_EQ(image.libcuda_after_update(folders), driver);
  image.enable("570.211.01");
  EXPECT_EQ(image.libcuda_after_update(folders), compat);
  EXPECT_EQ(image.libcuda_after_update(folders), compat);
  image.enable("580.10");
  EXPECT_EQ(image.libcuda_after_update(folders), driver);
}

// Hooks of another specification may follow the one that does everything.
TEST(CompatConfiguration, of_the_whole_work_is_told_to_later_hooks) {
  const Image image;
  const auto host = host::Root::open("/");
  const spec::ContainerWork work = {.library_folders = {"/opt/driver"},
                                    .cuda_compat_driver = "570.211.01",
                                    .cuda_compat_root = std::string(compat_root)};
  const auto done = create_container(*host, image.root(), work, Log());
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(image.libcuda_after_update({"/usr/lib/x86_64-linux-gnu"}),
            "/usr/local/cuda-12/compat/libcuda.so.1");
}

TEST(CompatConfiguration, of_the_peers_hook_counts_as_well) {
  const Image image;
  image.put("/etc/ld.so.conf.d/00-compat-3c0f.conf", "/usr/local/cuda-12/compat\n");
  image.put("/etc/ld.so.conf.d/00-compatible", "/opt/other\n");
  image.put("/etc/ld.so.conf.d/libc.conf", "/opt/other\n");
  EXPECT_EQ(enabled_compat_folders(image.root(), Log()), Strings{"/usr/local/cuda-12/compat"});
  EXPECT_EQ(image.libcuda_after_update({"/opt/driver"}), "/usr/local/cuda-12/compat/libcuda.so.1");
}

// NVIDIA's toolkit writes one file with one folder at every start; a container that lasts has many
// of them.
TEST(CompatConfiguration, of_many_folders_each_counts_once_and_sixty_four_in_all) {
  const Image image;
  std::string lines;
  for (int folder = 0; folder < 100; ++folder) lines += "/opt/" + std::to_string(folder) + "\n";
  for (int file = 0; file < 3; ++file) {
    image.put("/etc/ld.so.conf.d/00-compat-" + std::to_string(file) + ".conf", "/opt/a\n/opt/b\n");
  }
  EXPECT_EQ(enabled_compat_folders(image.root(), Log()), (Strings{"/opt/a", "/opt/b"}));
  image.put("/etc/ld.so.conf.d/00-compat-9.conf", lines);
  EXPECT_EQ(enabled_compat_folders(image.root(), Log()).size(), 64U);
}

}  // namespace
}  // namespace nvbox::hook
