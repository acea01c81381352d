// An OCI runtime specification (config.json, opencontainers/runtime-spec) as a document that is
// edited in place: whatever nvbox does not touch keeps its order and its value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/json.h"

namespace nvbox::spec {

// What a container's own configuration says that decides about its GPUs.
struct ContainerView {
  struct BoundPath {
    std::string source;
    std::string destination;
    bool operator==(const BoundPath&) const = default;
  };

  // In the order of process.env; of a name given twice the last value counts and is the only one.
  std::vector<std::pair<std::string, std::string>> env{};
  std::vector<BoundPath> mounts{};
  std::vector<std::pair<std::string, std::string>> annotations{};
  // CAP_SYS_ADMIN is in the bounding set.
  bool privileged = false;

  std::optional<std::string_view> variable(std::string_view name) const;

  bool operator==(const ContainerView&) const = default;
};

class OciSpec {
 public:
  // The text of a config.json; it must be a JSON object.
  static Result<OciSpec> parse(std::string_view text);
  OciSpec(OciSpec&&) noexcept;
  OciSpec& operator=(OciSpec&&) noexcept;
  ~OciSpec();

  // The document on one line with a final newline.
  Result<std::string> dump() const;

  // root.path, below `bundle` where it is relative; empty when there is none.
  Result<std::string> root_directory(const std::string& bundle) const;

  // Errors name the member that has the wrong type, or the env entry without "=".
  Result<ContainerView> view() const;

  data::Json& document() { return *document_; }
  const data::Json& document() const { return *document_; }

 private:
  explicit OciSpec(data::Json document);

  // Behind a pointer so that this header does not need the JSON library's.
  std::unique_ptr<data::Json> document_;
};

// What a low-level runtime tells a hook on its standard input (opencontainers/runtime-spec,
// runtime.md, State).

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
