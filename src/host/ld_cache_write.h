// Making an /etc/ld.so.cache that the loaders of glibc accept, byte for byte as ldconfig would.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/ld_cache.h"

namespace nvbox::host {

// `entries` in the order of preference: of several that serve the same request, the loader takes
// the first. `generator` names the writing program and may be empty.
std::string write_ld_cache(const std::vector<LdCacheEntry>& entries, std::string_view generator);

}  // namespace nvbox::host
