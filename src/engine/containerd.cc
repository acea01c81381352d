#include "engine/containerd.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "data/toml_edit.h"
#include "data/toml_second_opinion.h"
#include "data/toml_write.h"
#include "engine/toml_runtime.h"

namespace nvbox::engine {
namespace {

using data::Toml;
using data::TomlDocument;
using data::TomlPath;

// The plugin that starts containers for Kubernetes, by the version of the document.
constexpr std::string_view cri_plugins[] = {"cri", "io.containerd.grpc.v1.cri",
                                            "io.containerd.cri.v1.runtime"};

TomlPath cri_of(std::int64_t version) {
  const auto row = static_cast<size_t>(std::min<std::int64_t>(version, std::size(cri_plugins)));
  return {"plugins", std::string(cri_plugins[row - 1])};
}

Error wrong(const Toml& found, std::string_view key, std::string_view wanted) {
  return Error(cat("line ", found.line, ": ", key, " is ", found.type_name(), ", not ", wanted));
}

bool is_empty(const TomlDocument& document) {
  const auto* const table = std::get_if<Toml::Table>(&document.root().value);
  return table == nullptr || table->empty();
}

// containerd takes a document without a version for one of version 1.
Result<std::int64_t> version_of(const TomlDocument& document) {
  if (is_empty(document)) return 2;
  const Toml* const version = document.root().find("version");
  if (version == nullptr) return 1;
  const auto* const number = std::get_if<std::int64_t>(&version->value);
  if (number == nullptr || *number < 1) return wrong(*version, "version", "1, 2, 3, ...");
  return *number;
}

// The texts of a list; none when there is no such key.
Result<std::vector<std::string>> texts_at(const TomlDocument& document, std::string_view key) {
  std::vector<std::string> texts;
  const Toml* const found = document.root().find(key);
  if (found == nullptr) return texts;
  const auto* const array = std::get_if<Toml::Array>(&found->value);
  if (array == nullptr) return wrong(*found, key, "a list of strings");
  for (const Toml& element : *array) {
    const auto* const text = std::get_if<std::string>(&element.value);
    if (text == nullptr) return wrong(element, key, "a list of strings");
    texts.push_back(*text);
  }
  return texts;
}

// Docker's packages bring a containerd with `disabled_plugins = ["cri"]`, in which no setting of
// the plugin has any effect.
Result<> check_enabled(const TomlDocument& document) {
  for (const std::string& name : NVBOX_TRY(texts_at(document, "disabled_plugins"))) {
    if (std::ranges::find(cri_plugins, name) == std::end(cri_plugins)) continue;
    return Error(cat("disabled_plugins disables ", name, ", so a runtime would have no effect"))
        .hint(cat("remove ", quote(name), " from disabled_plugins first"));
  }
  return {};
}

// What a new runtime's options are taken from.
struct Source {
  const TomlDocument& document;
  std::int64_t version;

  // The entry of a runtime; null when there is none.
  const Toml* model() const {
    const TomlPath containerd = below(cri_of(version), {"containerd"});
    const auto default_name = text_at(document, below(containerd, {"default_runtime_name"}));
    for (const std::string& name : models(default_name)) {
      const Toml* const found = document.get(below(containerd, {"runtimes", name}));
      if (found != nullptr) return found;
    }
    return nullptr;
  }
};

// The model's type, not that of an older entry of the runtime, which may be one that containerd no
// longer has.
std::string type_of(const Toml* model) {
  const Toml* const type = model == nullptr ? nullptr : model->find("runtime_type");
  const auto* const text = type == nullptr ? nullptr : std::get_if<std::string>(&type->value);
  return text == nullptr || text->empty() ? "io.containerd.runc.v2" : *text;
}

// containerd 1.3 to 1.7 take a value for these with io.containerd.runtime.v1.linux only; 2.0 has
// no such options and warns of each, empty or not.
constexpr std::string_view options_of_runtime_v1[] = {"runtime_engine", "runtime_root"};

Result<> inherit_options(TomlDocument& document, const TomlPath& runtime, const Source& source) {
  const Toml* const model = source.model();
  if (model == nullptr) {
    NVBOX_TRY(document.set(below(runtime, {"privileged_without_host_devices"}), false));
  } else {
    NVBOX_TRY(set_members(document, runtime, *model));
  }
  for (const std::string_view option : options_of_runtime_v1) {
    const TomlPath path = below(runtime, {std::string(option)});
    if (text_at(document, path) == "") NVBOX_TRY(document.remove(path));
  }
  return document.set(below(runtime, {"runtime_type"}), type_of(model));
}

// CDI is on in every containerd that reads version 4, unless a file says otherwise, and the key is
// to go (deprecated in 2.2).
Result<> enable_cdi(TomlDocument& document, std::int64_t version) {
  const TomlPath path = below(cri_of(version), {"enable_cdi"});
  if (version >= 4 && document.get(path) == nullptr) return {};
  return document.set(path, true);
}

// Puts the runtime into the section of the CRI plugin.
Result<> add_runtime(TomlDocument& document, std::int64_t version, const Source& source,
                     const RuntimeRequest& request) {
  const TomlPath containerd = below(cri_of(version), {"containerd"});
  const TomlPath runtime = below(containerd, {"runtimes", request.name});
  if (request.enable_cdi) NVBOX_TRY(enable_cdi(document, version));
  NVBOX_TRY(set_default(document, below(containerd, {"default_runtime_name"}), request));
  NVBOX_TRY(inherit_options(document, runtime, source));
  // The name of the option in the first shim's time.
  if (version == 1) NVBOX_TRY(document.set(below(runtime, {"options", "Runtime"}), request.path));
  return document.set(below(runtime, {"options", "BinaryName"}), request.path);
}

// A drop-in is made anew, so nothing else may be in it.
Result<> check_own(const TomlDocument& drop_in) {
  const auto check = [](const Toml& table, std::span<const std::string_view> known) -> Result<> {
    const auto* const members = std::get_if<Toml::Table>(&table.value);
    if (members == nullptr) return {};
    for (const data::TomlMember& member : *members) {
      if (std::ranges::find(known, member.key) != known.end()) continue;
      return Error(cat("line ", member.value.line, ": has other settings than the CRI plugin's, ",
                       quote(member.key)))
          .hint("name another file with --drop-in-config");
    }
    return {};
  };
  constexpr std::string_view known[] = {"version", "plugins"};
  NVBOX_TRY(check(drop_in.root(), known));
  const Toml* const plugins = drop_in.root().find("plugins");
  return plugins == nullptr ? Result<>() : check(*plugins, cri_plugins);
}

Toml table_of(std::string key, Toml value) {
  Toml::Table table;
  table.push_back({std::move(key), std::move(value)});
  return Toml{std::move(table)};
}

// The drop-in before the runtime is in it: all that the source has of the plugin. A source of a
// newer version than the file that imports the drop-in is what containerd 2.0 or later says, which
// merges sections key by key, and from 2.3 on refuses a drop-in that is newer than the file: there
// the runtime is all.
Result<TomlDocument> section_of(const Source& source, std::int64_t version) {
  Toml root{Toml::Table{{"version", Toml{version}}}};
  const TomlPath cri = cri_of(version);
  const Toml* const section = source.version > version ? nullptr : source.document.get(cri);
  if (section != nullptr) {
    std::get<Toml::Table>(root.value).push_back({cri[0], table_of(cri[1], *section)});
  }
  return TomlDocument::parse(data::toml_document_text(root));
}

// All of the drop-in's directory, like NVIDIA's toolkit, unless that would miss the drop-in or have
// config.toml import itself. containerd reads relative imports from the directory of the file.
Result<> import_drop_in(TomlDocument& config, const ContainerdFiles& files, std::int64_t version) {
  const std::string_view drop_in = *files.drop_in_path;
  const std::string_view directory = path::parent(drop_in);
  const bool is_alone = !drop_in.ends_with(".toml") || directory == path::parent(files.config_path);
  const std::string wanted = is_alone ? std::string(drop_in) : path::join(directory, "*.toml");
  std::vector<std::string> imports = NVBOX_TRY(texts_at(config, "imports"));
  for (const std::string& import : imports) {
    const std::string absolute =
        import.starts_with('/') ? import : path::join(path::parent(files.config_path), import);
    if (path::clean(absolute) == wanted || path::clean(absolute) == drop_in) return {};
  }
  if (is_empty(config)) NVBOX_TRY(config.set({"version"}, version));
  imports.push_back(wanted);
  return config.set({"imports"}, imports);
}

// Everything in config.toml itself. What is put there has to be of its version, so a dump counts
// only where there is no file.
Result<ContainerdTexts> configure_alone(TomlDocument config, const TomlDocument& source,
                                        const RuntimeRequest& request) {
  const TomlDocument own = is_empty(config) ? source : config;
  const std::int64_t version = NVBOX_TRY(version_of(own));
  if (is_empty(config)) NVBOX_TRY(config.set({"version"}, version));
  NVBOX_TRY(add_runtime(config, version, {own, version}, request));
  return ContainerdTexts{.config = NVBOX_TRY(config.checked_text()), .drop_in = {}};
}

Result<ContainerdTexts> configure_with_drop_in(TomlDocument config, const TomlDocument& document,
                                               const ContainerdFiles& files,
                                               const RuntimeRequest& request) {
  const std::string& name = *files.drop_in_path;
  const TomlDocument old = NVBOX_TRY(TomlDocument::parse(files.drop_in).in(name));
  NVBOX_TRY(check_own(old).in(name));
  const std::int64_t newest = NVBOX_TRY(version_of(document));
  const std::int64_t of_file = is_empty(config) ? newest : NVBOX_TRY(version_of(config));
  const std::int64_t version = std::min(newest, of_file);
  const Source source = {document, newest};
  TomlDocument drop_in = NVBOX_TRY(section_of(source, version));
  NVBOX_TRY(add_runtime(drop_in, version, source, request));
  NVBOX_TRY(import_drop_in(config, files, version).in(files.config_path));
  std::string text = data::toml_document_text(drop_in.root());
  NVBOX_TRY(data::check_toml_text(text, drop_in.root()).in(name));
  return ContainerdTexts{.config = NVBOX_TRY(config.checked_text().in(files.config_path)),
                         .drop_in = std::move(text)};
}

Result<> check_section(const TomlDocument& document) {
  const TomlPath cri = cri_of(NVBOX_TRY(version_of(document)));
  for (const TomlPath& path : {TomlPath{cri[0]}, cri}) {
    const Toml* const found = document.get(path);
    if (found == nullptr || std::holds_alternative<Toml::Table>(found->value)) continue;
    return wrong(*found, data::toml_path_text(path), "a table");
  }
  return {};
}

// A document that the runtime can be put into.
Result<TomlDocument> parse_config(std::string_view name, const std::string& text) {
  TomlDocument document = NVBOX_TRY(TomlDocument::parse(text).in(name));
  NVBOX_TRY(check_section(document).in(name));
  NVBOX_TRY(check_enabled(document).in(name));
  return document;
}

}  // namespace

Result<ContainerdTexts> configure_containerd(const ContainerdFiles& files,
                                             const RuntimeRequest& request) {
  TomlDocument config = NVBOX_TRY(parse_config(files.config_path, files.config));
  const TomlDocument source =
      files.dump ? NVBOX_TRY(parse_config("containerd config dump", *files.dump)) : config;
  const bool is_version_1 = NVBOX_TRY(version_of(config)) == 1;
  if (is_version_1 || !files.drop_in_path) {
    return configure_alone(std::move(config), source, request).in(files.config_path);
  }
  return configure_with_drop_in(std::move(config), source, files, request);
}

}  // namespace nvbox::engine
