/* What programs that were built for this interface rely on: sizes and offsets on 64-bit systems, as
 * text. */
#include <nvc.h>
#include <stdio.h>

#define SIZE(type) printf("%s %zu\n", #type, sizeof(struct type))
#define OFFSET(type, member) printf("%s.%s %zu\n", #type, #member, offsetof(struct type, member))

int main(void) {
  SIZE(nvc_version);
  OFFSET(nvc_version, string);
  SIZE(nvc_imex_channel);
  SIZE(nvc_imex_info);
  OFFSET(nvc_imex_info, nchans);
  SIZE(nvc_config);
  OFFSET(nvc_config, ldcache);
  OFFSET(nvc_config, uid);
  OFFSET(nvc_config, gid);
  OFFSET(nvc_config, imex);
  SIZE(nvc_device_node);
  OFFSET(nvc_device_node, id);
  SIZE(nvc_driver_info);
  OFFSET(nvc_driver_info, bins);
  OFFSET(nvc_driver_info, libs);
  OFFSET(nvc_driver_info, libs32);
  OFFSET(nvc_driver_info, ipcs);
  OFFSET(nvc_driver_info, devs);
  OFFSET(nvc_driver_info, firmwares);
  SIZE(nvc_mig_device);
  OFFSET(nvc_mig_device, uuid);
  OFFSET(nvc_mig_device, gi);
  OFFSET(nvc_mig_device, ci);
  OFFSET(nvc_mig_device, gi_caps_path);
  OFFSET(nvc_mig_device, ci_caps_path);
  SIZE(nvc_mig_device_info);
  SIZE(nvc_device);
  OFFSET(nvc_device, node);
  OFFSET(nvc_device, mig_capable);
  OFFSET(nvc_device, mig_caps_path);
  OFFSET(nvc_device, mig_devices);
  SIZE(nvc_device_info);
  SIZE(nvc_container_config);
  OFFSET(nvc_container_config, rootfs);
  OFFSET(nvc_container_config, ldconfig);
  return 0;
}
