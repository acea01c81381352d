#include "engine/files.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace nvbox::engine {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "nvbox-files-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = fs::canonical(pattern);
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ / name; }

  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name)) << text;
    return path(name);
  }

  std::string read(const std::string& name) const {
    std::ifstream file(path(name));
    if (!file) return "(absent)";
    return {std::istreambuf_iterator(file), {}};
  }

  // Names of everything in the directory.
  std::string names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(directory_)) {
      if (entry.is_regular_file()) found.push_back(fs::relative(entry.path(), directory_));
    }
    std::sort(found.begin(), found.end());
    std::string out;
    for (const std::string& name : found) out += name + " ";
    return out;
  }

  FileChange change(const std::string& name, std::optional<std::string> text) const {
    return {read_configuration(path(name)).value(), std::move(text)};
  }

 private:
  fs::path directory_;
};

Result<> fine() {
  return {};
}

Result<> refuse() {
  return Error("refused");
}

using Changes = std::vector<FileChange>;

TEST_F(Files, the_first_change_keeps_what_was_there_and_later_ones_do_not) {
  write("a", "one");
  ASSERT_TRUE(make_changes(Changes{change("a", "two"), change("new/b", "x")}, Keep::first, fine));
  ASSERT_TRUE(make_changes(Changes{change("a", "three"), change("new/b", "y")}, Keep::first, fine));
  EXPECT_EQ(read("a") + read("new/b"), "threey");
  EXPECT_EQ(read("a.nvbox-before") + read("new/b.nvbox-absent"), "one");
  EXPECT_EQ(names(), "a a.nvbox-before new/b new/b.nvbox-absent ");
}

TEST_F(Files, what_was_kept_comes_back) {
  write("a", "one");
  ASSERT_TRUE(make_changes(Changes{change("a", "two"), change("b", "x")}, Keep::first, fine));
  for (const std::string name : {"a", "b"}) {
    const ConfigurationFile file = read_configuration(path(name)).value();
    const auto back = restored(file).value();
    ASSERT_TRUE(back);
    ASSERT_TRUE(make_changes(Changes{*back}, Keep::nothing, fine));
    ASSERT_TRUE(forget(file));
    EXPECT_FALSE(restored(file).value());
  }
  EXPECT_EQ(read("a"), "one");
  EXPECT_EQ(names(), "a ");
}

// CRI-O reads every file of crio.conf.d, so nothing may be kept there.
TEST_F(Files, what_a_directory_d_had_is_kept_beside_it) {
  fs::create_directory(path("crio.conf.d"));
  write("crio.conf.d/99-nvidia.toml", "one");
  ASSERT_TRUE(
      make_changes(Changes{change("crio.conf.d/99-nvidia.toml", "two")}, Keep::first, fine));
  EXPECT_EQ(names(), "crio.conf.d-99-nvidia.toml.nvbox-before crio.conf.d/99-nvidia.toml ");
  EXPECT_EQ(restored(read_configuration(path("crio.conf.d/99-nvidia.toml")).value()).value()->text,
            "one");
}

TEST_F(Files, no_change_writes_nothing) {
  write("a", "one");
  struct stat before {};
  ASSERT_EQ(stat(path("a").c_str(), &before), 0);
  ASSERT_TRUE(make_changes(Changes{change("a", "one")}, Keep::first, refuse));
  struct stat after {};
  ASSERT_EQ(stat(path("a").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(names(), "a ");
}

TEST_F(Files, a_check_that_fails_takes_everything_back) {
  write("a", "one");
  const auto made =
      make_changes(Changes{change("b", "x"), change("a", "two")}, Keep::first, refuse);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message(), "refused");
  EXPECT_EQ(read("a"), "one");
  EXPECT_EQ(names(), "a ");
}

TEST_F(Files, what_an_earlier_call_kept_survives_a_failure) {
  write("a", "one");
  ASSERT_TRUE(make_changes(Changes{change("a", "two")}, Keep::first, fine));
  ASSERT_FALSE(make_changes(Changes{change("a", "three")}, Keep::first, refuse));
  EXPECT_EQ(read("a") + read("a.nvbox-before"), "twoone");
}

TEST_F(Files, a_file_that_was_changed_meanwhile_is_left_alone) {
  write("a", "one");
  const Changes changes = {change("b", "x"), change("a", "two")};
  write("a", "theirs");
  const auto made = make_changes(changes, Keep::first, fine);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().full_message(),
            path("a") +
                " was changed by somebody else meanwhile, so it is left alone; run the command "
                "again");
  EXPECT_EQ(read("a"), "theirs");
  EXPECT_EQ(names(), "a ");
}

TEST_F(Files, a_file_that_came_meanwhile_is_left_alone) {
  const Changes changes = {change("a", "two")};
  write("a", "theirs");
  EXPECT_FALSE(make_changes(changes, Keep::first, fine));
  EXPECT_EQ(read("a"), "theirs");
}

TEST_F(Files, the_file_behind_a_link_is_changed_and_the_link_stays) {
  write("real", "one");
  fs::create_symlink("real", path("link"));
  ASSERT_TRUE(make_changes(Changes{change("link", "two")}, Keep::first, fine));
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read("real") + read("real.nvbox-before"), "twoone");
}

TEST_F(Files, a_link_to_nothing_is_an_error) {
  fs::create_symlink("nothing", path("link"));
  const auto file = read_configuration(path("link"));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().full_message(),
            path("link") +
                " is a link to \"nothing\", which does not exist; make that file or remove the "
                "link");
}

TEST_F(Files, what_is_no_file_is_an_error) {
  fs::create_directory(path("a"));
  EXPECT_FALSE(read_configuration(path("a")));
  write("b", "");
  EXPECT_FALSE(read_configuration(path("b/c")));
}

TEST_F(Files, mode_and_owner_stay_also_of_what_is_kept) {
  write("a", "one");
  ASSERT_EQ(chmod(path("a").c_str(), 0600), 0);
  if (geteuid() == 0) {
    ASSERT_EQ(chown(path("a").c_str(), 12, 34), 0);
  }
  ASSERT_TRUE(make_changes(Changes{change("a", "two")}, Keep::first, fine));
  for (const std::string name : {"a", "a.nvbox-before"}) {
    struct stat info {};
    ASSERT_EQ(stat(path(name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600U);
    if (geteuid() == 0) {
      EXPECT_EQ(info.st_uid, 12U);
      EXPECT_EQ(info.st_gid, 34U);
    }
  }
}

TEST_F(Files, labels_and_other_attributes_stay) {
  write("a", "one");
  const std::string file = path("a");
  constexpr std::string_view label = "system_u:object_r:container_config_t:s0";
  const char* const name = geteuid() == 0 ? "security.selinux" : "user.nvbox";
  if (setxattr(file.c_str(), name, label.data(), label.size(), 0) != 0) {
    GTEST_SKIP() << "this file system has no attributes";
  }
  ASSERT_TRUE(make_changes(Changes{change("a", "two")}, Keep::first, fine));
  std::string value(100, '\0');
  const ssize_t size = getxattr(file.c_str(), name, value.data(), value.size());
  ASSERT_EQ(size, static_cast<ssize_t>(label.size()));
  EXPECT_EQ(value.substr(0, label.size()), label);
}

TEST_F(Files, a_directory_that_takes_no_file_is_told) {
  const auto made =
      make_changes(Changes{{{"/proc/x", "/proc/x", std::nullopt}, "text"}}, Keep::nothing, fine);
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().message().starts_with("write /proc/x: create a temporary file"));
}

}  // namespace
}  // namespace nvbox::engine
