#include "host/root_write.h"

#include <gtest/gtest.h>
#include <cerrno>

#include "support/make_host.h"

namespace nvbox::host {
namespace {

using test::Host;

constexpr std::string_view two_files = "f /d/a <<EOF\none\nEOF\nf /d/b <<EOF\ntwo\nEOF\n";

std::optional<std::string> read(const Host& host, std::string_view path) {
  return host.root().read(path).value();
}

TEST(RootMove, KeepsAFileUnderASecondName) {
  const Host host(two_files);
  ASSERT_TRUE(keep_as(host.root(), "/d/a", "/d/kept"));
  EXPECT_EQ(read(host, "/d/kept"), "one\n");
  EXPECT_EQ(read(host, "/d/a"), "one\n");
  // What a run that was killed did already.
  EXPECT_TRUE(keep_as(host.root(), "/d/a", "/d/kept"));
}

TEST(RootMove, NeverKeepsAFileInThePlaceOfAnother) {
  const Host host(two_files);
  const Result<> kept = keep_as(host.root(), "/d/a", "/d/b");
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code(), EEXIST);
  EXPECT_EQ(read(host, "/d/b"), "two\n");
}

TEST(RootMove, KeepsALinkAndNotItsTarget) {
  const Host host("f /d/a\nl /d/link -> a\n");
  ASSERT_TRUE(keep_as(host.root(), "/d/link", "/d/kept"));
  EXPECT_EQ(host.root().read_link("/d/kept").value(), "a");
}

TEST(RootMove, RenamesOverAFileAndOverTheSameFile) {
  const Host host(two_files);
  const Root root = host.root();
  ASSERT_TRUE(rename_file(root, "/d/a", "/d/b"));
  EXPECT_EQ(read(host, "/d/b"), "one\n");
  ASSERT_TRUE(keep_as(root, "/d/b", "/d/kept"));
  ASSERT_TRUE(rename_file(root, "/d/kept", "/d/b"));
  EXPECT_EQ(read(host, "/d/kept"), std::nullopt);
  EXPECT_EQ(read(host, "/d/b"), "one\n");
  EXPECT_EQ(rename_file(root, "/d/none", "/d/b").error().code(), ENOENT);
}

TEST(RootMove, RemovesOnlyEmptyDirectories) {
  const Host host("d /empty\nf /full/file\nl /link -> empty\n");
  const Root root = host.root();
  EXPECT_EQ(remove_empty_directory(root, "/full").value(), Changed::no);
  EXPECT_EQ(remove_empty_directory(root, "/link").value(), Changed::no);
  EXPECT_EQ(remove_empty_directory(root, "/none").value(), Changed::no);
  EXPECT_EQ(remove_empty_directory(root, "/none/below").value(), Changed::no);
  EXPECT_EQ(remove_empty_directory(root, "/empty").value(), Changed::yes);
  EXPECT_FALSE(root.stat("/empty").value());
}

}  // namespace
}  // namespace nvbox::host
