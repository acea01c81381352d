#include "hook/chmod.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/make_host.h"

namespace nvbox::hook {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

TEST(Chmod, reads_octal_modes) {
  struct Row {
    std::string_view text;
    std::optional<mode_t> mode;
  };
  const Row rows[] = {
      {"755", 0755},         {"0644", 0644},     {"4755", 04755},       {"0", 0},
      {"888", std::nullopt}, {"", std::nullopt}, {"u+x", std::nullopt}, {"10000", std::nullopt},
      {"-1", std::nullopt}};
  for (const auto& [text, mode] : rows) {
    const Result<mode_t> parsed = parse_mode(text);
    EXPECT_EQ(parsed ? std::optional(*parsed) : std::nullopt, mode) << text;
  }
}

TEST(Chmod, changes_what_exists_through_links_inside_the_root) {
  const test::Host host(R"(
d /dev/dri
f /dev/dri/card0
l /dev/link -> /dri2
d /dri2
)");
  const std::vector<std::string> paths = {"/absent", "/dev/dri", "dev/dri/card0", "/dev/link"};
  const Result<> changed = change_modes(host.root(), paths, 0711, Log());
  ASSERT_TRUE(changed) << changed.error().message();
  EXPECT_EQ(mode_of(host.path() + "/dev/dri"), 0711U);
  EXPECT_EQ(mode_of(host.path() + "/dev/dri/card0"), 0711U);
  EXPECT_EQ(mode_of(host.path() + "/dri2"), 0711U);
}

TEST(Chmod, leaves_a_file_alone_that_has_the_mode) {
  const test::Host host("f /file\n");
  const std::string file = host.path() + "/file";
  const std::vector<std::string> paths = {"/file"};
  ASSERT_TRUE(change_modes(host.root(), paths, 0600, Log()));
  struct stat before {};
  ASSERT_EQ(stat(file.c_str(), &before), 0);
  ASSERT_TRUE(change_modes(host.root(), paths, 0600, Log()));
  struct stat after {};
  ASSERT_EQ(stat(file.c_str(), &after), 0);
  EXPECT_EQ(before.st_ctim.tv_sec, after.st_ctim.tv_sec);
  EXPECT_EQ(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
}

}  // namespace
}  // namespace nvbox::hook
