// The conditions that CUDA images put on the host (NVIDIA_REQUIRE_CUDA, --require):
//     value     := and-group (" "+ and-group)*    groups are alternatives
//     and-group := rule ("," rule)*               all rules of a group must hold
//     rule      := NAME OP TEXT                   OP is one of = != < <= > >=
// NAME is cuda, driver, arch or brand. "cuda>=12.4 brand=tesla,driver>=470,driver<471" holds on
// hosts with CUDA 12.4, and on those with a Tesla and a driver of branch 470.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "nvbox/base/result.h"

namespace nvbox::plan {

// What the conditions are about. A value that is not known satisfies every rule that asks for it.
struct Facts {
  std::string driver{};        // "535.261.03"
  std::string cuda{};          // "12.2"
  std::string architecture{};  // of one device: "7.5"
  std::string brand{};         // of one device: "Nvidia"

  bool operator==(const Facts&) const = default;
};

// Every requirement must hold for every one of `facts`: one for each device that is asked for, or
// one without a device. Errors are "invalid expression", and "unsatisfied condition: ..." with the
// first alternative, which is how the peer names the whole, and in the hint what the host has.
Result<> check_requirements(std::span<const std::string> requirements,
                            std::span<const Facts> facts);

}  // namespace nvbox::plan
