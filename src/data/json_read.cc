#include "data/json_read.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"

namespace nvbox::data {

Error JsonPlace::wrong_type(std::string_view expected) const {
  return Error(cat(path_.empty() ? "document" : path_, ": expected ", expected, ", found ",
                   value_->type_name()));
}

Result<std::optional<JsonPlace>> JsonPlace::member(std::string_view name) const {
  if (!value_->is_object()) return wrong_type("an object");
  const auto found = value_->find(name);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  if (paths_ == Paths::untold) return std::optional(JsonPlace(*found, paths_, ""));
  std::string path = path_.empty() ? std::string(name) : cat(path_, ".", name);
  return std::optional(JsonPlace(*found, paths_, std::move(path)));
}

Result<std::vector<JsonPlace>> JsonPlace::elements() const {
  if (!value_->is_array()) return wrong_type("an array");
  std::vector<JsonPlace> out;
  out.reserve(value_->size());
  for (const Json& element : *value_) {
    const bool is_told = paths_ == Paths::told;
    out.push_back(JsonPlace(element, paths_, is_told ? cat(path_, "[", out.size(), "]") : ""));
  }
  return out;
}

Result<std::string> JsonPlace::string() const {
  if (!value_->is_string()) return wrong_type("a string");
  return value_->get<std::string>();
}

Result<std::int64_t> JsonPlace::integer() const {
  if (!value_->is_number_integer()) return wrong_type("an integer");
  return value_->get<std::int64_t>();
}

Result<std::vector<std::string>> JsonPlace::strings() const {
  std::vector<std::string> out;
  for (const JsonPlace& element : NVBOX_TRY(elements())) {
    out.push_back(NVBOX_TRY(element.string()));
  }
  return out;
}

Result<std::optional<std::string>> JsonPlace::string(std::string_view name) const {
  const std::optional<JsonPlace> place = NVBOX_TRY(member(name));
  if (!place) return std::nullopt;
  return std::optional(NVBOX_TRY(place->string()));
}

Result<std::optional<std::int64_t>> JsonPlace::integer(std::string_view name) const {
  const std::optional<JsonPlace> place = NVBOX_TRY(member(name));
  if (!place) return std::nullopt;
  return std::optional(NVBOX_TRY(place->integer()));
}

Result<std::vector<std::string>> JsonPlace::strings(std::string_view name) const {
  const std::optional<JsonPlace> place = NVBOX_TRY(member(name));
  if (!place) return std::vector<std::string>{};
  return place->strings();
}

Result<std::vector<JsonPlace>> JsonPlace::elements(std::string_view name) const {
  const std::optional<JsonPlace> place = NVBOX_TRY(member(name));
  if (!place) return std::vector<JsonPlace>{};
  return place->elements();
}

}  // namespace nvbox::data
