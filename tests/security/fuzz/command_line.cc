// Command lines, one word a line: of the runtime, whose caller passes on what users type, of the
// programs with tables of options, and of the hook, which carries its work in its arguments.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/flags.h"
#include "cli/options.h"
#include "runtime/command_line.h"
#include "security/fuzz/fuzz.h"
#include "spec/container_work.h"

namespace nvbox {
namespace {

using Words = std::vector<std::string>;
using Views = std::vector<std::string_view>;

bool contains(const Words& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

void read_runtime(const Words& words, const Views& views) {
  const runtime::CommandLine line = runtime::parse_command_line(views);
  fuzz::require(!line.command || contains(words, *line.command), "the command is a word");
  fuzz::require(!line.creates_container() || contains(words, "create") || contains(words, "run"),
                "nothing is created unasked");
  const auto path = line.spec_path();
  fuzz::require(path.has_value() || line.incomplete_option, "a path is missing for a reason");
}

constexpr cli::Row rows[] = {{"root", 'r', cli::Takes::value, "PATH", ""},
                             {"debug", 'd', cli::Takes::optional_value, "FILE", ""},
                             {"device", 0, cli::Takes::value, "ID", ""},
                             {"devices-all", 0, cli::Takes::nothing, "", ""},
                             {"load-kmods", 'k', cli::Takes::nothing, "", ""}};

void scan(const Words& words, const Views& views) {
  for (const auto operands :
       {cli::Operands::none, cli::Operands::anywhere, cli::Operands::end_options}) {
    const auto scanned = cli::scan(rows, operands, views);
    if (!scanned) {
      fuzz::require(!scanned.error().message().empty(), "an error says something");
      continue;
    }
    for (const cli::Given& given : scanned->options) {
      fuzz::require(given.row < std::size(rows), "an option is in the table");
      fuzz::require(rows[given.row].takes != cli::Takes::value || given.value,
                    "an option that takes a value has one");
      fuzz::require(rows[given.row].takes != cli::Takes::nothing || !given.value,
                    "an option that takes no value has none");
    }
    for (const std::string& operand : scanned->operands) {
      fuzz::require(contains(words, operand), "an operand is a word");
      // What ends the scan leaves no mistake behind it.
      fuzz::require(operands != cli::Operands::none || scanned->asks != cli::Scanned::Asks::nothing,
                    "operands stand where they may");
    }
  }
}

struct Settings {
  bool verbose = false;
  std::string root{};
  std::optional<std::string> mode{};
  std::vector<std::string> folders{};
};

constexpr cli::Flag<Settings> flags[] = {
    {{.names = "verbose v", .variables = "VERBOSE"}, &Settings::verbose},
    {{.names = "root"}, &Settings::root},
    {{.names = "mode m"}, &Settings::mode},
    {{.names = "folder", .split = cli::Split::at_commas}, &Settings::folders},
};

void read_flags(const Words& words, const Views& views) {
  const cli::Variables none = [](std::string_view) { return std::nullopt; };
  for (const auto dialect : {cli::Dialect::mixed, cli::Dialect::until_positional}) {
    const auto parsed = cli::parse_flags<Settings>(flags, views, none, dialect);
    if (!parsed) continue;
    for (const std::string& positional : parsed->line.positionals) {
      fuzz::require(contains(words, positional), "a positional is a word");
    }
    // Whoever asks for help is answered, whatever stood before it.
    if (parsed->line.asks != cli::FlagLine::Asks::nothing) continue;
    fuzz::require(!parsed->settings.mode || parsed->line.is_set("mode"),
                  "a flag that nobody gave is not set");
  }
}

void read_work(const Words& words) {
  const auto work = spec::parse_arguments(words);
  if (!work) return;
  const auto again = spec::parse_arguments(spec::to_arguments(*work));
  fuzz::require(again && *again == *work, "work comes back from its arguments");
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  Words words = fuzz::lines_of(fuzz::text_of(data, size), 64);
  // A word ends at its NUL before any program sees it (execve(2)).
  for (std::string& word : words) word.resize(std::min(word.find('\0'), word.size()));
  const Views views(words.begin(), words.end());
  read_runtime(words, views);
  scan(words, views);
  read_flags(words, views);
  read_work(words);
  return 0;
}
