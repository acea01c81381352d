// The programs that nvidia-ctk runtime configure looks for and asks.

#include "base/path.h"
#include "base/text.h"
#include "engine/bundled_containerd.h"
#include "engine/command.h"
#include "host/root.h"
#include "nvidia_ctk/runtime.h"
#include "runtime/low_level.h"

namespace nvbox::applets::runtime_configure {
namespace {

using runtime::Program;

std::string_view search_path(const Call& call) {
  return call.environment.get("PATH").value_or("");
}

// The path of a program that can be run.
std::optional<std::string> find_program(const std::string& name, const Call& call) {
  Program program = runtime::ProgramSearch(search_path(call)).find(name);
  if (program.kind != Program::Kind::usable) return std::nullopt;
  return std::move(program.path);
}

struct Command {
  std::vector<std::string> words;
  std::string program;  // the first word's path; empty when it is not installed
};

// A command line of the table, with the file's path for CONFIG. --executable-path is the program of
// engines that have a command for their configuration.
Result<Command> find_command(std::string_view line, const Place& place, const Settings& settings,
                             const Call& call) {
  constexpr std::string_view placeholder = "CONFIG";
  Command command;
  const engine::ConfigurationFile file = NVBOX_TRY(engine::read_configuration(place.config));
  for (const std::string_view word : split(line, ' ')) {
    const bool names_file = word.ends_with(placeholder);
    command.words.push_back(names_file
                                ? cat(word.substr(0, word.size() - placeholder.size()), file.path)
                                : std::string(word));
  }
  const bool has_command = !place.engine.source_commands[0].empty();
  if (has_command && !settings.executable.empty()) command.words.front() = settings.executable;
  command.program = find_program(command.words.front(), call).value_or("");
  return command;
}

Result<sys::Outcome> run(const Command& command, const Call& call) {
  return engine::run_command(command.program, {command.words.begin() + 1, command.words.end()},
                             search_path(call));
}

}  // namespace

std::string default_runtime_path(const Call& call) {
  const runtime::ProgramSearch search(search_path(call));
  std::string usual = path::join("/usr/bin", runtime_name);
  for (const std::string& name : {usual, std::string(runtime_name)}) {
    Program program = search.find(name);
    const bool is_there =
        program.kind == Program::Kind::usable || program.kind == Program::Kind::ourselves;
    if (is_there) return std::move(program.path);
  }
  call.log.warning(cat(usual, " does not exist yet"));
  return usual;
}

std::string newest_cdi_version_of_podman(const Call& call) {
  constexpr std::string_view of_old_ones = "0.5.0";
  const auto program = find_program("podman", call);
  if (!program) return {};
  const auto result = engine::run_command(*program, {"--version"}, search_path(call));
  if (!result) return std::string(of_old_ones);
  // "podman version 4.3.1"; 5.1 is the first with a library that knows 0.7.0.
  const std::string_view output = trim(result->output);
  const std::vector<std::string_view> numbers = split(output.substr(output.rfind(' ') + 1), '.');
  const unsigned major = parse_number<unsigned>(numbers[0]).value_or(0);
  const unsigned minor = numbers.size() > 1 ? parse_number<unsigned>(numbers[1]).value_or(0) : 0;
  const bool is_new = major > 5 || (major == 5 && minor >= 1);
  return is_new ? std::string() : std::string(of_old_ones);
}

Result<std::optional<std::string>> ask_engine(const Place& place, const Settings& settings,
                                              const Call& call) {
  if (settings.source != "command") return std::optional<std::string>();
  const engine::ConfigurationFile file = NVBOX_TRY(engine::read_configuration(place.config));
  const std::string_view defaults[] = {place.engine.default_command};
  std::span<const std::string_view> lines = place.engine.source_commands;
  if (!file.text && !defaults[0].empty()) lines = defaults;
  std::vector<std::string> tried;
  for (const std::string_view line : lines) {
    if (line.empty()) continue;
    const auto command = NVBOX_TRY(find_command(line, place, settings, call));
    tried.push_back(command.words.front());
    if (command.program.empty()) continue;
    const auto result = NVBOX_TRY(run(command, call));
    if (result.status == sys::ExitStatus{}) return std::optional(result.output);
    return Error(cat(join(command.words, " "), " failed: ", sys::last_words(result)))
        .hint("--config-source=file reads the configuration file instead");
  }
  return Error(cat("no program ", join(tried, " or "), " is in PATH"))
      .hint("name it with --executable-path, or use --config-source=file");
}

Result<> validate(const Place& place, const Settings& settings, const Call& call) {
  const std::string_view line = place.engine.validator;
  if (line.empty() || engine::is_bundled(place.config)) return {};
  const auto command = NVBOX_TRY(find_command(line, place, settings, call));
  if (command.program.empty()) return {};
  const auto result = NVBOX_TRY(run(command, call));
  if (result.status == sys::ExitStatus{}) return {};
  // dockerd before 23.0.
  if (result.error.contains("unknown flag: --validate")) return {};
  return Error(cat(join(command.words, " "),
                   " refuses the new configuration: ", sys::last_words(result)))
      .hint("nothing is changed");
}

// Where the files of an engine are.

namespace {

Result<> check_source(const Place& place, const Settings& settings, const Call& call) {
  if (settings.source != "file" && settings.source != "command") {
    return Error(cat("--config-source ", quote(settings.source), " is neither file nor command"));
  }
  const bool has_commands = !place.engine.source_commands[0].empty();
  if (!has_commands && (settings.source == "command" || !settings.executable.empty())) {
    call.log.warning(
        cat("Ignoring --config-source=command and --executable-path: only the file "
            "says what is set for ",
            place.engine.name));
  }
  return {};
}

// Where k3s and its like are the only containerd.
Result<std::optional<Place>> find_bundled(const Engine& engine, const Call& call) {
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  if (NVBOX_TRY(host.stat(engine.config))) return std::optional<Place>();
  auto bundled = NVBOX_TRY(engine::find_bundled_containerd(host));
  if (!bundled) return std::optional<Place>();
  call.log.info(cat("Configuring the containerd of ", bundled->name));
  return std::optional(Place{engine, std::move(bundled->config), std::move(bundled->drop_in)});
}

}  // namespace

Result<Place> find_place(const Engine& engine, const Settings& settings, const Call& call) {
  Place place{engine, settings.config.value_or(std::string(engine.config)), std::nullopt};
  NVBOX_TRY(check_source(place, settings, call));
  if (place.config.empty()) return Error("--config is empty");
  const std::string drop_in = settings.drop_in.value_or(std::string(engine.drop_in));
  if (engine.drop_in.empty() && !drop_in.empty()) {
    return Error(cat(engine.name, " reads one configuration file only, so --drop-in-config ",
                     quote(drop_in), " would have no effect"));
  }
  if (!drop_in.empty() && !drop_in.starts_with('/')) {
    return Error(cat("--drop-in-config ", quote(drop_in), " is not absolute"));
  }
  if (engine.name == "containerd" && !settings.config && !settings.drop_in) {
    auto bundled = NVBOX_TRY(find_bundled(engine, call));
    if (bundled) return *std::move(bundled);
  }
  if (!drop_in.empty()) place.drop_in = drop_in;
  return place;
}

}  // namespace nvbox::applets::runtime_configure
