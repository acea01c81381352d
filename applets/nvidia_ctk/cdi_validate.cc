// nvidia-ctk cdi validate: what would go wrong with specifications on this host, before a container
// fails to start.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/path.h"
#include "base/text.h"
#include "config/cdi_registry.h"
#include "host/root.h"
#include "machine/freshness.h"
#include "nvidia_ctk/cdi.h"
#include "sys/file.h"

namespace nvbox::applets::ctk_cdi {
namespace {

struct Settings {
  std::vector<std::string> directories = default_spec_directories();
};

constexpr cli::Flag<Settings> flags[] = {
    {{"spec-dir", "NVIDIA_CTK_CDI_SPEC_DIRS",
      "Directory whose specifications are checked when no file or directory is named"},
     &Settings::directories},
};

// The problems of one specification: what it names and this host does not have.
class Checker {
 public:
  explicit Checker(const host::Root& host) : host_(host) {}

  std::vector<std::string> check(const spec::CdiSpec& spec) {
    check("containerEdits", spec.edits);
    for (size_t i = 0; i < spec.devices.size(); ++i) {
      check(cat("devices[", i, "].containerEdits"), spec.devices[i].edits);
    }
    return std::move(problems_);
  }

 private:
  void check(const std::string& place, const spec::ContainerEdits& edits) {
    for (size_t i = 0; i < edits.nodes.size(); ++i) {
      check_node(cat(place, ".deviceNodes[", i, "]"), edits.nodes[i]);
    }
    for (size_t i = 0; i < edits.mounts.size(); ++i) {
      check_path(cat(place, ".mounts[", i, "].hostPath"), edits.mounts[i].host_path);
    }
    for (size_t i = 0; i < edits.hooks.size(); ++i) {
      check_hook(cat(place, ".hooks[", i, "].path"), edits.hooks[i]);
    }
  }

  // Devices share most of what they have, and each thing is told once.
  bool is_new(const std::string& path) { return seen_.insert(path).second; }

  void add(const std::string& place, const std::string& problem) {
    problems_.push_back(cat(place, ": ", problem));
  }

  void check_path(const std::string& place, const std::string& path) {
    // File systems of the kernel have no path: "tmpfs".
    if (!path.starts_with('/') || !is_new(path)) return;
    const auto found = host_.stat(path);
    if (!found) return add(place, found.error().message());
    if (!*found) add(place, cat(path, " does not exist"));
  }

  void check_hook(const std::string& place, const spec::Hook& hook) {
    // That one is the container's.
    if (hook.stage == "startContainer" || !is_new(hook.path)) return;
    const auto found = host_.stat(hook.path);
    if (!found) return add(place, found.error().message());
    if (!*found) return add(place, cat(hook.path, " does not exist"));
    if (!S_ISREG((*found)->st_mode) || ((*found)->st_mode & 0111) == 0) {
      add(place, cat(hook.path, " is not a program"));
    }
  }

  void check_node(const std::string& place, const spec::DeviceNode& node) {
    const std::string& path = node.host_path.empty() ? node.path : node.host_path;
    if (!is_new(path)) return;
    const auto found = host_.device(path);
    if (!found) return add(place, found.error().message());
    if (!*found) return add(place, cat(path, " is no device on this host"));
    if (node.major == 0) return;
    if ((*found)->major == node.major && (*found)->minor == node.minor) return;
    add(place, cat(path, " is device ", (*found)->major, ":", (*found)->minor,
                   " on this host, not ", node.major, ":", node.minor));
  }

  const host::Root& host_;
  std::set<std::string> seen_;
  std::vector<std::string> problems_;
};

void add_staleness(const config::CdiFile& file, const host::Root& host,
                   std::vector<std::string>& problems) {
  const auto stale = machine::staleness(file, {host, host, host});
  if (!stale) return problems.push_back(stale.error().message());
  if (*stale) problems.push_back(**stale);
}

std::vector<std::string> problems_of(const std::string& file, const host::Root& host) {
  const auto text = read_file(file);
  if (!text) return {text.error().message()};
  if (!*text) return {cat(file, ": does not exist")};
  const Result<spec::CdiSpec> spec = parse_text(**text);
  std::vector<std::string> problems;
  if (spec) {
    problems = Checker(host).check(*spec);
    add_staleness({file, *spec, spec::read_stamp(**text)}, host, problems);
  } else {
    problems.push_back(spec.error().full_message());
  }
  for (std::string& problem : problems) problem = cat(file, ": ", problem);
  return problems;
}

struct Collected {
  std::vector<std::string> files{};
  std::vector<std::string> problems{};
};

void add_directory(const host::Root& host, const std::string& directory, Collected& collected) {
  const auto names = host.list(directory);
  if (!names) return collected.problems.push_back(names.error().message());
  for (const std::string& name : names->value_or(std::vector<std::string>())) {
    if (name.ends_with(".json") || name.ends_with(".yaml")) {
      collected.files.push_back(path::join(directory, name));
    }
  }
}

// The files that are named, and those of named directories.
Result<Collected> collect(const std::vector<std::string>& names, const host::Root& host) {
  const std::string here = NVBOX_TRY(working_directory());
  Collected out;
  for (const std::string& name : names) {
    const std::string path = name.starts_with('/') ? name : path::join(here, name);
    const auto found = host.stat(path);
    if (found && *found && S_ISDIR((*found)->st_mode)) {
      add_directory(host, path, out);
    } else {
      out.files.push_back(path);
    }
  }
  return out;
}

// Names that two specifications of these directories define.
void add_conflicts(const host::Root& host, const std::vector<std::string>& directories,
                   std::vector<std::string>& problems) {
  const config::CdiContents contents = config::load_all_cdi({host, directories});
  for (const config::CdiProblem& problem : contents.problems) {
    if (problem.cause == config::CdiCause::conflict) problems.push_back(problem.text());
  }
}

}  // namespace

Result<int> run_validate(const Invocation& invocation) {
  const auto line = NVBOX_TRY(parse_command<Settings>(invocation, flags, "[FILE or DIRECTORY...]"));
  if (line.exit_status) return *line.exit_status;
  const std::vector<std::string>& named = line.line.positionals;
  const std::vector<std::string>& directories = line.settings.directories;
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  Collected collected = NVBOX_TRY(collect(named, host));
  if (named.empty()) {
    for (const std::string& directory : directories) add_directory(host, directory, collected);
  }
  std::vector<std::string>& problems = collected.problems;
  for (const std::string& file : collected.files) {
    std::ranges::move(problems_of(file, host), std::back_inserter(problems));
  }
  if (named.empty()) add_conflicts(host, directories, problems);
  std::string text;
  for (const std::string& problem : problems) text += cat(printable(problem), "\n");
  NVBOX_TRY(sys::write_all(STDERR_FILENO, text));
  invocation.call.log.info(cat("Checked ", collected.files.size(), " CDI specifications"));
  return problems.empty() ? 0 : 1;
}

}  // namespace nvbox::applets::ctk_cdi
