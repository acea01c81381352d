// YAML documents: by libyaml's events, by the reader of simple documents, and written again.
#include "data/yaml.h"

#include <nlohmann/json.hpp>

#include "data/yaml_block.h"
#include "security/fuzz/fuzz.h"

namespace nvbox {
namespace {

// A number that is none equals nothing, itself neither, and has no word in JSON.
bool is_same(const data::Json& left, const data::Json& right) {
  return left == right || left.dump(-1, ' ', false, data::Json::error_handler_t::replace) ==
                              right.dump(-1, ' ', false, data::Json::error_handler_t::replace);
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  const std::string text(fuzz::text_of(data, size));
  const auto simple = data::read_block_yaml(text, {});
  // The end of a document, when it is said, is none of the simple reader's, and changes nothing.
  const auto by_libyaml = data::parse_yaml(text + (text.ends_with('\n') ? "...\n" : "\n...\n"));
  if (simple) {
    fuzz::require(by_libyaml && is_same(*by_libyaml, *simple), "both readers read the same");
  }
  const auto document = data::parse_yaml(text);
  if (!document) return 0;
  const auto written = data::dump_yaml(*document);
  if (!written) return 0;
  const auto again = data::parse_yaml(*written);
  fuzz::require(again.has_value(), "what is written can be read");
  fuzz::require(is_same(*again, *document), "what is written means the same");
  return 0;
}
