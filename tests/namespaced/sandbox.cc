// What is left of the caller's world in a hook (CVE-2025-23266).
#include "sys/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "namespaced/case.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace nvbox::test {
namespace {

// Linux before 5.9 has no close_range(2), and filters of engines deny it.
class Sandbox : public testing::TestWithParam<Denial> {};
INSTANTIATE_TEST_SUITE_P(Denied, Sandbox, testing::ValuesIn(each_denied({"close_range"})), name_of);

TEST_P(Sandbox, nothing_of_the_container_reaches_the_hook) {
  run_case(GetParam(), [](const std::string& scratch) {
    setenv("LD_PRELOAD", "/proc/self/cwd/poc.so", 1);
    ASSERT_EQ(chdir(scratch.c_str()), 0);
    umask(0);
    const int inherited = open("/", O_PATH);
    const int far = dup2(inherited, 200);
    ASSERT_EQ(far, 200);

    const Result<> entered = sys::enter_sandbox();

    ASSERT_TRUE(entered) << entered.error().message();
    EXPECT_TRUE(environ == nullptr || *environ == nullptr);
    EXPECT_EQ(fcntl(inherited, F_GETFD), -1);
    EXPECT_EQ(fcntl(far, F_GETFD), -1);
    EXPECT_EQ(std::filesystem::current_path(), "/");
    EXPECT_EQ(umask(0), mode_t{022});
    EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    struct rlimit cores {};
    getrlimit(RLIMIT_CORE, &cores);
    EXPECT_EQ(cores.rlim_max, 0U);
  });
}

TEST_P(Sandbox, nothing_that_a_caller_left_open_reaches_a_program) {
  run_case(GetParam(), [](const std::string&) {
    const int inherited = open("/", O_PATH);
    ASSERT_EQ(dup2(inherited, 200), 200);
    const auto outcome = sys::run_to_end(
        {.path = "/bin/sh", .arguments = {"sh", "-c", "cd /proc/self/fd && echo *"}}, {20000},
        1000);
    ASSERT_TRUE(outcome) << outcome.error().message();
    // The shell's own descriptor of the directory that it reads comes and goes.
    EXPECT_TRUE(outcome->output == "0 1 2\n" || outcome->output == "0 1 2 3\n") << outcome->output;
  });
}

TEST(SandboxStreams, a_closed_standard_descriptor_is_not_taken_by_the_next_file) {
  run_case({}, [](const std::string&) {
    close(STDIN_FILENO);
    ASSERT_TRUE(sys::enter_sandbox());
    EXPECT_EQ(sys::path_of(STDIN_FILENO).value(), "/dev/null");
  });
}

TEST(SandboxStreams, the_standard_descriptors_stay) {
  run_case({}, [](const std::string&) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    ASSERT_EQ(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    const std::string before = sys::path_of(STDIN_FILENO).value();
    ASSERT_TRUE(sys::enter_sandbox());
    EXPECT_EQ(sys::path_of(STDIN_FILENO).value(), before);
  });
}

}  // namespace
}  // namespace nvbox::test
