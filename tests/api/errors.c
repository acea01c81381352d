/* Calls that are wrong, each with what it gives and what nvc_error says then. */
#include <nvc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char* what, int is_done, struct nvc_context* context) {
  printf("%s: %s\n", what, is_done ? "done" : nvc_error(context));
  fflush(stdout);
}

#define CALL(context, call) tell(#call, (call) == 0, context)
/* For functions that give something. */
#define MAKE(context, call) tell(#call, (call) != NULL, context)

static pid_t dead_process(void) {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  waitpid(pid, NULL, 0);
  return pid;
}

static void without_number(const char* text) {
  for (; *text != '\0'; ++text) {
    if (*text < '0' || *text > '9') putchar(*text);
  }
  putchar('\n');
}

static void before_init(struct nvc_context* c) {
  struct nvc_container_config* config = nvc_container_config_new(1, "/rootfs");
  MAKE(c, nvc_driver_info_new(c, NULL));
  MAKE(c, nvc_device_info_new(c, NULL));
  MAKE(c, nvc_container_new(c, config, NULL));
  CALL(c, nvc_ldcache_update(c, NULL));
  CALL(c, nvc_shutdown(c));
  CALL(c, nvc_init(c, NULL, "no-such-word"));
  nvc_container_config_free(config);
}

static void with_words(struct nvc_context* c) {
  struct nvc_container_config* config = nvc_container_config_new(1, "/rootfs");
  char longest[NVC_ARG_MAX + 1];
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  MAKE(c, nvc_driver_info_new(c, "no-such-word"));
  MAKE(c, nvc_driver_info_new(c, longest));
  MAKE(c, nvc_container_new(c, NULL, NULL));
  MAKE(c, nvc_container_new(c, config, "compute"));
  MAKE(c, nvc_container_new(c, config, "supervised standalone"));
  MAKE(c, nvc_container_new(c, config, "supervised no-such-word"));
  config->pid = 0;
  MAKE(c, nvc_container_new(c, config, "supervised"));
  config->pid = 1;
  config->rootfs = "relative";
  MAKE(c, nvc_container_new(c, config, "supervised"));
  config->rootfs = NULL;
  MAKE(c, nvc_container_new(c, config, "supervised"));
  config->rootfs = "/rootfs";
  config->libs_dir = "";
  MAKE(c, nvc_container_new(c, config, "supervised"));
  nvc_container_config_free(config);
}

static void with_nothing(struct nvc_context* c) {
  CALL(c, nvc_driver_mount(c, NULL, NULL));
  CALL(c, nvc_device_mount(c, NULL, NULL));
  CALL(c, nvc_mig_device_access_caps_mount(c, NULL, NULL));
  CALL(c, nvc_mig_config_global_caps_mount(c, NULL));
  CALL(c, nvc_imex_channel_mount(c, NULL, NULL));
  CALL(c, nvc_ldcache_update(c, NULL));
}

int main(void) {
  struct nvc_context* c = nvc_context_new();
  struct nvc_config* config = nvc_config_new();
  printf("defaults: %s %s %d %d\n", config->root ? config->root : "(null)",
         config->ldcache ? config->ldcache : "(null)", (int)config->uid, (int)config->gid);
  before_init(c);
  config->root = "";
  CALL(c, nvc_init(c, config, NULL));
  config->root = NULL;
  CALL(c, nvc_init(c, config, NULL));
  CALL(c, nvc_init(c, config, NULL));
  with_words(c);
  with_nothing(c);
  struct nvc_container_config* gone = nvc_container_config_new(1, "/");
  printf("a dead process: ");
  gone->pid = dead_process();
  if (nvc_container_new(c, gone, "supervised no-cgroups") == NULL) without_number(nvc_error(c));
  CALL(c, nvc_shutdown(c));
  CALL(c, nvc_shutdown(c));
  nvc_container_config_free(gone);
  nvc_config_free(config);
  nvc_context_free(c);
  return 0;
}
