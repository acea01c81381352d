// The whole of configure on made-up hosts and containers: in this mount namespace and in that
// of another process.
#include "apply/configure.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "base/text.h"
#include "namespaced/case.h"
#include "namespaced/gpu_machine.h"
#include "namespaced/tree.h"

namespace nvbox::test {
namespace {

using apply::CompatMode;
using apply::ConfigureRequest;

// A process with a mount namespace of its own, in which the root file system is a mount.
class Container {
 public:
  explicit Container(const std::string& rootfs) {
    int ready[2] = {};
    if (pipe2(ready, O_CLOEXEC) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const bool is_made =
          unshare(CLONE_NEWNS) == 0 &&
          mount(rootfs.c_str(), rootfs.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0;
      if (is_made && write(ready[1], "x", 1) == 1) pause();
      _exit(1);
    }
    close(ready[1]);
    char byte = 0;
    is_ready_ = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
  }
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  ~Container() { end(); }

  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }
  bool is_ready() const { return is_ready_; }
  std::string at(const std::string& path) const { return cat("/proc/", pid_, "/root", path); }

 private:
  pid_t pid_ = -1;
  bool is_ready_ = false;
};

class Configure : public testing::TestWithParam<Denial> {};
INSTANTIATE_TEST_SUITE_P(Denied, Configure,
                         testing::ValuesIn(each_denied({"openat2", "open_tree", "move_mount",
                                                        "mount_setattr", "fsopen", "fsconfig",
                                                        "fsmount"})),
                         name_of);

TEST_P(Configure, a_container_in_this_namespace_gets_its_gpus_and_no_others) {
  run_case(GetParam(), [](const std::string& scratch) {
    GpuMachine machine(scratch);
    const Result<> done = machine.configure(machine.request());
    ASSERT_TRUE(done) << message(done);
    expect_configured(machine, machine.container);
    EXPECT_EQ(machine.warnings, "");
  });
}

TEST_P(Configure, a_container_in_the_namespace_of_a_process_gets_mounts_there_and_nothing_here) {
  run_case(GetParam(), [](const std::string& scratch) {
    GpuMachine machine(scratch);
    const Container container(machine.container);
    ASSERT_TRUE(container.is_ready());
    ASSERT_EQ(chdir(scratch.c_str()), 0);
    const auto mounted = mounts();
    ConfigureRequest request = machine.request();
    request.pid = container.pid();
    const Result<> done = machine.configure(request);
    ASSERT_TRUE(done) << message(done);
    expect_configured(machine, container.at(machine.container));
    EXPECT_EQ(mounts(), mounted);
    EXPECT_EQ(std::filesystem::current_path(), scratch);
    EXPECT_TRUE(std::filesystem::exists(scratch + "/host"));
    EXPECT_EQ(read_file(machine.container + "/usr/bin/nvidia-smi"), "");
  });
}

TEST_P(Configure, a_failure_in_another_namespace_leaves_the_tree_as_it_was) {
  run_case(GetParam(), [](const std::string& scratch) {
    GpuMachine machine(scratch);
    put_directory(machine.container + "/dev/nvidiactl");
    const Container container(machine.container);
    ASSERT_TRUE(container.is_ready());
    const auto tree = describe_tree(machine.container);
    const std::string mounted = read_file(cat("/proc/", container.pid(), "/mountinfo"));
    ConfigureRequest request = machine.request();
    request.pid = container.pid();
    EXPECT_FALSE(machine.configure(request));
    EXPECT_EQ(describe_tree(machine.container), tree);
    EXPECT_EQ(read_file(cat("/proc/", container.pid(), "/mountinfo")), mounted);
  });
}

TEST_P(Configure, a_second_container_that_fails_on_a_shared_root_leaves_the_first_one_alone) {
  run_case(GetParam(), [](const std::string& scratch) {
    GpuMachine machine(scratch);
    const Container first(machine.container);
    const Container second(machine.container);
    ASSERT_TRUE(first.is_ready() && second.is_ready());
    ConfigureRequest request = machine.request();
    request.pid = first.pid();
    ASSERT_TRUE(machine.configure(request));
    const std::string mounted = read_file(cat("/proc/", first.pid(), "/mountinfo"));
    request.pid = second.pid();
    put_directory(machine.container + "/usr/bin/extra");
    request.edits.mounts.push_back({"/driver/usr/bin/nvidia-smi", "/usr/bin/extra", file_options});
    EXPECT_FALSE(machine.configure(request));
    EXPECT_EQ(read_file(cat("/proc/", first.pid(), "/mountinfo")), mounted);
    expect_configured(machine, first.at(machine.container));
  });
}

TEST_P(Configure, a_loaders_cache_that_cannot_be_written_leaves_the_tree_as_it_was) {
  run_case(GetParam(), [](const std::string& scratch) {
    GpuMachine machine(scratch);
    std::filesystem::remove(machine.container + "/etc/debian_version");
    put_directory(machine.container + "/etc/ld.so.cache/directory");
    const auto tree = describe_tree(machine.container);
    const auto mounted = mounts();
    const Result<> failed = machine.configure(machine.request());
    EXPECT_TRUE(message(failed).starts_with("ldcache error: ")) << message(failed);
    EXPECT_EQ(describe_tree(machine.container), tree);
    EXPECT_EQ(mounts(), mounted);
  });
}

// Runs configure in a process of its own, which ends with 0 when it succeeded.
pid_t start(GpuMachine& machine, const ConfigureRequest& request) {
  const pid_t child = fork();
  if (child != 0) return child;
  alarm(60);
  _exit(machine.configure(request) ? 0 : 1);
}

TEST(ConfigureAtOnce, one_that_fails_takes_nothing_from_one_that_works_on_the_same_root) {
  run_case({}, [](const std::string& scratch) {
    for (int round = 0; round < 40; ++round) {
      GpuMachine machine(cat(scratch, "/", round));
      const Container first(machine.container);
      const Container second(machine.container);
      ASSERT_TRUE(first.is_ready() && second.is_ready());
      put_directory(machine.container + "/usr/bin/extra");
      ConfigureRequest failing = machine.request();
      failing.pid = second.pid();
      failing.edits.mounts.push_back(
          {"/driver/usr/bin/nvidia-smi", "/usr/bin/extra", file_options});
      ConfigureRequest working = machine.request();
      working.pid = first.pid();
      const pid_t bad = start(machine, failing);
      const pid_t good = start(machine, working);
      int status = 0;
      ASSERT_TRUE(waitpid(bad, &status, 0) == bad && WIFEXITED(status));
      EXPECT_EQ(WEXITSTATUS(status), 1);
      ASSERT_TRUE(waitpid(good, &status, 0) == good && WIFEXITED(status));
      EXPECT_EQ(WEXITSTATUS(status), 0);
      expect_configured(machine, first.at(machine.container));
    }
  });
}

TEST(ConfigureRefuses, what_is_no_root_file_system_of_a_container) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    const auto refusal = [&](const std::string& rootfs) {
      ConfigureRequest request = machine.request();
      request.rootfs = rootfs;
      return message(machine.configure(request));
    };
    EXPECT_EQ(refusal("/"), "input error: invalid rootfs directory");
    EXPECT_EQ(refusal("//."), "input error: invalid rootfs directory");
    EXPECT_EQ(refusal("rootfs"), "input error: invalid rootfs directory");
    put_link(scratch + "/link", "/");
    EXPECT_EQ(refusal(scratch + "/link"),
              "container error: invalid rootfs directory: it is the root directory");
    EXPECT_EQ(refusal(scratch + "/none"),
              cat("container error: open failed: ", scratch, "/none: No such file or directory"));
    put_file(scratch + "/file", "");
    EXPECT_EQ(refusal(scratch + "/file"),
              cat("container error: open failed: ", scratch, "/file: Not a directory"));
  });
}

TEST(ConfigureRefuses, a_process_that_is_gone) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    Container container(machine.container);
    ConfigureRequest request = machine.request();
    request.pid = container.pid();
    container.end();
    EXPECT_EQ(message(machine.configure(request)),
              cat("container error: open failed: /proc/", request.pid,
                  "/root/: No such file or directory"));
  });
}

TEST(ConfigureRefuses, a_root_file_system_without_the_drivers_proc_directory_that_cannot_have_one) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    std::filesystem::remove_all(machine.container + "/proc/driver");
    ASSERT_EQ(mount("proc", (machine.container + "/proc").c_str(), "proc", 0, nullptr), 0);
    if (std::filesystem::exists(machine.container + "/proc/driver/nvidia")) return;
    EXPECT_EQ(message(machine.configure(machine.request())),
              cat("mount error: mount operation failed: ", machine.container,
                  "/proc/driver/nvidia: No such file or directory"));
  });
}

TEST(ConfigureHere, proc_stays_as_it_is_without_the_shadow) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    ConfigureRequest request = machine.request();
    request.proc = apply::ProcView::left;
    ASSERT_TRUE(machine.configure(request));
    EXPECT_EQ(names_in(machine.container + "/proc/driver/nvidia"),
              std::vector<std::string>{"gpus"});
  });
}

TEST(ConfigureHere, the_loaders_cache_is_not_written_when_it_is_to_be_left_alone) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    ConfigureRequest request = machine.request();
    request.leave_loader_cache = true;
    ASSERT_TRUE(machine.configure(request));
    EXPECT_FALSE(std::filesystem::exists(machine.container + "/etc/ld.so.cache"));
    EXPECT_FALSE(std::filesystem::exists(machine.container + "/etc/ld.so.conf.d"));
  });
}

TEST(ConfigureHere, compat_libraries_of_another_major_version_are_mounted_and_win_when_newer) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    const std::string compat = machine.container + "/usr/local/cuda-12/compat";
    put_link(machine.container + "/usr/local/cuda", "cuda-12");
    put_file(compat + "/libcuda.so.570.1", elf_image({.soname = "libcuda.so.1"}) + "newer");
    put_link(compat + "/libcuda.so.1", "libcuda.so.570.1");
    put_file(compat + "/libnvidia-nvvm.so.535.9", elf_image({.soname = "libnvidia-nvvm.so.4"}));
    put_link(compat + "/libcuda-escape.so.1", machine.host + "/driver/usr/bin/nvidia-smi");
    put_directory(compat + "/libcuda-directory.so.1");
    ASSERT_EQ(mkfifo((compat + "/libcuda-fifo.so.1").c_str(), 0644), 0);
    ConfigureRequest request = machine.request();
    request.compat = CompatMode::mount;
    const Result<> done = machine.configure(request);
    ASSERT_TRUE(done) << message(done);
    EXPECT_EQ(names_in(machine.container + native),
              (std::vector<std::string>{"libcuda.so", "libcuda.so.1", "libcuda.so.535.1",
                                        "libcuda.so.570.1", "libnvidia-ml.so.1",
                                        "libnvidia-ml.so.535.1"}));
    EXPECT_EQ(read_file(machine.container + native + "/libcuda.so.1"),
              read_file(compat + "/libcuda.so.570.1"));
  });
}

// NVIDIA's cuda-compat packages have four; each one that is found costs a mount and a descriptor.
TEST(ConfigureHere, of_more_compat_libraries_than_any_package_has_sixty_four_are_mounted) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    for (int number = 0; number < 100; ++number) {
      put_file(cat(machine.container, "/usr/local/cuda/compat/libcuda-", number, ".so.570.1"), "");
    }
    ConfigureRequest request = machine.request();
    request.compat = CompatMode::mount;
    const Result<> done = machine.configure(request);
    ASSERT_TRUE(done) << message(done);
    EXPECT_EQ(
        std::ranges::count_if(
            mounts(), [](const MountEntry& mount) { return mount.point.contains("libcuda-"); }),
        64);
  });
}

}  // namespace
}  // namespace nvbox::test
