// Images whose files lead to what only root may read: a volume, procfs, a device. Nothing of it is
// read, and so nothing of it can come back into the container, where everybody may read it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cerrno>

#include <filesystem>
#include <string>
#include <vector>

#include "base/text.h"
#include "hook/update_ld_cache.h"
#include "host/container_file.h"
#include "host/root.h"
#include "namespaced/case.h"
#include "namespaced/gpu_machine.h"
#include "namespaced/tree.h"
#include "support/elf_stub.h"
#include "support/open_watch.h"

namespace nvbox::test {
namespace {

constexpr const char* musl_path = "/etc/ld-musl-x86_64.path";

// Where the hook looks for text of the image.
constexpr const char* places[] = {musl_path,
                                  "/etc/ld.so.conf",
                                  "/etc/ld.so.cache",
                                  "/etc/ld.so.conf.d/a.conf",
                                  "/etc/ld.so.conf.d/00-nvbox.conf",
                                  "/etc/ld.so.conf.d/00-compat-3c0f.conf"};

// An image that has both C libraries, so that all of the places count, as Alpine with gcompat.
struct Image {
  explicit Image(const std::string& scratch) : path(scratch + "/rootfs") {
    put_file(path + "/etc/alpine-release", "3.20\n");
    put_file(path + "/lib/ld-musl-x86_64.so.1", "");
    put_file(path + "/lib64/ld-linux-x86-64.so.2", "");
    put_file(path + "/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
    put_file(path + "/usr/lib/nv/libcuda.so.1", elf_image({.soname = "libcuda.so.1"}));
    put_directory(path + "/volume");
  }

  void update() {
    Log log;
    log.add(LogFormat::text, [this](std::string_view line) { logged += line; });
    const Result<> updated = hook::update_ld_cache(
        host::Root::open(path).value(), std::vector<std::string>{"/usr/lib/nv"}, "", log);
    EXPECT_FALSE(!updated && updated.error().message().contains('\n'));
  }

  // A link at `place`, whatever was there.
  void lead(const std::string& place, const std::string& target) const {
    std::filesystem::remove(path + place);
    put_link(path + place, target);
  }

  std::string path;
  std::string logged{};
};

bool is_mounted(const std::string& source, const std::string& target, const char* type,
                unsigned long flags) {
  put_directory(target);
  return mount(source.c_str(), target.c_str(), type, flags, nullptr) == 0;
}

class ForeignText : public testing::TestWithParam<Denial> {};
INSTANTIATE_TEST_SUITE_P(Denied, ForeignText, testing::ValuesIn(each_denied({"openat2", "statx"})),
                         name_of);

// With `docker run -u 1000 -v /a-file-of-root:/secret:ro`, the image is the attacker's and the
// secret's mode is 0600.
TEST_P(ForeignText, on_another_mount_counts_as_absent_with_one_line_in_the_log) {
  for (const std::string place : places) {
    SCOPED_TRACE(place);
    run_case(GetParam(), [&](const std::string& scratch) {
      Image image(scratch);
      ASSERT_TRUE(is_mounted("volume", image.path + "/volume", "tmpfs", 0));
      // Text that each reader would take for something: a directory with a library.
      put_file(image.path + "/the-secret/libsecret.so.1", elf_image({.soname = "libsecret.so.1"}));
      put_file(image.path + "/volume/secret", "/the-secret\n");
      ASSERT_EQ(chmod((image.path + "/volume/secret").c_str(), 0600), 0);
      image.lead(place, "/volume/secret");
      const OpenWatch watch(image.path + "/volume/secret");
      ASSERT_TRUE(watch.is_ready());
      image.update();
      EXPECT_FALSE(watch.saw_an_open());
      for (const char* other : places) {
        if (std::filesystem::is_symlink(image.path + other)) continue;
        EXPECT_FALSE(read_file(image.path + other).contains("the-secret")) << other;
      }
      EXPECT_TRUE(image.logged.contains("which is on another mount")) << image.logged;
      EXPECT_EQ(read_file(image.path + "/volume/secret"), "/the-secret\n");
    });
  }
}

// proc(5): a read of /proc/kmsg waits for the kernel's next message and takes it away from whoever
// it was for. Here the file is one that can be looked at without harm.
TEST_P(ForeignText, of_proc_is_never_opened_not_even_as_a_library) {
  std::vector<std::string> all(std::begin(places), std::end(places));
  all.emplace_back("/usr/lib/nv/libfoo.so.1");
  for (const std::string& place : all) {
    SCOPED_TRACE(place);
    run_case(GetParam(), [&](const std::string& scratch) {
      Image image(scratch);
      ASSERT_TRUE(is_mounted("/proc", image.path + "/proc", nullptr, MS_BIND | MS_REC));
      image.lead(place, "/proc/version");
      const OpenWatch watch(image.path + "/proc/version");
      ASSERT_TRUE(watch.is_ready());
      image.update();
      EXPECT_FALSE(watch.saw_an_open());
    });
  }
}

// A file of proc can be a mount of its own, in the middle of a library folder.
TEST_P(ForeignText, of_proc_is_not_opened_where_it_is_mounted_over_a_library) {
  run_case(GetParam(), [](const std::string& scratch) {
    Image image(scratch);
    const std::string library = image.path + "/usr/lib/nv/libfoo.so.1";
    put_file(library, "");
    ASSERT_EQ(mount("/proc/version", library.c_str(), nullptr, MS_BIND, nullptr), 0);
    const OpenWatch watch(library);
    ASSERT_TRUE(watch.is_ready());
    image.update();
    EXPECT_FALSE(watch.saw_an_open());
  });
}

// Opening a device can start it (a watchdog, a tape), and in legacy mode the hook is outside the
// container's device cgroup. open(2): opening a FIFO for reading lets its writer go on.
TEST_P(ForeignText, what_is_no_regular_file_is_not_opened) {
  std::vector<std::string> all(std::begin(places), std::end(places));
  all.emplace_back("/usr/lib/nv/libfoo.so.1");
  for (const mode_t kind : {mode_t{S_IFIFO}, mode_t{S_IFCHR}}) {
    for (const std::string& place : all) {
      SCOPED_TRACE(place);
      run_case(GetParam(), [&](const std::string& scratch) {
        if (kind == S_IFCHR && geteuid() != 0) return;
        Image image(scratch);
        put_directory(std::filesystem::path(image.path + place).parent_path());
        std::filesystem::remove(image.path + place);
        const std::string node = image.path + place;
        if (mknod(node.c_str(), kind | 0666, makedev(1, 3)) != 0) return;
        const OpenWatch watch(node);
        ASSERT_TRUE(watch.is_ready());
        image.update();
        EXPECT_FALSE(watch.saw_an_open());
      });
    }
  }
}

TEST_P(ForeignText, of_the_image_itself_is_followed_to_and_keeps_who_may_read_it) {
  run_case(GetParam(), [](const std::string& scratch) {
    Image image(scratch);
    const std::string private_file = image.path + "/root/path";
    put_file(private_file, "/opt/secret\n");
    ASSERT_EQ(chmod(private_file.c_str(), 0600), 0);
    const uid_t owner = geteuid() == 0 ? 1000 : 0;
    ASSERT_TRUE(owner == 0 || chown(private_file.c_str(), owner, owner) == 0);
    image.lead(musl_path, "/root/path");
    image.update();
    struct stat info {};
    ASSERT_EQ(lstat((image.path + musl_path).c_str(), &info), 0);
    EXPECT_TRUE(S_ISREG(info.st_mode));
    EXPECT_EQ(info.st_mode & 07777, 0600U);
    EXPECT_EQ(info.st_uid, owner);
    EXPECT_EQ(read_file(image.path + musl_path), "/opt/secret\n/usr/lib/nv\n");
    EXPECT_EQ(read_file(private_file), "/opt/secret\n");
  });
}

// Libraries may lie on volumes: engines mount the driver's so.
TEST_P(ForeignText, libraries_on_other_mounts_are_read) {
  run_case(GetParam(), [](const std::string& scratch) {
    Image image(scratch);
    ASSERT_TRUE(is_mounted("volume", image.path + "/usr/lib/nv", "tmpfs", 0));
    put_file(image.path + "/usr/lib/nv/libnew.so.1.2", elf_image({.soname = "libnew.so.1"}));
    image.update();
    EXPECT_TRUE(read_file(image.path + "/etc/ld.so.cache").contains("/usr/lib/nv/libnew.so.1"));
  });
}

// What is mounted at /proc may be another file system with files of these names.
TEST(ForeignProc, makes_no_other_file_of_the_one_that_was_found) {
  for (const mode_t kind : {mode_t{S_IFREG}, mode_t{S_IFIFO}}) {
    run_case({}, [kind](const std::string& scratch) {
      put_file(scratch + "/file", "right");
      const host::Root root = host::Root::open(scratch).value();
      ASSERT_EQ(mount("proc", "/proc", "tmpfs", 0, nullptr), 0);
      const std::string other = "/proc/other";
      put_file(other, "wrong");
      if (kind == S_IFIFO) {
        std::filesystem::remove(other);
        ASSERT_EQ(mkfifo(other.c_str(), 0600), 0);
      }
      for (int fd = 0; fd < 64; ++fd) put_link(cat("/proc/self/fd/", fd), other);
      const auto text = root.read("/file");
      ASSERT_FALSE(text);
      EXPECT_EQ(text.error().code(), ESTALE);
      const auto container_text = host::read_container_text(root, "/file", 64);
      ASSERT_FALSE(container_text);
      EXPECT_EQ(container_text.error().code(), ESTALE);
    });
  }
}

class ForeignTextConfigure : public testing::TestWithParam<Denial> {};
INSTANTIATE_TEST_SUITE_P(Denied, ForeignTextConfigure, testing::ValuesIn(each_denied({"openat2"})),
                         name_of);

// The undo of a run that fails at the cache, which is a directory with something in it.
TEST_P(ForeignTextConfigure, does_not_come_back_by_the_undo_of_a_failed_run) {
  for (const std::string place : {"/etc/ld.so.conf", "/etc/ld.so.conf.d/00-nvbox.conf"}) {
    SCOPED_TRACE(place);
    run_case(GetParam(), [&](const std::string& scratch) {
      GpuMachine machine(scratch);
      std::filesystem::remove(machine.container + "/etc/debian_version");
      ASSERT_TRUE(is_mounted("volume", machine.container + "/volume", "tmpfs", 0));
      put_file(machine.container + "/volume/secret", "secret\n");
      put_directory(machine.container + "/etc/ld.so.cache/directory");
      put_link(machine.container + place, "/volume/secret");
      const auto tree = describe_tree(machine.container);
      EXPECT_FALSE(machine.configure(machine.request()));
      EXPECT_EQ(describe_tree(machine.container), tree);
    });
  }
}

TEST_P(ForeignTextConfigure, the_files_of_before_come_back_themselves_and_not_as_copies) {
  run_case(GetParam(), [](const std::string& scratch) {
    GpuMachine machine(scratch);
    std::filesystem::remove(machine.container + "/etc/debian_version");
    put_directory(machine.container + "/etc/ld.so.cache/directory");
    put_link(machine.container + "/etc/ld.so.conf", "/nowhere");
    const std::string own = machine.container + "/etc/ld.so.conf.d/00-nvbox.conf";
    // More than the 64 KiB that an undo by copying kept.
    put_file(own, std::string(size_t{100} * 1024, '#'));
    struct stat before {};
    struct stat after {};
    ASSERT_EQ(stat(own.c_str(), &before), 0);
    const auto tree = describe_tree(machine.container);
    EXPECT_FALSE(machine.configure(machine.request()));
    EXPECT_EQ(describe_tree(machine.container), tree);
    ASSERT_EQ(stat(own.c_str(), &after), 0);
    EXPECT_EQ(after.st_ino, before.st_ino);
    EXPECT_EQ(after.st_nlink, 1U);
  });
}

TEST_P(ForeignTextConfigure, a_run_that_succeeds_leaves_no_second_name) {
  run_case(GetParam(), [](const std::string& scratch) {
    GpuMachine machine(scratch);
    std::filesystem::remove(machine.container + "/etc/debian_version");
    put_file(machine.container + "/etc/ld.so.conf.d/00-nvbox.conf", "/old\n");
    ASSERT_TRUE(machine.configure(machine.request()));
    EXPECT_EQ(names_in(machine.container + "/etc/ld.so.conf.d"),
              (std::vector<std::string>{"00-nvbox.conf"}));
  });
}

}  // namespace
}  // namespace nvbox::test
