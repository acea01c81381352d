// nvidia-container-runtime-hook: what `docker run --gpus` and hooks.d files call before a container
// starts. For a container that asks for GPUs it is `nvidia-container-cli configure`, in this
// process and called with values.
#include <unistd.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "applet.h"
#include "base/text.h"
#include "cli/flags.h"
#include "command_tree.h"
#include "config/config.h"
#include "config/document.h"
#include "hook/container_root.h"
#include "host/root.h"
#include "nvidia_container_cli/nvidia_container_cli.h"
#include "privileges.h"
#include "runtime/low_level.h"
#include "runtime/prestart.h"
#include "spec/hook_time.h"
#include "sys/file.h"
#include "sys/limits.h"
#include "sys/process.h"

namespace nvbox::applets {
namespace {

constexpr int usage_status = 2;

struct Options {
  std::string config{};
  bool debug = false;
  bool version = false;
};

constexpr cli::Flag<Options> flags[] = {
    {{"config"}, &Options::config}, {{"debug"}, &Options::debug}, {{"version"}, &Options::version}};

constexpr std::string_view usage =
    "Usage of nvidia-container-runtime-hook:\n"
    "  -config FILE   configuration file\n"
    "  -debug         write what nvidia-container-cli does to standard error\n"
    "  -version       print the version\n"
    "\n"
    "Commands:\n"
    "  prestart       give the container whose state is on standard input its GPUs\n"
    "  poststart      nothing\n"
    "  poststop       nothing\n";

Result<config::Config> load_config(const Options& options, const Call& call) {
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  config::Config config =
      NVBOX_TRY(config::load_config(config::lookup_from(call.environment, options.config),
                                    config::default_config(config::document_host(host))));
  for (const std::string& warning : config.warnings) {
    call.log.warning(cat("config.toml: ", warning));
  }
  return config;
}

// The variables of this process and behind them those of nvidia-container-cli.environment, which
// therefore cannot replace one.
class Variables {
 public:
  Variables(const host::Environment& own, const std::vector<std::string>& added) : added_(added) {
    for (char* const* entry = own.variables(); *entry != nullptr; ++entry) {
      pointers_.push_back(*entry);
    }
    for (std::string& entry : added_) pointers_.push_back(entry.data());
    pointers_.push_back(nullptr);
  }

  char* const* get() const { return pointers_.data(); }

 private:
  std::vector<std::string> added_;
  std::vector<char*> pointers_;
};

// The program to execute instead of nvidia-container-cli of our own.
std::optional<std::string> other_program(const Call& call, const config::Config& config) {
  if (config.cli.path.empty()) return std::nullopt;
  runtime::Program program =
      runtime::ProgramSearch(call.environment.get("PATH").value_or("")).find(config.cli.path);
  if (program.kind == runtime::Program::Kind::ourselves) return std::nullopt;
  return std::move(program.path);
}

// Before the state is read. What another program may do is not ours to decide, and executing it
// makes what is permitted effective again.
Result<> give_up_rights(const config::Config& config, const std::optional<std::string>& other) {
  if (!other) {
    return give_up_all_but(
        kept_for(privileges::runtime_hook,
                 {.device_rules = !config.cli.no_cgroups, .modules = config.cli.load_kmods}));
  }
  return sys::set_effective(privileges::reads & NVBOX_TRY(sys::permitted_capabilities()));
}

// Returns only when that fails.
Result<int> become(const Call& call, const std::string& program, const Variables& variables,
                   const runtime::ConfigureCall& configure) {
  const std::vector<std::string> words = runtime::to_arguments(configure);
  const std::vector<std::string_view> arguments(words.begin(), words.end());
  call.tell_warnings();
  NVBOX_TRY(sys::exec_program(program, arguments, variables.get())
                .hint("correct nvidia-container-cli.path in config.toml; empty means nvbox"));
  return 0;
}

Result<int> configure(const Call& call, const Variables& variables,
                      const runtime::ConfigureCall& configure) {
  const host::Environment environment(variables.get());
  const Call cli = {.name = call.name,
                    .arguments = {},
                    .environment = environment,
                    .host_root = call.host_root,
                    .log = call.log};
  NVBOX_TRY(container_cli::begin(configure.globals, cli));
  return container_cli::configure({.call = cli, .globals = configure.globals, .arguments = {}},
                                  configure.options, configure.rootfs);
}

Result<int> prestart(const Call& call, const Options& options) {
  sys::end_after(spec::prestart_hook_time.own, call.name);
  const config::Config config = NVBOX_TRY(load_config(options, call));
  const std::optional<std::string> other = other_program(call, config);
  NVBOX_TRY(give_up_rights(config, other));
  const spec::OciState state = NVBOX_TRY(hook::read_state(STDIN_FILENO));
  const auto debug =
      options.debug ? runtime::HookDebug::on_standard_error : runtime::HookDebug::off;
  const auto program =
      other ? runtime::ConfiguredBy::another_program : runtime::ConfiguredBy::nvbox;
  const auto asked = NVBOX_TRY(runtime::prestart_call(state, config, debug, program, call.log));
  if (!asked) return 0;
  const Variables variables(call.environment, config.cli.environment);
  return other ? become(call, *other, variables, *asked) : configure(call, variables, *asked);
}

Result<int> print(int descriptor, std::string_view text, int status) {
  NVBOX_TRY(sys::write_all(descriptor, text));
  return status;
}

}  // namespace

Result<int> run_nvidia_container_runtime_hook(const Call& call) {
  const auto parsed = cli::parse_flags(
      std::span<const cli::Flag<Options>>(flags), call.arguments,
      [](std::string_view) { return std::nullopt; }, cli::Dialect::until_positional);
  if (!parsed) {
    return print(STDERR_FILENO, cat(parsed.error().full_message(), "\n", usage), usage_status);
  }
  const Options& options = parsed->settings;
  const std::vector<std::string>& words = parsed->line.positionals;
  const std::string_view command = words.empty() ? "" : std::string_view(words.front());
  if (parsed->line.asks == cli::FlagLine::Asks::help) return print(STDERR_FILENO, usage, 0);
  if (options.version) {
    return print(STDOUT_FILENO, version_lines("NVIDIA Container Runtime Hook"), 0);
  }
  if (command == "prestart") return prestart(call, options);
  if (command == "poststart" || command == "poststop") return 0;
  return print(STDERR_FILENO, usage, usage_status);
}

}  // namespace nvbox::applets
