// nvidia-container-runtime: edits the specification of a container that is about to be created,
// then becomes the low-level runtime.
#include <fcntl.h>
#include <unistd.h>

#include "applet.h"
#include "nvbox/base/path.h"
#include "nvbox/base/text.h"
#include "nvbox/base/version.h"
#include "nvbox/config/config.h"
#include "nvbox/config/keys.h"
#include "nvbox/runtime/command_line.h"
#include "nvbox/runtime/inject.h"
#include "nvbox/runtime/log_files.h"
#include "nvbox/runtime/low_level.h"
#include "nvbox/runtime/spec_file.h"
#include "nvbox/sys/fd.h"
#include "nvbox/sys/file.h"
#include "nvbox/sys/process.h"

namespace nvbox::applets {
namespace {

// The runtime-spec version whose fields are understood.
constexpr std::string_view oci_version = "1.3.0";

// Engines and scripts ask for the version and read the low-level runtime's lines too, which follow.
Result<> print_version() {
  std::string text = cat("NVIDIA Container Runtime version ", version(), "\n");
  if (!commit().empty()) text += cat("commit: ", commit(), "\n");
  text += cat("spec: ", oci_version, "\n\n");
  return sys::write_all(STDOUT_FILENO, text).in("standard output");
}

// nvidia-container-runtime.cdi and .legacy carry their mode in the name.
std::string_view mode_of(std::string_view applet, const config::Config& config) {
  constexpr std::string_view plain = "nvidia-container-runtime";
  if (applet.size() > plain.size()) return applet.substr(plain.size() + 1);
  return config.runtime.mode;
}

Result<> edit_spec(const std::string& path, const config::Config& config, const Call& call) {
  const runtime::SpecFile file = NVBOX_TRY(runtime::SpecFile::open(path).hint(
      "--bundle must name a directory with the container's config.json"));
  spec::OciSpec spec = NVBOX_TRY(file.read());
  const std::string program = NVBOX_TRY(sys::own_path());
  const runtime::Injected injected =
      NVBOX_TRY(runtime::inject_gpus(spec,
                                     {.config = config,
                                      .mode = mode_of(call.name, config),
                                      .program = program,
                                      .environment = call.environment},
                                     call.log));
  if (injected == runtime::Injected::nothing) return {};
  return file.replace(spec);
}

// What is wrong with the log files themselves can only be said on standard error.
void tell(const runtime::RuntimeLog& log, std::string_view applet) {
  for (const std::string& warning : *log.warnings) {
    (void)sys::write_all(STDERR_FILENO, cat(applet, ": ", warning, "\n"));
  }
}

Result<runtime::LowLevel> prepare(const Call& call, const runtime::CommandLine& line,
                                  const config::Config& config) {
  runtime::LowLevel low_level = NVBOX_TRY(
      runtime::find_low_level(config.runtime.runtimes, call.environment.get("PATH").value_or("")));
  for (const std::string& note : low_level.notes) call.log.warning(note);
  if (!line.creates_container()) return low_level;
  for (const std::string& key : config.unknown_keys) {
    call.log.warning(cat("config.toml: ", config::describe_unknown(key)));
  }
  const std::string spec_path = NVBOX_TRY(line.spec_path());
  NVBOX_TRY(edit_spec(spec_path, config, call));
  return low_level;
}

}  // namespace

Result<int> run_nvidia_container_runtime(const Call& call) {
  const runtime::CommandLine line = runtime::parse_command_line(call.arguments);
  if (line.version) NVBOX_TRY(print_version());
  // The engine shows its user what is in the --log file, so that must work before config.toml does.
  const Log base = call.log;
  call.log = runtime::open_log(base, {}, line).log;
  const config::Config config =
      NVBOX_TRY(config::load_config(config::config_path(config::lookup_from(call.environment))));
  const runtime::RuntimeLog log = runtime::open_log(base, config.runtime, line);
  call.log = log.log;
  const Result<runtime::LowLevel> low_level = prepare(call, line, config);
  tell(log, call.name);
  if (!low_level) return low_level.error();
  NVBOX_TRY(sys::exec_program(low_level->path, call.arguments, call.environment.variables()));
  return 1;
}

}  // namespace nvbox::applets
