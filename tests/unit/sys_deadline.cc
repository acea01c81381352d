#include "sys/limits.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <csignal>

namespace nvbox::sys {
namespace {

// alarm(2) and signal(7): a blocked or ignored SIGALRM stays so over execve(2).
[[noreturn]] void wait_for_ever_after_a_careless_caller() {
  sigset_t signals;
  sigfillset(&signals);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGALRM, SIG_IGN);
  end_after(1, "nvbox-hook");
  while (true) pause();
}

TEST(Deadline, ends_a_process_that_waits_with_an_error_that_says_so) {
  EXPECT_EXIT(wait_for_ever_after_a_careless_caller(), testing::ExitedWithCode(1),
              "^nvbox-hook: it did not end within 1 seconds; [^\n]*\n$");
}

TEST(Deadline, does_nothing_to_one_that_ends_in_time) {
  EXPECT_EXIT((end_after(60, "nvbox-hook"), std::_Exit(0)), testing::ExitedWithCode(0), "^$");
}

}  // namespace
}  // namespace nvbox::sys
