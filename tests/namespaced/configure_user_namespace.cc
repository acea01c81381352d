// Configure and user namespaces: as root of one, and from outside.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <string>

#include "namespaced/case.h"
#include "namespaced/gpu_machine.h"
#include "nvbox/sys/file.h"

namespace nvbox::test {
namespace {

using apply::ConfigureRequest;

// The image of a container whose root is user 100000 here.
void give_to_container(const std::string& container) {
  ASSERT_EQ(lchown(container.c_str(), 100000, 100000), 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(container)) {
    ASSERT_EQ(lchown(entry.path().c_str(), 100000, 100000), 0) << entry.path();
  }
}

// Runs `body` as root of a new user namespace; its exit status.
int run_as_mapped_root(const std::function<int()>& body) {
  int go[2] = {};
  EXPECT_EQ(pipe2(go, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte = 0;
    alarm(60);
    if (unshare(CLONE_NEWUSER) != 0 || kill(getpid(), SIGSTOP) != 0) _exit(4);
    if (read(go[0], &byte, 1) != 1 || setgid(0) != 0 || setuid(0) != 0) _exit(5);
    _exit(unshare(CLONE_NEWNS) == 0 ? body() : 6);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, WUNTRACED), child);
  if (!WIFSTOPPED(status)) return status;
  for (const char* map : {"uid_map", "gid_map"}) {
    const auto file = sys::open_path(cat("/proc/", child, "/", std::string_view(map)), O_WRONLY);
    EXPECT_TRUE(file && sys::write_all(file->get(), "0 100000 65536"));
  }
  kill(child, SIGCONT);
  EXPECT_EQ(write(go[1], "x", 1), 1);
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST(ConfigureUserNamespace, mapped_root_can_do_all_of_it_inside) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    give_to_container(machine.container);
    const int status = run_as_mapped_root([&] {
      const Result<> done = machine.configure(machine.request());
      EXPECT_TRUE(done) << message(done);
      if (done) expect_configured(machine, machine.container);
      EXPECT_EQ(machine.warnings, "");
      return testing::Test::HasFailure() ? 1 : 0;
    });
    EXPECT_EQ(status, 0);
  });
}

TEST(ConfigureUserNamespace, nodes_that_cannot_be_made_there_are_left_out_with_a_warning) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    give_to_container(machine.container);
    const int status = run_as_mapped_root([&] {
      ConfigureRequest request = machine.request();
      request.mknod_devices = true;
      const Result<> done = machine.configure(request);
      EXPECT_TRUE(done) << message(done);
      EXPECT_TRUE(machine.warnings.contains("/dev/nvidia0 is left out: ")) << machine.warnings;
      return testing::Test::HasFailure() ? 1 : 0;
    });
    EXPECT_EQ(status, 0);
  });
}

TEST(ConfigureUserNamespace, from_outside_new_files_belong_to_the_containers_root) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    give_to_container(machine.container);
    int pids[2] = {};
    int end[2] = {};
    ASSERT_TRUE(pipe2(pids, O_CLOEXEC) == 0 && pipe2(end, O_CLOEXEC) == 0);
    const pid_t helper = fork();
    if (helper == 0) {
      close(end[1]);
      _exit(run_as_mapped_root([&] {
        const pid_t own = getpid();
        char byte = 0;
        if (write(pids[1], &own, sizeof own) != ssize_t{sizeof own}) return 7;
        return read(end[0], &byte, 1) == 0 ? 0 : 8;
      }));
    }
    ConfigureRequest request = machine.request();
    ASSERT_EQ(read(pids[0], &request.pid, sizeof request.pid), ssize_t{sizeof request.pid});
    const Result<> done = machine.configure(request);
    EXPECT_TRUE(done) << message(done);
    expect_configured(machine, cat("/proc/", request.pid, "/root", machine.container));
    for (const char* path : {"/usr/bin", "/usr/bin/nvidia-smi", "/etc/ld.so.cache",
                             "/usr/lib/x86_64-linux-gnu/libcuda.so.1"}) {
      struct stat info {};
      EXPECT_EQ(lstat((machine.container + path).c_str(), &info), 0) << path;
      EXPECT_EQ(info.st_uid, uid_t{100000}) << path;
      EXPECT_EQ(info.st_gid, gid_t{100000}) << path;
    }
    close(end[1]);
    int status = 0;
    ASSERT_EQ(waitpid(helper, &status, 0), helper);
    EXPECT_EQ(status, 0);
  });
}

}  // namespace
}  // namespace nvbox::test
