#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "data/json.h"
#include "data/yaml.h"
#include "spec/cdi.h"
#include "spec/cdi_members.h"

namespace nvbox::spec {
namespace {

using data::Json;

// One overload for each type that a member can have; null is left out. A class, so that they see
// each other.
struct Write {
  static Json value(const std::string& text) { return text.empty() ? Json() : Json(text); }
  static Json value(char type) { return type == '\0' ? Json() : Json(std::string(1, type)); }
  static Json value(bool flag) { return flag ? Json(true) : Json(); }
  static Json value(unsigned number) { return number == 0 ? Json() : Json(number); }

  // Zero is something that can be said here: root's group, no timeout.
  static Json value(const std::optional<unsigned>& number) {
    return number ? Json(*number) : Json();
  }
  static Json value(const std::optional<int>& number) { return number ? Json(*number) : Json(); }
  static Json value(const std::optional<IntelRdt>& rdt) { return rdt ? object(*rdt) : Json(); }

  static Json value(const ContainerEdits& edits) {
    Json out = object(edits);
    if (out.empty()) return {};
    return out;
  }

  // Go writes maps sorted.
  static Json value(CdiAnnotations annotations) {
    std::ranges::sort(annotations);
    Json out;
    for (const auto& [name, text] : annotations) out[name] = text;
    return out;
  }

  static Json value(const std::vector<std::string>& texts) {
    return texts.empty() ? Json() : Json(texts);
  }
  static Json value(const std::vector<gid_t>& gids) { return gids.empty() ? Json() : Json(gids); }

  template <typename Object>
  static Json value(const std::vector<Object>& objects) {
    Json out;
    for (const Object& element : objects) out.push_back(object(element));
    return out;
  }

  template <typename Object>
  static Json object(const Object& from) {
    Json out = Json::object();
    for_each_member<Object>([&](const auto& member) {
      Json written = value(from.*member.field);
      if (!written.is_null()) {
        data::member_of(out, std::string(member.name)) = std::move(written);
      }
    });
    return out;
  }
};

struct Replacement {
  std::string_view text;
  std::string_view escaped;
};

// What Go's encoding/json escapes besides what every writer must: HTML's characters and
// JavaScript's line ends.
constexpr Replacement replacements[] = {{"<", "\\u003c"},
                                        {">", "\\u003e"},
                                        {"&", "\\u0026"},
                                        {"\u2028", "\\u2028"},
                                        {"\u2029", "\\u2029"}};

std::string escaped_like_go(const std::string& json) {
  std::string out;
  for (std::string_view rest = json; !rest.empty();) {
    const auto* found = std::ranges::find_if(
        replacements, [&](const Replacement& row) { return rest.starts_with(row.text); });
    const bool is_found = found != std::end(replacements);
    out += is_found ? found->escaped : rest.substr(0, 1);
    rest.remove_prefix(is_found ? found->text.size() : 1);
  }
  return out;
}

}  // namespace

data::Json cdi_document(const CdiSpec& spec) {
  return Write::object(spec);
}

Result<std::string> cdi_text(const CdiSpec& spec, CdiFormat format) {
  const Json document = cdi_document(spec);
  if (format == CdiFormat::yaml) return data::dump_yaml(document);
  return escaped_like_go(NVBOX_TRY(data::dump_json(document)));
}

}  // namespace nvbox::spec
