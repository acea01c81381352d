#include "nvidia_docker/command.h"

#include <algorithm>
#include <array>

#include "base/path.h"
#include "base/text.h"

namespace nvbox::applets::docker {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::string_view visible_devices_name = "NVIDIA_VISIBLE_DEVICES";

struct ModeName {
  std::string_view word;
  Injection mode;
};
constexpr ModeName mode_names[] = {
    {"runtime", Injection::runtime}, {"cdi", Injection::cdi}, {"gpus", Injection::gpus}};

// docker's global options that take a value (docker --help); every other one is a word by itself.
struct GlobalOption {
  std::string_view name;
  char letter;
  std::optional<std::string> DockerOptions::*target;  // null where the value does not matter here
};
constexpr GlobalOption global_options[] = {
    {"host", 'H', &DockerOptions::host},
    {"context", 'c', &DockerOptions::context},
    {"config", 0, &DockerOptions::config},
    {"log-level", 'l', nullptr},
    {"tlscacert", 0, nullptr},
    {"tlscert", 0, nullptr},
    {"tlskey", 0, nullptr},
};

// The option that an argument like "--host", "--host=x", "-H", "-Hx" or "-DH" is, and its value
// when that is in the same word.
struct Match {
  const GlobalOption* option = nullptr;
  std::optional<std::string_view> value{};
};

Match match_long(std::string_view text) {
  const size_t equals = text.find('=');
  const auto* found =
      std::ranges::find(global_options, text.substr(0, equals), &GlobalOption::name);
  if (found == std::end(global_options)) return {};
  if (equals == std::string_view::npos) return {.option = found};
  return {.option = found, .value = text.substr(equals + 1)};
}

Match match_letters(std::string_view letters) {
  for (size_t i = 0; i < letters.size() && letters[i] != '='; ++i) {
    const auto* found = std::ranges::find(global_options, letters[i], &GlobalOption::letter);
    if (found == std::end(global_options)) continue;
    std::string_view value = letters.substr(i + 1);
    if (value.empty()) return {.option = found};
    if (value.starts_with('=')) value.remove_prefix(1);
    return {.option = found, .value = value};
  }
  return {};
}

Match match(std::string_view word) {
  return word.starts_with("--") ? match_long(word.substr(2)) : match_letters(word.substr(1));
}

bool is_option(std::string_view word) {
  return word.size() > 1 && word.starts_with('-') && word != "--";
}

struct Begin {
  DockerOptions globals{};
  size_t verb = 0;  // the first word that is not a global option, or the number of words
};

Begin parse_globals(Words words) {
  Begin begin;
  size_t i = 0;
  for (; i < words.size() && is_option(words[i]); ++i) {
    const Match found = match(words[i]);
    if (found.option == nullptr) continue;
    std::string_view value = found.value.value_or("");
    if (!found.value && i + 1 < words.size()) value = words[++i];
    if (found.option->target != nullptr) begin.globals.*(found.option->target) = value;
  }
  begin.verb = i;
  return begin;
}

bool starts_container(std::string_view word) {
  return word == "run" || word == "create";
}

Line scan_like_v2(Words arguments) {
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    if (starts_container(arguments[i])) return {.verb = Verb::starts_container, .rest = i + 1};
    if (arguments[i] == "version") return {.verb = Verb::version, .rest = i + 1};
  }
  return {};
}

// The value of an option of docker's that stands at `at`: "-e X", "-eX", "--env X", "--env=X".
std::optional<std::string_view> value_at(Words words, size_t at, std::string_view letter,
                                         std::string_view name) {
  const std::string_view word = words[at];
  if (word == name || (!letter.empty() && word == letter)) {
    return at + 1 < words.size() ? std::optional(words[at + 1]) : std::nullopt;
  }
  if (word.starts_with(name) && word.substr(name.size()).starts_with('=')) {
    return word.substr(name.size() + 1);
  }
  if (!letter.empty() && word.starts_with(letter)) return word.substr(letter.size());
  return std::nullopt;
}

// Bash's rule is longer; these never need quotes.
bool is_plain(char character) {
  constexpr std::string_view plain = "@%_+=:,./-";
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || plain.contains(character);
}

std::string shell_word(std::string_view word) {
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return std::string(word);
  std::string out = "'";
  for (const char character : word) {
    if (character == '\'') out += "'\\'";
    out += character;
  }
  return out + "'";
}

}  // namespace

Result<Compat> parse_compat(std::string_view word) {
  if (word.empty()) return Compat::improved;
  if (word == "strict") return Compat::strict;
  return Error(cat("NV_COMPAT=", word, ": not known")).hint("unset it, or set it to strict");
}

Result<std::optional<Injection>> parse_mode(std::string_view word) {
  if (word.empty()) return std::optional<Injection>();
  const auto* found = std::ranges::find(mode_names, word, &ModeName::word);
  if (found != std::end(mode_names)) return std::optional(found->mode);
  return Error(cat("NV_MODE=", word, ": not known")).hint("known are runtime, cdi and gpus");
}

Line parse_line(Words arguments, Compat compat) {
  if (compat == Compat::strict) return scan_like_v2(arguments);
  Begin begin = parse_globals(arguments);
  const Words words = arguments.subspan(begin.verb);
  Line line{.rest = begin.verb, .globals = std::move(begin.globals)};
  if (words.empty()) return line;
  const size_t at = words[0] == "container" && words.size() > 1 ? 1 : 0;
  if (starts_container(words[at])) line.verb = Verb::starts_container;
  if (words[0] == "version") line.verb = Verb::version;
  line.rest += at + 1;
  return line;
}

std::optional<DockerOptions> globals_of(Words docker) {
  const auto is_docker = [](std::string_view word) {
    return path::base_name(word).ends_with("docker");
  };
  // The last: "sudo -u docker docker".
  const auto found = std::ranges::find_if(docker.rbegin(), docker.rend(), is_docker);
  if (found == docker.rend()) return std::nullopt;
  return parse_globals(docker.last(static_cast<size_t>(found - docker.rbegin()))).globals;
}

OwnOptions own_options(Words words, std::string_view visible_devices) {
  const std::string assignment = cat(visible_devices_name, "=");
  OwnOptions own;
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] == "--privileged" || words[i] == "--privileged=true") own.privileged = true;
    if (value_at(words, i, "", "--runtime")) own.runtime = true;
    if (value_at(words, i, "", "--gpus")) own.gpus = true;
    const auto device = value_at(words, i, "", "--device");
    if (device && device->starts_with("nvidia.com/gpu=")) own.gpus = true;
    const auto variable = value_at(words, i, "-e", "--env");
    if (!variable) continue;
    if (*variable == visible_devices_name) own.visible_devices = visible_devices;
    if (variable->starts_with(assignment)) {
      own.visible_devices = variable->substr(assignment.size());
    }
  }
  return own;
}

std::vector<std::string> strict_words(std::string_view nv_gpu) {
  std::string value(nv_gpu);
  std::ranges::replace(value, ' ', ',');
  return words_for(Injection::runtime, {.value = std::move(value)});
}

std::vector<std::string> words_for(Injection mode, const GpuList& gpus) {
  using Asks = GpuList::Asks;
  std::vector<std::string> words;
  if (mode == Injection::runtime) {
    words.emplace_back("--runtime=nvidia");
    if (gpus.value.empty()) return words;
    words.emplace_back("-e");
    words.push_back(cat(visible_devices_name, "=", gpus.value));
    return words;
  }
  if (gpus.asks == Asks::nothing) return words;
  const bool is_listed = gpus.asks == Asks::listed;
  if (mode == Injection::gpus) {
    // The value is a line of CSV: without quotes inside it, the comma would end the field.
    return {"--gpus", is_listed ? cat("\"device=", join(gpus.names, ","), "\"") : "all"};
  }
  const std::vector<std::string> names = is_listed ? gpus.names : std::vector<std::string>{"all"};
  for (const std::string& name : names) {
    words.emplace_back("--device");
    words.push_back(cat("nvidia.com/gpu=", name));
  }
  return words;
}

std::string shell_line(std::span<const std::string> words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(shell_word(word));
  return join(quoted, " ");
}

}  // namespace nvbox::applets::docker
