// TOML's numbers, booleans and dates, and the characters that a document may hold.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "data/toml.h"

namespace nvbox::data {

// The value that a bare word ("true", "0x1F", "1979-05-27 07:32:00") stands for; the error says
// what is wrong with it.
Result<Toml::Value> toml_scalar(std::string_view word);

// The offset of the first byte that is no part of well-formed UTF-8.
std::optional<size_t> find_invalid_utf8(std::string_view text);

// The character as UTF-8; nullopt when it is not a Unicode scalar value.
std::optional<std::string> encode_utf8(std::uint32_t character);

}  // namespace nvbox::data
