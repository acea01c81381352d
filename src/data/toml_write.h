// TOML text of keys and values, as the Go programs write it.
#pragma once

#include <string>
#include <string_view>

#include "data/toml_edit.h"

namespace nvbox::data {

// Bare where that is possible.
std::string toml_key(std::string_view key);

// Whether the document's value is this one already.
bool is_same(const Toml& there, const TomlValue& value);

}  // namespace nvbox::data
