// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// GPUs and NVSwitches on the PCI bus, as far as their configuration space: what lsmod, udev and
// /sys/bus/pci show. Each line of /usr/lib/nvsim/pci is a device:  DOMAIN:BUS:00.0 CLASS DEVICE
#include <linux/kernel_read_file.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vmalloc.h>

#define LIST "/usr/lib/nvsim/pci"
#define MOST_DEVICES 32
#define NVIDIA_VENDOR 0x10de

struct fake_device {
  u8 bus;
  u32 class;
  u16 device;
  struct pci_sysdata sysdata;
  struct resource numbers;
};

static struct fake_device devices[MOST_DEVICES];
static int count;

static u32 configuration(const struct fake_device* device, int offset) {
  switch (offset) {
    case PCI_VENDOR_ID:
      return NVIDIA_VENDOR | device->device << 16;
    case PCI_CLASS_REVISION:
      return device->class << 8 | 0xa1;
    default:
      return 0;
  }
}

static int read_configuration(struct pci_bus* bus, unsigned int function, int where, int size,
                              u32* value) {
  u32 word = ~0u;
  int n;

  for (n = 0; n < count && function == 0; n++)
    if (devices[n].bus == bus->number) word = configuration(&devices[n], where & ~3);
  word >>= 8 * (where & 3);
  *value = size == 1 ? word & 0xff : size == 2 ? word & 0xffff : word;
  return PCIBIOS_SUCCESSFUL;
}

static int write_configuration(struct pci_bus* bus, unsigned int function, int where, int size,
                               u32 value) {
  return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops ops = {.read = read_configuration, .write = write_configuration};

static void add_bus(struct fake_device* device) {
  LIST_HEAD(resources);
  struct pci_bus* bus;

  device->numbers = (struct resource){
      .name = "nvsim", .start = device->bus, .end = device->bus, .flags = IORESOURCE_BUS};
  device->sysdata.node = NUMA_NO_NODE;
  pci_add_resource(&resources, &device->numbers);
  pci_lock_rescan_remove();
  bus = pci_scan_root_bus(NULL, device->bus, &ops, &device->sysdata, &resources);
  if (bus) pci_bus_add_devices(bus);
  pci_unlock_rescan_remove();
}

static int __init start(void) {
  void* text = NULL;
  char *rest, *line;
  ssize_t size = kernel_read_file_from_path(LIST, 0, &text, PAGE_SIZE, NULL, READING_POLICY);
  int n;

  if (size < 0) return size;
  rest = kstrndup(text, size, GFP_KERNEL);
  vfree(text);
  text = rest;
  while (rest && (line = strsep(&rest, "\n")) && count < MOST_DEVICES) {
    unsigned int domain, bus, class, device;

    if (sscanf(line, "%x:%x:00.0 %x %x", &domain, &bus, &class, &device) != 4) continue;
    devices[count].bus = bus;
    devices[count].class = class;
    devices[count++].device = device;
  }
  kfree(text);
  for (n = 0; n < count; n++) add_bus(&devices[n]);
  return 0;
}

module_init(start);
MODULE_DESCRIPTION("GPUs on PCI that are not there");
MODULE_LICENSE("GPL");
