#include "hook/create_symlinks.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "support/make_host.h"

namespace nvbox::hook {
namespace {

std::string link_text(const test::Host& host, const std::string& link) {
  return std::filesystem::read_symlink(host.path() + link);
}

TEST(CreateSymlinks, makes_links_and_the_directories_they_need) {
  const test::Host container("f /usr/lib/libcuda.so\n");
  const std::vector<spec::Link> links = {{"libcuda.so.1", "/usr/lib/libcuda.so"},
                                         {"../../opt/x", "/new/directory/link"}};
  ASSERT_TRUE(create_symlinks(container.root(), links));
  EXPECT_EQ(link_text(container, "/usr/lib/libcuda.so"), "libcuda.so.1");
  EXPECT_EQ(link_text(container, "/new/directory/link"), "../../opt/x");
}

TEST(CreateSymlinks, a_second_run_changes_nothing) {
  const test::Host container("d /usr/lib\n");
  const std::vector<spec::Link> links = {{"libcuda.so.1", "/usr/lib/libcuda.so"}};
  ASSERT_TRUE(create_symlinks(container.root(), links));
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(lstat((container.path() + "/usr/lib/libcuda.so").c_str(), &before), 0);
  ASSERT_TRUE(create_symlinks(container.root(), links));
  ASSERT_EQ(lstat((container.path() + "/usr/lib/libcuda.so").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

// symlink(2): "ENOENT ... target is the empty string".
TEST(CreateSymlinks, an_empty_text_is_an_error) {
  const test::Host container("f /etc/hosts\n");
  for (const char* link : {"/b", "/etc/hosts"}) {
    const std::vector<spec::Link> links = {{"", link}};
    const Result<> made = create_symlinks(container.root(), links);
    ASSERT_FALSE(made) << link;
    EXPECT_EQ(made.error().code(), ENOENT);
  }
}

TEST(CreateSymlinks, links_never_leave_the_root) {
  const test::Host container(R"(
d /container/usr
d /container/outside
d /outside
l /container/usr/lib -> ../../../../../../outside
l /container/absolute -> /outside
)");
  const std::vector<spec::Link> links = {
      {"a", "/usr/lib/one"}, {"b", "/absolute/two"}, {"c", "/../../outside/three"}};
  ASSERT_TRUE(create_symlinks(container.root("/container"), links));
  EXPECT_EQ(link_text(container, "/container/outside/one"), "a");
  EXPECT_EQ(link_text(container, "/container/outside/two"), "b");
  EXPECT_EQ(link_text(container, "/container/outside/three"), "c");
  EXPECT_TRUE(std::filesystem::is_empty(container.path() + "/outside"));
}

TEST(CreateSymlinks, a_directory_at_the_place_of_a_link_is_an_error) {
  const test::Host container("d /usr/lib/libcuda.so\n");
  const std::vector<spec::Link> links = {{"libcuda.so.1", "/usr/lib/libcuda.so"}};
  EXPECT_EQ(create_symlinks(container.root(), links).error().message(),
            "create symlinks: link " + container.path() + "/usr/lib/libcuda.so: Is a directory");
}

}  // namespace
}  // namespace nvbox::hook
