// runc reads its arguments with Go's flag package (one or two dashes before a name, "=" or the next
// word for a value, options before and after the container's name), crun with argp (names may be
// shortened, one-letter options may be run together with each other and with their value), youki
// with clap. On what they all accept, these rules agree with each of them. Where one reading
// excludes another, a whole name after one dash is Go's ("-bundle", in crun "-b undle"), and
// "-b=/x" names /x as in Go. Wrong usage is left for the low-level runtime to complain about.
//
// An option that is not in the tables, of another runtime or a later version, may have a value:
// "--name=value" is clear; of "--name word", before the command, `word` is its value unless it is
// the name of a command. After the command it does not matter: only the container's name is a word
// of its own there, and it comes last.
#include "runtime/command_line.h"

#include <algorithm>

#include "base/path.h"
#include "base/text.h"

namespace nvbox::runtime {
namespace {

enum class Takes { nothing, value };

struct Option {
  std::string_view name;
  char letter;  // 0 for none
  Takes takes;
  void (*set)(CommandLine&, std::string_view value);
};

void ignore(CommandLine& /*line*/, std::string_view /*value*/) {}

void set_bundle(CommandLine& line, std::string_view value) {
  line.bundle = value;
}

void set_config(CommandLine& line, std::string_view value) {
  line.config = value;
}

// crun's destinations are "PATH", "file:PATH", "journald:NAME" and "syslog:NAME"; only a file can
// be shared with it.
void set_log(CommandLine& line, std::string_view value) {
  if (value.starts_with("journald:") || value.starts_with("syslog:")) value = {};
  if (value.starts_with("file:")) value.remove_prefix(std::string_view("file:").size());
  line.log_path = value;
}

void set_log_format(CommandLine& line, std::string_view value) {
  line.log_json = value == "json";
}

void set_debug(CommandLine& line, std::string_view value) {
  line.debug = parse_bool(value).value_or(true);
}

void set_version(CommandLine& line, std::string_view value) {
  line.version = parse_bool(value).value_or(true);
}

void set_help(CommandLine& line, std::string_view value) {
  line.help = parse_bool(value).value_or(true);
}

// Of runc, crun and youki together. --bundle stands here as well because NVIDIA's toolkit takes it
// from anywhere.
constexpr Option global_options[] = {
    {"bundle", 'b', Takes::value, set_bundle},
    {"cgroup-manager", 0, Takes::value, ignore},
    {"criu", 0, Takes::value, ignore},
    {"debug", 0, Takes::nothing, set_debug},
    {"help", 'h', Takes::nothing, set_help},
    {"help", '?', Takes::nothing, set_help},
    {"log", 'l', Takes::value, set_log},
    {"log-format", 0, Takes::value, set_log_format},
    {"log-level", 0, Takes::value, ignore},
    {"root", 'r', Takes::value, ignore},
    {"rootless", 0, Takes::value, ignore},
    {"systemd-cgroup", 's', Takes::nothing, ignore},
    {"usage", 0, Takes::nothing, set_help},
    {"version", 'v', Takes::nothing, set_version},
    {"version", 'V', Takes::nothing, set_version},
};

// Of create and run alike.
constexpr Option create_options[] = {
    {"bundle", 'b', Takes::value, set_bundle},     {"config", 'f', Takes::value, set_config},
    {"console-socket", 'c', Takes::value, ignore}, {"detach", 'd', Takes::nothing, ignore},
    {"help", 'h', Takes::nothing, set_help},       {"help", '?', Takes::nothing, set_help},
    {"keep", 0, Takes::nothing, ignore},           {"no-new-keyring", 0, Takes::nothing, ignore},
    {"no-pivot", 0, Takes::nothing, ignore},       {"no-subreaper", 0, Takes::nothing, ignore},
    {"pid-file", 'p', Takes::value, ignore},       {"pidfd-socket", 0, Takes::value, ignore},
    {"preserve-fds", 0, Takes::value, ignore},     {"usage", 0, Takes::nothing, set_help},
};

constexpr std::string_view commands[] = {
    "checkpoint", "create", "delete", "events", "exec",   "features", "help",
    "info",       "init",   "kill",   "list",   "mounts", "pause",    "ps",
    "restore",    "resume", "run",    "spec",   "start",  "state",    "update",
};

enum class Stage { global, command };

class Scanner {
 public:
  explicit Scanner(std::span<const std::string_view> arguments) : rest_(arguments) {}

  // The options of one stage up to the word that ends it. Words that are not options are kept when
  // the stage is the command's, where they may stand between options.
  void read(Stage stage, CommandLine& line);

  // The first word that is not an option, or nullopt at the end of the arguments.
  std::optional<std::string_view> next_word() {
    if (rest_.empty()) return std::nullopt;
    return take();
  }

 private:
  std::string_view take() {
    const std::string_view word = rest_.front();
    rest_ = rest_.subspan(1);
    return word;
  }

  void read_name(Stage stage, std::string_view word, CommandLine& line);
  bool read_letters(Stage stage, std::string_view word, CommandLine& line);
  void apply(const Option& option, std::optional<std::string_view> value, std::string_view word,
             CommandLine& line);

  std::span<const std::string_view> rest_;
};

std::span<const Option> options_of(Stage stage) {
  if (stage == Stage::global) return global_options;
  return create_options;
}

const Option* find_exact(std::span<const Option> options, std::string_view name) {
  const auto found = std::ranges::find(options, name, &Option::name);
  return found == options.end() ? nullptr : &*found;
}

const Option* find_letter(std::span<const Option> options, char letter) {
  const auto found = std::ranges::find(options, letter, &Option::letter);
  return found == options.end() ? nullptr : &*found;
}

// The option that a shortened name stands for. Of several that all take a value (--pid in a table
// with --pid-file and --pidfd-socket) it only matters that they do.
std::optional<Option> find_shortened(std::span<const Option> options, std::string_view name) {
  std::optional<Option> found;
  for (const Option& option : options) {
    if (!option.name.starts_with(name)) continue;
    if (found && found->takes != option.takes) return std::nullopt;
    if (found && found->name != option.name) {
      found->set = ignore;
    } else {
      found = option;
    }
  }
  return found;
}

void Scanner::apply(const Option& option, std::optional<std::string_view> value,
                    std::string_view word, CommandLine& line) {
  if (option.takes == Takes::value && !value) {
    if (rest_.empty()) {
      line.incomplete_option = word;
      return;
    }
    value = take();
  }
  option.set(line, value.value_or(""));
}

void Scanner::read_name(Stage stage, std::string_view word, CommandLine& line) {
  std::string_view name = word.substr(word.starts_with("--") ? 2 : 1);
  std::optional<std::string_view> value;
  if (const size_t equals = name.find('='); equals != std::string_view::npos) {
    value = name.substr(equals + 1);
    name = name.substr(0, equals);
  }
  if (const Option* exact = find_exact(options_of(stage), name)) {
    apply(*exact, value, word, line);
  } else if (!word.starts_with("--") && read_letters(stage, word, line)) {
    return;
  } else if (const auto shortened = find_shortened(options_of(stage), name)) {
    apply(*shortened, value, word, line);
  } else if (stage == Stage::global && !value && !rest_.empty() &&
             !rest_.front().starts_with('-') &&
             std::ranges::find(commands, rest_.front()) == std::end(commands)) {
    take();
  }
}

// "-d", "-b/x", "-b=/x", "-db /x"; false when the first letter is not an option.
bool Scanner::read_letters(Stage stage, std::string_view word, CommandLine& line) {
  for (size_t i = 1; i < word.size(); ++i) {
    const Option* option = find_letter(options_of(stage), word[i]);
    if (option == nullptr) return i > 1;
    std::string_view after = word.substr(i + 1);
    const bool has_equals = after.starts_with('=');
    if (has_equals) after.remove_prefix(1);
    if (option->takes == Takes::value || has_equals) {
      const bool attached = has_equals || !after.empty();
      apply(*option, attached ? std::optional(after) : std::nullopt, word, line);
      return true;
    }
    apply(*option, std::nullopt, word, line);
  }
  return true;
}

void Scanner::read(Stage stage, CommandLine& line) {
  while (!rest_.empty()) {
    const std::string_view word = rest_.front();
    const bool is_option = word.starts_with('-') && word != "-";
    if (!is_option && stage == Stage::global) return;
    take();
    if (word == "--") break;
    if (is_option) {
      read_name(stage, word, line);
    } else {
      line.container_id = word;
    }
  }
  if (stage == Stage::command && !rest_.empty()) line.container_id = rest_.back();
}

}  // namespace

CommandLine parse_command_line(std::span<const std::string_view> arguments) {
  CommandLine line;
  Scanner scanner(arguments);
  scanner.read(Stage::global, line);
  line.command = scanner.next_word();
  if (line.creates_container()) scanner.read(Stage::command, line);
  if (!line.creates_container()) {
    line.bundle.reset();
    line.config.reset();
    line.container_id.clear();
    line.incomplete_option.reset();
  }
  return line;
}

Result<std::string> CommandLine::spec_path() const {
  if (incomplete_option) {
    return Error(cat("option ", *incomplete_option, " needs a value"));
  }
  // crun takes a relative --config from where it was started, except for the default's own name.
  if (config && *config != "config.json") return *config;
  return path::join(bundle.value_or(""), "config.json");
}

}  // namespace nvbox::runtime
