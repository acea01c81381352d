/* exchange ONE OTHER: exchanges two names until it is killed, or its parent ends. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

int main(int count, char** arguments) {
  if (count != 3) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (renameat2(AT_FDCWD, arguments[1], AT_FDCWD, arguments[2], RENAME_EXCHANGE) != 0) {
    perror("exchange");
    return 1;
  }
  puts("exchanged");
  fflush(stdout);
  /* One of them may be busy for a moment. */
  for (;;) (void)!renameat2(AT_FDCWD, arguments[1], AT_FDCWD, arguments[2], RENAME_EXCHANGE);
}
