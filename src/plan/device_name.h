// The names by which devices are asked for, taken apart but not looked up.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nvbox::plan {

struct DeviceName {
  enum class Kind {
    index,      // 3, or a range 2-5
    gpu_uuid,   // GPU-5f2..., whole or its beginning; of an Orin the whole without "GPU-"
    address,    // 0000:3b:00.0, 3b:00.0
    mig_index,  // 0:1
    mig_uuid,   // MIG-5f2..., whole or its beginning
    mig_path,   // MIG-GPU-5f2.../7/0
    unknown,
  };

  Kind kind = Kind::unknown;
  unsigned first = 0;  // of a range; an index, and the GPU's in 0:1
  unsigned last = 0;   // of a range; the MIG device's number in 0:1
  std::string uuid{};  // lower case; the GPU's in a path
  unsigned gpu_instance = 0;
  unsigned compute_instance = 0;

  bool operator==(const DeviceName&) const = default;
};

// A number as strtoumax and scanf take it, with which NVIDIA's command line reads names: blanks
// and a plus sign may stand before it. Their minus signs, which turn big numbers into small ones,
// are not taken.
std::optional<unsigned> parse_spaced_number(std::string_view text, int base = 10);

// Case does not matter.
DeviceName parse_device_name(std::string_view name);

}  // namespace nvbox::plan
