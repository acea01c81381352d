#include "engine/docker.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "data/json.h"
#include "data/json_edit.h"

namespace nvbox::engine {
namespace {

using data::Json;

// The member that exists, or null.
const Json* find(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto member = object.find(name);
  return member == object.end() ? nullptr : &*member;
}

// Options that the runtime has been given stay. Docker refuses a runtime with a path and a type, so
// one that was of a shim's type is replaced as a whole.
Result<std::string> register_runtime(std::string_view document, const RuntimeRequest& request) {
  const Json parsed = NVBOX_TRY(data::parse_json(document));
  const Json* const runtimes = find(parsed, "runtimes");
  const Json* const entry = runtimes == nullptr ? nullptr : find(*runtimes, request.name);
  const bool is_kept = entry != nullptr && entry->is_object() && !entry->contains("runtimeType");
  if (is_kept) {
    const std::string_view path[] = {"runtimes", request.name, "path"};
    return data::set_json_member(document, path, request.path);
  }
  const std::string_view path[] = {"runtimes", request.name};
  return data::set_json_member(document, path, {{"args", Json::array()}, {"path", request.path}});
}

}  // namespace

Result<std::string> configure_docker(std::string_view document, const RuntimeRequest& request) {
  if (request.name == "runc") return Error("docker keeps the runtime's name runc for itself");
  std::string out = trim(document).empty() ? "{}\n" : std::string(document);
  if (request.set_as_default) {
    const std::string_view path[] = {"default-runtime"};
    out = NVBOX_TRY(data::set_json_member(out, path, request.name));
  }
  if (request.enable_cdi) {
    const std::string_view path[] = {"features", "cdi"};
    out = NVBOX_TRY(data::set_json_member(out, path, true));
  }
  return register_runtime(out, request);
}

}  // namespace nvbox::engine
