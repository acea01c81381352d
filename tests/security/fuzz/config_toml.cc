// config.toml: read, and changed by --set. Parts: the settings, one a line, and the document.
#include "config/config.h"
#include "config/document.h"
#include "data/toml.h"
#include "security/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  fuzz::Parts parts(fuzz::text_of(data, size));
  config::Settings settings;
  for (const std::string& line : fuzz::lines_of(parts.next(), 4)) {
    for (std::string& each : config::split_settings(line)) settings.each.push_back(std::move(each));
  }
  const config::Document document = {.name = "config.toml", .text = std::string(parts.next())};
  const auto config = config::parse_config(document.text);
  (void)config::explain("", document);
  const auto changed = config::change_document(document, settings);
  if (!changed) return 0;
  fuzz::require(data::parse_toml(*changed).has_value(), "a changed document is TOML");
  fuzz::require(!config || config::parse_config(*changed).has_value(),
                "settings do not make a document worse");
  const auto again = config::change_document({document.name, *changed}, settings);
  fuzz::require(again && *again == *changed, "what is set already is not written again");
  return 0;
}
