#include "spec/oci.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "data/json.h"

namespace nvbox::spec {
namespace {

using data::JsonPlace;

// A container may have any number of variables, and this is done for every container before its
// engine's limits hold: each is looked at once.
Result<> read_env(const JsonPlace& process, ContainerView& view) {
  const std::vector<std::string> entries = NVBOX_TRY(process.strings("env"));
  std::unordered_set<std::string_view> known;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    const size_t equals = entry->find('=');
    if (equals == std::string::npos) {
      return Error(cat("process.env: entry ", quote(*entry), " has no '='"));
    }
    const std::string_view name = std::string_view(*entry).substr(0, equals);
    if (known.insert(name).second) view.env.emplace_back(name, entry->substr(equals + 1));
  }
  std::ranges::reverse(view.env);
  return {};
}

// process.capabilities is an object of sets; runtime-spec 1.0.0-rc1 to rc4 had one flat list.
Result<std::vector<std::string>> bounding_set(const JsonPlace& process) {
  const std::optional<JsonPlace> capabilities = NVBOX_TRY(process.member("capabilities"));
  if (!capabilities) return std::vector<std::string>{};
  if (capabilities->value().is_array()) return capabilities->strings();
  return capabilities->strings("bounding");
}

Result<> read_process(const JsonPlace& document, ContainerView& view) {
  const std::optional<JsonPlace> process = NVBOX_TRY(document.member("process"));
  if (!process) return {};
  NVBOX_TRY(read_env(*process, view));
  const std::vector<std::string> bounding = NVBOX_TRY(bounding_set(*process));
  view.privileged = std::ranges::find(bounding, "CAP_SYS_ADMIN") != bounding.end();
  return {};
}

Result<> read_mounts(const JsonPlace& document, ContainerView& view) {
  for (const JsonPlace& mount : NVBOX_TRY(document.elements("mounts"))) {
    std::string source = NVBOX_TRY(mount.string("source")).value_or("");
    std::string destination = NVBOX_TRY(mount.string("destination")).value_or("");
    view.mounts.push_back({std::move(source), std::move(destination)});
  }
  return {};
}

Result<> read_annotations(const JsonPlace& document, ContainerView& view) {
  const std::optional<JsonPlace> annotations = NVBOX_TRY(document.member("annotations"));
  if (!annotations) return {};
  if (!annotations->value().is_object()) return Error("annotations: expected an object");
  for (const auto& [key, value] : annotations->value().items()) {
    if (!value.is_string()) return Error(cat("annotations.", key, ": expected a string"));
    view.annotations.emplace_back(key, value.get<std::string>());
  }
  return {};
}

}  // namespace

std::optional<std::string_view> ContainerView::variable(std::string_view name) const {
  for (const auto& [known, value] : env) {
    if (known == name) return value;
  }
  return std::nullopt;
}

OciSpec::OciSpec(data::Json document)
    : document_(std::make_unique<data::Json>(std::move(document))) {}
OciSpec::OciSpec(OciSpec&&) noexcept = default;
OciSpec& OciSpec::operator=(OciSpec&&) noexcept = default;
OciSpec::~OciSpec() = default;

Result<OciSpec> OciSpec::parse(std::string_view text) {
  data::Json document = NVBOX_TRY(data::parse_json_like_go(text));
  if (!document.is_object()) {
    return Error(cat("expected a JSON object, found ", document.type_name()));
  }
  return OciSpec(std::move(document));
}

Result<std::string> OciSpec::dump() const {
  return NVBOX_TRY(data::dump_json(*document_)) + '\n';
}

Result<std::string> OciSpec::root_directory(const std::string& bundle) const {
  const auto root = NVBOX_TRY(data::JsonPlace(*document_).member("root"));
  if (!root) return std::string();
  std::string path = NVBOX_TRY(root->string("path")).value_or("");
  return path.empty() || path.starts_with('/') ? path : path::join(bundle, path);
}

Result<ContainerView> OciSpec::view() const {
  const JsonPlace document(*document_);
  ContainerView view;
  NVBOX_TRY(read_process(document, view));
  NVBOX_TRY(read_mounts(document, view));
  NVBOX_TRY(read_annotations(document, view));
  return view;
}

namespace {

Result<OciState> read_members(const data::Json& document) {
  const data::JsonPlace state(document);
  OciState out;
  out.id = NVBOX_TRY(state.string("id")).value_or("");
  out.pid = NVBOX_TRY(state.integer("pid"));
  out.bundle = NVBOX_TRY(state.string("bundle")).value_or("");
  if (out.bundle.empty()) out.bundle = NVBOX_TRY(state.string("bundlePath")).value_or("");
  out.root = NVBOX_TRY(state.string("root")).value_or("");
  return out;
}

}  // namespace

Result<OciState> parse_oci_state(std::string_view text) {
  const data::Json document =
      NVBOX_TRY(data::parse_json_like_go(text, {.bytes = oci_state_limit}).in("container state"));
  return read_members(document).in("container state");
}

}  // namespace nvbox::spec
