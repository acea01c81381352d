#include "cli/man.h"

#include "base/text.h"

namespace nvbox::cli {
namespace {

struct Escape {
  char character;
  std::string_view roff;
};

// groff_char(7): without these some devices print typographic quotes, hyphens and accents, which
// cannot be copied into a shell.
constexpr Escape escapes[] = {{'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"}, {'`', "\\(ga"},
                              {'^', "\\(ha"}, {'~', "\\(ti"}, {'"', "\\(dq"}};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& character : out) {
    if (character >= 'a' && character <= 'z') character = static_cast<char>(character - 'a' + 'A');
  }
  return out;
}

std::string bold(std::string_view text) {
  return cat("\\fB", roff_text(text), "\\fR");
}

std::string italic(std::string_view text) {
  return cat("\\fI", roff_text(text), "\\fR");
}

std::string paragraph(std::string_view text) {
  return cat(".PP\n", roff_text(text), "\n");
}

std::string section(std::string_view title, const std::string& text) {
  return text.empty() ? "" : cat(".SH ", title, "\n", text);
}

// A sentence of help, which begins in small or large letters as the table likes.
std::string tagged(const std::string& tag, std::string_view text) {
  return cat(".TP\n", tag, "\n", roff_text(text), "\n");
}

std::string topics(std::span<const Topic> rows) {
  std::string text;
  for (const Topic& row : rows) text += tagged(bold(row.term), row.text);
  return text;
}

std::string option_tag(const OptionPage& option) {
  std::string tag;
  for (const std::string& word : option.words) {
    const bool is_long = word.starts_with("--");
    tag += cat(tag.empty() ? "" : ", ", bold(word));
    if (option.takes == Takes::value) tag += cat(is_long ? "=" : " ", italic(option.value));
    if (option.takes == Takes::optional_value) {
      tag += cat("[", is_long ? "=" : "", italic(option.value), "]");
    }
  }
  return tag;
}

std::string options_text(const CommandPage& command) {
  std::string text;
  for (const OptionPage& option : command.options) {
    std::string help = option.help;
    if (!option.preset.empty()) help += cat(" (default: ", option.preset, ")");
    if (!option.variables.empty()) help += cat(" [$", join(option.variables, ", $"), "]");
    text += tagged(option_tag(option), help);
  }
  return text;
}

// Every command with its options, by the words that call it.
std::string commands_text(const CommandPage& parent, const std::string& words) {
  std::string text;
  for (const CommandPage& command : parent.commands) {
    const std::string path = cat(words, words.empty() ? "" : " ", command.names.front());
    const std::string operands = command.operands.empty() ? "" : cat(" ", italic(command.operands));
    text += cat(".SS \"", bold(path), operands, "\"\n", roff_text(command.summary), "\n");
    text += options_text(command) + commands_text(command, path);
  }
  return text;
}

std::string synopsis_text(const ManualPage& page, const CommandPage& program) {
  const std::string name = bold(program.names.front());
  std::string text;
  for (const std::string_view line : page.synopsis) {
    text += cat(text.empty() ? "" : ".br\n", name, " ", roff_text(line), "\n");
  }
  if (!text.empty()) return text;
  text = name;
  if (!program.options.empty()) text += cat(" [", italic("option"), "...]");
  if (!program.commands.empty())
    text += cat(" ", italic("command"), " [", italic("argument"), "...]");
  return cat(text, "\n");
}

std::string description_text(const ManualPage& page) {
  std::string text;
  for (const std::string_view each : page.paragraphs) text += paragraph(each);
  return text;
}

std::string see_also_text(const ManualPage& page) {
  std::string text;
  for (const std::string_view name : page.see_also) {
    text += cat(text.empty() ? "" : ",\n", roff_text(name));
  }
  return text.empty() ? "" : text + "\n";
}

}  // namespace

std::string roff_text(std::string_view text) {
  std::string out;
  bool begins_line = true;
  for (const char character : text) {
    // A line that begins like this would be a request.
    if (begins_line && (character == '.' || character == '\'')) out += "\\&";
    begins_line = character == '\n';
    bool is_escaped = false;
    for (const Escape& escape : escapes) {
      if (escape.character != character) continue;
      out += escape.roff;
      is_escaped = true;
    }
    if (!is_escaped) out += character;
  }
  return out;
}

std::string man_text(const ManualPage& page, const CommandPage& program) {
  const std::string& name = program.names.front();
  // The day, without the time.
  const std::string_view day = page.date.substr(0, page.date.find('T'));
  std::string text = cat(".TH ", roff_text(upper(name)), " ", page.section, " \"", roff_text(day),
                         "\" \"nvbox ", roff_text(page.version), "\" \"GPUs in containers\"\n");
  text += section("NAME", cat(roff_text(name), " \\- ", roff_text(program.summary), "\n"));
  text += section("SYNOPSIS", synopsis_text(page, program));
  text += section("DESCRIPTION", description_text(page));
  text += section("OPTIONS", options_text(program));
  text += section("COMMANDS", commands_text(program, ""));
  text += section("ENVIRONMENT", topics(page.environment));
  text += section("FILES", topics(page.files));
  text += section("EXIT STATUS", topics(page.exit_statuses));
  return text + section("SEE ALSO", see_also_text(page));
}

}  // namespace nvbox::cli
