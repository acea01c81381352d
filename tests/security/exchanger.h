// An attacker who changes a container's tree while it is being worked on.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <new>
#include <string>

namespace nvbox::test {

// A process that exchanges two names until this object goes.
class Exchanger {
 public:
  Exchanger(const std::string& one, const std::string& other)
      : count_(new (mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Counter(0)) {
    child_ = fork();
    if (child_ != 0) return;
    alarm(60);
    while (syscall(SYS_renameat2, AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), exchange) == 0) {
      ++*count_;
    }
    _exit(1);
  }
  Exchanger(const Exchanger&) = delete;
  Exchanger& operator=(const Exchanger&) = delete;
  ~Exchanger() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    munmap(count_, sizeof(Counter));
  }

  long count() const { return *count_; }

 private:
  // RENAME_EXCHANGE of renameat2(2); <linux/fs.h> would define macros that collide.
  static constexpr unsigned exchange = 2;

  using Counter = std::atomic<long>;
  Counter* count_;
  pid_t child_ = -1;
};

}  // namespace nvbox::test
