#include "engine/crio.h"

#include <optional>
#include <vector>

#include "data/toml_edit.h"
#include "engine/toml_runtime.h"

namespace nvbox::engine {
namespace {

using Documents = std::vector<data::TomlDocument>;

data::TomlPath default_runtime() {
  return {"crio", "runtime", "default_runtime"};
}

data::TomlPath runtimes() {
  return {"crio", "runtime", "runtimes"};
}

Result<Documents> parse_all(std::span<const NamedText> sources) {
  Documents documents;
  for (const NamedText& source : sources) {
    documents.push_back(NVBOX_TRY(data::TomlDocument::parse(source.text).in(source.name)));
  }
  return documents;
}

const data::Toml* last_of(const Documents& documents, const data::TomlPath& path) {
  for (size_t i = documents.size(); i > 0; --i) {
    const data::Toml* const found = documents[i - 1].get(path);
    if (found != nullptr) return found;
  }
  return nullptr;
}

std::optional<std::string> default_of(const Documents& documents) {
  const data::Toml* const found = last_of(documents, default_runtime());
  const auto* const name = found == nullptr ? nullptr : std::get_if<std::string>(&found->value);
  return name == nullptr ? std::nullopt : std::optional(*name);
}

Result<> inherit_options(data::TomlDocument& conf, const data::TomlPath& runtime,
                         const Documents& sources) {
  for (const std::string& name : models(default_of(sources))) {
    const data::Toml* const model = last_of(sources, below(runtimes(), {name}));
    if (model != nullptr) return set_members(conf, runtime, *model);
  }
  return {};
}

}  // namespace

Result<std::string> configure_crio(std::string_view document, std::span<const NamedText> sources,
                                   const RuntimeRequest& request) {
  auto conf = NVBOX_TRY(data::TomlDocument::parse(std::string(document)));
  const Documents parsed = NVBOX_TRY(parse_all(sources));
  const data::TomlPath runtime = below(runtimes(), {request.name});
  NVBOX_TRY(set_default(conf, default_runtime(), request));
  NVBOX_TRY(inherit_options(conf, runtime, parsed));
  NVBOX_TRY(conf.set(below(runtime, {"runtime_path"}), request.path));
  NVBOX_TRY(conf.set(below(runtime, {"runtime_type"}), std::string("oci")));
  return conf.checked_text();
}

}  // namespace nvbox::engine
