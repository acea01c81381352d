// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// The module of /dev/nvidia-uvm, which a host may have or not.
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched.h>

#define UVM_MAJOR 510

static int open_node(struct inode* inode, struct file* file) {
  pr_info("nvsim: open %u:%u by %s\n", imajor(inode), iminor(inode), current->comm);
  return 0;
}

static const struct file_operations node_operations = {.owner = THIS_MODULE, .open = open_node};

static int __init start(void) {
  return __register_chrdev(UVM_MAJOR, 0, 256, "nvidia-uvm", &node_operations);
}

static void __exit end(void) {
  __unregister_chrdev(UVM_MAJOR, 0, 256, "nvidia-uvm");
}

module_init(start);
module_exit(end);
MODULE_SOFTDEP("pre: nvidia");
MODULE_DESCRIPTION("NVIDIA's unified memory without GPUs");
MODULE_LICENSE("GPL");
