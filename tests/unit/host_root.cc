#include "host/root.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <cerrno>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "host/root_write.h"
#include "support/make_host.h"
#include "sys/file.h"

namespace nvbox::host {
namespace {

// The ways to open below a root: the kernel's, and the walker that replaces it where a kernel or a
// seccomp filter lacks openat2. Both must answer alike.
enum class Way { kernel, walker };

class Opening : public testing::TestWithParam<Way> {
 protected:
  static Result<sys::Fd> open(const Root& root, std::string_view path, int flags = O_RDONLY) {
    if (GetParam() == Way::walker) return walk_in_root(root.fd(), path, flags, 0);
    return root.open_at(path, flags);
  }

  // What the file holds, or the errno of opening it.
  static std::string look(const Root& root, std::string_view path) {
    const Result<sys::Fd> fd = open(root, path);
    if (!fd) return strerrorname_np(fd.error().code());
    const Result<std::string> text = sys::read_all(fd->get(), 100);
    return text ? *text : strerrorname_np(text.error().code());
  }
};

INSTANTIATE_TEST_SUITE_P(By, Opening, testing::Values(Way::kernel, Way::walker),
                         [](const testing::TestParamInfo<Way>& way) {
                           return way.param == Way::kernel ? "kernel" : "walker";
                         });

// What is outside stands beside the root, so that a path that climbs out finds something.
constexpr std::string_view host_with_links = R"(
f /secret <<EOF
outside
EOF
f /root/secret <<EOF
inside
EOF
f /root/dir/file <<EOF
file
EOF
l /root/absolute -> /secret
l /root/dir/climbing -> ../../../../../../secret
l /root/dir/relative -> file
l /root/way -> /dir
l /root/way-out -> /..
l /root/loop -> loop2
l /root/loop2 -> loop
l /root/dangling -> /nowhere
)";

TEST_P(Opening, resolves_absolute_links_below_the_root) {
  const test::Host host(host_with_links);
  EXPECT_EQ(look(host.root("/root"), "/absolute"), "inside\n");
}

TEST_P(Opening, cannot_climb_out_of_the_root) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  EXPECT_EQ(look(root, "../secret"), "inside\n");
  EXPECT_EQ(look(root, "/dir/../../../secret"), "inside\n");
  EXPECT_EQ(look(root, "/dir/climbing"), "inside\n");
  EXPECT_EQ(look(root, "/way-out/secret"), "inside\n");
}

TEST_P(Opening, follows_links_on_the_way_and_at_the_end) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  EXPECT_EQ(look(root, "dir/file"), "file\n");
  EXPECT_EQ(look(root, "/way/file"), "file\n");
  EXPECT_EQ(look(root, "/way/relative"), "file\n");
  EXPECT_EQ(look(root, "//way/./relative"), "file\n");
}

TEST_P(Opening, tells_why_it_cannot) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  EXPECT_EQ(look(root, "/nothing"), "ENOENT");
  EXPECT_EQ(look(root, "/dangling"), "ENOENT");
  EXPECT_EQ(look(root, "/loop"), "ELOOP");
  EXPECT_EQ(look(root, "/secret/below"), "ENOTDIR");
  EXPECT_EQ(look(root, "/dir"), "EISDIR");
}

TEST_P(Opening, of_a_link_itself_gives_the_link) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  const Result<sys::Fd> link = open(root, "/dir/relative", O_PATH | O_NOFOLLOW);
  ASSERT_TRUE(link);
  struct stat info {};
  ASSERT_EQ(fstat(link->get(), &info), 0);
  EXPECT_TRUE(S_ISLNK(info.st_mode));
  EXPECT_EQ(open(root, "/dir/relative", O_RDONLY | O_NOFOLLOW).error().code(), ELOOP);
}

TEST_P(Opening, refuses_the_magic_links_of_proc) {
  const Result<Root> proc = Root::open("/proc");
  ASSERT_TRUE(proc);
  EXPECT_EQ(look(*proc, "/self/root/etc/passwd"), "ELOOP");
  EXPECT_EQ(look(*proc, "/self/exe"), "ELOOP");
}

TEST_P(Opening, of_the_root_itself_gives_the_root) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  for (const std::string_view path : {"", "/", ".", "..", "/dir/.."}) {
    const Result<sys::Fd> fd = open(root, path, O_PATH | O_DIRECTORY);
    ASSERT_TRUE(fd) << path;
    EXPECT_EQ(*sys::path_of(fd->get()), root.path()) << path;
  }
}

TEST(Root, tells_paths_below_itself) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  EXPECT_EQ(*root.resolve("/way/relative"), "/dir/file");
  EXPECT_EQ(*root.resolve("/absolute"), "/secret");
  EXPECT_EQ(*root.resolve("/way-out"), "/");
  EXPECT_EQ(*root.resolve("/dangling"), std::nullopt);
  EXPECT_EQ(*root.read_link("/dir/climbing"), "../../../../../../secret");
  EXPECT_EQ(*root.read_link("/dir/file"), std::nullopt);
  EXPECT_EQ(*root.read_link("/nothing"), std::nullopt);
}

TEST(Root, reads_files_and_says_when_there_is_none) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  EXPECT_EQ(*root.read("/dir/file"), "file\n");
  EXPECT_EQ(*root.read("/nothing"), std::nullopt);
  EXPECT_EQ(*root.read("/loop"), std::nullopt);
  EXPECT_EQ(root.read("/dir").error().code(), EISDIR);
  EXPECT_EQ(root.read("/dir/file", 3).error().code(), EFBIG);
}

TEST(Root, lists_names_in_order) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  EXPECT_EQ(*root.list("/way"), (std::vector<std::string>{"climbing", "file", "relative"}));
  EXPECT_EQ(*root.list("/nothing"), std::nullopt);
}

std::string describe(const std::optional<DeviceNumber>& node) {
  if (!node) return "none";
  return std::string(1, node->type) + " " + std::to_string(node->major) + ":" +
         std::to_string(node->minor);
}

TEST(Root, takes_written_nodes_for_real_ones_only_when_told_to) {
  const test::Host host(R"(
c /dev/nvidia3 195:3
f /dev/text <<EOF
c 195:
EOF
l /dev/link -> nvidia3
)");
  const Root fixture = host.root();
  EXPECT_EQ(describe(*fixture.device("/dev/nvidia3")), "c 195:3");
  EXPECT_EQ(describe(*fixture.device("/dev/text")), "none");
  EXPECT_EQ(describe(*fixture.device("/dev/link")), "none") << "links are not followed";
  EXPECT_EQ(describe(*fixture.device("/dev/absent")), "none");
  const Result<Root> real = Root::open(host.path());
  ASSERT_TRUE(real);
  EXPECT_EQ(describe(*real->device("/dev/nvidia3")), "none");
}

TEST(Root, knows_real_nodes) {
  const Result<Root> root = Root::open("/");
  ASSERT_TRUE(root);
  EXPECT_EQ(describe(*root->device("/dev/null")), "c 1:3");
}

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(WriteFile, replaces_a_link_and_does_not_follow_it) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  const Result<Changed> changed = write_file(root, "/absolute", "new");
  ASSERT_TRUE(changed) << changed.error().message();
  EXPECT_EQ(*changed, Changed::yes);
  EXPECT_EQ(text_of(host.path() + "/root/absolute"), "new");
  EXPECT_EQ(text_of(host.path() + "/root/secret"), "inside\n");
  EXPECT_EQ(text_of(host.path() + "/secret"), "outside\n");
}

TEST(WriteFile, makes_directories_inside_the_root_only) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  ASSERT_TRUE(write_file(root, "/way-out/made/here/file", "text"));
  EXPECT_EQ(text_of(host.path() + "/root/made/here/file"), "text");
  EXPECT_FALSE(std::filesystem::exists(host.path() + "/made"));
}

TEST(WriteFile, leaves_a_file_alone_that_is_right_already) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  EXPECT_EQ(*write_file(root, "/dir/file", "file\n"), Changed::no);
  EXPECT_EQ(*write_file(root, "/dir/file", "other"), Changed::yes);
  EXPECT_EQ(text_of(host.path() + "/root/dir/file"), "other");
}

TEST(WriteFile, needs_a_name) {
  const test::Host host(host_with_links);
  EXPECT_EQ(write_file(host.root("/root"), "/dir/..", "x").error().code(), EINVAL);
}

TEST(MakeLink, replaces_links_and_files_in_one_step) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  EXPECT_EQ(*make_link(root, "new", "/absolute"), Changed::yes);
  EXPECT_EQ(*make_link(root, "new", "/secret"), Changed::yes);
  EXPECT_EQ(*make_link(root, "new", "/made/link"), Changed::yes);
  EXPECT_EQ(*make_link(root, "new", "/made/link"), Changed::no);
  for (const std::string_view link : {"/absolute", "/secret", "/made/link"}) {
    EXPECT_EQ(*root.read_link(link), "new") << link;
  }
  EXPECT_EQ(text_of(host.path() + "/secret"), "outside\n");
  EXPECT_EQ(*root.list("/made"), std::vector<std::string>{"link"}) << "nothing temporary is left";
}

TEST(MakeLink, does_not_leave_the_root_by_a_link_on_the_way) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  ASSERT_TRUE(make_link(root, "x", "/way-out/new"));
  EXPECT_EQ(*root.read_link("/new"), "x");
  EXPECT_FALSE(std::filesystem::is_symlink(host.path() + "/new"));
}

TEST(MakeLink, does_not_replace_a_directory) {
  const test::Host host(host_with_links);
  const Root root = host.root("/root");
  EXPECT_FALSE(make_link(root, "new", "/dir"));
  EXPECT_EQ(*root.list("/dir"), (std::vector<std::string>{"climbing", "file", "relative"}));
}

}  // namespace
}  // namespace nvbox::host
