#include "nvbox/config/document.h"

#include <algorithm>

#include "nvbox/base/text.h"
#include "nvbox/config/config.h"
#include "nvbox/config/keys.h"
#include "nvbox/data/toml_edit.h"

namespace nvbox::config {
namespace {

using data::TomlDocument;
using data::TomlValue;

// Byte for byte what `nvidia-ctk config default` of the peer prints.
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

// Devices of a pod are those that the device plugin gave it, by mount, annotation or the engine;
// an image's NVIDIA_VISIBLE_DEVICES gets it none.
constexpr std::string_view kubernetes_settings[] = {
    "accept-nvidia-visible-devices-envvar-when-unprivileged=false",
    "accept-nvidia-visible-devices-as-volume-mounts=true",
    "nvidia-container-runtime.modes.cdi.annotation-prefixes=cdi.k8s.io/",
    "nvidia-container-runtime.modes.cdi.default-kind=nvidia.com/gpu",
};

constexpr Profile profile_rows[] = {
    {"kubernetes",
     "unprivileged containers get the devices that the device plugin gave them, and none for "
     "NVIDIA_VISIBLE_DEVICES",
     kubernetes_settings},
};

const Key* find_key(std::string_view name) {
  const auto found = std::ranges::find(keys(), name, &Key::name);
  return found == keys().end() ? nullptr : &*found;
}

bool is_below(const Key& key, std::string_view table) {
  return key.name.starts_with(table) && key.name.substr(table.size()).starts_with('.');
}

data::TomlPath path_of(std::string_view name) {
  const std::vector<std::string_view> parts = split(name, '.');
  return {parts.begin(), parts.end()};
}

// "key" or "key=value".
struct Setting {
  explicit Setting(std::string_view text)
      : key(text.substr(0, text.find('='))),
        value(key.size() == text.size()
                  ? std::nullopt
                  : std::optional<std::string_view>(text.substr(key.size() + 1))) {}

  std::string_view key;
  std::optional<std::string_view> value;
};

// What a setting's text stands for, by the type of its key.
struct ValueOf {
  const Setting& setting;
  std::string_view separator;

  Result<std::string_view> needed() const {
    if (setting.value) return *setting.value;
    return Error(cat(setting.key, ": no value given")).hint(cat("write ", setting.key, "=VALUE"));
  }
  Result<TomlValue> text() const { return TomlValue(std::string(NVBOX_TRY(needed()))); }

  Result<TomlValue> operator()(FlagField /*field*/) const {
    const auto flag = parse_bool(setting.value.value_or("true"));
    if (flag) return TomlValue(*flag);
    return Error(cat(setting.key, ": expected true or false, found ", quote(*setting.value)));
  }
  Result<TomlValue> operator()(TextField /*field*/) const { return text(); }
  Result<TomlValue> operator()(CommaField /*field*/) const { return text(); }
  Result<TomlValue> operator()(ListField /*field*/) const {
    std::string_view rest = NVBOX_TRY(needed());
    const std::string_view between = rest.contains(separator) ? separator : ",";
    std::vector<std::string> list;
    while (!rest.empty()) {
      const std::string_view element = rest.substr(0, rest.find(between));
      list.emplace_back(trim(element));
      rest.remove_prefix(std::min(rest.size(), element.size() + between.size()));
    }
    return TomlValue(std::move(list));
  }
};

Error no_such_key(std::string_view name) {
  const bool is_table =
      std::ranges::any_of(keys(), [&](const Key& each) { return is_below(each, name); });
  if (!is_table) return Error(describe_unknown(name));
  return Error(cat(name, " is a table and has no value"))
      .hint(cat("config --explain ", name, " lists its keys"));
}

// One setting that is to be made.
struct Change {
  Setting setting;
  std::string_view separator;
  std::string_view name;  // of the document

  Result<> make(TomlDocument& document) const {
    const Key* const key = find_key(setting.key);
    if (key == nullptr) return no_such_key(setting.key);
    const data::TomlPath path = path_of(key->name);
    if (path.front() == "features" && setting.value == "nil") {
      return document.remove(path).in(name);
    }
    const TomlValue value = NVBOX_TRY(std::visit(ValueOf{setting, separator}, key->field));
    return document.set(path, value, TomlDocument::NewKey::at_comment).in(name);
  }
};

struct Explained {
  std::string_view type;
  TomlValue value;
};

struct Explain {
  Config& config;

  Explained operator()(FlagField field) const { return {"boolean", field(config)}; }
  Explained operator()(TextField field) const { return {"string", field(config)}; }
  Explained operator()(ListField field) const { return {"list of strings", field(config)}; }
  Explained operator()(CommaField field) const { return {"string", join(field.list(config), ",")}; }
};

std::string value_text(const Key& key, Config config) {
  return data::toml_value_text(std::visit(Explain{config}, key.field).value);
}

std::string explain_key(const Key& key) {
  Config defaults;
  return cat(key.name, "\n  ", std::visit(Explain{defaults}, key.field).type, ", default ",
             value_text(key, defaults), "\n  ", key.meaning, "\n");
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

std::string default_document(const DocumentHost& host) {
  std::string text(document_text);
  if (host.ldconfig == DocumentHost::Ldconfig::wrapped) apply(wrapped_ldconfig, text);
  if (host.family == DocumentHost::Family::suse) apply(suse_user, text);
  return text;
}

std::vector<std::string> split_settings(std::string_view text) {
  std::vector<std::string> settings;
  for (const std::string_view piece : split(text, ',')) {
    if (settings.empty() || find_key(Setting(piece).key) != nullptr) {
      settings.emplace_back(piece);
    } else {
      settings.back() += cat(",", piece);
    }
  }
  return settings;
}

Result<std::string> change_document(const Document& document, const Settings& settings) {
  if (settings.separator.empty()) return Error("the separator of lists is empty");
  TomlDocument changed = NVBOX_TRY(TomlDocument::parse(document.text).in(document.name));
  for (const std::string& setting : settings.each) {
    const Change change = {Setting(setting), settings.separator, document.name};
    NVBOX_TRY(change.make(changed));
  }
  NVBOX_TRY(parse_config(changed.text()).in(document.name));
  return changed.text();
}

std::span<const Profile> profiles() {
  return profile_rows;
}

Result<std::vector<std::string>> profile_settings(std::string_view name) {
  std::vector<std::string> names;
  for (const Profile& profile : profile_rows) {
    if (profile.name == name) {
      return std::vector<std::string>(profile.settings.begin(), profile.settings.end());
    }
    names.emplace_back(profile.name);
  }
  return Error(cat("unknown profile ", quote(name))).hint(cat("there is ", join(names, ", ")));
}

Result<std::string> explain(std::string_view name, const Document& document) {
  const TomlDocument there = NVBOX_TRY(TomlDocument::parse(document.text).in(document.name));
  const Config config = NVBOX_TRY(parse_config(document.text).in(document.name));
  std::string text;
  for (const Key& key : keys()) {
    if (!name.empty() && key.name != name && !is_below(key, name)) continue;
    text += cat(text.empty() ? "" : "\n", explain_key(key));
    const data::Toml* const set = there.get(path_of(key.name));
    if (set == nullptr) continue;
    text += cat("  ", value_text(key, config), " on line ", set->line, " of ", document.name, "\n");
  }
  if (text.empty()) return Error(describe_unknown(name));
  return text;
}

}  // namespace nvbox::config
