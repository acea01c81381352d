/*
 * The flow that the header describes: gives the container of a process the first GPU, and each MIG
 * device of the others. configure PID ROOTFS WORDS
 */
#include <nvc.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char* what, struct nvc_context* context) {
  const char* text = nvc_error(context);
  fprintf(stderr, "%s: %s\n", what, text == NULL ? "no memory" : text);
  return 1;
}

static int give_mig_devices(struct nvc_context* context, const struct nvc_container* container,
                            const struct nvc_device* gpu) {
  if (gpu->mig_devices.ndevices == 0) return 0;
  if (nvc_device_mount(context, container, gpu) != 0) return -1;
  for (size_t i = 0; i < gpu->mig_devices.ndevices; ++i) {
    if (nvc_mig_device_access_caps_mount(context, container, &gpu->mig_devices.devices[i]) != 0) {
      return -1;
    }
  }
  return 0;
}

static int give(struct nvc_context* context, const struct nvc_container* container) {
  struct nvc_driver_info* driver = nvc_driver_info_new(context, NULL);
  struct nvc_device_info* devices = nvc_device_info_new(context, NULL);
  int status = driver == NULL || devices == NULL || devices->ngpus == 0 ? -1 : 0;
  if (status == 0) status = nvc_driver_mount(context, container, driver);
  if (status == 0) status = nvc_device_mount(context, container, &devices->gpus[0]);
  for (size_t i = 1; status == 0 && i < devices->ngpus; ++i) {
    status = give_mig_devices(context, container, &devices->gpus[i]);
  }
  if (status == 0) status = nvc_ldcache_update(context, container);
  nvc_driver_info_free(driver);
  nvc_device_info_free(devices);
  return status;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  struct nvc_context* context = nvc_context_new();
  struct nvc_container_config* config = nvc_container_config_new(atoi(argv[1]), argv[2]);
  if (context == NULL || config == NULL) return 1;
  if (nvc_init(context, NULL, NULL) != 0) return fail("nvc_init", context);
  struct nvc_container* container = nvc_container_new(context, config, argv[3]);
  if (container == NULL) return fail("nvc_container_new", context);
  if (give(context, container) != 0) return fail("give", context);
  if (nvc_shutdown(context) != 0) return fail("nvc_shutdown", context);
  nvc_container_free(container);
  nvc_container_config_free(config);
  nvc_context_free(context);
  return 0;
}
