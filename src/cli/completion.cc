#include "cli/completion.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "completion_functions.h"

namespace nvbox::cli {
namespace {

// What may follow some words.
struct Place {
  std::vector<std::string> calls{};  // "nvidia-ctk cdi generate", and with other names
  std::vector<const CommandPage*> commands{};
  std::vector<const OptionPage*> options{};
};

using Options = std::vector<const OptionPage*>;

Options pointers_to(const std::vector<OptionPage>& options) {
  Options out;
  for (const OptionPage& option : options) out.push_back(&option);
  return out;
}

// The command and everything below it. `inherited` are options from above that go on counting.
void add_places(std::vector<Place>& places, const CommandPage& command,
                const std::vector<std::string>& parents, const Options& inherited) {
  Place place = {.options = pointers_to(command.options)};
  Options passed_on = inherited;
  std::ranges::copy_if(place.options, std::back_inserter(passed_on), [](const OptionPage* option) {
    return option->reach == Reach::commands_below;
  });
  place.options.insert(place.options.end(), inherited.begin(), inherited.end());
  for (const std::string& name : command.names) {
    if (parents.empty()) place.calls.push_back(name);
    for (const std::string& parent : parents) place.calls.push_back(cat(parent, " ", name));
  }
  for (const CommandPage& below : command.commands) place.commands.push_back(&below);
  const std::vector<std::string> calls = place.calls;
  // Without one of its own the table says nothing of a place, too.
  if (!place.commands.empty() || !place.options.empty()) places.push_back(std::move(place));
  for (const CommandPage& below : command.commands) add_places(places, below, calls, passed_on);
}

std::vector<Place> places_of(std::string_view starter, std::span<const CommandPage> programs) {
  std::vector<Place> places;
  for (const CommandPage& program : programs) {
    const size_t own = places.size();
    add_places(places, program, {}, {});
    if (program.names.front() != starter) continue;
    for (const CommandPage& started : programs) {
      if (&started != &program) places[own].commands.push_back(&started);
    }
  }
  return places;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char character : text) {
    if (character == '\'')
      out += "'\\''";
    else
      out += character;
  }
  return out + "'";
}

std::string pattern_of(const Place& place) {
  std::vector<std::string> patterns = place.calls;
  for (std::string& pattern : patterns) pattern = shell_quoted(pattern);
  return join(patterns, " | ");
}

std::vector<std::string> command_words(const Place& place) {
  std::vector<std::string> words;
  for (const CommandPage* command : place.commands) {
    words.insert(words.end(), command->names.begin(), command->names.end());
  }
  return words;
}

// All of them, or those whose value is the next word.
std::vector<std::string> option_words(const Place& place, bool (*is_wanted)(const OptionPage&)) {
  std::vector<std::string> words;
  for (const OptionPage* option : place.options) {
    if (is_wanted(*option)) words.insert(words.end(), option->words.begin(), option->words.end());
  }
  return words;
}

bool is_any(const OptionPage& /*option*/) {
  return true;
}

bool takes_value(const OptionPage& option) {
  return option.takes == Takes::value;
}

std::vector<std::string> names_of(std::span<const CommandPage> programs) {
  std::vector<std::string> names;
  for (const CommandPage& program : programs) names.push_back(program.names.front());
  return names;
}

// "name:summary" for _describe, where a colon in the name is escaped.
std::string described(std::string_view name, std::string_view summary) {
  std::string escaped;
  for (const char character : name) escaped += character == ':' ? "\\:" : std::string(1, character);
  const std::string_view line = summary.substr(0, summary.find('\n'));
  return shell_quoted(cat(escaped, ":", line));
}

std::string zsh_commands(const Place& place) {
  std::vector<std::string> words;
  for (const CommandPage* command : place.commands) {
    for (const std::string& name : command->names) {
      words.push_back(described(name, command->summary));
    }
  }
  return join(words, " ");
}

std::string zsh_options(const Place& place) {
  std::vector<std::string> words;
  for (const OptionPage* option : place.options) {
    for (const std::string& word : option->words) words.push_back(described(word, option->help));
  }
  return join(words, " ");
}

std::string quoted_list(std::vector<std::string> words) {
  for (std::string& word : words) word = shell_quoted(word);
  return join(words, " ");
}

}  // namespace

std::string bash_completion(std::string_view starter, std::span<const CommandPage> programs) {
  const std::string names = join(names_of(programs), " ");
  std::string text = cat("# Completion for bash, made by '", starter,
                         " --completion bash'.\n\n_nvbox_starter=", shell_quoted(starter),
                         "\n_nvbox_programs=", shell_quoted(names),
                         "\n\n_nvbox_table() {\n  commands='' options='' valued=''\n"
                         "  case $1 in\n");
  for (const Place& place : places_of(starter, programs)) {
    text += cat("    ", pattern_of(place),
                ")\n      commands=", shell_quoted(join(command_words(place), " ")),
                "\n      options=", shell_quoted(join(option_words(place, is_any), " ")),
                "\n      valued=", shell_quoted(join(option_words(place, takes_value), " ")),
                "\n      ;;\n");
  }
  return cat(text, "  esac\n}\n\n", completion_bash,
             "\ncomplete -o bashdefault -o default -F _nvbox ", names, "\n");
}

std::string zsh_completion(std::string_view starter, std::span<const CommandPage> programs) {
  const std::string names = join(names_of(programs), " ");
  std::string text = cat("#compdef ", names, "\n# Completion for zsh, made by '", starter,
                         " --completion zsh'.\n\n_nvbox_starter=", shell_quoted(starter),
                         "\n_nvbox_programs=(", quoted_list(names_of(programs)),
                         ")\n\n_nvbox_table() {\n  nvbox_commands=() nvbox_options=() "
                         "nvbox_valued=()\n  case $1 in\n");
  for (const Place& place : places_of(starter, programs)) {
    text += cat("    ", pattern_of(place), ")\n      nvbox_commands=(", zsh_commands(place),
                ")\n      nvbox_options=(", zsh_options(place), ")\n      nvbox_valued=(",
                quoted_list(option_words(place, takes_value)), ")\n      ;;\n");
  }
  return cat(text, "  esac\n}\n\n", completion_zsh,
             "\n# A file of fpath is the function's body; what is sourced defines it.\n"
             "if [[ ${funcstack[1]} == _nvbox ]]; then\n  _nvbox \"$@\"\nelse\n  compdef _nvbox ",
             names, "\nfi\n");
}

}  // namespace nvbox::cli
