// TOML documents: read, and written from what was read.
#include "data/toml.h"

#include "data/toml_write.h"
#include "security/fuzz/fuzz.h"
#include "support/toml_trees.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  const auto toml = data::parse_toml(fuzz::text_of(data, size));
  if (!toml) {
    fuzz::require(toml.error().message().starts_with("line ") ||
                      toml.error().message().find("limit") != std::string::npos,
                  "an error names its line");
    return 0;
  }
  const std::string tree = test::tree_text(*toml);
  const std::string written = data::toml_document_text(*toml);
  const auto again = data::parse_toml(written);
  fuzz::require(again.has_value(), "what is written can be read");
  fuzz::require(test::tree_text(*again) == tree, "what is written means the same");
  const auto other = test::toml11_tree(written);
  fuzz::require(!other || *other == tree, "what is written means the same to toml11");
  return 0;
}
