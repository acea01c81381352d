// nvidia-container-runtime-hook: what `docker run --gpus` and hooks.d files call before a container
// starts. For a container that asks for GPUs it is `nvidia-container-cli configure`, in this
// process.
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "applet.h"
#include "nvbox/base/text.h"
#include "nvbox/base/version.h"
#include "nvbox/config/config.h"
#include "nvbox/hook/container_root.h"
#include "nvbox/runtime/prestart.h"
#include "nvbox/runtime/programs.h"
#include "nvbox/sys/file.h"
#include "nvbox/sys/process.h"

namespace nvbox::applets {
namespace {

constexpr int usage_status = 2;

struct Options {
  std::string config{};
  bool debug = false;
  bool version = false;
  bool help = false;
};

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

struct Flag {
  std::string_view name;
  std::variant<bool Options::*, std::string Options::*> target;
};

constexpr Flag flags[] = {{"config", &Options::config},
                          {"debug", &Options::debug},
                          {"version", &Options::version},
                          {"help", &Options::help},
                          {"h", &Options::help}};

Result<> set_flag(bool& flag, std::string_view word, std::string_view value) {
  const auto given = value.empty() ? true : parse_bool(value);
  if (!given) return Error(cat("invalid boolean value ", quote(value), " for ", word));
  flag = *given;
  return {};
}

struct Line {
  Options options{};
  std::string_view command{};
};

// The grammar of Go's flag package: one dash or two, values behind "=" or in the next word, and the
// first other word ends the flags.
class Parser {
 public:
  explicit Parser(std::span<const std::string_view> words) : words_(words) {}

  Result<Line> run() {
    while (!words_.empty()) {
      const std::string_view word = take();
      if (word == "--") continue;
      if (!word.starts_with('-') || word == "-") {
        line_.command = word;
        break;
      }
      NVBOX_TRY(flag(word));
    }
    return line_;
  }

 private:
  std::string_view take() {
    const std::string_view word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }

  Result<> flag(std::string_view word) {
    const std::string_view text = word.substr(word.starts_with("--") ? 2 : 1);
    const size_t equals = std::min(text.find('='), text.size());
    const auto* const row = std::ranges::find(flags, text.substr(0, equals), &Flag::name);
    if (row == std::end(flags)) return Error(cat("flag provided but not defined: ", word));
    const std::string_view value = text.substr(std::min(equals + 1, text.size()));
    if (const auto* const place = std::get_if<bool Options::*>(&row->target)) {
      return set_flag(line_.options.**place, word, value);
    }
    if (equals == text.size() && words_.empty()) {
      return Error(cat("flag needs an argument: ", word));
    }
    line_.options.*std::get<std::string Options::*>(row->target) =
        equals == text.size() ? take() : value;
    return {};
  }

  std::span<const std::string_view> words_;
  Line line_;
};

std::string version_text() {
  std::string text = cat("NVIDIA Container Runtime Hook version ", version(), "\n");
  if (!commit().empty()) text += cat("commit: ", commit(), "\n");
  return text;
}

// A file that somebody named has to exist.
Result<config::Config> load_config(const Options& options, const host::Environment& environment) {
  config::Lookup lookup = config::lookup_from(environment);
  if (!options.config.empty()) lookup.explicit_path = options.config;
  return config::load_config(config::config_path(lookup), lookup.explicit_path.empty()
                                                              ? config::Missing::defaults
                                                              : config::Missing::error);
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

// Another program only when config.toml names one.
Result<int> configure(const Call& call, const config::Config& config,
                      const std::vector<std::string>& words) {
  const std::vector<std::string_view> arguments(words.begin(), words.end());
  const Variables variables(call.environment, config.cli.environment);
  if (!config.cli.path.empty()) {
    const runtime::Program program =
        runtime::ProgramSearch(call.environment.get("PATH").value_or("")).find(config.cli.path);
    if (program.kind != runtime::Program::Kind::ourselves) {
      NVBOX_TRY(sys::exec_program(program.path, arguments, variables.get())
                    .hint("correct nvidia-container-cli.path in config.toml; empty means nvbox"));
    }
  }
  const host::Environment environment(variables.get());
  return run_nvidia_container_cli(
      {.name = call.name, .arguments = arguments, .environment = environment, .log = call.log});
}

Result<int> prestart(const Call& call, const Options& options) {
  const config::Config config = NVBOX_TRY(load_config(options, call.environment));
  const spec::OciState state = NVBOX_TRY(hook::read_state(STDIN_FILENO));
  const auto debug =
      options.debug ? runtime::HookDebug::on_standard_error : runtime::HookDebug::off;
  const auto words = NVBOX_TRY(runtime::prestart_arguments(state, config, debug, call.log));
  if (!words) return 0;
  return configure(call, config, *words);
}

Result<int> print(int descriptor, std::string_view text, int status) {
  NVBOX_TRY(sys::write_all(descriptor, text));
  return status;
}

}  // namespace

Result<int> run_nvidia_container_runtime_hook(const Call& call) {
  const Result<Line> line = Parser(call.arguments).run();
  if (!line) {
    return print(STDERR_FILENO, cat(line.error().full_message(), "\n", usage), usage_status);
  }
  if (line->options.help) return print(STDERR_FILENO, usage, 0);
  if (line->options.version) return print(STDOUT_FILENO, version_text(), 0);
  if (line->command == "prestart") return prestart(call, line->options);
  if (line->command == "poststart" || line->command == "poststop") return 0;
  return print(STDERR_FILENO, usage, usage_status);
}

}  // namespace nvbox::applets
