// Facts from outside, tests/vectors/*.json: what other programs, formats and specifications say.
// Member "about" of each file names its source.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

#include "base/text.h"
#include "data/json.h"

namespace nvbox::test {

inline data::Json vectors(const std::string& name) {
  std::ifstream file(std::string(NVBOX_TESTS) + "/vectors/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  auto parsed = data::parse_json(text.str());
  if (!file || !parsed) throw std::runtime_error("tests/vectors/" + name + " cannot be read");
  return std::move(parsed).value();
}

// Bytes that are written as hexadecimal digits.
inline std::string unhex(std::string_view digits) {
  std::string bytes;
  for (size_t at = 0; at + 1 < digits.size(); at += 2) {
    const auto byte = parse_number<unsigned char>(digits.substr(at, 2), 16);
    if (!byte) throw std::runtime_error("no hexadecimal digits");
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

}  // namespace nvbox::test
