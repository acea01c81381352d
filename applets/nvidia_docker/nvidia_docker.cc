// nvidia-docker: adds the GPUs of NV_GPU to a docker command that starts a container, and becomes
// docker.
#include <unistd.h>
#include <cerrno>

#include <optional>
#include <span>
#include <vector>

#include "applet.h"
#include "base/text.h"
#include "base/version.h"
#include "machine/survey.h"
#include "nvidia_docker/command.h"
#include "nvidia_docker/gpus.h"
#include "nvidia_docker/host.h"
#include "sys/file.h"

namespace nvbox::applets {
namespace docker {
namespace {

// The shells' statuses for a command that is not there, and for one that cannot be executed.
constexpr int not_found = 127;
constexpr int not_executable = 126;

std::string_view variable(const Call& call, std::string_view name) {
  return call.environment.get(name).value_or("");
}

void tell(const Call& call, std::string_view line) {
  (void)sys::write_all(STDERR_FILENO, cat(call.name, ": ", printable(line), "\n"));
}

// NV_DOCKER may have options of docker's, or sudo in front.
std::vector<std::string_view> docker_words(const Call& call) {
  constexpr std::string_view blanks = " \t\n";
  std::string_view text = variable(call, "NV_DOCKER");
  std::vector<std::string_view> words;
  while (true) {
    const size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    words.push_back(text.substr(0, text.find_first_of(blanks)));
    text.remove_prefix(words.back().size());
  }
  if (words.empty()) words.emplace_back("docker");
  return words;
}

Daemon find_daemon(const Call& call, const Line& line, const host::Root& host) {
  const std::optional<DockerOptions> given = globals_of(docker_words(call));
  if (!given) return Daemon::elsewhere;
  DockerOptions globals = *given;
  if (line.globals.host) globals.host = line.globals.host;
  if (line.globals.context) globals.context = line.globals.context;
  if (line.globals.config) globals.config = line.globals.config;
  std::string chosen = chosen_context(host, globals, call.environment);
  return daemon_of({.globals = std::move(globals),
                    .docker_host = std::string(variable(call, "DOCKER_HOST")),
                    .docker_context = std::string(variable(call, "DOCKER_CONTEXT")),
                    .chosen_context = std::move(chosen)});
}

// GPUs of WSL and of Jetson boards are not in /proc/driver/nvidia.
Result<bool> lists_gpus_in_proc(const host::Root& host) {
  for (const std::string_view other : {"/dev/dxg", "/etc/nv_tegra_release"}) {
    const auto found = NVBOX_TRY(host.stat(other));
    if (found) return false;
  }
  return true;
}

Result<GpuList> resolve_on(const machine::Place& place, GpuList gpus) {
  const bool can_tell = NVBOX_TRY(lists_gpus_in_proc(place.host()));
  if (!can_tell || !is_checkable(gpus)) return gpus;
  driver::Inventory inventory =
      NVBOX_TRY(machine::discover(place, {.gpus = true, .files = driver::Capabilities::none}));
  return resolve_gpus(std::move(gpus), std::move(inventory));
}

// The GPUs that a variable names, checked where the daemon is on this host.
Result<GpuList> gpus_for(const machine::Place& place, Daemon daemon, std::string_view value,
                         std::string_view name) {
  GpuList gpus = NVBOX_TRY(parse_gpus(value).in(name));
  if (daemon == Daemon::elsewhere) return gpus;
  return resolve_on(place, std::move(gpus)).in(name);
}

// What the caller does not know from his own words.
void tell_choice(const Call& call, const Choice& choice, const OwnOptions& own,
                 const GpuList& gpus) {
  if (choice.mode == Injection::runtime) return;
  std::string_view result;
  if (gpus.asks == GpuList::Asks::unset) result = "all GPUs, because NV_GPU is not set";
  if (own.gpus) result = "nothing added, because the command asks for GPUs itself";
  if (choice.reason.empty()) {
    if (!result.empty()) tell(call, result);
    return;
  }
  const std::string_view option =
      choice.mode == Injection::cdi ? "--device nvidia.com/gpu" : "--gpus";
  tell(call, cat(option, " instead of --runtime=nvidia: ", choice.reason,
                 "; choose with NV_MODE=runtime|cdi|gpus", result.empty() ? "" : "; ", result));
}

// What is added behind `run` or `create`.
Result<std::vector<std::string>> added_words(const Call& call, const Line& line,
                                             std::span<const std::string_view> behind) {
  const machine::Place place = NVBOX_TRY(machine::Place::open({.host = call.host_root}));
  const Daemon daemon = find_daemon(call, line, place.host());
  const OwnOptions own = own_options(behind, variable(call, "NVIDIA_VISIBLE_DEVICES"));
  const std::optional<Injection> wanted = NVBOX_TRY(parse_mode(variable(call, "NV_MODE")));
  Choice choice{.mode = wanted.value_or(Injection::runtime)};
  if (!wanted && !own.runtime) choice = choose_mode(place.host(), daemon, call.environment);

  GpuList gpus = NVBOX_TRY(gpus_for(place, daemon, variable(call, "NV_GPU"), "NV_GPU"));
  if (own.privileged && gpus.asks != GpuList::Asks::unset && gpus.asks != GpuList::Asks::all) {
    tell(call, "NV_GPU does not hide GPUs from a container with --privileged");
  }
  // Behind --runtime=nvidia the command's own variable wins by itself.
  if (choice.mode != Injection::runtime && own.visible_devices) {
    gpus = NVBOX_TRY(gpus_for(place, daemon, *own.visible_devices, "NVIDIA_VISIBLE_DEVICES"));
    if (gpus.asks == GpuList::Asks::unset) gpus.asks = GpuList::Asks::nothing;
  }
  tell_choice(call, choice, own, gpus);
  if (choice.mode != Injection::runtime && own.gpus) return std::vector<std::string>();
  return words_for(choice.mode, gpus);
}

// Returns only when that fails.
int become(const Call& call, std::vector<std::string> words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execvpe(words.front().c_str(), pointers.data(), call.environment.variables());
  const int cause = errno;
  const Error error = Error(cat("run ", words.front()), cause)
                          .hint("install docker, or name the command in NV_DOCKER");
  tell(call, error.full_message());
  return cause == ENOENT ? not_found : not_executable;
}

struct Command {
  Verb verb;
  std::vector<std::string> words;
};

Result<Command> docker_command(const Call& call, std::span<const std::string_view> arguments) {
  const Compat compat = NVBOX_TRY(parse_compat(variable(call, "NV_COMPAT")));
  const Line line = parse_line(arguments, compat);
  const std::vector<std::string_view> docker = docker_words(call);
  const auto front = arguments.first(line.rest);
  const auto behind = arguments.subspan(line.rest);

  std::vector<std::string> words(docker.begin(), docker.end());
  words.insert(words.end(), front.begin(), front.end());
  if (line.verb == Verb::starts_container) {
    const std::vector<std::string> added = compat == Compat::strict
                                               ? strict_words(variable(call, "NV_GPU"))
                                               : NVBOX_TRY(added_words(call, line, behind));
    words.insert(words.end(), added.begin(), added.end());
  }
  words.insert(words.end(), behind.begin(), behind.end());
  return Command{line.verb, std::move(words)};
}

}  // namespace
}  // namespace docker

Result<int> run_nvidia_docker(const Call& call) {
  using namespace docker;  // NOLINT(google-build-using-namespace): this file's own
  std::span<const std::string_view> arguments = call.arguments;
  const bool prints = !arguments.empty() && arguments.front() == "--print";
  if (prints) arguments = arguments.subspan(1);
  Command command = NVBOX_TRY(docker_command(call, arguments));
  if (prints) {
    NVBOX_TRY(
        sys::write_all(STDOUT_FILENO, shell_line(command.words) + "\n").in("standard output"));
    return 0;
  }
  if (command.verb == Verb::version) {
    NVBOX_TRY(sys::write_all(STDOUT_FILENO, cat("NVIDIA Docker: ", version(), "\n"))
                  .in("standard output"));
  }
  if (!variable(call, "NV_DEBUG").empty()) {
    (void)sys::write_all(STDERR_FILENO, cat("+ ", shell_line(command.words), "\n"));
  }
  return become(call, std::move(command.words));
}

}  // namespace nvbox::applets
