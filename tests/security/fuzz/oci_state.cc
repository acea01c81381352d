// What a low-level runtime writes to a hook's standard input.
#include "spec/oci.h"

#include <nlohmann/json.hpp>

#include "data/json.h"
#include "security/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  const std::string_view text = fuzz::text_of(data, size);
  const auto state = spec::parse_oci_state(text);
  if (!state) {
    fuzz::require(!state.error().full_message().empty(), "an error says something");
    return 0;
  }
  const data::Json document = data::parse_json_like_go(text).value();
  fuzz::require(document.is_object(), "a state is an object");
  // runtime-spec, runtime.md, State: bundle is a string.
  const auto bundle = document.find("bundle");
  if (bundle != document.end() && bundle->is_string() && !bundle->get<std::string>().empty()) {
    fuzz::require(state->bundle == bundle->get<std::string>(), "the bundle is the member's text");
  }
  return 0;
}
