// Configure and user namespaces: as root of one, and from outside.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <string>

#include "namespaced/case.h"
#include "namespaced/gpu_machine.h"
#include "sys/file.h"

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

// A process of a container whose root is user 100000 here, and which ends with this object.
class Container {
 public:
  Container() {
    int pids[2] = {};
    int end[2] = {};
    EXPECT_TRUE(pipe2(pids, O_CLOEXEC) == 0 && pipe2(end, O_CLOEXEC) == 0);
    helper_ = fork();
    if (helper_ == 0) {
      close(end[1]);
      _exit(run_as_mapped_root([&] {
        const pid_t own = getpid();
        char byte = 0;
        if (write(pids[1], &own, sizeof own) != ssize_t{sizeof own}) return 7;
        return read(end[0], &byte, 1) == 0 ? 0 : 8;
      }));
    }
    EXPECT_EQ(read(pids[0], &pid_, sizeof pid_), ssize_t{sizeof pid_});
    end_ = end[1];
  }
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  ~Container() {
    close(end_);
    int status = 0;
    EXPECT_EQ(waitpid(helper_, &status, 0), helper_);
    EXPECT_EQ(status, 0);
  }

  // In it, from outside.
  Result<> configure(GpuMachine& machine) const {
    ConfigureRequest request = machine.request();
    request.pid = pid_;
    return machine.configure(request);
  }
  std::string root() const { return cat("/proc/", pid_, "/root"); }

 private:
  pid_t helper_ = -1;
  pid_t pid_ = -1;
  int end_ = -1;
};

TEST(ConfigureUserNamespace, from_outside_new_files_belong_to_the_containers_root) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    give_to_container(machine.container);
    const Container container;
    const Result<> done = container.configure(machine);
    EXPECT_TRUE(done) << message(done);
    expect_configured(machine, container.root() + machine.container);
    for (const char* path : {"/usr/bin", "/usr/bin/nvidia-smi", "/etc/ld.so.cache",
                             "/usr/lib/x86_64-linux-gnu/libcuda.so.1"}) {
      struct stat info {};
      EXPECT_EQ(lstat((machine.container + path).c_str(), &info), 0) << path;
      EXPECT_EQ(info.st_uid, uid_t{100000}) << path;
      EXPECT_EQ(info.st_gid, gid_t{100000}) << path;
    }
  });
}

// Fedora's package "filesystem" has /usr/bin and /usr/lib64 with this mode; a container's root may
// write there all the same, by CAP_DAC_OVERRIDE over its own users.
TEST(ConfigureUserNamespace,
     from_outside_directories_that_only_their_owner_may_change_are_changed) {
  run_case({}, [](const std::string& scratch) {
    GpuMachine machine(scratch);
    put_directory(machine.container + "/usr/bin");
    give_to_container(machine.container);
    for (const std::string path : {"/usr/bin", native, "/etc"}) {
      ASSERT_EQ(chmod((machine.container + path).c_str(), 0555), 0);
    }
    const Container container;
    const Result<> done = container.configure(machine);
    EXPECT_TRUE(done) << message(done);
    expect_configured(machine, container.root() + machine.container);
    EXPECT_EQ(machine.warnings, "");
  });
}

// The container's root could not change what is in /vol itself: user 0 is not mapped there.
TEST(ConfigureUserNamespace, from_outside_directories_of_the_hosts_root_are_left_alone) {
  for (const std::string way : {"/etc", "/usr/bin", native}) {
    for (const bool is_mount : {true, false}) {
      SCOPED_TRACE(way);
      run_case({}, [&](const std::string& scratch) {
        GpuMachine machine(scratch);
        give_to_container(machine.container);
        const std::string volume = is_mount ? scratch + "/volume" : machine.container + "/vol";
        put_file(volume + "/ld.so.cache", "of the host");
        put_directory(volume + "/ld.so.conf.d");
        put_directory(volume + "/nvidia/nvidia-application-profiles-rc.d");
        put_directory(machine.container + "/vol");
        if (is_mount) {
          const std::string place = machine.container + "/vol";
          ASSERT_EQ(mount(volume.c_str(), place.c_str(), nullptr, MS_BIND, nullptr), 0);
        }
        // Its group counts neither, whatever groups configure is called with.
        ASSERT_EQ(chmod(volume.c_str(), 0775), 0);
        const gid_t group = 0;
        ASSERT_EQ(setgroups(1, &group), 0);
        std::filesystem::remove_all(machine.container + way);
        put_link(machine.container + way, "/vol");
        const auto before = describe_tree(volume);
        const Container container;
        const Result<> done = container.configure(machine);
        // Libraries and programs have to be there; the loader's cache is worth a warning.
        EXPECT_EQ(done.has_value(), way == "/etc") << message(done);
        EXPECT_EQ(describe_tree(volume), before);
      });
    }
  }
}

}  // namespace
}  // namespace nvbox::test
