// The eye of a test inside a container:  probe COMMAND [ARG...] [-- COMMAND [ARG...]]...
//
// clang-format off
//   nodes            character devices of the driver: PATH MAJOR:MINOR MODE UID:GID
//   open PATH...     PATH: OK, or the name of the error
//   dlopen NAME...   NAME: the file that was loaded and the path it came from, or the loader's message
//   mounts PREFIX    mount points at or below PREFIX with their sorted options
//   links DIR...     symbolic links in DIR: PATH -> TARGET
//   cat FILE...      contents
//   write FILE       opens FILE for writing, as open does
//   env, groups      environment, supplementary groups
//   all              nodes, links of the usual directories, all mounts, env, groups
//   cuda             the driver's CUDA: how many devices, and whether memory of the first comes back
//                    as it was sent
// clang-format on
//
// A sequence puts "== COMMAND ARG..." before each answer, so one container start answers many
// questions. Exit status 0 unless the command line is wrong: what cannot be had is part of the
// answer.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

extern char** environ;

static const char* error_name(int error) {
  static const struct {
    int number;
    const char* name;
  } names[] = {{EPERM, "EPERM"},     {ENOENT, "ENOENT"}, {ENXIO, "ENXIO"},     {EACCES, "EACCES"},
               {EEXIST, "EEXIST"},   {ENODEV, "ENODEV"}, {ENOTDIR, "ENOTDIR"}, {EISDIR, "EISDIR"},
               {EINVAL, "EINVAL"},   {EROFS, "EROFS"},   {ELOOP, "ELOOP"},     {EBUSY, "EBUSY"},
               {ETXTBSY, "ETXTBSY"}, {EIO, "EIO"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    if (names[i].number == error) return names[i].name;
  }
  return strerror(error);
}

static int not_dot(const struct dirent* entry) {
  return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

// Calls `visit` with the path of each entry of `dir`, in alphabetical order.
static void each_entry(const char* dir,
                       void (*visit)(const char* path, const struct stat* status)) {
  struct dirent** entries;
  int count = scandir(dir, &entries, not_dot, alphasort);
  for (int i = 0; i < count; ++i) {
    char path[4096];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name);
    if (lstat(path, &status) == 0) visit(path, &status);
    free(entries[i]);
  }
  if (count >= 0) free(entries);
}

static void print_node(const char* path, const struct stat* status) {
  if (!S_ISCHR(status->st_mode)) return;
  printf("%s %u:%u %04o %u:%u\n", path, major(status->st_rdev), minor(status->st_rdev),
         status->st_mode & 07777, status->st_uid, status->st_gid);
}

static void print_driver_node(const char* path, const struct stat* status) {
  const int is_driver = strncmp(path, "/dev/nvidia", strlen("/dev/nvidia")) == 0;
  const int is_other = strcmp(path, "/dev/gdrdrv") == 0 || strcmp(path, "/dev/dxg") == 0;
  if (is_driver || is_other) print_node(path, status);
}

static void command_nodes(char** args) {
  (void)args;
  each_entry("/dev", print_driver_node);
  each_entry("/dev/nvidia-caps", print_node);
  each_entry("/dev/nvidia-caps-imex-channels", print_node);
  each_entry("/dev/dri", print_node);
  each_entry("/dev/infiniband", print_node);
}

static void try_open(const char* path, int flags) {
  int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  printf("%s: %s\n", path, fd < 0 ? error_name(errno) : "OK");
  if (fd >= 0) close(fd);
}

// A device is asked for what its user would ask for; anything else only has to be readable.
static void command_open(char** args) {
  for (; *args; ++args) {
    struct stat status;
    int is_device = stat(*args, &status) == 0 && S_ISCHR(status.st_mode);
    try_open(*args, is_device ? O_RDWR : O_RDONLY);
  }
}

static void command_write(char** args) {
  for (; *args; ++args) try_open(*args, O_WRONLY);
}

static void command_dlopen(char** args) {
#ifdef PROBE_STATIC
  for (; *args; ++args) printf("%s: this probe is static\n", *args);
#else
  for (; *args; ++args) {
    void* library = dlopen(*args, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      printf("%s: %s\n", *args, dlerror());
      continue;
    }
    Dl_info info = {0};
    const char* (*stub_name)(void);
    *(void**)&stub_name = dlsym(library, "nvbox_stub_name");
    if (stub_name && dladdr(*(void**)&stub_name, &info) != 0) {
      printf("%s: %s %s\n", *args, stub_name(), info.dli_fname);
    } else {
      printf("%s: not a stub\n", *args);
    }
  }
#endif
}

static void print_link(const char* path, const struct stat* status) {
  char target[4096];
  if (!S_ISLNK(status->st_mode)) return;
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length < 0) return;
  target[length] = '\0';
  printf("%s -> %s\n", path, target);
}

static void command_links(char** args) {
  for (; *args; ++args) each_entry(*args, print_link);
}

static int compare_strings(const void* left, const void* right) {
  return strcmp(*(char* const*)left, *(char* const*)right);
}

static void print_mount(const char* mount_point, char* options) {
  char *sorted[64], *next;
  size_t count = 0;
  for (char* option = strtok_r(options, ",", &next); option && count < 64;
       option = strtok_r(NULL, ",", &next)) {
    sorted[count++] = option;
  }
  qsort(sorted, count, sizeof *sorted, compare_strings);
  printf("%s ", mount_point);
  for (size_t i = 0; i < count; ++i) printf("%s%s", i ? "," : "", sorted[i]);
  printf("\n");
}

static int is_below(const char* path, const char* prefix) {
  size_t length = strlen(prefix);
  while (length > 0 && prefix[length - 1] == '/') --length;
  return strncmp(path, prefix, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static void command_mounts(char** args) {
  static char line[1 << 16];
  FILE* mountinfo = fopen("/proc/self/mountinfo", "re");
  if (!mountinfo) {
    printf("/proc/self/mountinfo: %s\n", error_name(errno));
    return;
  }
  while (fgets(line, sizeof line, mountinfo)) {
    char mount_point[4096], options[4096];
    if (sscanf(line, "%*s %*s %*s %*s %4095s %4095s", mount_point, options) != 2) continue;
    if (!*args || is_below(mount_point, *args)) print_mount(mount_point, options);
  }
  fclose(mountinfo);
}

static void command_cat(char** args) {
  for (; *args; ++args) {
    char block[4096];
    ssize_t length = -1;
    fflush(stdout);
    int fd = open(*args, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (length = read(fd, block, sizeof block)) > 0)
      fwrite(block, 1, (size_t)length, stdout);
    if (length < 0) printf("%s: %s\n", *args, error_name(errno));
    if (fd >= 0) close(fd);
  }
}

static void command_env(char** args) {
  (void)args;
  for (char** variable = environ; *variable; ++variable) puts(*variable);
}

static void command_groups(char** args) {
  gid_t groups[256];
  int count = getgroups(256, groups);
  (void)args;
  for (int i = 0; i < count; ++i) printf("%s%u", i ? " " : "", groups[i]);
  printf("\n");
}

#ifndef PROBE_STATIC
static void* cuda_library;

// Calls a function of libcuda, all of whose arguments are as wide as a pointer or promoted to it;
// 0 is success, and -1 a function that is not there.
static int call_cuda(const char* name, uintptr_t a, uintptr_t b, uintptr_t c) {
  int (*function)(uintptr_t, uintptr_t, uintptr_t);
  *(void**)&function = dlsym(cuda_library, name);
  const int code = function ? function(a, b, c) : -1;
  if (code != 0) printf("cuda: %s: %d\n", name, code);
  return code;
}

static int copy_there_and_back(void) {
  static unsigned char sent[1 << 20], received[sizeof sent];
  uint64_t memory = 0;
  void* context = NULL;
  int device = 0;
  for (size_t i = 0; i < sizeof sent; ++i) sent[i] = (unsigned char)(i * 31 + i / 251);
  return call_cuda("cuDeviceGet", (uintptr_t)&device, 0, 0) == 0 &&
         call_cuda("cuDevicePrimaryCtxRetain", (uintptr_t)&context, (uintptr_t)device, 0) == 0 &&
         call_cuda("cuCtxSetCurrent", (uintptr_t)context, 0, 0) == 0 &&
         call_cuda("cuMemAlloc_v2", (uintptr_t)&memory, sizeof sent, 0) == 0 &&
         call_cuda("cuMemcpyHtoD_v2", memory, (uintptr_t)sent, sizeof sent) == 0 &&
         call_cuda("cuMemcpyDtoH_v2", (uintptr_t)received, memory, sizeof sent) == 0 &&
         memcmp(sent, received, sizeof sent) == 0;
}
#endif

static void command_cuda(char** args) {
  (void)args;
#ifdef PROBE_STATIC
  printf("cuda: this probe is static\n");
#else
  int count = 0;
  cuda_library = dlopen("libcuda.so.1", RTLD_NOW);
  if (!cuda_library) {
    printf("cuda: %s\n", dlerror());
    return;
  }
  if (call_cuda("cuInit", 0, 0, 0) != 0) return;
  if (call_cuda("cuDeviceGetCount", (uintptr_t)&count, 0, 0) != 0) return;
  printf("cuda: devices %d, copy %s\n", count, copy_there_and_back() ? "OK" : "failed");
#endif
}

static void command_all(char** args);

static const struct command {
  const char* name;
  void (*run)(char** args);
} commands[] = {{"nodes", command_nodes},   {"open", command_open},     {"write", command_write},
                {"dlopen", command_dlopen}, {"mounts", command_mounts}, {"links", command_links},
                {"cat", command_cat},       {"env", command_env},       {"groups", command_groups},
                {"cuda", command_cuda},     {"all", command_all}};

static const struct command* find_command(const char* name) {
  for (size_t i = 0; i < sizeof commands / sizeof *commands; ++i) {
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  }
  return NULL;
}

static void print_header(char** words) {
  printf("==");
  for (; *words; ++words) printf(" %s", *words);
  printf("\n");
}

// Runs the commands of `words`, which "--" separates; returns the exit status.
static int run_sequence(char** words, int with_headers) {
  while (*words) {
    char** end = words;
    while (*end && strcmp(*end, "--") != 0) ++end;
    int is_last = *end == NULL;
    *end = NULL;
    const struct command* command = *words ? find_command(*words) : NULL;
    if (!command) {
      fprintf(stderr, "probe: no command '%s'\n", *words ? *words : "");
      return 2;
    }
    if (with_headers) print_header(words);
    command->run(words + 1);
    if (is_last) break;
    words = end + 1;
  }
  return 0;
}

static void command_all(char** args) {
  char* sequence[] = {
      "nodes",      "--",       "links", "/dev/dri/by-path", "/usr/lib/x86_64-linux-gnu",
      "/usr/lib64", "/usr/lib", "--",    "mounts",           "/",
      "--",         "env",      "--",    "groups",           NULL};
  (void)args;
  run_sequence(sequence, 1);
}

int main(int argc, char** argv) {
  int with_headers = 0;
  for (int i = 1; i < argc; ++i) with_headers |= strcmp(argv[i], "--") == 0;
  if (argc < 2) {
    fprintf(stderr, "usage: probe COMMAND [ARG...] [-- COMMAND [ARG...]]...\n");
    return 2;
  }
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  return run_sequence(argv + 1, with_headers);
}
