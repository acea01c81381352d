#include "data/toml_second_opinion.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <sstream>
#include <string>
#include <toml.hpp>
#include <utility>
#include <vector>

#include "base/text.h"

namespace nvbox::data {
namespace {

constexpr std::string_view way_out =
    "nothing was written; make the change by hand, and report the document to nvbox's maintainers";

// toml11's tree as ours, so that both can be compared: plain data, without lines.
Toml converted(const toml::value& value) {
  if (value.is_table()) {
    Toml::Table table;
    for (const auto& [key, member] : value.as_table()) table.push_back({key, converted(member)});
    // The library's order is that of a hash table.
    std::ranges::sort(table, {}, &TomlMember::key);
    return Toml{std::move(table)};
  }
  if (value.is_array()) {
    Toml::Array array;
    for (const toml::value& element : value.as_array()) array.push_back(converted(element));
    return Toml{std::move(array)};
  }
  if (value.is_string()) return Toml{value.as_string().str};
  if (value.is_integer()) return Toml{std::int64_t{value.as_integer()}};
  if (value.is_floating()) return Toml{double{value.as_floating()}};
  if (value.is_boolean()) return Toml{value.as_boolean()};
  std::ostringstream date;
  date << value;
  return Toml{TomlDate{date.str()}};
}

// The library's text is a drawing of several lines, of which the first says what is wrong:
// "[error] toml::parse_table: invalid line format".
std::string reason(std::string_view what) {
  what = what.substr(0, what.find('\n'));
  constexpr std::string_view prefix = "[error] ";
  if (what.starts_with(prefix)) what.remove_prefix(prefix.size());
  return printable(what);
}

Result<Toml> read(std::string_view text) {
  try {
    std::istringstream stream{std::string(text)};
    return converted(toml::parse(stream, "document"));
  } catch (const toml::exception& error) {
    return Error(cat("toml11, which reads it as a second opinion, refuses line ",
                     error.location().line(), ": ", reason(error.what())))
        .hint(way_out);
  } catch (const std::exception& error) {
    return Error(cat("toml11, which reads it as a second opinion, refuses it: ",
                     reason(error.what())))
        .hint(way_out);
  }
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
  return Error(cat("toml11, which reads it as a second opinion, does not find ",
                   differs->empty() ? "the document" : *differs, " as it should be"))
      .hint(way_out);
}

// Dates as toml11 writes them, so that they can be compared with what it reads.
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
