// TOML text of keys and values, as the Go programs write it: double quotes, lists on one line.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "nvbox/data/toml_edit.h"

namespace nvbox::data {

// Bare where that is possible.
std::string toml_key(std::string_view key);

// The keys with dots between them.
std::string toml_keys(std::span<const std::string> path);

std::string toml_text(const TomlValue& value);

// Whether the document's value is this one already.
bool is_same(const Toml& there, const TomlValue& value);

}  // namespace nvbox::data
