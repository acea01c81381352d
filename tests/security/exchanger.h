// An attacker who changes a container's tree while it is being worked on.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <new>
#include <string>

namespace nvbox::test {

// A process that exchanges two names until this object goes. While one of them is missing or busy
// it tries again.
class Exchanger {
 public:
  Exchanger(const std::string& one, const std::string& other)
      : shared_(new (mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Shared) {
    child_ = fork();
    if (child_ == 0) exchange_for_ever(one, other);
  }
  Exchanger(const Exchanger&) = delete;
  Exchanger& operator=(const Exchanger&) = delete;
  ~Exchanger() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    munmap(shared_, sizeof(Shared));
  }

  long count() const { return shared_->count; }

  // Between these nothing is exchanged, so that one can look at what happened.
  void pause() {
    shared_->shall_pause = true;
    while (!shared_->is_paused) sched_yield();
  }
  // Returns once the attacker is at work again.
  void go_on() {
    const long before = shared_->count;
    shared_->shall_pause = false;
    while (shared_->count == before) sched_yield();
  }

 private:
  // RENAME_EXCHANGE of renameat2(2); <linux/fs.h> would define macros that collide.
  static constexpr unsigned exchange = 2;

  struct Shared {
    std::atomic<long> count = 0;
    std::atomic<bool> shall_pause = false;
    std::atomic<bool> is_paused = false;
  };

  [[noreturn]] void exchange_for_ever(const std::string& one, const std::string& other) {
    alarm(most_seconds);
    for (;;) {
      // Set before it is looked whether to pause: whoever sees a pause sees it begin.
      shared_->is_paused = false;
      while (shared_->shall_pause) {
        shared_->is_paused = true;
        sched_yield();
      }
      if (shared_->is_paused) continue;
      if (syscall(SYS_renameat2, AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), exchange) == 0) {
        ++shared_->count;
      }
    }
  }

  // Should the test be killed, nobody else ends this process.
  static constexpr unsigned most_seconds = 600;

  Shared* shared_;
  pid_t child_ = -1;
};

}  // namespace nvbox::test
