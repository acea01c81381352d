// Typed reads from a Json document. A member of another type than expected is an error that names
// its place: "linux.devices[3].major: expected a number, found a string".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/json.h"

namespace nvbox::data {

// Whether places know their paths. To write them down costs as much as the reading does, so whoever
// reads large documents that are nearly always right asks for them when something is wrong.
enum class Paths { told, untold };

// A value inside a document together with the path that leads to it, for messages.
class JsonPlace {
 public:
  explicit JsonPlace(const Json& root, Paths paths = Paths::told) : value_(&root), paths_(paths) {}

  // The member or element; nullopt when it does not exist or is null. An error when this place is
  // not an object.
  Result<std::optional<JsonPlace>> member(std::string_view name) const;

  // Every element of an array; an error when this place is not one.
  Result<std::vector<JsonPlace>> elements() const;

  // This place as a value of the type.
  Result<std::string> string() const;
  Result<std::int64_t> integer() const;
  Result<std::vector<std::string>> strings() const;

  // Member `name` as a value of the type; nullopt when it is absent or null.
  Result<std::optional<std::string>> string(std::string_view name) const;
  Result<std::optional<std::int64_t>> integer(std::string_view name) const;
  // An absent list is an empty one.
  Result<std::vector<std::string>> strings(std::string_view name) const;
  Result<std::vector<JsonPlace>> elements(std::string_view name) const;

  const Json& value() const { return *value_; }
  const std::string& path() const { return path_; }

 private:
  JsonPlace(const Json& value, Paths paths, std::string path)
      : value_(&value), paths_(paths), path_(std::move(path)) {}
  Error wrong_type(std::string_view expected) const;

  const Json* value_;
  Paths paths_;
  std::string path_{};
};

}  // namespace nvbox::data
