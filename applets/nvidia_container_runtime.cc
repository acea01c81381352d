// nvidia-container-runtime: edits the specification of a container that is about to be created,
// then becomes the low-level runtime.
#include <fcntl.h>
#include <unistd.h>

#include "applet.h"
#include "base/path.h"
#include "base/text.h"
#include "base/version.h"
#include "config/config.h"
#include "runtime/command_line.h"
#include "runtime/log_files.h"
#include "runtime/low_level.h"
#include "runtime/spec_file.h"
#include "runtime/story.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/process.h"

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

// nvidia-container-runtime.NAME, and "" for nvidia-container-runtime.
std::string_view variant_of(std::string_view applet) {
  constexpr std::string_view plain = "nvidia-container-runtime";
  return applet.size() > plain.size() ? applet.substr(plain.size() + 1) : std::string_view();
}

constexpr std::string_view experimental = "experimental";

// .cdi and .legacy carry their mode in the name; what the experimental runtime did is jit-cdi now.
std::string_view mode_of(std::string_view applet, const config::Config& config) {
  const std::string_view variant = variant_of(applet);
  if (variant.empty()) return config.runtime.mode;
  return variant == experimental ? "jit-cdi" : variant;
}

Result<runtime::LowLevel> find_low_level(const Call& call, const config::Config::Runtime& config) {
  if (variant_of(call.name) == experimental) {
    return runtime::find_experimental_low_level(config, call.environment);
  }
  return runtime::find_low_level(config.runtimes, call.environment.get("PATH").value_or(""));
}

Result<> edit_spec(const std::string& path, const config::Config& config, const Call& call) {
  const runtime::SpecFile file = NVBOX_TRY(runtime::SpecFile::open(path).hint(
      "--bundle must name a directory with the container's config.json"));
  spec::OciSpec spec = NVBOX_TRY(file.read());
  const std::string program = NVBOX_TRY(sys::own_path());
  const machine::Directories directories = {.host = call.host_root};
  const runtime::Injected injected =
      NVBOX_TRY(runtime::inject_gpus(spec,
                                     {.config = config,
                                      .mode = mode_of(call.name, config),
                                      .program = program,
                                      .environment = call.environment,
                                      .directories = directories,
                                      .bundle = std::string(path::parent(path))},
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
  runtime::LowLevel low_level = NVBOX_TRY(find_low_level(call, config.runtime));
  for (const std::string& note : low_level.notes) call.log.warning(note);
  if (!line.creates_container()) return low_level;
  for (const std::string& warning : config.warnings) {
    call.log.warning(cat("config.toml: ", warning));
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
  auto loaded = config::load_config(config::lookup_from(call.environment));
  // Containers that run have to be stopped and deleted, whatever has become of the file since.
  if (!loaded && line.creates_container()) return loaded.error();
  if (!loaded) call.log.warning(loaded.error().full_message());
  const config::Config config = loaded ? std::move(loaded).value() : config::Config();
  const runtime::RuntimeLog log = runtime::open_log(base, config.runtime, line);
  call.log = log.log;
  const Result<runtime::LowLevel> low_level = prepare(call, line, config);
  tell(log, call.name);
  if (!low_level) return low_level.error();
  NVBOX_TRY(sys::exec_program(low_level->path, call.arguments, call.environment.variables()));
  return 1;
}

}  // namespace nvbox::applets
