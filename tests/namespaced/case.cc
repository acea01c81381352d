#include "namespaced/case.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "support/deny.h"
#include "sys/file.h"

namespace nvbox::test {
namespace {

constexpr int skipped = 77;
constexpr unsigned most_seconds = 60;

[[noreturn]] void leave(int status) {
  std::fflush(nullptr);
  _exit(status);
}

Result<> write_to(const std::string& path, std::string_view text) {
  const sys::Fd file = NVBOX_TRY(sys::open_path(path, O_WRONLY));
  return sys::write_all(file.get(), text).in(path);
}

// Root of a new user namespace, who is the calling user outside.
Result<> become_root() {
  const std::string uid_map = cat("0 ", geteuid(), " 1");
  const std::string gid_map = cat("0 ", getegid(), " 1");
  if (unshare(CLONE_NEWUSER) != 0) return Error("make a user namespace", errno);
  NVBOX_TRY(write_to("/proc/self/setgroups", "deny"));
  NVBOX_TRY(write_to("/proc/self/uid_map", uid_map));
  return write_to("/proc/self/gid_map", gid_map);
}

Result<> isolate(const std::string& scratch) {
  if (geteuid() != 0) NVBOX_TRY(become_root());
  if (unshare(CLONE_NEWNS) != 0) return Error("make a mount namespace", errno);
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Error("make mounts private", errno);
  }
  if (mount("scratch", scratch.c_str(), "tmpfs", 0, "mode=0755") != 0) {
    return Error("mount a tmpfs", errno);
  }
  return {};
}

// Expectations that failed so far; a child starts with those of its parent.
int failures() {
  return testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
}

[[noreturn]] void run_child(const Denial& denial, const std::string& scratch,
                            const std::function<void(const std::string&)>& body) {
  alarm(most_seconds);
  const int failures_before = failures();
  if (const Result<> isolated = isolate(scratch); !isolated) {
    std::fprintf(stderr, "skipped: %s\n", isolated.error().message().c_str());
    leave(skipped);
  }
  if (const Result<> denied = deny(denial.calls, denial.errno_value); !denied) {
    ADD_FAILURE() << denied.error().message();
    leave(1);
  }
  body(scratch);
  leave(failures() > failures_before ? 1 : 0);
}

bool must_run() {
  const char* labels = std::getenv("NVBOX_MUST_RUN");
  return labels != nullptr && std::string_view(labels).contains("namespaced");
}

}  // namespace

void PrintTo(const Denial& denial, std::ostream* out) {
  *out << denial.name;
}

std::string name_of(const testing::TestParamInfo<Denial>& info) {
  return info.param.name;
}

std::vector<Denial> each_denied(const std::vector<std::string_view>& calls) {
  std::vector<Denial> out = {{}};
  for (const auto& [suffix, errno_value] : {std::pair("ENOSYS", ENOSYS), {"EPERM", EPERM}}) {
    for (const std::string_view call : calls) {
      out.push_back({cat("no_", call, "_", std::string_view(suffix)), {call}, errno_value});
    }
    if (calls.size() > 1)
      out.push_back({cat("none_", std::string_view(suffix)), calls, errno_value});
  }
  return out;
}

void run_case(const Denial& denial, const std::function<void(const std::string&)>& body) {
  std::string scratch = (std::filesystem::temp_directory_path() / "nvbox-case-XXXXXX").string();
  ASSERT_NE(mkdtemp(scratch.data()), nullptr);
  std::fflush(nullptr);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) run_child(denial, scratch, body);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  // The tmpfs went with the child's namespace.
  std::filesystem::remove(scratch);
  if (WIFEXITED(status) && WEXITSTATUS(status) == skipped && !must_run()) {
    GTEST_SKIP() << "this user may not make namespaces here";
  }
  EXPECT_FALSE(WIFSIGNALED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "see the failures of the child above";
}

}  // namespace nvbox::test
