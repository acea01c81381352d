// What the program src/nvml/helper says, as values:
//
//     {"cudaVersion": 12040, "gpus": [
//       {"busId": "0000:86:00.0", "uuid": "GPU-...", "brand": 14, "computeCapability": [8, 0],
//        "addressingMode": 0,
//        "mig": [{"index": 0, "gpuInstance": 9, "computeInstance": 0, "uuid": "MIG-...",
//                 "name": "NVIDIA A100 80GB PCIe MIG 1g.10gb"}]}]}
//
// A member is missing where the driver, its library or the GPU does not have it; a call that failed
// is a "failure" of its GPU, or of the whole: {"call": "...", "text": "...", "code": 15}. Whatever
// loads a driver's library may say anything, so nothing of it is taken on trust.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"

namespace nvbox::nvml {

struct ToldMig {
  unsigned index = 0;
  unsigned gpu_instance = 0;
  unsigned compute_instance = 0;
  std::string uuid{};
  bool has_graphics = false;

  bool operator==(const ToldMig&) const = default;
};

struct ToldGpu {
  std::string bus_id{};
  std::string uuid{};
  std::string brand{};         // in the words of nvidia-container-cli
  std::string architecture{};  // "8.0"
  std::optional<bool> coherent{};
  // nullopt when MIG is off or unknown to the library.
  std::optional<std::vector<ToldMig>> mig{};
  std::string failure{};  // cause and fix

  bool operator==(const ToldGpu&) const = default;
};

struct Answer {
  std::string cuda_version{};  // "12.4"
  std::vector<ToldGpu> gpus{};
  std::string failure{};  // of the whole, without GPUs then, or of the CUDA version

  bool operator==(const Answer&) const = default;
};

inline constexpr data::JsonLimits answer_limits = {.bytes = size_t{1} << 20, .depth = 8};

// The document as a value. An error, which names the place, where it has not that form.
Result<Answer> read_answer(const data::Json& document);

// The bus id of the GPU that the helper had begun to ask when it wrote the last of `text`; empty
// when there is none.
std::string_view gpu_being_asked(std::string_view text);

// What the helper had told before that, as a whole document; empty when there is none.
std::string told_before(std::string_view text);

}  // namespace nvbox::nvml
