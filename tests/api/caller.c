/*
 * What a caller keeps, printed before and after everything was called in a container: caller PID
 * ROOTFS And 10,000 starts and ends of a context, in two threads at once: caller cycles
 */
#include <dirent.h>
#include <nvc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_link(const char* path) {
  char target[4096];
  const ssize_t length = readlink(path, target, sizeof target - 1);
  printf("%s %.*s\n", path, length < 0 ? 0 : (int)length, target);
}

static void print_capabilities(void) {
  char line[256];
  FILE* const status = fopen("/proc/self/status", "r");
  while (status != NULL && fgets(line, sizeof line, status) != NULL) {
    if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "Sig", 3) == 0 ||
        strncmp(line, "Uid", 3) == 0 || strncmp(line, "NoNewPrivs", 10) == 0) {
      printf("%s", line);
    }
  }
  if (status != NULL) fclose(status);
}

static int descriptors(void) {
  int count = 0;
  DIR* const directory = opendir("/proc/self/fd");
  while (directory != NULL && readdir(directory) != NULL) ++count;
  if (directory != NULL) closedir(directory);
  return count;
}

static void print_state(void) {
  struct sigaction action;
  const mode_t mask = umask(0);
  umask(mask);
  print_link("/proc/self/ns/mnt");
  print_link("/proc/self/ns/user");
  print_link("/proc/self/cwd");
  print_link("/proc/self/root");
  sigaction(SIGCHLD, NULL, &action);
  printf("umask %o, SIGCHLD %s, descriptors %d\n", (unsigned)mask,
         action.sa_handler == SIG_IGN ? "ignored" : "other", descriptors());
  print_capabilities();
}

static int call_everything(pid_t pid, const char* rootfs) {
  struct nvc_context* context = nvc_context_new();
  struct nvc_container_config* config = nvc_container_config_new(pid, rootfs);
  if (nvc_init(context, NULL, NULL) != 0) return 1;
  struct nvc_container* container =
      nvc_container_new(context, config, "supervised no-cgroups compute utility");
  struct nvc_driver_info* driver = nvc_driver_info_new(context, NULL);
  struct nvc_device_info* devices = nvc_device_info_new(context, NULL);
  if (container == NULL || driver == NULL || devices == NULL) return 1;
  const int status = nvc_driver_mount(context, container, driver) != 0 ||
                     nvc_device_mount(context, container, devices->gpus) != 0 ||
                     nvc_ldcache_update(context, container) != 0;
  nvc_device_info_free(devices);
  nvc_driver_info_free(driver);
  nvc_container_free(container);
  nvc_container_config_free(config);
  nvc_context_free(context);
  return status;
}

static void* cycle(void* failed) {
  for (int i = 0; i < 5000; ++i) {
    struct nvc_context* context = nvc_context_new();
    if (nvc_init(context, NULL, NULL) != 0) *(int*)failed = 1;
    /* Discovery of the files takes a millisecond, so only now and then. */
    if (i % 100 == 0) {
      struct nvc_device_info* devices = nvc_device_info_new(context, NULL);
      struct nvc_driver_info* driver = nvc_driver_info_new(context, NULL);
      if (devices == NULL || driver == NULL) *(int*)failed = 1;
      nvc_device_info_free(devices);
      nvc_driver_info_free(driver);
    }
    nvc_shutdown(context);
    nvc_context_free(context);
  }
  return NULL;
}

static int run_cycles(void) {
  pthread_t threads[2];
  int failed[2] = {0, 0};
  for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, cycle, &failed[i]);
  for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  return failed[0] || failed[1];
}

static long peak_kilobytes(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

int main(int argc, char** argv) {
  if (argc == 2) {
    if (run_cycles() != 0) return 1;
    const long before = peak_kilobytes();
    const int descriptors_before = descriptors();
    if (run_cycles() != 0) return 1;
    printf("grown by %ld KiB, %d descriptors\n", (peak_kilobytes() - before) / 1024 * 1024,
           descriptors() - descriptors_before);
    return 0;
  }
  if (argc != 3) return 2;
  signal(SIGCHLD, SIG_IGN);
  print_state();
  if (call_everything(atoi(argv[1]), argv[2]) != 0) return 1;
  print_state();
  return 0;
}
