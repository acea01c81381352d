// The published versions of the CDI specification.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace nvbox::spec {

inline constexpr std::string_view cdi_versions[] = {"0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0",
                                                    "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0"};

// The position in cdi_versions; nullopt for an unknown version. A "v" in front is allowed, as the
// CDI's own library allows it.
std::optional<size_t> cdi_version_index(std::string_view version);

}  // namespace nvbox::spec
