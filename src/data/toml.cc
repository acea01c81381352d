// An own reader, because data/toml_edit needs the lines of what is read, and every start of a
// container reads config.toml: toml++ takes 26 to 55 microseconds for the default document and this
// 7 to 25. It is the second opinion of data/toml_second_opinion.h, where files are replaced.
//
// The reader is a recursive descent over the text that fills the tree as it goes. What is peculiar
// about TOML is that a table can be reached in several ways, and that the document may not come
// back to it in most of them: Toml::written keeps the way, and find_or_add_* know the rules.
#include "data/toml.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/defer.h"
#include "base/text.h"
#include "data/toml_layout.h"
#include "data/toml_scalar.h"

namespace nvbox::data {
namespace {

using Written = Toml::Written;
using Keys = std::vector<std::string>;

bool is_bare_key_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         is_digit(character) || character == '_' || character == '-';
}

// Tabs are the only control characters of a document, newlines apart.
bool is_control(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

class Reader {
 public:
  // `outline` gets the statements, where anybody wants them.
  Reader(std::string_view text, const TomlLimits& limits, TomlOutline* outline = nullptr)
      : text_(text), limits_(limits), outline_(outline) {}

  Result<Toml> document();

 private:
  // Characters.
  bool at_end() const { return at_ >= text_.size(); }
  bool at(std::string_view wanted) const { return text_.substr(at_).starts_with(wanted); }
  bool at_newline() const { return at("\n") || at("\r\n"); }
  bool take(std::string_view wanted);
  Result<> expect(std::string_view wanted);
  void skip_blanks();
  Result<> skip_comment();
  Result<> end_line();
  Result<> skip_lines();

  // Keys and values.
  Result<Keys> keys();
  Result<std::string> one_key();
  Result<Toml> value(size_t depth);
  Result<std::string> basic_string();
  Result<std::string> literal_string();
  Result<std::string> long_string(char quote);
  Result<> escape(std::string& out);
  bool skip_line_join();
  Result<Toml::Array> array(size_t depth);
  Result<Toml::Array> elements(size_t depth);
  Result<Toml::Table> inline_table(size_t depth);
  Result<Toml::Value> bare_value();

  // Tables.
  Result<> header(Toml& root);
  Result<> member(Toml& table, size_t depth);
  Result<Toml*> add(Toml& table, const std::string& key, Toml value);
  Result<Toml*> find_or_add_on_the_way(Toml& table, const std::string& key);
  Result<Toml*> find_or_add_table(Toml& table, const std::string& key);
  Result<Toml*> add_to_array(Toml& table, const std::string& key);
  Result<Toml*> find_or_add_dotted(Toml& table, const std::string& key);

  Error fail(size_t at, std::string_view reason) const;
  Result<> check_depth(size_t at, size_t depth) const;
  Error defined_before(const std::string& key, const Toml& first) const;
  int line();

  std::string_view text_;
  const TomlLimits& limits_;
  TomlOutline* outline_;
  size_t at_ = 0;
  size_t key_at_ = 0;  // where the last key or header began, for messages about it
  // Line numbers are only asked for in the order of the text.
  size_t counted_ = 0;
  int line_ = 1;
  Toml* table_ = nullptr;  // of the last header
  size_t table_depth_ = 0;
};

Toml* find_member(Toml& table, std::string_view key) {
  return const_cast<Toml*>(std::as_const(table).find(key));
}

Error Reader::fail(size_t at, std::string_view reason) const {
  const std::string_view before = text_.substr(0, at);
  const size_t newline = before.rfind('\n');
  const size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  return Error(cat("line ", std::ranges::count(before, '\n') + 1, ", column ", at - line_start + 1,
                   ": ", reason));
}

Error Reader::defined_before(const std::string& key, const Toml& first) const {
  return fail(key_at_, cat(quote(key), " is defined on line ", first.line, " already"));
}

int Reader::line() {
  for (; counted_ < at_; ++counted_) line_ += text_[counted_] == '\n' ? 1 : 0;
  return line_;
}

bool Reader::take(std::string_view wanted) {
  if (!at(wanted)) return false;
  at_ += wanted.size();
  return true;
}

Result<> Reader::expect(std::string_view wanted) {
  if (take(wanted)) return {};
  return fail(at_, cat("expected ", quote(wanted)));
}

void Reader::skip_blanks() {
  while (at(" ") || at("\t")) ++at_;
}

Result<> Reader::skip_comment() {
  if (!at("#")) return {};
  for (; !at_end() && !at_newline(); ++at_) {
    if (is_control(text_[at_])) return fail(at_, "control character in a comment");
  }
  return {};
}

Result<> Reader::end_line() {
  skip_blanks();
  NVBOX_TRY(skip_comment());
  if (at_end() || take("\n") || take("\r\n")) return {};
  return fail(at_, "expected the end of the line");
}

// Blanks, comments and newlines, which may stand anywhere between the elements of an array.
Result<> Reader::skip_lines() {
  while (true) {
    skip_blanks();
    NVBOX_TRY(skip_comment());
    if (!take("\n") && !take("\r\n")) return {};
  }
}

Result<Keys> Reader::keys() {
  Keys out;
  do {
    skip_blanks();
    out.push_back(NVBOX_TRY(one_key()));
    skip_blanks();
  } while (take("."));
  return out;
}

Result<std::string> Reader::one_key() {
  if (at("\"\"\"") || at("'''")) return fail(at_, "a key must be on one line");
  if (at("\"")) return basic_string();
  if (at("'")) return literal_string();
  const size_t start = at_;
  while (!at_end() && is_bare_key_character(text_[at_])) ++at_;
  if (at_ == start) return fail(at_, "expected a key");
  return std::string(text_.substr(start, at_ - start));
}

Result<> Reader::check_depth(size_t at, size_t depth) const {
  if (depth <= limits_.depth) return {};
  return fail(at, cat("nests more than ", limits_.depth, " levels deep"));
}

Result<Toml> Reader::value(size_t depth) {
  NVBOX_TRY(check_depth(at_, depth));
  const int line_here = line();
  const auto made = [&](Toml::Value value) { return Toml{std::move(value), line_here}; };
  if (at("\"\"\"")) return made(NVBOX_TRY(long_string('"')));
  if (at("'''")) return made(NVBOX_TRY(long_string('\'')));
  if (at("\"")) return made(NVBOX_TRY(basic_string()));
  if (at("'")) return made(NVBOX_TRY(literal_string()));
  if (at("[")) return made(NVBOX_TRY(array(depth)));
  if (at("{")) return made(NVBOX_TRY(inline_table(depth)));
  return made(NVBOX_TRY(bare_value()));
}

Result<std::string> Reader::basic_string() {
  const size_t start = at_++;
  std::string out;
  while (!at_end() && !at_newline()) {
    if (take("\"")) return out;
    if (at("\\")) {
      NVBOX_TRY(escape(out));
      continue;
    }
    if (is_control(text_[at_])) return fail(at_, "control character in a string");
    out += text_[at_++];
  }
  return fail(start, "the string is not closed on its line");
}

Result<std::string> Reader::literal_string() {
  const size_t start = at_++;
  while (!at_end() && !at_newline()) {
    if (take("'")) return std::string(text_.substr(start + 1, at_ - start - 2));
    if (is_control(text_[at_])) return fail(at_, "control character in a string");
    ++at_;
  }
  return fail(start, "the string is not closed on its line");
}

// Between three quotes; a newline right after the first three is not part of the string, and up to
// two quotes may stand before the last three.
Result<std::string> Reader::long_string(char quote) {
  const size_t start = at_;
  const std::string closing(3, quote);
  at_ += closing.size();
  if (!take("\n")) take("\r\n");
  std::string out;
  while (!at_end()) {
    if (take(closing)) {
      for (int more = 0; more < 2 && take(closing.substr(0, 1)); ++more) out += quote;
      return out;
    }
    if (quote == '"' && at("\\")) {
      if (!skip_line_join()) NVBOX_TRY(escape(out));
      continue;
    }
    if (!at_newline() && is_control(text_[at_])) return fail(at_, "control character in a string");
    if (at("\r\n")) out += text_[at_++];
    out += text_[at_++];
  }
  return fail(start, "the string is not closed");
}

struct Escape {
  char letter;
  char character;
};

constexpr Escape escapes[] = {
    {'b', '\b'}, {'t', '\t'}, {'n', '\n'}, {'f', '\f'}, {'r', '\r'}, {'"', '"'}, {'\\', '\\'},
};

Result<> Reader::escape(std::string& out) {
  const size_t start = at_++;
  const char letter = at_end() ? '\0' : text_[at_];
  const auto known = std::ranges::find(escapes, letter, &Escape::letter);
  if (known != std::end(escapes)) {
    out += known->character;
    ++at_;
    return {};
  }
  if (letter == 'u' || letter == 'U') {
    const std::string_view digits = text_.substr(at_ + 1, letter == 'u' ? 4 : 8);
    const auto code = parse_number<std::uint32_t>(digits, 16);
    const auto encoded = code ? encode_utf8(*code) : std::nullopt;
    if (!encoded || digits.size() != (letter == 'u' ? 4 : 8)) {
      return fail(start, "not the number of a character");
    }
    out += *encoded;
    at_ += 1 + digits.size();
    return {};
  }
  return fail(start, "unknown escape sequence");
}

// In a long string, a backslash at the end of a line joins it to the next text.
bool Reader::skip_line_join() {
  const size_t newline = text_.find_first_not_of(" \t", at_ + 1);
  if (newline == std::string_view::npos) return false;
  if (text_[newline] != '\n' && !text_.substr(newline).starts_with("\r\n")) return false;
  at_ = newline;
  while (at_newline() || at(" ") || at("\t")) ++at_;
  return true;
}

// Members of tables in a list have no path, so they are in no outline.
Result<Toml::Array> Reader::array(size_t depth) {
  TomlOutline* const outline = std::exchange(outline_, nullptr);
  const Defer restore([&] { outline_ = outline; });
  return elements(depth);
}

Result<Toml::Array> Reader::elements(size_t depth) {
  const size_t start = at_++;
  Toml::Array out;
  while (true) {
    NVBOX_TRY(skip_lines());
    if (at_end()) return fail(start, "the list is not closed");
    if (take("]")) return out;
    out.push_back(NVBOX_TRY(value(depth + 1)));
    NVBOX_TRY(skip_lines());
    if (at_end()) return fail(start, "the list is not closed");
    if (!take(",") && !at("]")) return fail(at_, "expected \",\" or \"]\"");
  }
}

Result<Toml::Table> Reader::inline_table(size_t depth) {
  ++at_;
  Toml out{Toml::Table{}};
  skip_blanks();
  if (take("}")) return Toml::Table{};
  while (true) {
    NVBOX_TRY(member(out, depth));
    skip_blanks();
    if (take("}")) return std::get<Toml::Table>(std::move(out.value));
    if (!take(",")) return fail(at_, "expected \",\" or \"}\"");
  }
}

Result<Toml::Value> Reader::bare_value() {
  constexpr std::string_view ends = " \t\r\n,]}#=";
  const size_t start = at_;
  at_ = std::min(text_.find_first_of(ends, start), text_.size());
  // A date and a time may be separated by one space.
  constexpr size_t date_length = std::string_view("1979-05-27").size();
  if (at_ - start == date_length && text_[start + 4] == '-' && at(" ") && at_ + 1 < text_.size() &&
      is_digit(text_[at_ + 1])) {
    at_ = std::min(text_.find_first_of(ends, at_ + 1), text_.size());
  }
  if (at_ == start) return fail(start, "expected a value");
  Result<Toml::Value> found = toml_scalar(text_.substr(start, at_ - start));
  if (!found) return fail(start, found.error().message());
  return found;
}

Result<Toml*> Reader::add(Toml& table, const std::string& key, Toml value) {
  auto& members = std::get<Toml::Table>(table.value);
  if (members.size() >= limits_.members) {
    return fail(key_at_, cat("more than ", limits_.members, " keys in one table"));
  }
  members.push_back({key, std::move(value)});
  return &members.back().value;
}

// A part of a header other than the last.
Result<Toml*> Reader::find_or_add_on_the_way(Toml& table, const std::string& key) {
  Toml* found = find_member(table, key);
  if (found == nullptr) return add(table, key, {Toml::Table{}, line(), Written::implied});
  if (found->written == Written::whole) return defined_before(key, *found);
  if (auto* elements = std::get_if<Toml::Array>(&found->value)) return &elements->back();
  return found;
}

// The last part of [a.b.c].
Result<Toml*> Reader::find_or_add_table(Toml& table, const std::string& key) {
  Toml* found = find_member(table, key);
  if (found == nullptr) return add(table, key, {Toml::Table{}, line(), Written::header});
  if (found->written != Written::implied) return defined_before(key, *found);
  found->written = Written::header;
  found->line = line();
  return found;
}

// The last part of [[a.b.c]].
Result<Toml*> Reader::add_to_array(Toml& table, const std::string& key) {
  Toml* found = find_member(table, key);
  if (found == nullptr) {
    found = NVBOX_TRY(add(table, key, {Toml::Array{}, line(), Written::header}));
  }
  auto* elements = std::get_if<Toml::Array>(&found->value);
  if (elements == nullptr || found->written != Written::header) return defined_before(key, *found);
  elements->push_back({Toml::Table{}, line(), Written::header});
  return &elements->back();
}

// A part of a key with dots other than the last: never a table that has a header of its own.
Result<Toml*> Reader::find_or_add_dotted(Toml& table, const std::string& key) {
  Toml* found = find_member(table, key);
  if (found == nullptr) return add(table, key, {Toml::Table{}, line(), Written::dotted});
  if (found->written != Written::dotted && found->written != Written::implied) {
    return defined_before(key, *found);
  }
  found->written = Written::dotted;
  return found;
}

Result<> Reader::header(Toml& root) {
  key_at_ = at_;
  const bool is_element = take("[[");
  if (!is_element) take("[");
  const Keys path = NVBOX_TRY(keys());
  NVBOX_TRY(expect(is_element ? "]]" : "]"));
  NVBOX_TRY(check_depth(key_at_, path.size()));
  Toml* table = &root;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    table = NVBOX_TRY(find_or_add_on_the_way(*table, path[i]));
  }
  table_ = NVBOX_TRY(is_element ? add_to_array(*table, path.back())
                                : find_or_add_table(*table, path.back()));
  table_depth_ = path.size();
  if (outline_ != nullptr) outline_->add_header(path, key_at_, at_);
  return {};
}

// key = value
Result<> Reader::member(Toml& table, size_t depth) {
  skip_blanks();
  const size_t begin = key_at_ = at_;
  const Keys path = NVBOX_TRY(keys());
  NVBOX_TRY(expect("="));
  skip_blanks();
  // Before the tables are made, which end in one another when they are destroyed.
  NVBOX_TRY(check_depth(at_, depth + path.size()));
  if (outline_ != nullptr) outline_->begin_member(path, begin, at_);
  Toml* parent = &table;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    parent = NVBOX_TRY(find_or_add_dotted(*parent, path[i]));
  }
  if (const Toml* first = parent->find(path.back())) return defined_before(path.back(), *first);
  Toml found = NVBOX_TRY(value(depth + path.size()));
  NVBOX_TRY(add(*parent, path.back(), std::move(found)));
  if (outline_ != nullptr) outline_->end_member(at_);
  return {};
}

Result<Toml> Reader::document() {
  if (text_.size() > limits_.bytes) {
    return Error(
        cat("TOML document of ", text_.size(), " bytes is over the limit of ", limits_.bytes));
  }
  if (const auto invalid = find_invalid_utf8(text_)) return fail(*invalid, "not UTF-8");
  take("\xef\xbb\xbf");  // the byte order mark of Windows editors
  Toml root{Toml::Table{}, 1, Written::header};
  // Nothing reads the member behind this function, which is the last.
  // cppcheck-suppress danglingLifetime
  table_ = &root;
  while (true) {
    NVBOX_TRY(skip_lines());
    if (at_end()) return root;
    NVBOX_TRY(at("[") ? header(root) : member(*table_, table_depth_));
    NVBOX_TRY(end_line());
  }
}

}  // namespace

const Toml* Toml::find(std::string_view key) const {
  const auto* members = std::get_if<Table>(&value);
  if (members == nullptr) return nullptr;
  const auto found = std::ranges::find(*members, key, &TomlMember::key);
  return found == members->end() ? nullptr : &found->value;
}

std::string_view Toml::type_name() const {
  constexpr std::string_view names[] = {"a table",  "a list",    "a string", "an integer",
                                        "a number", "a boolean", "a date"};
  static_assert(std::size(names) == std::variant_size_v<Value>);
  return names[value.index()];
}

Result<Toml> parse_toml(std::string_view text, const TomlLimits& limits) {
  return Reader(text, limits).document();
}

Result<std::vector<TomlStatement>> toml_statements(std::string_view text,
                                                   const TomlLimits& limits) {
  TomlOutline outline;
  NVBOX_TRY(Reader(text, limits, &outline).document());
  return std::move(outline).take();
}

}  // namespace nvbox::data
