// What a low-level runtime tells a hook on its standard input (opencontainers/runtime-spec,
// runtime.md, State).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nvbox::spec {

// States are a few hundred bytes, plus annotations, which Kubernetes limits to 256 KiB.
inline constexpr size_t oci_state_limit = size_t{1} << 20;

struct OciState {
  std::string id{};
  // As the runtime sees it; runc gives a hook inside the container's PID namespace that one's
  // number, crun gives 0.
  std::optional<std::int64_t> pid{};
  // Directory of config.json; "bundlePath" in states from before runtime-spec 1.0.
  std::string bundle{};
  // crun's addition: root.path of config.json as it stands there, so it may be relative.
  std::string root{};

  bool operator==(const OciState&) const = default;
};

Result<OciState> parse_oci_state(std::string_view text);

}  // namespace nvbox::spec
