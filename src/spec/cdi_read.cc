#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "spec/cdi.h"
#include "spec/cdi_members.h"

namespace nvbox::spec {
namespace {

using data::JsonPlace;

// More than any name that a member has, because the distance to a long word takes long to find.
constexpr size_t longest_name = 64;

Error fail(const JsonPlace& place, std::string_view reason) {
  return Error(cat(place.path().empty() ? "document" : place.path(), ": ", reason));
}

Result<> expect_object(const JsonPlace& place) {
  if (place.value().is_object()) return {};
  return fail(place, cat("expected an object, found ", place.value().type_name()));
}

// `where` is only made into text when something is wrong.
template <typename Where>
Result<std::string> text_of(const data::Json& value, const Where& where) {
  const bool is_bare_scalar = value.is_number() || value.is_boolean();
  if (!is_bare_scalar && !value.is_string()) {
    return Error(cat(where(), ": expected a string, found ", value.type_name()));
  }
  std::string text = is_bare_scalar ? value.dump() : value.get<std::string>();
  // It would end a path or a name for the kernel.
  if (text.contains('\0')) return Error(cat(where(), ": contains a NUL character"));
  return text;
}

// One overload for each type that a member can have. A class, so that they see each other.
struct Read {
  static Result<> value(const JsonPlace& place, std::string& out);
  static Result<> value(const JsonPlace& place, char& out);
  static Result<> value(const JsonPlace& place, bool& out);
  static Result<> value(const JsonPlace& place, CdiAnnotations& out);

  template <typename Number>
  requires std::is_integral_v<Number>
  static Result<> value(const JsonPlace& place, Number& out) {
    const std::int64_t number = NVBOX_TRY(place.integer());
    constexpr std::int64_t greatest = std::numeric_limits<Number>::max();
    if (number < 0 || number > greatest) {
      return fail(place, cat("expected a number from 0 to ", greatest));
    }
    out = static_cast<Number>(number);
    return {};
  }

  template <typename Type>
  static Result<> value(const JsonPlace& place, std::optional<Type>& out) {
    return value(place, out.emplace());
  }

  template <typename Element>
  static Result<> value(const JsonPlace& place, std::vector<Element>& out) {
    for (const JsonPlace& element : NVBOX_TRY(place.elements())) {
      NVBOX_TRY(value(element, out.emplace_back()));
    }
    return {};
  }

  // What a specification leaves out is not said, whatever our own edits begin with.
  static Result<> value(const JsonPlace& place, DeviceNode& out) {
    out.type = '\0';
    out.permissions.clear();
    return members(place, out);
  }

  template <typename Object>
  requires requires { CdiMembers<Object>::list; }
  static Result<> value(const JsonPlace& place, Object& out) { return members(place, out); }

  template <typename Object>
  static Result<> members(const JsonPlace& place, Object& out) {
    NVBOX_TRY(expect_object(place));
    NVBOX_TRY(refuse_unknown_members<Object>(place));
    Result<> status;
    for_each_member<Object>([&](const auto& member) {
      if (status) status = one_member(place, member, out);
    });
    return status;
  }

  template <typename Object, typename Type>
  static Result<> one_member(const JsonPlace& place, const CdiMember<Object, Type>& member,
                             Object& out) {
    const std::optional<JsonPlace> found = NVBOX_TRY(place.member(member.name));
    if (!found) return {};
    return value(*found, out.*member.field);
  }

  template <typename Object>
  static Result<> refuse_unknown_members(const JsonPlace& place) {
    constexpr auto known = member_names<Object>();
    for (const auto& [name, value] : place.value().get_ref<const data::Json::object_t&>()) {
      if (std::ranges::find(known, name) != known.end()) continue;
      Error error = fail(place, cat("unknown member ", excerpt(name)));
      const auto meant = did_you_mean(std::string_view(name).substr(0, longest_name), known);
      if (!meant) return error;
      return std::move(error).hint(cat("did you mean ", quote(*meant), "?"));
    }
    return {};
  }
};

Result<> Read::value(const JsonPlace& place, std::string& out) {
  out = NVBOX_TRY(text_of(place.value(), [&] { return place.path(); }));
  return {};
}

Result<> Read::value(const JsonPlace& place, char& out) {
  std::string text;
  NVBOX_TRY(value(place, text));
  if (text.size() > 1) return fail(place, cat("unknown type ", excerpt(text)));
  out = text.empty() ? '\0' : text.front();
  return {};
}

Result<> Read::value(const JsonPlace& place, bool& out) {
  if (!place.value().is_boolean()) {
    return fail(place, cat("expected true or false, found ", place.value().type_name()));
  }
  out = place.value().get<bool>();
  return {};
}

Result<> Read::value(const JsonPlace& place, CdiAnnotations& out) {
  NVBOX_TRY(expect_object(place));
  for (const auto& [name, value] : place.value().get_ref<const data::Json::object_t&>()) {
    const auto where = [&, &name = name] { return cat(place.path(), "[", excerpt(name), "]"); };
    out.emplace_back(name, NVBOX_TRY(text_of(value, where)));
  }
  return {};
}

}  // namespace

Result<CdiSpec> parse_cdi(const data::Json& document) {
  CdiSpec out;
  if (!Read::value(JsonPlace(document, data::Paths::untold), out)) {
    out = {};
    NVBOX_TRY(Read::value(JsonPlace(document), out));
  }
  NVBOX_TRY(validate_cdi(out));
  return out;
}

Result<CdiSpec> parse_cdi_text(std::string_view text) {
  return parse_cdi(NVBOX_TRY(data::parse_yaml(text)));
}

}  // namespace nvbox::spec
