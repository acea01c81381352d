// Tests of what depends on the machine that nvbox is built for are written for x86-64.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nvbox::test {

#if defined(__aarch64__)
inline constexpr std::string_view own_kind = "aarch64";
// Debian's names of directories (its wiki, Multiarch/Tuples), and uname -m.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 2> own_names = {
    {{"x86_64", "aarch64"}, {"i386-linux-gnu", "arm-linux-gnueabihf"}}};
#else
inline constexpr std::string_view own_kind = "x86_64";
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 0> own_names = {};
#endif

// `text` with this machine's names in the place of those of x86-64.
inline std::string own(std::string_view text) {
  std::string out(text);
  for (const auto& [name, own_name] : own_names) {
    for (size_t at = 0; (at = out.find(name, at)) != std::string::npos; at += own_name.size()) {
      out.replace(at, name.size(), own_name);
    }
  }
  return out;
}

inline std::vector<std::string> own(std::vector<std::string> texts) {
  for (std::string& text : texts) text = own(text);
  return texts;
}

}  // namespace nvbox::test
