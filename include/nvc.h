/*
 * The C interface of libnvidia-container.so.1: gives containers their GPUs, one call for each part.
 *
 * Source and binary compatible with the header of this name that NVIDIA's C library has installed
 * since its version 1: names, numbers, layouts and the version node NVC_1.0 are the same, so that
 * programs which were built for one run with the other. The functions, their texts and this header
 * are nvbox's.
 *
 * How it is used, each result checked and nvc_error() printed where a call failed:
 *
 *     struct nvc_context* context = nvc_context_new();
 *     nvc_init(context, NULL, NULL);
 *     struct nvc_container_config* config = nvc_container_config_new(pid, rootfs);
 *     struct nvc_container* container =
 *         nvc_container_new(context, config, "supervised compute utility");
 *     struct nvc_driver_info* driver = nvc_driver_info_new(context, NULL);
 *     struct nvc_device_info* devices = nvc_device_info_new(context, NULL);
 *     nvc_driver_mount(context, container, driver);
 *     nvc_device_mount(context, container, &devices->gpus[0]);
 *     nvc_ldcache_update(context, container);
 *     nvc_shutdown(context);
 *     (and everything that ..._new gave goes to its ..._free)
 *
 * What is changed is changed by a child process, which is reaped before the call returns: of the
 * caller, no namespace, directory, mask, signal handler, capability or descriptor is another one
 * afterwards. Nothing is printed, and no function ends the process. Calls with different contexts
 * may be made at the same time by different threads; calls with the same one may not.
 *
 * Rights: nvc_init, the two ..._info_new and nvc_nvcaps_* need none. What changes a container needs
 * root's CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, CAP_CHOWN,
 * CAP_FOWNER, CAP_MKNOD, CAP_SETUID, CAP_SETGID and CAP_SYS_CHROOT, as far as they are in the
 * caller's permitted set.
 */
#ifndef NVBOX_NVC_H
#define NVBOX_NVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The interface that this header has: that of NVIDIA's library 1.20.0. */
#define NVC_MAJOR 1
#define NVC_MINOR 20
#define NVC_PATCH 0
#define NVC_TAG ""
#define NVC_VERSION "1.20.0"

/* Bytes of a string of option words, with its end. */
#define NVC_ARG_MAX 256

/* How the driver guards MIG devices (nvc_nvcaps_style). */
#define NVC_NVCAPS_STYLE_NONE 0
#define NVC_NVCAPS_STYLE_PROC 1 /* by the modes of files below /proc */
#define NVC_NVCAPS_STYLE_DEV 2  /* by nodes below /dev/nvidia-caps */

struct nvc_context;   /* what a caller has at work; see nvc_context_new */
struct nvc_container; /* one container; see nvc_container_new */

struct nvc_imex_channel {
  int id; /* its number, 0 to 2^20 - 1 */
};

struct nvc_imex_info {
  struct nvc_imex_channel* chans; /* `nchans` of them; NULL where that is 0 */
  size_t nchans;
};

/* The version of the library that is loaded, which may be another one than the header's. */
struct nvc_version {
  unsigned int major;
  unsigned int minor;
  unsigned int patch;
  const char* string; /* "1.20.0+nvbox": the interface, and whose library it is */
};

/* How the host is looked at. The caller owns every string and the list; nothing is kept of them. */
struct nvc_config {
  char* root;    /* absolute path of the directory that the driver is installed in; NULL is "/" */
  char* ldcache; /* file with the loader's cache, below `root`; NULL is /etc/ld.so.cache */
  uid_t uid;     /* accepted and not needed: nothing is done as another user. -1 is nobody */
  gid_t gid;
  struct nvc_imex_info imex; /* channels whose nodes nvc_init makes with the word load-kmods */
};

struct nvc_device_node {
  char* path; /* "/dev/nvidia0" */
  dev_t id;   /* major and minor number, as in stat(2)'s st_rdev */
};

/* The driver's files, as paths below the driver's root, and its nodes. */
struct nvc_driver_info {
  char* nvrm_version; /* of the loaded kernel module, "550.163.01" */
  char* cuda_version; /* the newest that it serves, "12.4"; "" where it is not known */
  char** bins;        /* programs */
  size_t nbins;
  char** libs; /* native libraries */
  size_t nlibs;
  char** libs32; /* for 32-bit programs */
  size_t nlibs32;
  char** ipcs; /* sockets, and the directory of the multi-process service */
  size_t nipcs;
  struct nvc_device_node* devs; /* nodes that are no GPU's: nvidiactl, nvidia-uvm, ... */
  size_t ndevs;
  char** firmwares;
  size_t nfirmwares;
};

struct nvc_device;

/* A MIG compute instance, to a container a GPU of its own. */
struct nvc_mig_device {
  struct nvc_device* parent; /* in the same nvc_device_info */
  char* uuid;                /* "MIG-..."; "" where NVML was not asked or did not answer */
  unsigned int gi;           /* numbers of its instances */
  unsigned int ci;
  char* gi_caps_path; /* "/proc/driver/nvidia/capabilities/gpu0/mig/gi1/access" */
  char* ci_caps_path;
};

struct nvc_mig_device_info {
  struct nvc_mig_device* devices; /* `ndevices` of them, in NVML's order */
  size_t ndevices;
};

struct nvc_device {
  char* model; /* "Tesla T4" */
  char* uuid;  /* "GPU-..." */
  char* busid; /* "00000000:3b:00.0" */
  char* arch;  /* compute capability, "7.5"; "" where it is not known */
  char* brand; /* "Tesla"; "" where it is not known */
  struct nvc_device_node node;
  bool mig_capable;
  char* mig_caps_path; /* "/proc/driver/nvidia/capabilities/gpu0/mig"; NULL without MIG */
  struct nvc_mig_device_info mig_devices;
};

struct nvc_device_info {
  struct nvc_device* gpus; /* `ngpus` of them, by index */
  size_t ngpus;
};

/* A container. Paths are as they are called in the mount namespace of `pid`. The caller owns every
 * string, and they have to be there until nvc_container_new. */
struct nvc_container_config {
  pid_t pid;      /* a process of it, on the host; the caller's own with the word standalone */
  char* rootfs;   /* absolute path of its root directory */
  char* bins_dir; /* accepted and not needed, as the five below: programs go to /usr/bin, and */
  char* libs_dir; /* libraries to where this image's loader looks for them */
  char* libs32_dir;
  char* cudart_dir;
  char* ldconfig; /* not executed: the loader's cache is written by this library itself */
};

/* Of the library that is loaded; never freed. (In C++ a function of a structure's name is a shadow
 * to gcc.) */
#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif
const struct nvc_version* nvc_version(void);
#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

/* A context to call everything else with, or NULL with errno where there is no memory. */
struct nvc_context* nvc_context_new(void);
/* Also shuts it down. NULL is nothing. */
void nvc_context_free(struct nvc_context* context);

/* With every default, or NULL with errno. */
struct nvc_config* nvc_config_new(void);
/* Not what the caller put in. NULL is nothing. */
void nvc_config_free(struct nvc_config* config);

/*
 * Looks for the driver. `config` NULL is every default. Words of `opts`, NULL is none:
 * load-kmods (loads the driver's modules and makes their nodes), no-create-imex-channels.
 * 0, or -1 with nvc_error: no driver is loaded, the root is no directory, an unknown word. A
 * context that is at work already stays as it is, and that is 0.
 */
int nvc_init(struct nvc_context* context, const struct nvc_config* config, const char* opts);
/* Lets go of what nvc_init opened, if anything. 0, or -1 for NULL. */
int nvc_shutdown(struct nvc_context* context);

/* For a process and its root directory, or NULL with errno. `rootfs` stays the caller's. */
struct nvc_container_config* nvc_container_config_new(pid_t pid, const char* rootfs);
void nvc_container_config_free(struct nvc_container_config* config);

/*
 * A container to be given GPUs. Words of `opts`: supervised (the container is the process', in its
 * mount namespace) or standalone (it is below the caller's own), of which one has to be there;
 * no-cgroups; no-devbind (nodes are made, not mounted); utility, compute, video, graphics, display,
 * ngx, compat32; cuda-compat-mode=disabled|mount|ldconfig. NULL is "standalone no-cgroups
 * no-devbind utility". NULL with nvc_error where a word, the process or the path is not right.
 */
struct nvc_container* nvc_container_new(struct nvc_context* context,
                                        const struct nvc_container_config* config,
                                        const char* opts);
void nvc_container_free(struct nvc_container* container);

/*
 * What the driver has. Words of `opts`, NULL is none: no-uvm, no-modeset, no-mps, no-persistenced,
 * no-fabricmanager, no-gsp-firmware, which leave these out, and no-glvnd, which changes nothing.
 * The caller's, also after nvc_shutdown, until nvc_driver_info_free. NULL with nvc_error.
 */
struct nvc_driver_info* nvc_driver_info_new(struct nvc_context* context, const char* opts);
void nvc_driver_info_free(struct nvc_driver_info* info);

/* The GPUs and their MIG devices. `opts` has no words yet. As nvc_driver_info_new otherwise. */
struct nvc_device_info* nvc_device_info_new(struct nvc_context* context, const char* opts);
void nvc_device_info_free(struct nvc_device_info* info);

/* NVC_NVCAPS_STYLE_DEV where the kernel knows nvidia-caps, NVC_NVCAPS_STYLE_PROC where only /proc
 * has files of capabilities, NVC_NVCAPS_STYLE_NONE without. */
int nvc_nvcaps_style(void);

/* The node that a file below /proc/driver/nvidia/capabilities stands for. The caller frees
 * node->path with free(3). 0, or -1 with nvc_error. */
int nvc_nvcaps_device_from_proc_path(struct nvc_context* context, const char* path,
                                     struct nvc_device_node* node);

/*
 * Each changes the container in one step: what fails leaves it as it was. 0, or -1 with nvc_error.
 *
 * The driver: its files and control nodes as far as `info` has them and the container's words ask
 * for them, and a /proc/driver/nvidia that shows no GPU yet.
 */
int nvc_driver_mount(struct nvc_context* context, const struct nvc_container* container,
                     const struct nvc_driver_info* info);
/* A GPU: its node, and its directory below /proc/driver/nvidia/gpus. */
int nvc_device_mount(struct nvc_context* context, const struct nvc_container* container,
                     const struct nvc_device* device);
/* What opens a MIG device, beside its GPU's nvc_device_mount. */
int nvc_mig_device_access_caps_mount(struct nvc_context* context,
                                     const struct nvc_container* container,
                                     const struct nvc_mig_device* device);
/* The rights to make and to watch MIG devices: all of them ... */
int nvc_mig_config_global_caps_mount(struct nvc_context* context,
                                     const struct nvc_container* container);
int nvc_mig_monitor_global_caps_mount(struct nvc_context* context,
                                      const struct nvc_container* container);
/* ... and of one GPU what they are about. */
int nvc_device_mig_caps_mount(struct nvc_context* context, const struct nvc_container* container,
                              const struct nvc_device* device);
int nvc_imex_channel_mount(struct nvc_context* context, const struct nvc_container* container,
                           const struct nvc_imex_channel* channel);

/* The loader's cache of the container gets the driver's libraries. Behind nvc_driver_mount. */
int nvc_ldcache_update(struct nvc_context* context, const struct nvc_container* container);

/* Why the last call with this context failed; NULL when none did. Valid until the next call with
 * it. */
const char* nvc_error(struct nvc_context* context);

#ifdef __cplusplus
}
#endif

#endif
