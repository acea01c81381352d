// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// The module of /dev/nvidia-modeset, which a host may have or not.
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched.h>

#define NVIDIA_MAJOR 195

static int open_node(struct inode* inode, struct file* file) {
  pr_info("nvsim: open %u:%u by %s\n", imajor(inode), iminor(inode), current->comm);
  return 0;
}

static const struct file_operations node_operations = {.owner = THIS_MODULE, .open = open_node};

static int __init start(void) {
  return __register_chrdev(NVIDIA_MAJOR, 254, 1, "nvidia-modeset", &node_operations);
}

static void __exit end(void) {
  __unregister_chrdev(NVIDIA_MAJOR, 254, 1, "nvidia-modeset");
}

module_init(start);
module_exit(end);
MODULE_SOFTDEP("pre: nvidia");
MODULE_DESCRIPTION("NVIDIA's mode setting without GPUs");
MODULE_LICENSE("GPL");
