#include "nvidia_ctk/config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "config/config.h"
#include "config/document.h"
#include "host/root.h"
#include "host/root_write.h"
#include "nvidia_ctk/nvidia_ctk.h"
#include "sys/file.h"

namespace nvbox::applets {
namespace {

struct ConfigFlags {
  std::string config_file{};
  std::vector<std::string> set{};
  std::string separator = ":";
  std::optional<std::string> profile{};
  bool in_place = false;
  std::string output{};
  bool explain = false;
};

constexpr cli::Flag<ConfigFlags> config_flags[] = {
    {{"config-file config c", {}, "Specify the config file to modify"}, &ConfigFlags::config_file},
    {{"set",
      {},
      "Set a config value using the pattern 'key[=value]'. Specifying only 'key' is equivalent to "
      "'key=true' for boolean settings. This flag can be specified multiple times; the elements of "
      "a list are separated by ':' or ','",
      cli::Split::never},
     &ConfigFlags::set},
    {{"set-list-separator",
      {},
      "Specify a separator for lists applied using the set command",
      cli::Split::never,
      cli::Shown::no},
     &ConfigFlags::separator},
    {{"profile", {}, "Make the settings of a profile before those of --set: kubernetes"},
     &ConfigFlags::profile},
    {{"in-place i", {}, "Modify the config file in-place"}, &ConfigFlags::in_place},
    {{"output o",
      {},
      "Specify the output file to write to; if not specified, the output is written to "
      "stdout"},
     &ConfigFlags::output},
    {{"explain", {}, "Explain the key or table that is named, or every key"},
     &ConfigFlags::explain},
};

struct DefaultFlags {
  std::string output{};
};

constexpr cli::Flag<DefaultFlags> default_flags[] = {
    {{"output o",
      {},
      "Specify the output file to write to; if not specified, the output is written to "
      "stdout"},
     &DefaultFlags::output},
};

Result<std::string> default_text() {
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  return config::default_document(config::document_host(host));
}

// To standard output where no path is given.
Result<> write_output(const std::string& path, std::string_view text) {
  if (path.empty()) return print(text);
  return write_named_file(path, text).hint("--output chooses another file");
}

Error unexpected(std::string_view word) {
  return Error(cat("unexpected argument ", quote(word)));
}

std::string path_of(const Invocation& invocation, const ConfigFlags& flags) {
  const std::string& named =
      flags.config_file.empty() ? invocation.flags.config : flags.config_file;
  return config::config_path(config::lookup_from(invocation.call.environment, named));
}

// What the flags ask for, in the order in which it is made.
Result<config::Settings> settings_of(const ConfigFlags& flags) {
  config::Settings settings{.separator = flags.separator};
  if (flags.profile) settings.each = NVBOX_TRY(config::profile_settings(*flags.profile));
  for (const std::string& text : flags.set) {
    for (std::string& setting : config::split_settings(text))
      settings.each.push_back(std::move(setting));
  }
  return settings;
}

// A file that cannot be used does not keep its keys from being explained.
Result<> explain(const Invocation& invocation, const cli::FlagLine& line, config::Document file) {
  if (line.positionals.size() > 1) return unexpected(line.positionals[1]);
  if (const auto usable = config::change_document(file, {}); !usable) {
    invocation.call.log.warning(usable.error().full_message());
    file.text.clear();
  }
  const std::string name = line.positionals.empty() ? "" : line.positionals.front();
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  const config::Config defaults = config::default_config(config::document_host(host));
  return print(NVBOX_TRY(config::explain(name, file, defaults)));
}

Result<int> run_default(const Invocation& invocation) {
  const auto line = NVBOX_TRY(parse_command<DefaultFlags>(invocation, default_flags));
  if (line.exit_status) return *line.exit_status;
  if (!line.line.positionals.empty()) return unexpected(line.line.positionals.front());
  const std::string text = NVBOX_TRY(default_text());
  NVBOX_TRY(write_output(line.settings.output, text));
  return 0;
}

constexpr CommandRow rows[] = {
    {.names = "default create-default generate-default",
     .summary = "Generate the default NVIDIA Container Toolkit configuration file",
     .run = run_default},
};

}  // namespace

std::span<const CommandRow> config_commands() {
  return rows;
}

Result<int> run_config(const Invocation& invocation) {
  const auto line = NVBOX_TRY(parse_command<ConfigFlags>(invocation, config_flags, "[KEY]"));
  if (line.exit_status) return *line.exit_status;
  const ConfigFlags& flags = line.settings;
  const std::string path = path_of(invocation, flags);
  const std::optional<std::string> there = NVBOX_TRY(read_named_file(path));
  if (flags.explain) {
    NVBOX_TRY(explain(invocation, line.line, {path, there.value_or("")}));
    return 0;
  }
  if (!line.line.positionals.empty()) return unexpected(line.line.positionals.front());
  if (flags.in_place && !flags.output.empty()) {
    invocation.call.log.warning(cat("--in-place: ", flags.output, " is not written"));
  }
  const std::string before = there ? *there : NVBOX_TRY(default_text());
  const config::Settings settings = NVBOX_TRY(settings_of(flags));
  const std::string after = NVBOX_TRY(config::change_document({path, before}, settings));
  for (const std::string& warning : NVBOX_TRY(config::parse_config(after)).warnings) {
    invocation.call.log.warning(cat(path, ": ", warning));
  }
  NVBOX_TRY(write_output(flags.in_place ? path : flags.output, after));
  return 0;
}

namespace {

// The kernel's limit (path_resolution(7)).
constexpr int most_links = 40;

// The file behind all links, also where the last of them leads to nothing yet.
Result<std::string> behind_links(const host::Root& root, std::string path) {
  for (int links = 0; links < most_links; ++links) {
    const std::optional<std::string> resolved = NVBOX_TRY(root.resolve(path));
    if (resolved) return *resolved;
    const std::optional<std::string> target = NVBOX_TRY(root.read_link(path));
    if (!target) return path;
    path = target->starts_with('/') ? *target : path::join(path::parent(path), *target);
  }
  return Error(cat("write ", path), ELOOP);
}

// What /dev/stdout leads to is not to be replaced.
bool is_stream(const std::string& path) {
  return path::is_below(path, "/dev") || path::is_below(path, "/proc");
}

Result<> write_stream(const std::string& path, std::string_view text) {
  const sys::Fd file = NVBOX_TRY(sys::open_path(path, O_WRONLY | O_TRUNC));
  return sys::write_all(file.get(), text).in(path);
}

}  // namespace

Result<std::optional<std::string>> read_named_file(const std::string& path) {
  const host::Root root = NVBOX_TRY(host::Root::open("/"));
  return root.read(NVBOX_TRY(host::absolute_path(path)));
}

Result<> write_named_file(const std::string& path, std::string_view text) {
  const std::string place = path::clean(NVBOX_TRY(host::absolute_path(path)));
  if (is_stream(place)) return write_stream(place, text);
  const host::Root root = NVBOX_TRY(host::Root::open("/"));
  const std::string target = NVBOX_TRY(behind_links(root, place));
  const std::optional<struct stat> there = NVBOX_TRY(root.stat(target));
  if (there && S_ISDIR(there->st_mode)) return Error(cat("write ", path), EISDIR);
  if (there && !S_ISREG(there->st_mode)) return write_stream(target, text);
  const auto written = host::write_file(root, target, text);
  if (!written) return written.error();
  return {};
}

}  // namespace nvbox::applets
