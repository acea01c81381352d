#include "nvbox/install_callers.h"

#include <algorithm>
#include <optional>

#include "base/path.h"
#include "base/text.h"
#include "nvbox/install_survey.h"

namespace nvbox::applets::installation {
namespace {

constexpr std::string_view unit_directory = "/etc/systemd/system";

bool is_of_path(char character) {
  constexpr std::string_view others = "/_.-";
  const bool is_letter = (character >= 'a' && character <= 'z') ||
                         (character >= 'A' && character <= 'Z') ||
                         (character >= '0' && character <= '9');
  return is_letter || others.find(character) != std::string_view::npos;
}

bool names(std::string_view text, std::string_view path) {
  for (size_t at = text.find(path); at != std::string_view::npos; at = text.find(path, at + 1)) {
    const size_t end = at + path.size();
    const bool begins = at == 0 || !is_of_path(text[at - 1]);
    if (begins && (end == text.size() || !is_of_path(text[end]))) return true;
  }
  return false;
}

Result<bool> file_names_any(const host::Root& root, const std::string& file,
                            const std::set<std::string>& paths) {
  const auto info = NVBOX_TRY(root.stat(file));
  if (!info || !S_ISREG(info->st_mode)) return false;
  const auto text = NVBOX_TRY(content_at(root, file));
  return text && names_any(*text, paths);
}

// The last of the settings, as systemd.exec(5) has it for EnvironmentFile=.
Result<std::optional<std::string>> chosen_output(const host::Root& root) {
  constexpr std::string_view name = "NVIDIA_CTK_CDI_OUTPUT_FILE_PATH=";
  const auto text =
      NVBOX_TRY(content_at(root, "/etc/nvidia-container-toolkit/nvidia-cdi-refresh.env"));
  std::optional<std::string> chosen;
  if (!text) return chosen;
  for (std::string_view line : split(*text, '\n')) {
    line = trim(line);
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    const bool is_quoted = line.size() > 1 && (line.front() == '"' || line.front() == '\'') &&
                           line.back() == line.front();
    if (is_quoted) line = line.substr(1, line.size() - 2);
    chosen = line.starts_with('/') ? std::optional<std::string>(line) : std::nullopt;
  }
  return chosen;
}

// The configurations of the engines that `nvidia-ctk runtime configure` knows.
std::vector<std::string> engine_files(const host::Root& root) {
  std::vector<std::string> files = {"/etc/docker/daemon.json", "/etc/containerd/config.toml",
                                    "/etc/crio/crio.conf", "/etc/containers/containers.conf",
                                    "/var/snap/microk8s/current/args/containerd-template.toml"};
  for (const std::string_view directory :
       {"/etc/containerd/conf.d", "/etc/crio/crio.conf.d", "/etc/containers/containers.conf.d",
        "/etc/containers/oci/hooks.d", "/usr/share/containers/oci/hooks.d",
        "/var/lib/rancher/k3s/agent/etc/containerd/config.toml.d",
        "/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d",
        "/var/lib/rancher/rke2/agent/etc/containerd/config.toml.d",
        "/var/lib/rancher/rke2/agent/etc/containerd/config-v3.toml.d"}) {
    const auto entries = root.list(directory);
    if (!entries || !*entries) continue;
    for (const std::string& entry : **entries) {
      const bool is_configuration =
          entry.ends_with(".toml") || entry.ends_with(".conf") || entry.ends_with(".json");
      if (is_configuration) files.push_back(path::join(directory, entry));
    }
  }
  return files;
}

// The paths, and names without a directory that lead to none of the engines' PATH once those are
// gone: `nvidia-ctk runtime configure` writes the name alone.
Result<std::set<std::string>> calls_of(const host::Root& root, const std::set<std::string>& gone) {
  std::set<std::string> calls = gone;
  for (const std::string& path : gone) {
    const std::string name(path::base_name(path));
    if (!name.starts_with("nvidia-container-runtime")) continue;
    bool is_left = false;
    for (const std::string_view directory : {"/usr/local/bin", "/usr/bin"}) {
      const std::string other = path::join(directory, name);
      is_left = is_left || (!gone.contains(other) && NVBOX_TRY(root.stat(other)));
    }
    if (is_left) continue;
    calls.insert(cat("\"", name, "\""));
    calls.insert(cat("'", name, "'"));
  }
  return calls;
}

// The units' links in the directories of targets, which systemctl(1) makes when it enables them.
Result<bool> are_units_enabled(const host::Root& root) {
  const auto directories = NVBOX_TRY(root.list(unit_directory));
  if (!directories) return false;
  for (const std::string& directory : *directories) {
    if (!directory.ends_with(".wants")) continue;
    const auto links = NVBOX_TRY(root.list(path::join(unit_directory, directory)));
    const bool is_enabled = links && std::ranges::any_of(*links, [](std::string_view link) {
                              return link.starts_with("nvidia-cdi-refresh.");
                            });
    if (is_enabled) return true;
  }
  return false;
}

}  // namespace

bool names_any(std::string_view text, const std::set<std::string>& paths) {
  return std::ranges::any_of(paths, [&](const std::string& path) { return names(text, path); });
}

Result<std::vector<std::string>> made_specifications(const host::Root& root,
                                                     const std::set<std::string>& programs) {
  std::vector<std::string> found;
  const std::string usual = "/var/run/cdi/nvidia.yaml";
  const std::string chosen = NVBOX_TRY(chosen_output(root)).value_or(usual);
  for (const std::string& output : {usual, chosen}) {
    const size_t dot = std::min(output.rfind('.'), output.size());
    // The names of the feature flag enable-coherent-annotations.
    for (const std::string_view part : {"", ".coherent", ".noncoherent"}) {
      const std::string file = cat(output.substr(0, dot), part, output.substr(dot));
      if (std::ranges::find(found, file) != found.end()) continue;
      if (NVBOX_TRY(file_names_any(root, file, programs))) found.push_back(file);
    }
  }
  return found;
}

Result<std::string> callers_note(const host::Root& root, const std::set<std::string>& gone) {
  std::string lines;
  const std::set<std::string> calls = NVBOX_TRY(calls_of(root, gone));
  for (const std::string& file : engine_files(root)) {
    // One that cannot be read keeps no removal back.
    const Result<bool> is_caller = file_names_any(root, file, calls);
    if (!is_caller || !*is_caller) continue;
    lines += cat(file, " still names programs that are removed; take them out (", file,
                 ".nvbox-before or .nvbox-absent tells what was there before) and restart the "
                 "engine\n");
  }
  if (gone.contains(path::join(unit_directory, "nvidia-cdi-refresh.service")) &&
      NVBOX_TRY(are_units_enabled(root))) {
    lines +=
        "to forget the units, too: systemctl disable nvidia-cdi-refresh.path "
        "nvidia-cdi-refresh.service\n";
  }
  return lines;
}

}  // namespace nvbox::applets::installation
