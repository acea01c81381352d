// An OCI runtime specification (config.json, opencontainers/runtime-spec) as a document that is
// edited in place: whatever nvbox does not touch keeps its order and its value.
#pragma once

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

  // Errors name the member that has the wrong type, or the env entry without "=".
  Result<ContainerView> view() const;

  data::Json& document() { return *document_; }
  const data::Json& document() const { return *document_; }

 private:
  explicit OciSpec(data::Json document);

  // Behind a pointer so that this header does not need the JSON library's.
  std::unique_ptr<data::Json> document_;
};

}  // namespace nvbox::spec
