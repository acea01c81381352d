// Options as tables: parsing, help and usage come from the same rows. The grammar is getopt_long's
// (glibc), which callers of NVIDIA's programs rely on: --name=VALUE, --name VALUE, -nVALUE,
// joined letters, unambiguous beginnings of long names, "--" ends the options.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace nvbox::cli {

enum class Takes {
  nothing,
  value,
  optional_value,  // only attached: --user or --user=0, -u or -u0
};

// What help, usage and parsing need to know of an option.
struct Row {
  std::string_view name;  // without dashes
  char letter = 0;        // 0: no short form
  Takes takes = Takes::nothing;
  std::string_view value{};  // what help calls it: "FILE"
  std::string_view help{};
};

// Where the words that are not options may stand.
enum class Operands {
  none,        // nowhere
  anywhere,    // between the options, too
  end_options  // the first one ends the options: the rest is a command with options of its own
};

// A program, or a command of one.
struct Command {
  std::string_view name;      // as its messages begin: "nvidia-container-cli list"
  std::string_view operands;  // as usage shows them: "ROOTFS"
  std::string_view summary;
  Operands takes_operands = Operands::none;
};

struct Given {
  size_t row;  // position in the table
  // Absent when the option takes none or its optional value was left out.
  std::optional<std::string> value{};

  bool operator==(const Given&) const = default;
};

struct Scanned {
  std::vector<Given> options{};  // in the order in which they were given
  std::vector<std::string> operands{};
  // --help, -?, --usage, --version and -V are everybody's. The first of them ends the scan.
  enum class Asks { nothing, help, usage, version } asks = Asks::nothing;

  bool operator==(const Scanned&) const = default;
};

// An error is a mistake of the caller's, in getopt's words: "unrecognized option '--foo'".
Result<Scanned> scan(std::span<const Row> rows, Operands operands,
                     std::span<const std::string_view> arguments);

// What --help prints: usage, summary and a line for every option.
std::string help_text(const Command& command, std::span<const Row> rows);

// What --usage prints: the options in one paragraph.
std::string usage_text(const Command& command, std::span<const Row> rows);

// What is printed after a mistake, as the GNU programs do.
std::string advice(const Command& command);

// Where the value of an option goes: a flag, the last value, whether and which optional value was
// given last, every value in order, or whatever a function makes of it.
template <typename Settings>
using Target =
    std::variant<bool Settings::*, std::string Settings::*, std::optional<std::string> Settings::*,
                 std::vector<std::string> Settings::*, void (*)(Settings&, std::string_view value)>;

template <typename Settings>
struct Option {
  Row row;
  Target<Settings> target;
};

template <typename Settings>
std::vector<Row> rows_of(std::span<const Option<Settings>> options) {
  std::vector<Row> rows;
  rows.reserve(options.size());
  for (const Option<Settings>& option : options) rows.push_back(option.row);
  return rows;
}

namespace detail {

template <typename Settings>
struct Store {
  Settings& settings;
  const std::optional<std::string>& value;

  void operator()(bool Settings::*field) const { settings.*field = true; }
  void operator()(std::string Settings::*field) const { settings.*field = value.value_or(""); }
  void operator()(std::optional<std::string> Settings::*field) const {
    settings.*field = value.value_or("");
  }
  void operator()(std::vector<std::string> Settings::*field) const {
    (settings.*field).push_back(value.value_or(""));
  }
  void operator()(void (*function)(Settings&, std::string_view)) const {
    function(settings, value.value_or(""));
  }
};

}  // namespace detail

// Puts what was given into the settings, in order.
template <typename Settings>
void store(std::span<const Option<Settings>> options, const Scanned& scanned, Settings& settings) {
  for (const Given& given : scanned.options) {
    std::visit(detail::Store<Settings>{settings, given.value}, options[given.row].target);
  }
}

}  // namespace nvbox::cli
