// System calls that Debian 12's C library has no wrapper for. Each behaves like its manual page:
// -1 and errno on failure.
#pragma once

#include <cstdint>
#include <string>

namespace nvbox::sys {

// openat2(2), Linux 5.6. `resolve` is a set of RESOLVE_* of <linux/openat2.h>.
int openat2(int directory, const std::string& path, std::uint64_t flags, std::uint64_t mode,
            std::uint64_t resolve);

}  // namespace nvbox::sys
