#include "data/toml_second_opinion.h"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/text.h"

// Without exceptions and streams, which would be half of nvbox: numbers are read by <charconv>, and
// the library writes nothing.
#define TOML_EXCEPTIONS 0
#define TOML_FLOAT_CHARCONV 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace nvbox::data {
namespace {

constexpr std::string_view way_out =
    "nothing was written; make the change by hand, and report the document to nvbox's maintainers";

std::string two_digits(std::uint8_t number) {
  return cat(number < 10 ? "0" : "", number);
}

std::string text_of(const toml::date& date) {
  return cat(date.year, "-", two_digits(date.month), "-", two_digits(date.day));
}

std::string text_of(const toml::time& time) {
  return cat(two_digits(time.hour), ":", two_digits(time.minute), ":", two_digits(time.second), ".",
             time.nanosecond);
}

std::string text_of(const toml::date_time& moment) {
  const std::string local = cat(text_of(moment.date), "T", text_of(moment.time));
  return moment.offset ? cat(local, " and ", moment.offset->minutes, " minutes") : local;
}

// The library's tree as ours, so that both can be compared: plain data, without lines. Dates are
// comparable texts, not TOML.
Toml converted(const toml::node& node) {
  return node.visit([](const auto& value) {
    using Node = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::same_as<Node, toml::table>) {
      Toml::Table table;
      for (const auto& [key, member] : value) {
        table.push_back({std::string(key.str()), converted(member)});
      }
      return Toml{std::move(table)};
    } else if constexpr (std::same_as<Node, toml::array>) {
      Toml::Array array;
      for (const toml::node& element : value) array.push_back(converted(element));
      return Toml{std::move(array)};
    } else if constexpr (requires { text_of(value.get()); }) {
      return Toml{TomlDate{text_of(value.get())}};
    } else {
      return Toml{value.get()};
    }
  });
}

Result<Toml> read(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (parsed) return converted(parsed.table());
  const toml::parse_error& error = parsed.error();
  return Error(cat("toml++, which reads it as a second opinion, refuses line ",
                   error.source().begin.line, ": ", printable(error.description())))
      .hint(way_out);
}

Toml* member(Toml& table, std::string_view key) {
  auto* const members = std::get_if<Toml::Table>(&table.value);
  if (members == nullptr) return nullptr;
  const auto found = std::ranges::find(*members, key, &TomlMember::key);
  return found == members->end() ? nullptr : &found->value;
}

Toml* at(Toml& root, std::span<const std::string> path) {
  Toml* there = &root;
  for (const std::string& key : path) {
    if (there != nullptr) there = member(*there, key);
  }
  return there;
}

Toml tree_of(const TomlValue& value) {
  if (const auto* const list = std::get_if<std::vector<std::string>>(&value)) {
    Toml::Array array;
    for (const std::string& text : *list) array.push_back(Toml{text});
    return Toml{std::move(array)};
  }
  if (const auto* const flag = std::get_if<bool>(&value)) return Toml{*flag};
  if (const auto* const number = std::get_if<std::int64_t>(&value)) return Toml{*number};
  return Toml{std::get<std::string>(value)};
}

void erase(Toml& root, std::span<const std::string> path) {
  Toml* const parent = at(root, path.first(path.size() - 1));
  auto* const members = parent == nullptr ? nullptr : std::get_if<Toml::Table>(&parent->value);
  if (members != nullptr) std::erase_if(*members, [&](auto& it) { return it.key == path.back(); });
}

// Makes the tables on the way that are missing. What is in the way of one is replaced: the editor
// refuses such a change, and if it did not, the comparison does.
void set(Toml& root, std::span<const std::string> path, Toml value) {
  Toml* there = &root;
  for (const std::string& key : path) {
    if (!std::holds_alternative<Toml::Table>(there->value)) there->value = Toml::Table{};
    auto& members = std::get<Toml::Table>(there->value);
    Toml* const known = member(*there, key);
    there = known != nullptr ? known
                             : &members.emplace_back(TomlMember{key, Toml{Toml::Table{}}}).value;
  }
  *there = std::move(value);
}

// Tables above something that was removed which are empty now and which `found` has not.
void forget_empty(Toml& wanted, const Toml& found, std::span<const std::string> removed) {
  Toml copy = found;
  for (size_t length = removed.size() - 1; length > 0; --length) {
    const auto above = removed.first(length);
    const Toml* const table = at(wanted, above);
    if (table == nullptr || *table != Toml{Toml::Table{}} || at(copy, above) != nullptr) return;
    erase(wanted, above);
  }
}

std::string inside(std::string_view place, std::string_view key) {
  const std::string path[] = {std::string(key)};
  const std::string name = toml_path_text(path);
  return place.empty() ? name : cat(place, ".", name);
}

std::optional<std::string> difference(const Toml& wanted, const Toml& found,
                                      const std::string& place);

std::optional<std::string> difference_of_tables(const Toml& wanted, const Toml& found,
                                                const std::string& place) {
  for (const auto& [key, value] : std::get<Toml::Table>(wanted.value)) {
    const Toml* const other = found.find(key);
    if (other == nullptr) return inside(place, key);
    if (auto differs = difference(value, *other, inside(place, key))) return differs;
  }
  for (const auto& [key, value] : std::get<Toml::Table>(found.value)) {
    if (wanted.find(key) == nullptr) return inside(place, key);
  }
  return std::nullopt;
}

std::optional<std::string> difference_of_arrays(const Toml::Array& wanted, const Toml::Array& found,
                                                const std::string& place) {
  if (wanted.size() != found.size()) return place;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (auto differs = difference(wanted[i], found[i], place)) return differs;
  }
  return std::nullopt;
}

// Where the trees differ first; the order of members, lines and the way of writing do not count.
std::optional<std::string> difference(const Toml& wanted, const Toml& found,
                                      const std::string& place) {
  if (wanted.value.index() != found.value.index()) return place;
  if (std::holds_alternative<Toml::Table>(wanted.value)) {
    return difference_of_tables(wanted, found, place);
  }
  if (const auto* const array = std::get_if<Toml::Array>(&wanted.value)) {
    return difference_of_arrays(*array, std::get<Toml::Array>(found.value), place);
  }
  const auto* const number = std::get_if<double>(&wanted.value);
  const bool are_nan =
      number != nullptr && std::isnan(*number) && std::isnan(std::get<double>(found.value));
  return are_nan || wanted.value == found.value ? std::nullopt : std::optional(place);
}

Result<> compare(const Toml& wanted, const Toml& found) {
  const auto differs = difference(wanted, found, "");
  if (!differs) return {};
  return Error(cat("toml++, which reads it as a second opinion, does not find ",
                   differs->empty() ? "the document" : *differs, " as it should be"))
      .hint(way_out);
}

// Dates as converted() has them, so that they can be compared with what the library reads.
Result<> rewrite_dates(Toml& toml) {
  if (auto* const date = std::get_if<TomlDate>(&toml.value)) {
    const Toml document = NVBOX_TRY(read(cat("date = ", date->text)));
    toml.value = document.find("date")->value;
  } else if (auto* const array = std::get_if<Toml::Array>(&toml.value)) {
    for (Toml& element : *array) NVBOX_TRY(rewrite_dates(element));
  } else if (auto* const table = std::get_if<Toml::Table>(&toml.value)) {
    for (TomlMember& inner : *table) NVBOX_TRY(rewrite_dates(inner.value));
  }
  return {};
}

}  // namespace

Result<> check_toml_edit(std::string_view before, std::span<const TomlChange> changes,
                         std::string_view after) {
  Toml wanted = NVBOX_TRY(read(before));
  const Toml found = NVBOX_TRY(read(after).in("the changed document"));
  for (const TomlChange& change : changes) {
    if (change.value) {
      set(wanted, change.path, tree_of(*change.value));
    } else {
      erase(wanted, change.path);
    }
  }
  for (const TomlChange& change : changes) {
    if (!change.value) forget_empty(wanted, found, change.path);
  }
  return compare(wanted, found).in("the changed document");
}

Result<> check_toml_text(std::string_view text, const Toml& intended) {
  Toml wanted = intended;
  NVBOX_TRY(rewrite_dates(wanted));
  return compare(wanted, NVBOX_TRY(read(text)));
}

}  // namespace nvbox::data
