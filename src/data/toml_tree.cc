#include "data/toml_tree.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <variant>

#include "base/text.h"
#include "data/toml_edit.h"
#include "data/toml_write.h"

namespace nvbox::data {
namespace {

// With a point or an exponent, so that it does not become an integer.
std::string number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char digits[32];
  const std::string text(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

struct Inline {
  std::string operator()(const Toml::Table& table) const {
    std::string out;
    for (const TomlMember& member : table) {
      out += cat(out.empty() ? " " : ", ", toml_key(member.key), " = ",
                 std::visit(*this, member.value.value));
    }
    return cat("{", out, out.empty() ? "}" : " }");
  }
  std::string operator()(const Toml::Array& array) const {
    std::string out;
    for (const Toml& element : array) {
      out += cat(out.empty() ? "" : ", ", std::visit(*this, element.value));
    }
    return cat("[", out, "]");
  }
  std::string operator()(const std::string& text) const { return toml_value_text(text); }
  std::string operator()(std::int64_t value) const { return cat(value); }
  std::string operator()(double value) const { return number(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(const TomlDate& date) const { return date.text; }
};

class Writer {
 public:
  std::string take() { return std::move(out_); }

  void table(const Toml::Table& table) {
    const std::string indentation(2 * path_.size(), ' ');
    std::vector<const TomlMember*> members;
    for (const TomlMember& member : table) members.push_back(&member);
    std::ranges::sort(members, {}, &TomlMember::key);
    for (const TomlMember* member : members) {
      if (std::holds_alternative<Toml::Table>(member->value.value)) continue;
      out_ += cat(indentation, toml_key(member->key), " = ",
                  std::visit(Inline(), member->value.value), "\n");
    }
    for (const TomlMember* member : members) {
      const auto* const inner = std::get_if<Toml::Table>(&member->value.value);
      if (inner == nullptr) continue;
      path_.push_back(member->key);
      out_ += cat(out_.empty() ? "" : "\n", indentation, "[", toml_path_text(path_), "]\n");
      this->table(*inner);
      path_.pop_back();
    }
  }

 private:
  std::string out_{};
  TomlPath path_{};
};

}  // namespace

std::string toml_document_text(const Toml& document) {
  Writer writer;
  if (const auto* const table = std::get_if<Toml::Table>(&document.value)) writer.table(*table);
  return writer.take();
}

}  // namespace nvbox::data
