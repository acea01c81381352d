// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// What NVIDIA's kernel module shows of itself: /proc/driver/nvidia, its majors, DRM devices, and
// nodes that open and say in the kernel's log who opened them ("nvsim: open 195:0 by NAME").
//
// /usr/lib/nvsim/tree, which is read when the module is loaded, and what is written to
// /sys/kernel/debug/nvsim have the same lines:
//   d MODE PATH            a directory below /proc
//   f MODE SIZE PATH       a file of SIZE bytes, which are what follows the line
//   r PATH                 what is there goes, with all below it
//   dead MINOR, alive MINOR    opening the GPU's node fails with EIO, or no longer
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel_read_file.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#define TREE "/usr/lib/nvsim/tree"
#define MOST_BYTES (1 << 20)
#define NVIDIA_MAJOR 195
#define CONTROL_MINOR 255
#define MOST_GPUS 64

// Those that the profiles of tests/simhost have.
static const struct {
  unsigned int major, first, count;
  const char* name;
} majors[] = {
    {NVIDIA_MAJOR, 0, 254, "nvidia"}, {NVIDIA_MAJOR, CONTROL_MINOR, 1, "nvidiactl"},
    {511, 0, 8192, "nvidia-caps"},    {509, 0, 2048, "nvidia-caps-imex-channels"},
    {508, 0, 256, "nvidia-nvswitch"}, {507, 0, 256, "nvidia-nvlink"},
};

static bool is_dead[MOST_GPUS];

static int open_node(struct inode* inode, struct file* file) {
  unsigned int major = imajor(inode), minor = iminor(inode);

  pr_info("nvsim: open %u:%u by %s\n", major, minor, current->comm);
  return major == NVIDIA_MAJOR && minor < MOST_GPUS && is_dead[minor] ? -EIO : 0;
}

static long refuse_call(struct file* file, unsigned int command, unsigned long argument) {
  return -ENOTTY;
}

// The driver's nodes can be waited for, as gVisor does when it opens one: epoll_ctl(2) gives EPERM
// for a file without this.
static __poll_t poll_node(struct file* file, poll_table* table) {
  return 0;
}

static const struct file_operations node_operations = {
    .owner = THIS_MODULE, .open = open_node, .unlocked_ioctl = refuse_call, .poll = poll_node};

struct text {
  size_t size;
  char bytes[];
};

static int show_text(struct seq_file* file, void* unused) {
  const struct text* text = file->private;

  seq_write(file, text->bytes, text->size);
  return 0;
}

static int open_text(struct inode* inode, struct file* file) {
  return single_open(file, show_text, pde_data(inode));
}

static const struct proc_ops text_operations = {.proc_open = open_text,
                                                .proc_read = seq_read,
                                                .proc_lseek = seq_lseek,
                                                .proc_release = single_release};

// The text of a file that is removed stays, because somebody may have it open: some hundred bytes.
static int add_file(const char* path, umode_t mode, const char* bytes, size_t size) {
  struct text* text = kmalloc(sizeof(*text) + size, GFP_KERNEL);

  if (!text) return -ENOMEM;
  text->size = size;
  memcpy(text->bytes, bytes, size);
  if (proc_create_data(path, mode, NULL, &text_operations, text)) return 0;
  kfree(text);
  return -EEXIST;
}

static int mark(unsigned int minor, bool dead) {
  if (minor >= MOST_GPUS) return -EINVAL;
  is_dead[minor] = dead;
  return 0;
}

// One line, with the bytes behind it. Moves `at` behind them.
static int obey(const char** at, const char* end) {
  const char* newline = memchr(*at, '\n', end - *at);
  char line[256], path[200];
  unsigned int mode, number;
  size_t size = 0;
  int failed = -EINVAL;

  if (!newline || newline - *at >= sizeof(line)) return -EINVAL;
  memcpy(line, *at, newline - *at);
  line[newline - *at] = '\0';
  *at = newline + 1;
  if (sscanf(line, "d %o %199s", &mode, path) == 2)
    failed = proc_mkdir_mode(path, mode, NULL) ? 0 : -EEXIST;
  else if (sscanf(line, "f %o %zu %199s", &mode, &size, path) == 3)
    failed = size <= end - *at ? add_file(path, mode, *at, size) : -EINVAL;
  else if (sscanf(line, "r %199s", path) == 1)
    failed = remove_proc_subtree(path, NULL);
  else if (sscanf(line, "dead %u", &number) == 1)
    failed = mark(number, true);
  else if (sscanf(line, "alive %u", &number) == 1)
    failed = mark(number, false);
  if (failed)
    pr_err("nvsim: \"%s\": error %d\n", line, failed);
  else
    *at += size;
  return failed;
}

static int obey_all(const char* text, size_t size) {
  const char* end = text + size;

  while (text < end) {
    int failed = obey(&text, end);

    if (failed) return failed;
  }
  return 0;
}

static ssize_t write_control(struct file* file, const char __user* from, size_t size, loff_t* at) {
  char* text = size <= MOST_BYTES ? memdup_user(from, size) : ERR_PTR(-EFBIG);
  int failed;

  if (IS_ERR(text)) return PTR_ERR(text);
  failed = obey_all(text, size);
  kfree(text);
  return failed ? failed : size;
}

static const struct file_operations control_operations = {.owner = THIS_MODULE,
                                                          .write = write_control};

DEFINE_DRM_GEM_FOPS(drm_operations);
static const struct drm_driver drm = {.driver_features = DRIVER_GEM | DRIVER_RENDER,
                                      .fops = &drm_operations,
                                      .name = "nvidia-drm",
                                      .desc = "nvsim",
                                      .major = 0};

static int probe(struct pci_dev* device, const struct pci_device_id* id) {
  struct drm_device* card;

  if (device->class >> 16 != PCI_BASE_CLASS_DISPLAY) return 0;
  card = drm_dev_alloc(&drm, &device->dev);
  return IS_ERR(card) ? PTR_ERR(card) : drm_dev_register(card, 0);
}

static const struct pci_device_id ids[] = {{PCI_DEVICE(PCI_VENDOR_ID_NVIDIA, PCI_ANY_ID)}, {}};
MODULE_DEVICE_TABLE(pci, ids);
static struct pci_driver pci = {.name = "nvidia", .id_table = ids, .probe = probe};

static int __init start(void) {
  void* tree = NULL;
  ssize_t size = kernel_read_file_from_path(TREE, 0, &tree, MOST_BYTES, NULL, READING_POLICY);
  int n, failed;

  if (size < 0) return size;
  failed = obey_all(tree, size);
  vfree(tree);
  if (failed) return failed;
  for (n = 0; n < ARRAY_SIZE(majors); n++) {
    failed = __register_chrdev(majors[n].major, majors[n].first, majors[n].count, majors[n].name,
                               &node_operations);
    if (failed < 0) return failed;
  }
  debugfs_create_file("nvsim", 0200, NULL, NULL, &control_operations);
  return pci_register_driver(&pci);
}

// It stays until the machine is turned off, as drivers do that somebody uses.
module_init(start);
MODULE_DESCRIPTION("NVIDIA's driver without GPUs");
MODULE_LICENSE("GPL");
