// A prestart hook: bind-proc-driver ROOTFS < STATE
//
// A procfs mounted in a container shows the drivers of the kernel, and this kernel has none to
// show. So the tree that stands in for it on the simulated host is bound over the container's,
// before anybody else looks.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static int fail(const char* what) {
  fprintf(stderr, "simhost: %s: %s\n", what, strerror(errno));
  return 1;
}

// The state's "pid" is the only member of that name that runc and crun write.
static int pid_in_state(void) {
  static char state[1 << 16];
  size_t length = fread(state, 1, sizeof state - 1, stdin);
  state[length] = '\0';
  const char* pid = strstr(state, "\"pid\"");
  return pid ? atoi(pid + strcspn(pid, "0123456789")) : 0;
}

int main(int argc, char** argv) {
  char namespace[64], target[4096];
  int pid = pid_in_state();
  if (argc != 2 || pid <= 0) {
    fprintf(stderr, "simhost: usage: bind-proc-driver ROOTFS < STATE\n");
    return 1;
  }
  snprintf(namespace, sizeof namespace, "/proc/%d/ns/mnt", pid);
  snprintf(target, sizeof target, "%s/proc/driver", argv[1]);
  int fd = open(namespace, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(namespace);
  if (setns(fd, CLONE_NEWNS) != 0) return fail("enter the container's mount namespace");
  if (mount("/proc/driver", target, NULL, MS_BIND | MS_REC, NULL) != 0) return fail(target);
  return 0;
}
