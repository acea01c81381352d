// What the C library tells of a host, in the structures of nvc.h.
#pragma once

#include <nvc.h>

#include "base/result.h"
#include "libnvidia_container/session.h"

namespace nvbox::libnvidia_container {

// Both belong to the caller, all that is in them as well. Errors are those of discovery.
Result<nvc_driver_info*> driver_info(const Session& session, const DriverOptions& options);
Result<nvc_device_info*> device_info(const Session& session);

// NVC_NVCAPS_STYLE_DEV and so on.
Result<int> capability_style();

// Of a file below /proc/driver/nvidia/capabilities, below the driver's root. node.path is malloc's.
Result<nvc_device_node> node_of_capability(const Session& session, std::string_view path);

void free_info(nvc_driver_info* info);
void free_info(nvc_device_info* info);

}  // namespace nvbox::libnvidia_container
