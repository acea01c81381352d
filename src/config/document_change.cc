#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/text.h"
#include "config/config.h"
#include "config/document.h"
#include "config/keys.h"
#include "data/toml_edit.h"

namespace nvbox::config {
namespace {

using data::TomlDocument;
using data::TomlValue;

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
  const Words& words;

  Result<std::string_view> needed() const {
    if (setting.value) return *setting.value;
    return Error(cat(setting.key, ": no value given")).hint(cat("write ", setting.key, "=VALUE"));
  }
  Result<> check(std::string_view value) const {
    const auto wrong = find_wrong_word(words, value);
    return wrong ? Error(cat(setting.key, ": ", *wrong)) : Result<>();
  }
  Result<TomlValue> text() const {
    const std::string_view value = NVBOX_TRY(needed());
    NVBOX_TRY(check(value));
    return TomlValue(std::string(value));
  }

  Result<TomlValue> operator()(FlagField /*field*/) const {
    const auto flag = parse_bool(setting.value.value_or("true"));
    if (flag) return TomlValue(*flag);
    return Error(cat(setting.key, ": expected true or false, found ", quote(*setting.value)));
  }
  Result<TomlValue> operator()(TextField /*field*/) const { return text(); }
  Result<TomlValue> operator()(CommaField /*field*/) const { return text(); }
  Result<TomlValue> operator()(SecondsField /*field*/) const {
    const std::string_view digits = NVBOX_TRY(needed());
    const auto number = parse_number<std::int64_t>(digits);
    if (number) return TomlValue(*number);
    return Error(cat(setting.key, ": expected a number, found ", quote(digits)));
  }
  Result<TomlValue> operator()(ListField /*field*/) const {
    std::string_view rest = NVBOX_TRY(needed());
    const std::string_view between = rest.contains(separator) ? separator : ",";
    std::vector<std::string> list;
    while (!rest.empty()) {
      const std::string_view element = rest.substr(0, rest.find(between));
      list.emplace_back(trim(element));
      NVBOX_TRY(check(list.back()));
      rest.remove_prefix(std::min(rest.size(), element.size() + between.size()));
    }
    return TomlValue(std::move(list));
  }
};

Error no_such_key(std::string_view name) {
  if (!is_table_of_keys(name)) return Error(describe_unknown(name));
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
    const data::TomlPath path = path_of(*key);
    if (path.front() == "features" && setting.value == "nil") {
      return document.remove(path).in(name);
    }
    const TomlValue value =
        NVBOX_TRY(std::visit(ValueOf{setting, separator, key->words}, key->field));
    return document.set(path, value, TomlDocument::NewKey::at_comment).in(name);
  }
};

}  // namespace

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
  return changed.checked_text().in(document.name);
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

}  // namespace nvbox::config
