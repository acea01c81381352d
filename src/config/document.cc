#include "config/document.h"

#include <cstdint>

#include "base/text.h"
#include "config/config.h"
#include "config/keys.h"
#include "data/toml_edit.h"

namespace nvbox::config {
namespace {

// Byte for byte what `nvidia-ctk config default` of NVIDIA's toolkit prints.
constexpr std::string_view document_text =
    R"(#accept-nvidia-visible-devices-as-volume-mounts = false
#accept-nvidia-visible-devices-envvar-when-unprivileged = true
disable-require = false
supported-driver-capabilities = "compat32,compute,display,graphics,ngx,utility,video"
#swarm-resource = "DOCKER_RESOURCE_GPU"

[nvidia-container-cli]
#debug = "/var/log/nvidia-container-toolkit.log"
environment = []
#ldcache = "/etc/ld.so.cache"
ldconfig = "@/sbin/ldconfig"
load-kmods = true
#no-cgroups = false
#path = "/usr/bin/nvidia-container-cli"
#root = "/run/nvidia/driver"
#user = "root:video"

[nvidia-container-runtime]
#debug = "/var/log/nvidia-container-runtime.log"
log-level = "info"
mode = "auto"
runtimes = ["runc", "crun"]

[nvidia-container-runtime.modes]

[nvidia-container-runtime.modes.cdi]
annotation-prefixes = ["cdi.k8s.io/"]
default-kind = "nvidia.com/gpu"
spec-dirs = ["/etc/cdi", "/var/run/cdi"]

[nvidia-container-runtime.modes.csv]
mount-spec-path = "/etc/nvidia-container-runtime/host-files-for-container.d"

[nvidia-container-runtime.modes.legacy]
cuda-compat-mode = "ldconfig"

[nvidia-container-runtime-hook]
path = "nvidia-container-runtime-hook"
skip-mode-detection = false

[nvidia-ctk]
path = "nvidia-ctk"
)";

// A key of the document that another machine writes differently.
struct Variant {
  std::string_view usual;
  std::string_view instead;
};

constexpr Variant wrapped_ldconfig = {"\"@/sbin/ldconfig\"", "\"@/sbin/ldconfig.real\""};
constexpr Variant suse_user = {"#user = ", "user = "};

void apply(const Variant& variant, std::string& text) {
  text.replace(text.find(variant.usual), variant.usual.size(), variant.instead);
}

}  // namespace

DocumentHost document_host(const host::Root& host) {
  DocumentHost found;
  const auto real = host.stat("/sbin/ldconfig.real");
  if (real && *real) found.ldconfig = DocumentHost::Ldconfig::wrapped;
  const auto release = host.read("/etc/os-release");
  if (!release || !*release) return found;
  for (std::string_view line : split(**release, '\n')) {
    line = trim(line);
    if (!line.starts_with("ID_LIKE=")) continue;
    std::string words(line.substr(line.find('=') + 1));
    std::erase_if(words, [](char character) { return character == '"' || character == '\''; });
    for (const std::string_view word : split(words, ' ')) {
      if (word == "suse" || word == "opensuse") found.family = DocumentHost::Family::suse;
    }
  }
  return found;
}

Config default_config(const DocumentHost& host) {
  Config config;
  if (host.family == DocumentHost::Family::suse) config.cli.user = "root:video";
  return config;
}

std::string default_document(const DocumentHost& host) {
  std::string text(document_text);
  if (host.ldconfig == DocumentHost::Ldconfig::wrapped) apply(wrapped_ldconfig, text);
  if (host.family == DocumentHost::Family::suse) apply(suse_user, text);
  return text;
}

namespace {

using data::TomlDocument;
using data::TomlValue;

struct Explained {
  std::string_view type;
  TomlValue value;
};

struct Explain {
  Config& config;

  Explained operator()(FlagField field) const { return {"boolean", field(config)}; }
  Explained operator()(TextField field) const { return {"string", field(config)}; }
  Explained operator()(ListField field) const { return {"list of strings", field(config)}; }
  Explained operator()(SecondsField field) const { return {"number", std::int64_t{field(config)}}; }
  Explained operator()(CommaField field) const { return {"string", join(field.list(config), ",")}; }
};

std::string value_text(const Key& key, Config config) {
  return data::toml_value_text(std::visit(Explain{config}, key.field).value);
}

std::string explain_words(const Key& key) {
  if (key.words.allowed.empty()) return "";
  const bool are_many =
      key.words.form == Words::Form::several || std::holds_alternative<ListField>(key.field);
  return cat(are_many ? "  any of " : "  one of ", words_text(key.words), "\n");
}

std::string explain_key(const Key& key, Config defaults) {
  return cat(key.name, "\n  ", std::visit(Explain{defaults}, key.field).type, ", default ",
             value_text(key, defaults), "\n  ", key.meaning, "\n", explain_words(key));
}

}  // namespace

Result<std::string> explain(std::string_view name, const Document& document,
                            const Config& defaults) {
  const TomlDocument there = NVBOX_TRY(TomlDocument::parse(document.text).in(document.name));
  const Config config = NVBOX_TRY(parse_config(document.text).in(document.name));
  std::string text;
  for (const Key& key : keys()) {
    if (!name.empty() && key.name != name && !is_in_table(key, name)) continue;
    text += cat(text.empty() ? "" : "\n", explain_key(key, defaults));
    const data::Toml* const set = there.get(path_of(key));
    // nvidia-container-runtime.experimental is a table as well.
    if (set == nullptr || std::holds_alternative<data::Toml::Table>(set->value)) continue;
    text += cat("  ", value_text(key, config), " on line ", set->line, " of ", document.name, "\n");
  }
  if (text.empty()) return Error(describe_unknown(name));
  return text;
}

}  // namespace nvbox::config
