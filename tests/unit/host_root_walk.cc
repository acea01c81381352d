// The walker must do what the kernel does with openat2: every path with every kind of open gives
// the same file or the same errno, and leaves the same tree.
#include "host/root.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "sys/kernel.h"

namespace nvbox::host {
namespace {

namespace fs = std::filesystem;

class Fixture {
 public:
  Fixture() {
    outer_ = (fs::temp_directory_path() / "nvbox-walk-XXXXXX").string();
    EXPECT_NE(mkdtemp(outer_.data()), nullptr);
    fs::create_directories(root() + "/a/b/c");
    std::ofstream(root() + "/a/file") << "inside";
    std::ofstream(outer_ + "/secret") << "outside";
    const auto link = [this](const char* target, const char* name) {
      fs::create_symlink(target, root() + name);
    };
    link("a/b", "/to_directory");
    link("a/b/", "/to_directory_with_slash");
    link("a/file", "/to_file");
    link("a/file/", "/to_file_with_slash");
    link("/a/b", "/absolute");
    link("/", "/to_root");
    link("..", "/up");
    link("../../../../secret", "/climbing");
    link("a/missing", "/dangling");
    link("/gone/missing", "/dangling_far");
    link("loop2", "/loop1");
    link("loop1", "/loop2");
    link("../../file", "/a/b/to_file");
    link("/../../a/./b/../file", "/detour");
    link(".", "/here");
    for (int i = 0; i < 45; ++i) {
      link(i == 0 ? "a" : cat("chain", i - 1).c_str(), cat("/chain", i).c_str());
    }
    EXPECT_EQ(mkfifo((root() + "/fifo").c_str(), 0644), 0);
    original_ = tree();
    root_fd_ = sys::Fd(open(root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() { fs::remove_all(outer_); }

  int fd() const { return root_fd_.get(); }
  std::string root() const { return outer_ + "/root"; }

  // The path of what is open, or the errno's text.
  std::string show(const sys::Fd& fd, int errno_value) const {
    if (!fd) return std::string(errno_text(errno_value));
    std::string path = sys::path_of(fd.get()).value();
    struct stat info {};
    fstat(fd.get(), &info);
    // A temporary file's name is its inode's number.
    if (info.st_nlink == 0) return "temporary file";
    return path.erase(0, std::min(outer_.size(), path.size()));
  }

  std::vector<std::string> tree() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(outer_)) {
      out.push_back(entry.path().string().substr(outer_.size()));
    }
    std::ranges::sort(out);
    return out;
  }

  void remove_new(const std::vector<std::string>& paths) const {
    for (const std::string& path : paths) {
      if (!std::ranges::binary_search(original_, path)) fs::remove(outer_ + path);
    }
  }

 private:
  std::string outer_;
  std::vector<std::string> original_;
  sys::Fd root_fd_;
};

struct Outcome {
  std::string opened;
  std::vector<std::string> tree;
};

// Notes what an open left behind and removes it again.
Outcome outcome_of(const Fixture& fixture, const sys::Fd& fd, int errno_value) {
  Outcome out = {fixture.show(fd, errno_value), fixture.tree()};
  fixture.remove_new(out.tree);
  return out;
}

Outcome by_kernel(const Fixture& fixture, const std::string& path, int flags, mode_t mode) {
  const std::string relative = path.starts_with('/') ? "." + path : path;
  sys::Fd fd;
  // Any rename or mount on the machine meanwhile makes the kernel say "try again" to a "..".
  do {
    fd = sys::Fd(sys::openat2(fixture.fd(), relative, static_cast<std::uint64_t>(flags | O_CLOEXEC),
                              mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
  } while (!fd && errno == EAGAIN);
  return outcome_of(fixture, fd, errno);
}

Outcome by_walker(const Fixture& fixture, const std::string& path, int flags, mode_t mode) {
  const Result<sys::Fd> fd = walk_in_root(fixture.fd(), path, flags, mode);
  if (!fd) return outcome_of(fixture, {}, fd.error().code());
  return outcome_of(fixture, *fd, 0);
}

constexpr const char* paths[] = {
    "/",
    ".",
    "..",
    "a",
    "a/",
    "a/.",
    "a/..",
    "a/../..",
    "a/b/../../a/file",
    "a/file",
    "a/file/",
    "a/file/.",
    "a/file/..",
    "a/missing",
    "a/missing/",
    "missing/file",
    "missing/../a",
    "to_directory",
    "to_directory/",
    "to_directory/c",
    "to_directory/../file",
    "to_directory/new",
    "to_directory_with_slash",
    "to_file",
    "to_file/",
    "to_file_with_slash",
    "to_file/x",
    "absolute",
    "absolute/c",
    "absolute/new",
    "to_root",
    "to_root/a/file",
    "to_root/..",
    "up",
    "up/up/a",
    "climbing",
    "a/../../../secret",
    "dangling",
    "dangling/",
    "dangling/x",
    "dangling_far",
    "loop1",
    "loop1/x",
    "a/b/to_file",
    "detour",
    "here",
    "here/here/a",
    "here/new",
    "chain0",
    "chain39",
    "chain40",
    "chain44",
    "fifo",
    "new",
    "new/",
    "new/.",
    "a//b",
    "a/b/..",
    "a/b/c/../../../../../a/file",
    "/absolute/../file",
};

struct Kind {
  const char* name;
  int flags;
  mode_t mode = 0;
};

constexpr Kind kinds[] = {
    {"read", O_RDONLY | O_NONBLOCK},
    {"write", O_WRONLY | O_NONBLOCK},
    {"look", O_PATH},
    {"look, no following", O_PATH | O_NOFOLLOW},
    {"look at a directory", O_PATH | O_DIRECTORY},
    {"look at a directory, no following", O_PATH | O_DIRECTORY | O_NOFOLLOW},
    {"read a directory", O_RDONLY | O_DIRECTORY},
    {"read, no following", O_RDONLY | O_NONBLOCK | O_NOFOLLOW},
    {"create", O_WRONLY | O_CREAT | O_NONBLOCK, 0640},
    {"create, no following", O_WRONLY | O_CREAT | O_NONBLOCK | O_NOFOLLOW, 0640},
    {"create exclusively", O_WRONLY | O_CREAT | O_EXCL | O_NONBLOCK, 0640},
    {"temporary", O_WRONLY | O_TMPFILE, 0640},
    {"temporary and never linked", O_WRONLY | O_TMPFILE | O_EXCL, 0640},
};

TEST(RootWalk, opens_what_the_kernel_opens_and_fails_as_it_fails) {
  const Fixture fixture;
  for (const Kind& kind : kinds) {
    for (const std::string path : paths) {
      const Outcome expected = by_kernel(fixture, path, kind.flags, kind.mode);
      if (expected.opened == errno_text(ENOSYS)) GTEST_SKIP() << "this kernel lacks openat2";
      Outcome found = by_walker(fixture, path, kind.flags, kind.mode);
      // Creating "name/" is EISDIR for the kernel, whatever the name is; any other error will do.
      const bool refuses = expected.opened == errno_text(EISDIR) && !found.opened.starts_with('/');
      if ((kind.flags & O_CREAT) != 0 && refuses) found.opened = expected.opened;
      EXPECT_EQ(found.opened, expected.opened) << kind.name << " " << path;
      EXPECT_EQ(found.tree, expected.tree) << kind.name << " " << path;
    }
  }
}

// What /proc shows for a process; "self" and "mounts" are ordinary links, the others are magic.
TEST(RootWalk, follows_ordinary_links_of_proc_and_no_magic_ones) {
  const sys::Fd proc(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const std::string path : {"self/status", "self", "mounts", "thread-self/comm"}) {
    EXPECT_TRUE(walk_in_root(proc.get(), path, O_RDONLY, 0)) << path;
  }
  for (const std::string path : {"self/root", "self/root/etc", "self/exe", "self/cwd/x"}) {
    EXPECT_EQ(walk_in_root(proc.get(), path, O_PATH, 0).error().code(), ELOOP) << path;
  }
  const sys::Fd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(walk_in_root(root.get(), "/proc/self/root/etc", O_PATH, 0).error().code(), ELOOP);
  EXPECT_FALSE(walk_in_root(root.get(), "/proc/self/ns/mnt", O_RDONLY, 0));
}

}  // namespace
}  // namespace nvbox::host
