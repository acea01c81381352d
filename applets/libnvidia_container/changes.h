// What the C library changes of a container, each in a process of its own that changes nothing of
// the caller's.
#pragma once

#include <nvc.h>

#include "base/result.h"
#include "libnvidia_container/session.h"

namespace nvbox::libnvidia_container {

Result<> mount_driver(const Session& session, const nvc_container& container,
                      const nvc_driver_info& info);
Result<> mount_device(const Session& session, const nvc_container& container,
                      const nvc_device& device);
Result<> mount_mig_device(const Session& session, const nvc_container& container,
                          const nvc_mig_device& device);

// `right` is "config" or "monitor".
Result<> mount_mig_right(const Session& session, const nvc_container& container,
                         std::string_view right);
// What of a GPU the rights are about.
Result<> mount_mig_of_device(const Session& session, const nvc_container& container,
                             const nvc_device& device);

Result<> mount_imex_channel(const Session& session, const nvc_container& container, int channel);

Result<> update_loader_cache(const Session& session, const nvc_container& container);

}  // namespace nvbox::libnvidia_container
