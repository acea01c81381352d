// FNV-1a with 64 bits: where nothing is secret, and equal contents need equal numbers on every
// machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace nvbox {

class Fnv1a {
 public:
  void add(std::string_view bytes) {
    constexpr std::uint64_t prime = 0x100000001b3;
    for (const char byte : bytes) state_ = (state_ ^ static_cast<unsigned char>(byte)) * prime;
  }

  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace nvbox
