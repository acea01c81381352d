// What the fuzzers have in common. A target is one file with LLVMFuzzerTestOneInput: it hands the
// bytes to the code that reads them in a container's start, and requires what has to be true of the
// result whatever the bytes are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace nvbox::fuzz {

// Ends the program, which libFuzzer and the replay take for a finding. assert() would be nothing
// in a Release build, which replays the corpus.
inline void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "not true: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return size == 0 ? std::string_view()
                   : std::string_view(reinterpret_cast<const char*>(data), size);
}

// Several texts in one input, with lines "%%" between them.
class Parts {
 public:
  explicit Parts(std::string_view input) : rest_(input) {}

  // The next one; empty behind the last.
  std::string_view next() {
    constexpr std::string_view separator = "\n%%\n";
    const std::size_t at = rest_.find(separator);
    const std::string_view part = rest_.substr(0, at);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + separator.size());
    return part;
  }

 private:
  std::string_view rest_;
};

// The lines of a part, and no more of them than a test of one thing needs.
inline std::vector<std::string> lines_of(std::string_view text, std::size_t most) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < most) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace nvbox::fuzz
