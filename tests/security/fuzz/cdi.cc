// CDI specifications, which anybody may put into /etc/cdi.
#include "spec/cdi.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "security/fuzz/fuzz.h"
#include "spec/cdi_stamp.h"
#include "spec/cdi_transform.h"

namespace nvbox {
namespace {

using fuzz::require;

void round_trip(const spec::CdiSpec& spec) {
  for (const auto format : {spec::CdiFormat::yaml, spec::CdiFormat::json}) {
    const auto text = spec::cdi_text(spec, format);
    require(text.has_value(), "what was read can be written");
    const auto again = spec::parse_cdi_text(*text);
    require(again.has_value(), "what is written can be read");
    // Annotations come out sorted by name.
    require(spec::cdi_document(*again) == spec::cdi_document(spec), "it means the same");
  }
}

void downgrade(const spec::CdiSpec& spec) {
  for (const char* version : {"0.3.0", "0.5.0", "0.6.0", "1.0.0"}) {
    spec::CdiSpec older = spec;
    if (!spec::downgrade_cdi(older, version)) continue;
    require(older.version == version, "the version is the one that was asked for");
    require(!spec::validate_cdi(older) || spec::parse_cdi(spec::cdi_document(older)).has_value(),
            "a valid specification is accepted");
  }
}

void stamp(std::string_view text) {
  const auto found = spec::read_stamp(text);
  if (!found) return;
  const std::string again = spec::add_stamp_comment("---\nkind: a/b\n", *found);
  require(spec::read_stamp(again) == *found, "a stamp is read as it is written");
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  const std::string_view text = fuzz::text_of(data, size);
  stamp(text);
  auto spec = spec::parse_cdi_text(text);
  if (!spec) return 0;
  require(spec::validate_cdi(*spec).has_value(), "what is accepted is valid");
  for (const spec::CdiDevice& device : spec->devices) {
    require(spec::is_qualified_name(cat(spec->kind, "=", device.name)), "a device can be named");
  }
  round_trip(*spec);
  downgrade(*spec);
  spec::transform_root(*spec, "/", "/host", spec::PathsOf::host);
  spec::transform_root(*spec, "/host", "/", spec::PathsOf::host);
  require(spec::validate_cdi(*spec).has_value(), "another root leaves a specification valid");
  return 0;
}
