// JSON documents that keep what they do not understand: member order, unknown members and 64-bit
// integers survive parse and dump. (Numbers beyond 64 bits become doubles, and of duplicate
// members the last is kept.)
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nvbox::data {

using Json = nlohmann::ordered_json;

struct JsonLimits {
  size_t bytes = size_t{16} * 1024 * 1024;
  // OCI and CDI documents nest less than ten deep; without a limit dump() could exhaust the stack.
  size_t depth = 64;
  // An object keeps its order by being a list, which is searched for every member that is wanted.
  // The largest that are met are annotations, of which Kubernetes allows 256 KiB.
  size_t members = 10'000;
};

// Errors name the position: "line 3, column 14: ...".
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// A document of programs that are written in Go, as every engine is: what is not UTF-8 in it is
// replaced by U+FFFD, a byte at a time, as encoding/json does.
Result<Json> parse_json_like_go(std::string_view text, const JsonLimits& limits = {});

// The member of an object, made as null where there is none. `object[name]` of the library does the
// same, but to make room it copies the other members with all that is below them.
Json& member_of(Json& object, const std::string& name);

// An error that names the first string of the document, a value or the name of a member, that is
// not UTF-8. JSON and YAML have no others.
Result<> check_utf8(const Json& document);

// Compact, on one line, without a final newline.
Result<std::string> dump_json(const Json& document);

// How many blanks each level of a document is indented by.
struct JsonIndentation {
  int blanks;
};

// On lines of their own, with a final newline.
Result<std::string> dump_json(const Json& document, JsonIndentation indentation);

// The shortest text that is read as this number again, with a point or an exponent; "null" for
// those that JSON has not.
std::string json_number(double number);

// Typed reads from a Json document. A member of another type than expected is an error that names
// its place: "linux.devices[3].major: expected a number, found a string".

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
