#include "engine/bundled_containerd.h"

#include <algorithm>
#include <variant>

#include "base/path.h"
#include "base/text.h"
#include "data/toml.h"

namespace nvbox::engine {
namespace {

// generated: k3s and RKE2 write config.toml at each start. They add nvidia-container-runtime
// themselves when they find it in PATH, and since 1.31 what they write imports
// config.toml.d/*.toml or config-v3.toml.d/*.toml beside it. MicroK8s fills in a template, which is
// TOML with variables in strings, so it can be changed like any other document.
enum class Config { generated, is_template };

struct Row {
  std::string_view name;
  std::string_view directory;
  std::string_view file;
  Config config;
};

constexpr Row rows[] = {
    {"k3s", "/var/lib/rancher/k3s/agent/etc/containerd", "config.toml", Config::generated},
    {"rke2", "/var/lib/rancher/rke2/agent/etc/containerd", "config.toml", Config::generated},
    {"microk8s", "/var/snap/microk8s/current/args", "containerd-template.toml",
     Config::is_template},
};

constexpr std::string_view drop_in_name = "99-nvidia.toml";

// The directory below `directory` that the document imports all of.
std::optional<std::string> imported_directory(const data::Toml& document,
                                              std::string_view directory) {
  const data::Toml* const imports = document.find("imports");
  const auto* const list =
      imports == nullptr ? nullptr : std::get_if<data::Toml::Array>(&imports->value);
  if (list == nullptr) return std::nullopt;
  for (const data::Toml& import : *list) {
    const auto* const pattern = std::get_if<std::string>(&import.value);
    if (pattern == nullptr || !pattern->ends_with(".toml.d/*.toml")) continue;
    if (path::is_below(*pattern, directory)) return std::string(path::parent(*pattern));
  }
  return std::nullopt;
}

Result<BundledContainerd> generated(const Row& row, const std::string& config,
                                    std::string_view text) {
  const data::Toml document = NVBOX_TRY(data::parse_toml(text).in(config));
  const auto directory = imported_directory(document, row.directory);
  if (directory) return BundledContainerd{row.name, config, path::join(*directory, drop_in_name)};
  return Error(cat(row.name, " writes ", config, " anew at each start and imports nothing into it"))
      .hint(cat("restart ", row.name,
                ", which adds nvidia-container-runtime by itself when it is in its PATH, and use "
                "the runtime class nvidia; --config names another file"));
}

}  // namespace

Result<std::optional<BundledContainerd>> find_bundled_containerd(const host::Root& host) {
  for (const Row& row : rows) {
    const std::string config = path::join(row.directory, row.file);
    const auto text = NVBOX_TRY(host.read(config).in(config));
    if (!text) continue;
    if (row.config == Config::is_template) {
      return std::optional(BundledContainerd{row.name, config, std::nullopt});
    }
    return std::optional(NVBOX_TRY(generated(row, config, *text)));
  }
  return std::optional<BundledContainerd>();
}

std::optional<std::string_view> maker_of(std::string_view path) {
  const auto* const row = std::ranges::find_if(rows, [&](const Row& each) {
    return each.config == Config::generated && path == path::join(each.directory, each.file);
  });
  return row == std::end(rows) ? std::nullopt : std::optional(row->name);
}

bool is_bundled(std::string_view path) {
  return std::ranges::any_of(rows,
                             [&](const Row& row) { return path::is_below(path, row.directory); });
}

}  // namespace nvbox::engine
