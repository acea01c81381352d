#include "sys/limits.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "base/text.h"

namespace nvbox::sys {
namespace {

// Written before the handler is there, and never after.
std::string& last_words() {
  static std::string text;
  return text;
}
const char* words = nullptr;
size_t words_size = 0;

// Only what signal-safety(7) lists.
extern "C" void give_up(int /*signal*/) {
  (void)!write(STDERR_FILENO, words, words_size);
  _exit(1);
}

}  // namespace

void end_after(unsigned seconds, std::string_view name) {
  last_words() = cat(name, ": it did not end within ", seconds,
                     " seconds; look for a file system that does not answer (dmesg), or for what "
                     "the image has in the place of files that are read\n");
  words = last_words().data();
  words_size = last_words().size();
  struct sigaction action {};
  action.sa_handler = give_up;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGALRM);
  // A caller may have blocked or ignored it, and both last over execve(2).
  sigaction(SIGALRM, &action, nullptr);
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  alarm(seconds);
}

namespace {

// Sixteen GPUs with seven MIG devices each are some 300 mounts, which hold up to four each.
constexpr rlim_t enough = 4096;

}  // namespace

ManyDescriptors::ManyDescriptors() {
  rlimit before{};
  if (getrlimit(RLIMIT_NOFILE, &before) != 0 || before.rlim_cur >= enough) return;
  // With CAP_SYS_RESOURCE beyond the hard limit as well (setrlimit(2)).
  const rlimit raised = {.rlim_cur = enough, .rlim_max = std::max(enough, before.rlim_max)};
  const rlimit allowed = {.rlim_cur = std::min(enough, before.rlim_max),
                          .rlim_max = before.rlim_max};
  const bool is_raised =
      setrlimit(RLIMIT_NOFILE, &raised) == 0 || setrlimit(RLIMIT_NOFILE, &allowed) == 0;
  if (is_raised) before_ = before;
}

ManyDescriptors::~ManyDescriptors() {
  if (before_) (void)setrlimit(RLIMIT_NOFILE, &*before_);
}

}  // namespace nvbox::sys
