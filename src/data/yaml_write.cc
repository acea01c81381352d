// After emitterc.go and encode.go of gopkg.in/yaml.v3, as far as they are reached with their
// defaults: NVIDIA's specifications come out byte for byte, so that a diff shows what changed.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/text.h"
#include "data/yaml.h"
#include "data/yaml_scalar.h"

namespace nvbox::data {
namespace {

constexpr size_t indent_step = 4;
// A longer key is written behind a "?".
constexpr size_t longest_simple_key = 128;

// How a text can be written, from the nicest to the one that can say everything.
enum class Style { plain, single_quoted, literal, double_quoted };

// A character of a UTF-8 text that is known to be valid.
struct Character {
  std::uint32_t code;
  size_t length;
};

Character character_at(std::string_view text, size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {first, 1};
  const size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  std::uint32_t code = first & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    code = code << 6U | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
  }
  return {code, length};
}

constexpr std::uint32_t line_separator = 0x2028;
constexpr std::uint32_t paragraph_separator = 0x2029;

// Characters that stand for themselves in a block or between quotes. A line or paragraph separator
// is a line break to a reader of YAML 1.1.
bool is_printable(std::uint32_t code) {
  if (code == line_separator || code == paragraph_separator) return false;
  return code == '\n' || (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xd7ff) ||
         (code >= 0xe000 && code <= 0xfffd && code != 0xfeff);
}

bool is_blank(char character) {
  return character == ' ' || character == '\t' || character == '\n';
}

bool begins_like_a_document(std::string_view text) {
  return text.starts_with("---") || text.starts_with("...");
}

// Whether the text would mean something to the reader of a block when it has no quotes.
bool has_indicator(std::string_view text) {
  if (begins_like_a_document(text)) return true;
  if (std::string_view("#,[]{}&*!|>'\"%@`").contains(text.front())) return true;
  if (std::string_view("-?:").contains(text.front()) && (text.size() == 1 || is_blank(text[1]))) {
    return true;
  }
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ':' && (i + 1 == text.size() || is_blank(text[i + 1]))) return true;
    if (text[i] == '#' && is_blank(text[i - 1])) return true;
  }
  return false;
}

bool is_all_printable(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (!is_printable(character.code) && character.code != '\t') return false;
    at += character.length;
  }
  return true;
}

constexpr size_t longest_ambiguous_word = 5;  // "false"

// What most texts of a specification are: paths, file names and options in ASCII, in which no
// reader sees anything else. Numbers, dates and indicators begin otherwise.
bool is_plainly_plain(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_harmless = [&](char c) {
    return is_letter(c) || (c >= '-' && c <= '9') || c == '_';
  };
  const bool begins_well =
      !text.empty() &&
      (text.front() == '/' || (is_letter(text.front()) && text.size() > longest_ambiguous_word));
  return begins_well && std::ranges::all_of(text, is_harmless);
}

Style style_of(std::string_view text) {
  if (is_plainly_plain(text)) return Style::plain;
  if (is_ambiguous(text) || !is_all_printable(text)) return Style::double_quoted;
  if (text.contains('\n')) {
    // NVIDIA's hint for a first blank is wrong in lists, so such a text goes into quotes here.
    const bool fits_a_block =
        !is_blank(text.front()) && text.back() != ' ' && !text.contains(" \n");
    return fits_a_block ? Style::literal : Style::double_quoted;
  }
  if (text.contains('\t')) return Style::double_quoted;
  const bool has_outer_blank = text.front() == ' ' || text.back() == ' ';
  return has_outer_blank || has_indicator(text) ? Style::single_quoted : Style::plain;
}

struct Escape {
  std::uint32_t code;
  char letter;
};

constexpr Escape escapes[] = {
    {0x00, '0'},  {0x07, 'a'}, {0x08, 'b'}, {0x09, 't'},           {0x0a, 'n'},
    {0x0b, 'v'},  {0x0c, 'f'}, {0x0d, 'r'}, {0x1b, 'e'},           {'"', '"'},
    {'\\', '\\'}, {0x85, 'N'}, {0xa0, '_'}, {line_separator, 'L'}, {paragraph_separator, 'P'},
};

void append_escaped(std::string& out, std::uint32_t code) {
  out += '\\';
  const auto* known = std::ranges::find(escapes, code, &Escape::code);
  if (known != std::end(escapes)) {
    out += known->letter;
    return;
  }
  const size_t digits = code <= 0xff ? 2 : code <= 0xffff ? 4 : 8;
  out += digits == 2 ? 'x' : digits == 4 ? 'u' : 'U';
  out += hexadecimal(code, digits, upper_hex_digits);
}

std::string in_double_quotes(std::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const bool escaped = !is_printable(character.code) || character.code == '\n' ||
                         character.code == '"' || character.code == '\\';
    if (escaped) {
      append_escaped(out, character.code);
    } else {
      out += text.substr(at, character.length);
    }
    at += character.length;
  }
  return out += '"';
}

std::string in_single_quotes(std::string_view text) {
  std::string out = "'";
  for (const char character : text) out.append(character == '\'' ? 2 : 1, character);
  return out += '\'';
}

// The text as a block of lines below "|".
std::string as_block(std::string_view text, size_t indent) {
  const bool ends_line = text.ends_with('\n');
  const bool ends_with_empty_line = text.ends_with("\n\n");
  std::string out = "|";
  out += ends_with_empty_line ? "+" : ends_line ? "" : "-";
  for (const std::string_view line :
       split(ends_line ? text.substr(0, text.size() - 1) : text, '\n')) {
    out += '\n';
    if (!line.empty()) out.append(indent, ' ').append(line);
  }
  return out;
}

std::string text_in_style(std::string_view text, Style style, size_t indent) {
  switch (style) {
    case Style::plain:
      return std::string(text);
    case Style::single_quoted:
      return in_single_quotes(text);
    case Style::literal:
      return as_block(text, indent);
    case Style::double_quoted:
      return in_double_quotes(text);
  }
  return {};
}

std::string key_text(std::string_view name) {
  const Style style = style_of(name);
  return text_in_style(name, style == Style::literal ? Style::double_quoted : style, 0);
}

std::string number(const Json& value) {
  if (!value.is_number_float()) return value.dump();
  const double number = value.get<double>();
  if (std::isnan(number)) return ".nan";
  if (std::isinf(number)) return number < 0 ? "-.inf" : ".inf";
  return value.dump();
}

class Writer {
 public:
  std::string document(const Json& root) {
    out_ = "---\n";
    value(root, 0, indent_step);
    out_ += '\n';
    return std::move(out_);
  }

 private:
  // Everything here begins where the cursor is and ends without a newline. `indent` is where the
  // lines of a sequence or mapping begin, `text_indent` those of a block of text.
  void value(const Json& value, size_t indent, size_t text_indent);
  void sequence(const Json& value, size_t indent);
  void mapping(const Json& value, size_t indent);
  void member_value(const Json& value, size_t indent);
  void new_line(size_t indent) { out_.append("\n").append(indent, ' '); }

  std::string out_;
};

bool is_block(const Json& value) {
  return value.is_structured() && !value.empty();
}

void Writer::value(const Json& value, size_t indent, size_t text_indent) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    out_ += text_in_style(text, style_of(text), text_indent);
  } else if (!is_block(value)) {
    out_ += value.is_number() ? number(value) : value.dump();
  } else if (value.is_array()) {
    sequence(value, indent);
  } else {
    mapping(value, indent);
  }
}

// What stands behind a "- " is indented by its two characters.
void Writer::sequence(const Json& value, size_t indent) {
  bool is_first = true;
  for (const Json& element : value) {
    if (!std::exchange(is_first, false)) new_line(indent);
    out_ += "- ";
    this->value(element, indent + 2, indent + 2);
  }
}

// Below a key, everything begins at the next multiple of the step.
void Writer::member_value(const Json& value, size_t indent) {
  const size_t deeper = (indent / indent_step + 1) * indent_step;
  if (is_block(value)) {
    new_line(deeper);
  } else {
    out_ += ' ';
  }
  this->value(value, deeper, deeper);
}

void Writer::mapping(const Json& value, size_t indent) {
  bool is_first = true;
  for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
    if (!std::exchange(is_first, false)) new_line(indent);
    if (name.size() > longest_simple_key) {
      out_ += "? ";
      out_ += key_text(name);
      new_line(indent);
    } else {
      out_ += key_text(name);
    }
    out_ += ':';
    member_value(member, indent);
  }
}

}  // namespace

Result<std::string> dump_yaml(const Json& document) {
  NVBOX_TRY(check_utf8(document).in("write YAML"));
  return Writer().document(document);
}

}  // namespace nvbox::data
