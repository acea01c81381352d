// deny ENOSYS|EPERM CALL,CALL... COMMAND [ARGUMENT...]: COMMAND where these system calls fail so,
// as on a kernel that has not got them or behind an engine's list of calls that does not know them.
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int deny(scmp_filter_ctx filter, int error, char* calls) {
  for (char* call = strtok(calls, ","); call != NULL; call = strtok(NULL, ",")) {
    const int number = seccomp_syscall_resolve_name(call);
    if (number == __NR_SCMP_ERROR ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(error), number, 0) != 0) {
      fprintf(stderr, "deny: %s cannot be denied\n", call);
      return 1;
    }
  }
  if (seccomp_load(filter) == 0) return 0;
  perror("deny: load the filter");
  return 1;
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: deny ENOSYS|EPERM CALL,CALL... COMMAND [ARGUMENT...]\n");
    return 2;
  }
  const int error = strcmp(argv[1], "EPERM") == 0 ? EPERM : ENOSYS;
  if (deny(seccomp_init(SCMP_ACT_ALLOW), error, argv[2]) != 0) return 2;
  execvp(argv[3], argv + 3);
  perror(argv[3]);
  return 2;
}
