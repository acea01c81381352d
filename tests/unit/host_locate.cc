#include "host/locate.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "support/make_host.h"

namespace nvbox::host {
namespace {

TEST(VisitEntries, tells_names_and_kinds) {
  const test::Host host(R"(
f /dir/file
d /dir/directory
l /dir/link -> file
s /dir/socket
)");
  const Root root = host.root();
  const Result<sys::Fd> directory = root.open_at("/dir", O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(directory);
  std::map<std::string, EntryKind> seen;
  ASSERT_TRUE(visit_entries(
      directory->get(), [&](std::string_view name, EntryKind kind) { seen.emplace(name, kind); }));
  EXPECT_EQ(seen, (std::map<std::string, EntryKind>{{"directory", EntryKind::directory},
                                                    {"file", EntryKind::file},
                                                    {"link", EntryKind::link},
                                                    {"socket", EntryKind::other}}));
}

constexpr std::string_view host_with_programs = R"(
x /usr/bin/tool
f /usr/bin/text
f /usr/local/bin/tool
d /usr/sbin/tool
s /usr/run/socket
l /bin -> usr/bin
l /usr/bin/by-link -> /opt/real/program
x /opt/real/program
l /usr/bin/dangling -> /opt/nothing
l /usr/bin/out -> ../../../../../../../../../etc/passwd
)";

TEST(Locator, finds_what_is_sought_and_nothing_else) {
  const test::Host host(host_with_programs);
  const Root root = host.root();
  Locator locator(root);
  EXPECT_EQ(*locator.find("/usr/bin", "tool", Sought::program),
            (Found{"/usr/bin/tool", "/usr/bin/tool"}));
  EXPECT_EQ(*locator.find("/usr/bin", "text", Sought::program), std::nullopt);
  EXPECT_EQ(*locator.find("/usr/bin", "text", Sought::file),
            (Found{"/usr/bin/text", "/usr/bin/text"}));
  EXPECT_EQ(*locator.find("/usr/run", "socket", Sought::socket),
            (Found{"/usr/run/socket", "/usr/run/socket"}));
  EXPECT_EQ(*locator.find("/usr", "bin", Sought::directory), (Found{"/usr/bin", "/usr/bin"}));
  EXPECT_EQ(*locator.find("/usr", "bin", Sought::file), std::nullopt);
  EXPECT_EQ(*locator.find("/nowhere", "tool", Sought::file), std::nullopt);
}

TEST(Locator, resolves_links_of_directories_and_files_below_the_root) {
  const test::Host host(host_with_programs);
  const Root root = host.root();
  Locator locator(root);
  EXPECT_EQ(*locator.find("/bin", "tool", Sought::program), (Found{"/bin/tool", "/usr/bin/tool"}));
  EXPECT_EQ(*locator.find("/bin", "by-link", Sought::program),
            (Found{"/bin/by-link", "/opt/real/program"}));
  EXPECT_EQ(*locator.find("/bin", "dangling", Sought::file), std::nullopt);
  EXPECT_EQ(*locator.find("/bin", "out", Sought::file), std::nullopt);
}

TEST(Locator, prefers_the_first_directory_that_has_it) {
  const test::Host host(host_with_programs);
  const Root root = host.root();
  Locator locator(root);
  const std::vector<std::string> directories = {"/none", "/usr/local/bin", "/usr/sbin", "/usr/bin"};
  EXPECT_EQ(*locator.find_first(directories, "tool", Sought::program),
            (Found{"/usr/bin/tool", "/usr/bin/tool"}))
      << "neither a file without execute bits nor a directory";
  EXPECT_EQ(*locator.find_first(directories, "tool", Sought::file),
            (Found{"/usr/local/bin/tool", "/usr/local/bin/tool"}));
}

}  // namespace
}  // namespace nvbox::host
