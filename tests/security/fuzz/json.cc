// JSON documents, and the change of one member of them. Parts: the document, the member's path with
// dots between its names, and its value.
#include "data/json.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "data/json_edit.h"
#include "security/fuzz/fuzz.h"

namespace nvbox {
namespace {

using data::Json;
using fuzz::require;

void round_trip(std::string_view text, const Json& document) {
  const auto like_go = data::parse_json_like_go(text);
  require(like_go && *like_go == document, "a document in UTF-8 is the same to both readers");
  for (const int blanks : {0, 2}) {
    const auto written = blanks == 0 ? data::dump_json(document)
                                     : data::dump_json(document, data::JsonIndentation{blanks});
    require(written.has_value(), "what was read can be written");
    const auto again = data::parse_json(*written);
    require(again && *again == document, "what is written means the same");
  }
}

// The document as it has to be afterwards; nullopt when the path leads through something else than
// objects.
std::optional<Json> with_member(Json document, std::span<const std::string_view> path,
                                const Json& value) {
  Json* at = &document;
  for (const std::string_view name : path) {
    if (at->is_null()) *at = Json::object();
    if (!at->is_object()) return std::nullopt;
    at = &(*at)[std::string(name)];
  }
  *at = value;
  return document;
}

void set(std::string_view text, const Json& document, std::span<const std::string_view> path,
         const Json& value) {
  const auto changed = data::set_json_member(text, path, value);
  if (!changed) return;
  const auto parsed = data::parse_json(*changed);
  require(parsed.has_value(), "a changed document can be read");
  const auto wanted = with_member(document, path, value);
  require(wanted && *parsed == *wanted, "one member is changed and no other");
  const auto again = data::set_json_member(*changed, path, value);
  require(again && *again == *changed, "what is set already is not written again");
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  fuzz::Parts parts(fuzz::text_of(data, size));
  const std::string_view text = parts.next();
  // Fewer names than a document may nest: nobody sets a member that deep.
  const std::vector<std::string_view> path = split(parts.next().substr(0, 32), '.');
  const auto value = data::parse_json(parts.next());
  (void)data::parse_json_like_go(text);
  const auto document = data::parse_json(text);
  if (!document) return 0;
  round_trip(text, *document);
  if (value) set(text, *document, path, *value);
  return 0;
}
