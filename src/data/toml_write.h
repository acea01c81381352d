// TOML text of keys and values, as the Go programs write it.
#pragma once

#include <string>
#include <string_view>

#include "data/toml.h"
#include "data/toml_edit.h"

namespace nvbox::data {

// Bare where that is possible.
std::string toml_key(std::string_view key);

// Whether the document's value is this one already.
bool is_same(const Toml& there, const TomlValue& value);

// TOML text for trees, in the layout of NVIDIA's TOML library: members sorted, values before
// tables, two blanks of indentation for each level.

// `document` is a table. Parsing the text gives the same members and values again.
std::string toml_document_text(const Toml& document);

}  // namespace nvbox::data
