// mksocket PATH: a socket file nobody listens on. No tool of a minimal Debian makes one.
#include <stdio.h>
#include <sys/stat.h>

int main(int argc, char** argv) {
  if (argc == 2 && mknod(argv[1], S_IFSOCK | 0666, 0) == 0 && chmod(argv[1], 0666) == 0) return 0;
  perror(argc == 2 ? argv[1] : "usage: mksocket PATH");
  return 1;
}
