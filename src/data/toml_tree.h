// TOML text for trees, in the layout of NVIDIA's TOML library: members sorted, values before
// tables, two blanks of indentation for each level.
#pragma once

#include <string>

#include "data/toml.h"

namespace nvbox::data {

// `document` is a table. Parsing the text gives the same members and values again.
std::string toml_document_text(const Toml& document);

}  // namespace nvbox::data
