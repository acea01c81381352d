// Root file systems that are read-only while the hook runs: crun makes them so before its
// createContainer hooks, and some engines hand them over like that.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "base/text.h"
#include "hook/create_container.h"
#include "host/root.h"
#include "namespaced/case.h"
#include "namespaced/tree.h"
#include "sys/file.h"

namespace nvbox::test {
namespace {

void bind_mount(const std::string& source, const std::string& target) {
  ASSERT_EQ(mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr), 0);
}

void make_read_only(const std::string& target) {
  ASSERT_EQ(mount(nullptr, target.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0)
      << errno_text(errno);
}

struct Machine {
  explicit Machine(const std::string& scratch)
      : host(scratch + "/host"), container(scratch + "/bundle/rootfs") {
    put_directory(host);
    put_directory(container + "/usr/lib");
    put_directory(container + "/data");
  }

  // What crun does for "readonly": true before createContainer hooks.
  void prepare_like_crun() const {
    bind_mount(container, container);
    make_read_only(container);
  }

  // Runs the hook for one link in each of these directories; its warnings.
  std::vector<std::string> make_links_in(const std::vector<std::string>& directories) const {
    std::vector<std::string> warnings;
    Log log;
    log.set_level(Level::warning);
    log.add(LogFormat::text, [&](std::string_view line) { warnings.emplace_back(line); });
    spec::ContainerWork work;
    for (const std::string& directory : directories) {
      work.links.push_back({"libcuda.so.1", directory + "/libcuda.so"});
    }
    const std::vector<MountEntry> before = mounts();
    const Result<> done = hook::create_container(host::Root::open(host).value(),
                                                 host::Root::open(container).value(), work, log);
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(mounts(), before);
    return warnings;
  }

  bool has_link(const std::string& directory) const {
    return std::filesystem::is_symlink(container + directory + "/libcuda.so");
  }
  bool is_writable() const {
    return sys::open_path(container + "/probe", O_WRONLY | O_CREAT, 0644).has_value();
  }

  std::string host;
  std::string container;
};

TEST(ReadOnlyRoot, what_the_runtime_made_read_only_too_early_is_finished_and_stays_read_only) {
  run_case({}, [](const std::string& scratch) {
    const Machine machine(scratch);
    machine.prepare_like_crun();
    EXPECT_EQ(machine.make_links_in({"/usr/lib"}), std::vector<std::string>{});
    EXPECT_TRUE(machine.has_link("/usr/lib"));
    EXPECT_FALSE(machine.is_writable());
  });
}

TEST(ReadOnlyRoot, a_read_only_volume_inside_is_left_alone_with_one_warning) {
  run_case({}, [](const std::string& scratch) {
    const Machine machine(scratch);
    put_directory(scratch + "/volume/a");
    put_directory(scratch + "/volume/b");
    bind_mount(machine.container, machine.container);
    bind_mount(scratch + "/volume", machine.container + "/data");
    make_read_only(machine.container + "/data");
    make_read_only(machine.container);
    EXPECT_EQ(machine.make_links_in({"/data/a", "/data/b", "/usr/lib"}).size(), 1U);
    EXPECT_FALSE(machine.has_link("/data/a"));
    EXPECT_TRUE(machine.has_link("/usr/lib"));
  });
}

// containerd's views of an image are such binds: writing there would change the image.
TEST(ReadOnlyRoot, a_directory_that_the_engine_gave_read_only_is_left_alone_with_one_warning) {
  run_case({}, [](const std::string& scratch) {
    const Machine machine(scratch);
    put_directory(scratch + "/image/usr/lib");
    bind_mount(scratch + "/image", machine.container);
    make_read_only(machine.container);
    EXPECT_EQ(machine.make_links_in({"/usr/lib", "/new"}).size(), 1U);
    machine.prepare_like_crun();
    EXPECT_EQ(machine.make_links_in({"/usr/lib", "/new"}).size(), 1U);
    EXPECT_FALSE(machine.has_link("/usr/lib"));
  });
}

TEST(ReadOnlyRoot, a_file_system_that_is_read_only_is_left_alone_with_one_warning) {
  run_case({}, [](const std::string& scratch) {
    const Machine machine(scratch);
    ASSERT_EQ(mount("image", machine.container.c_str(), "tmpfs", MS_RDONLY, nullptr), 0);
    machine.prepare_like_crun();
    EXPECT_EQ(machine.make_links_in({"/usr/lib"}).size(), 1U);
  });
}

TEST(ReadOnlyRoot, a_kernel_without_the_calls_leaves_the_links_out_with_one_warning) {
  for (const Denial& denial : each_denied({"open_tree", "mount_setattr"})) {
    if (denial.calls.empty()) continue;
    SCOPED_TRACE(denial.name);
    run_case(denial, [](const std::string& scratch) {
      const Machine machine(scratch);
      machine.prepare_like_crun();
      EXPECT_EQ(machine.make_links_in({"/usr/lib"}).size(), 1U);
      EXPECT_FALSE(machine.has_link("/usr/lib"));
    });
  }
}

}  // namespace
}  // namespace nvbox::test
