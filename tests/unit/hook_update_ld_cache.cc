#include "hook/update_ld_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "host/ld_cache.h"
#include "support/make_host.h"

namespace nvbox::hook {
namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view title =
    "# GPU driver libraries, written by nvbox at every start of this container\n";

class Container {
 public:
  explicit Container(std::string_view text) : host_(text) {}

  const std::string& path() const { return host_.path(); }

  // Gives the image a cache with these entries: name, path, name, path, ...
  Container& with_cache(const Strings& names_and_paths) {
    std::vector<host::LdCacheEntry> entries;
    for (size_t index = 0; index < names_and_paths.size(); index += 2) {
      entries.push_back(
          {.name = names_and_paths[index], .path = names_and_paths[index + 1], .flags = 0x303});
    }
    write("/etc/ld.so.cache", host::write_ld_cache(entries, "image"));
    return *this;
  }

  void write(const std::string& file, std::string_view text) const {
    std::filesystem::create_directories(std::filesystem::path(path() + file).parent_path());
    std::ofstream(path() + file, std::ios::binary) << text;
  }

  std::string read(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream(path() + file, std::ios::binary).rdbuf();
    return text.str();
  }

  Result<> update(const Strings& folders, const std::string& compat_folder = "",
                  const std::string& below = "") {
    Log log;
    log.add(LogFormat::text, [&](std::string_view line) { log_ += line; });
    return update_ld_cache(host_.root(below), folders, compat_folder, log);
  }

  // "name => path" in the order of the file.
  Strings cache() const {
    const auto parsed = host::parse_ld_cache(read("/etc/ld.so.cache"));
    EXPECT_TRUE(parsed);
    Strings lines;
    for (const host::LdCacheEntry& entry : parsed->entries) {
      lines.push_back(entry.name + " => " + entry.path);
    }
    return lines;
  }

  bool exists(const std::string& file) const {
    return std::filesystem::exists(std::filesystem::symlink_status(path() + file));
  }

  std::string link(const std::string& file) const {
    return std::filesystem::read_symlink(path() + file);
  }

  const std::string& log() const { return log_; }

 private:
  test::Host host_;
  std::string log_;
};

constexpr std::string_view debian = R"(
f /etc/debian_version
f /etc/ld.so.conf <<EOF
include /etc/ld.so.conf.d/*.conf
EOF
f /etc/ld.so.conf.d/libc.conf <<EOF
/usr/local/lib
EOF
l /lib -> usr/lib
l /lib64 -> usr/lib64
so /usr/lib64/ld-linux-x86-64.so.2 ld-linux-x86-64.so.2
so /usr/lib/x86_64-linux-gnu/libz.so.1.2.13 libz.so.1
l /usr/lib/x86_64-linux-gnu/libz.so.1 -> libz.so.1.2.13
so /usr/lib/x86_64-linux-gnu/libcuda.so.570.86 libcuda.so.1
l /usr/lib/x86_64-linux-gnu/libcuda.so.1 -> libcuda.so.570.86
l /usr/lib/x86_64-linux-gnu/libcuda.so -> libcuda.so.1
so /usr/lib/x86_64-linux-gnu/libnvidia-glcore.so.570.86 libnvidia-glcore.so.570.86
)";

// The longest lines of its cache.
constexpr const char* glcore =
    "libnvidia-glcore.so.570.86 => /lib/x86_64-linux-gnu/libnvidia-glcore.so.570.86";
constexpr const char* usr_glcore =
    "libnvidia-glcore.so.570.86 => /usr/lib/x86_64-linux-gnu/libnvidia-glcore.so.570.86";

const Strings debian_folder = {"/usr/lib/x86_64-linux-gnu"};

TEST(UpdateLdCache, adds_new_libraries_to_the_cache_of_the_image) {
  Container container(debian);
  container.with_cache({"libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1"});
  ASSERT_TRUE(container.update(debian_folder));
  EXPECT_EQ(container.cache(), (Strings{"libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1", glcore,
                                        "libcuda.so.1 => /lib/x86_64-linux-gnu/libcuda.so.1",
                                        "libcuda.so => /lib/x86_64-linux-gnu/libcuda.so"}));
  EXPECT_FALSE(container.exists("/etc/ld.so.conf.d/00-nvbox.conf"));
  EXPECT_EQ(container.log(), "");
}

TEST(UpdateLdCache, a_second_start_changes_nothing) {
  Container container(debian);
  container.with_cache({"libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1"});
  std::filesystem::create_directories(container.path() + "/opt/nv");
  ASSERT_TRUE(container.update({"/opt/nv", debian_folder[0]}));
  struct stat before[2];
  struct stat after[2];
  const std::string files[] = {container.path() + "/etc/ld.so.cache",
                               container.path() + "/etc/ld.so.conf.d/00-nvbox.conf"};
  for (int index = 0; index < 2; ++index) ASSERT_EQ(stat(files[index].c_str(), &before[index]), 0);
  ASSERT_TRUE(container.update({"/opt/nv", debian_folder[0]}));
  for (int index = 0; index < 2; ++index) {
    ASSERT_EQ(stat(files[index].c_str(), &after[index]), 0);
    EXPECT_EQ(before[index].st_ino, after[index].st_ino);
  }
}

TEST(UpdateLdCache, a_new_library_wins_over_one_baked_into_the_image) {
  Container container(debian);
  container.with_cache({"libcuda.so.1", "/usr/local/lib/libcuda.so.1"});
  ASSERT_TRUE(container.update(debian_folder));
  EXPECT_EQ(container.cache(),
            (Strings{"libz.so.1 => /usr/lib/x86_64-linux-gnu/libz.so.1", usr_glcore,
                     "libcuda.so.1 => /usr/lib/x86_64-linux-gnu/libcuda.so.1",
                     "libcuda.so.1 => /usr/local/lib/libcuda.so.1",
                     "libcuda.so => /usr/lib/x86_64-linux-gnu/libcuda.so"}));
}

TEST(UpdateLdCache, the_image_may_prefer_its_own_build_of_a_library) {
  Container container(debian);
  container.with_cache({"libz.so.1", "/usr/local/lib/libz.so.1",  //
                        "libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1"});
  ASSERT_TRUE(container.update(debian_folder));
  const Strings cache = container.cache();
  EXPECT_EQ(Strings(cache.begin(), cache.begin() + 2),
            (Strings{"libz.so.1 => /usr/local/lib/libz.so.1",
                     "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1"}));
}

TEST(UpdateLdCache, folders_that_the_image_does_not_configure_lead_and_are_configured) {
  Container container(R"(
so /lib64/ld-linux-x86-64.so.2 ld-linux-x86-64.so.2
so /opt/nv/libcuda.so.570.86 libcuda.so.1
so /opt/compat/libcuda.so.575.57 libcuda.so.1
)");
  container.with_cache({"libcuda.so.1", "/usr/lib64/libcuda.so.1"});
  ASSERT_TRUE(container.update({"/opt/nv", "/opt/missing"}, "/opt/compat"));
  EXPECT_EQ(container.cache(), (Strings{"libcuda.so.1 => /opt/compat/libcuda.so.1",
                                        "libcuda.so.1 => /opt/nv/libcuda.so.1",
                                        "libcuda.so.1 => /usr/lib64/libcuda.so.1"}));
  EXPECT_EQ(container.read("/etc/ld.so.conf.d/00-nvbox.conf"),
            std::string(title) + "/opt/compat\n/opt/nv\n");
  EXPECT_EQ(container.read("/etc/ld.so.conf"), "include /etc/ld.so.conf.d/*.conf\n");
}

TEST(UpdateLdCache, compatibility_libraries_of_an_earlier_start_do_not_stay) {
  Container container(debian);
  container.write("/opt/compat/libcuda.so.575.57", test::elf_of("libcuda.so.1", "x86_64"));
  container.with_cache({});
  ASSERT_TRUE(container.update(debian_folder, "/opt/compat"));
  ASSERT_TRUE(container.update(debian_folder));
  EXPECT_EQ(container.cache(),
            (Strings{"libz.so.1 => /usr/lib/x86_64-linux-gnu/libz.so.1", usr_glcore,
                     "libcuda.so.1 => /usr/lib/x86_64-linux-gnu/libcuda.so.1",
                     "libcuda.so => /usr/lib/x86_64-linux-gnu/libcuda.so"}));
  EXPECT_EQ(container.read("/etc/ld.so.conf.d/00-nvbox.conf"), title);
}

TEST(UpdateLdCache, a_configured_compatibility_folder_falls_back_behind_the_driver) {
  Container container(debian);
  container.write("/etc/ld.so.conf.d/zz.conf", "/opt/compat\n");
  container.write("/opt/compat/libcuda.so.575.57", test::elf_of("libcuda.so.1", "x86_64"));
  container.with_cache({});
  ASSERT_TRUE(container.update(debian_folder, "/opt/compat"));
  const Strings with_compat = container.cache();
  ASSERT_TRUE(container.update(debian_folder));
  const Strings without = container.cache();
  EXPECT_EQ(Strings(with_compat.begin() + 2, with_compat.begin() + 4),
            (Strings{"libcuda.so.1 => /opt/compat/libcuda.so.1",
                     "libcuda.so.1 => /usr/lib/x86_64-linux-gnu/libcuda.so.1"}));
  EXPECT_EQ(Strings(without.begin() + 2, without.begin() + 4),
            (Strings{"libcuda.so.1 => /usr/lib/x86_64-linux-gnu/libcuda.so.1",
                     "libcuda.so.1 => /opt/compat/libcuda.so.1"}));
}

TEST(UpdateLdCache, libraries_that_are_gone_leave_the_cache) {
  Container container(debian);
  container.with_cache({"libnvidia-old.so.1", "/lib/x86_64-linux-gnu/libnvidia-old.so.1",  //
                        "libother.so.1", "/usr/local/lib/libother.so.1",                   //
                        "libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1"});
  ASSERT_TRUE(container.update(debian_folder));
  EXPECT_EQ(container.cache(), (Strings{"libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1",
                                        "libother.so.1 => /usr/local/lib/libother.so.1", glcore,
                                        "libcuda.so.1 => /lib/x86_64-linux-gnu/libcuda.so.1",
                                        "libcuda.so => /lib/x86_64-linux-gnu/libcuda.so"}));
}

TEST(UpdateLdCache, makes_missing_soname_links_and_replaces_no_file) {
  Container container(R"(
so /lib64/ld-linux-x86-64.so.2 ld-linux-x86-64.so.2
so /usr/lib64/libnvidia-egl-gbm.so.1.1.0 libnvidia-egl-gbm.so.1
so /usr/lib64/libnvidia-egl-gbm.so.1.1.2 libnvidia-egl-gbm.so.1
so /usr/lib64/libdangling.so.2.0 libdangling.so.2
l /usr/lib64/libdangling.so.2 -> libdangling.so.1.0
so /usr/lib64/libfile.so.3.0 libfile.so.3
f /usr/lib64/libfile.so.3 <<EOF
not a library
EOF
)");
  container.with_cache({});
  ASSERT_TRUE(container.update({"/usr/lib64"}));
  EXPECT_EQ(container.link("/usr/lib64/libnvidia-egl-gbm.so.1"), "libnvidia-egl-gbm.so.1.1.2");
  EXPECT_EQ(container.link("/usr/lib64/libdangling.so.2"), "libdangling.so.2.0");
  EXPECT_EQ(container.read("/usr/lib64/libfile.so.3"), "not a library\n");
  EXPECT_EQ(container.cache(),
            (Strings{"libnvidia-egl-gbm.so.1 => /usr/lib64/libnvidia-egl-gbm.so.1",
                     "libfile.so.3 => /usr/lib64/libfile.so.3",
                     "libdangling.so.2 => /usr/lib64/libdangling.so.2"}));
}

TEST(UpdateLdCache, without_a_cache_all_configured_directories_are_searched) {
  Container container(debian);
  container.write("/usr/local/lib/libz.so.1", test::elf_of("libz.so.1", "x86_64"));
  container.write("/usr/local/lib/libonly.so.2.0", test::elf_of("libonly.so.2", "i386"));
  container.write("/usr/lib/x86_64-linux-gnu/libscript.so", "GROUP ( libscript.so.1 )\n");
  container.write("/usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libz.so.1.2.13",
                  test::elf_of("libz.so.1", "x86_64"));
  container.write("/opt/nv/libcuda.so.1", test::elf_of("libcuda.so.1", "x86_64"));
  ASSERT_TRUE(container.update({"/opt/nv", debian_folder[0]}));
  EXPECT_EQ(container.cache(),
            (Strings{"libz.so.1 => /lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libz.so.1.2.13",
                     "libz.so.1 => /usr/local/lib/libz.so.1",
                     "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1",
                     "libonly.so.2 => /usr/local/lib/libonly.so.2.0", glcore,
                     "libcuda.so.1 => /opt/nv/libcuda.so.1",
                     "libcuda.so.1 => /lib/x86_64-linux-gnu/libcuda.so.1",
                     "libcuda.so => /lib/x86_64-linux-gnu/libcuda.so"}));
  // Only the folders with injected libraries get links.
  EXPECT_FALSE(container.exists("/usr/local/lib/libonly.so.2"));
}

// glibc has three such directories for x86-64 (sysdeps/x86_64/dl-hwcaps_subdirs.c). Links show one
// and the same hundred in every library directory.
TEST(UpdateLdCache, directories_for_processors_are_bounded_in_all) {
  std::string tree(debian);
  for (int sub = 0; sub < 100; ++sub) {
    tree += "so /hwcaps/s" + std::to_string(sub) + "/libx.so.1 libx.so.1\n";
  }
  std::string configuration;
  for (int directory = 0; directory < 20; ++directory) {
    const std::string path = "/opt/d" + std::to_string(directory);
    tree += "l " + path + "/glibc-hwcaps -> /hwcaps\n";
    configuration += path + "\n";
  }
  Container container(tree);
  container.write("/etc/ld.so.conf.d/many.conf", configuration);
  ASSERT_TRUE(container.update(debian_folder));
  EXPECT_EQ(
      std::ranges::count_if(container.cache(),
                            [](std::string_view line) { return line.contains("/glibc-hwcaps/"); }),
      1024);
}

TEST(UpdateLdCache, a_broken_cache_is_made_anew) {
  Container container(debian);
  container.write("/etc/ld.so.cache", "nonsense");
  ASSERT_TRUE(container.update(debian_folder));
  EXPECT_EQ(container.cache().size(), 4U);
  EXPECT_TRUE(container.log().contains("/etc/ld.so.cache: not a loader cache; making a new one"));
}

TEST(UpdateLdCache, a_cache_that_is_huge_or_no_file_is_replaced) {
  Container huge(debian);
  huge.write("/etc/ld.so.cache", "");
  std::filesystem::resize_file(huge.path() + "/etc/ld.so.cache", std::uintmax_t{8} << 30);
  ASSERT_TRUE(huge.update(debian_folder));
  EXPECT_EQ(huge.cache().size(), 4U);
  Container fifo(debian);
  ASSERT_EQ(mkfifo((fifo.path() + "/etc/ld.so.cache").c_str(), 0644), 0);
  ASSERT_TRUE(fifo.update(debian_folder));
  EXPECT_EQ(fifo.cache().size(), 4U);
}

TEST(UpdateLdCache, a_directory_in_the_place_of_the_cache_is_an_error) {
  Container container(debian);
  std::filesystem::create_directories(container.path() + "/etc/ld.so.cache");
  EXPECT_EQ(container.update(debian_folder).error().code(), EISDIR);
}

TEST(UpdateLdCache, nothing_outside_the_root_is_changed) {
  constexpr std::string_view links[] = {
      "l /container/etc/ld.so.cache -> ../../outside/canary\nd /container/usr/lib64\n",
      "l /container/etc/ld.so.conf -> ../../outside/canary\nd /container/usr/lib64\n",
      "l /container/etc/ld.so.conf.d -> ../../outside\nd /container/usr/lib64\n",
      "l /container/etc -> ../outside\nd /container/usr/lib64\n",
      "l /container/usr/lib64 -> ../../outside\n",
      "l /container/usr/lib64/libx.so.1 -> ../../../outside/libx.so.1.0\n",
  };
  for (const std::string_view link : links) {
    Container tree(std::string(link) + R"(
f /outside/canary <<EOF
include /outside/*
EOF
so /outside/libx.so.1.0 libx.so.1
so /container/lib64/ld-linux-x86-64.so.2 ld-linux-x86-64.so.2
)");
    static_cast<void>(tree.update({"/usr/lib64", "/outside"}, "", "/container"));
    EXPECT_EQ(tree.read("/outside/canary"), "include /outside/*\n");
    Strings names;
    for (const auto& entry : std::filesystem::directory_iterator(tree.path() + "/outside")) {
      names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    EXPECT_EQ(names, (Strings{"canary", "libx.so.1.0"})) << link;
  }
}

TEST(UpdateLdCache, sonames_that_are_no_file_names_are_left_out) {
  Container container(R"(
so /lib64/ld-linux-x86-64.so.2 ld-linux-x86-64.so.2
so /usr/lib64/libevil.so.1.0 ../../etc/libevil.so.1
)");
  container.with_cache({});
  ASSERT_TRUE(container.update({"/usr/lib64"}));
  EXPECT_EQ(container.cache(), Strings{});
  EXPECT_FALSE(container.exists("/etc/libevil.so.1"));
}

TEST(UpdateLdCache, what_must_not_be_written_is_a_warning) {
  // Nobody may make files in /sys, not even root.
  Log log;
  std::string lines;
  log.add(LogFormat::text, [&](std::string_view line) { lines += line; });
  EXPECT_TRUE(update_ld_cache(host::Root::open("/sys").value(), debian_folder, "", log));
  EXPECT_TRUE(lines.contains("level=warning msg=\"update the loader's cache: write"));
}

constexpr std::string_view alpine = R"(
f /etc/alpine-release
x /lib/ld-musl-x86_64.so.1
d /usr/lib64
d /usr/local/cuda/compat
)";

TEST(UpdateLdCache, musl_gets_a_path_file_with_its_own_defaults) {
  Container container(alpine);
  ASSERT_TRUE(container.update({"/usr/lib64", "/usr/lib"}, "/usr/local/cuda/compat"));
  EXPECT_EQ(container.read("/etc/ld-musl-x86_64.path"),
            "/usr/local/cuda/compat\n/lib\n/usr/local/lib\n/usr/lib\n/usr/lib64\n");
  EXPECT_FALSE(container.exists("/etc/ld.so.cache"));
  EXPECT_FALSE(container.exists("/etc/ld.so.conf"));
}

// musl takes an empty file for no directory at all. It is what stays of a renamed file whose
// content was not on the disk when the power went.
TEST(UpdateLdCache, an_empty_musl_path_file_counts_as_none) {
  Container container(alpine);
  container.write("/etc/ld-musl-x86_64.path", "");
  ASSERT_TRUE(container.update({"/usr/lib64"}));
  EXPECT_EQ(container.read("/etc/ld-musl-x86_64.path"),
            "/lib\n/usr/local/lib\n/usr/lib\n/usr/lib64\n");
}

TEST(UpdateLdCache, lines_of_a_musl_path_file_are_kept_and_never_doubled) {
  Container container(alpine);
  container.write("/etc/ld-musl-x86_64.path", "/opt/a:/usr/lib64/\n/opt/b");
  ASSERT_TRUE(container.update({"/usr/lib64", "/opt/nv"}));
  ASSERT_TRUE(container.update({"/usr/lib64", "/opt/nv"}));
  EXPECT_EQ(container.read("/etc/ld-musl-x86_64.path"), "/opt/a:/usr/lib64/\n/opt/b\n/opt/nv\n");
}

TEST(UpdateLdCache, musl_gets_no_more_compatibility_folders_than_count) {
  Container container(alpine);
  std::string lines;
  for (int folder = 0; folder < 5000; ++folder) lines += "/opt/" + std::to_string(folder) + "\n";
  container.write("/etc/ld.so.conf.d/00-compat-1.conf", lines);
  ASSERT_TRUE(container.update({"/usr/lib64"}));
  const std::string path = container.read("/etc/ld-musl-x86_64.path");
  // 64 of them, its own three and the driver's.
  EXPECT_EQ(std::ranges::count(path, '\n'), 64 + 3 + 1);
}

TEST(UpdateLdCache, musl_needs_no_path_file_for_its_default_directories) {
  Container container(alpine);
  ASSERT_TRUE(container.update({"/usr/lib"}));
  EXPECT_FALSE(container.exists("/etc/ld-musl-x86_64.path"));
}

TEST(UpdateLdCache, musl_beside_glibc_is_left_alone_unless_the_image_is_alpine) {
  Container with_musl(std::string(debian) + "x /usr/lib/ld-musl-x86_64.so.1\n");
  ASSERT_TRUE(with_musl.update(debian_folder));
  EXPECT_FALSE(with_musl.exists("/etc/ld-musl-x86_64.path"));
  EXPECT_TRUE(with_musl.exists("/etc/ld.so.cache"));
  Container gcompat(std::string(alpine) + "x /lib64/ld-linux-x86-64.so.2\n");
  ASSERT_TRUE(gcompat.update({"/usr/lib64"}));
  EXPECT_TRUE(gcompat.exists("/etc/ld-musl-x86_64.path"));
  EXPECT_TRUE(gcompat.exists("/etc/ld.so.cache"));
}

}  // namespace
}  // namespace nvbox::hook
