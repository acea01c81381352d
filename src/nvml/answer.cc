#include "nvml/answer.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/text.h"
#include "data/json.h"

namespace nvbox::nvml {
namespace {

using data::JsonPlace;

// nvmlBrandType_t, in NVIDIA's words.
constexpr std::string_view brands[] = {
    "Unknown",   "Quadro",    "Tesla",  "NVS",        "GRID",    "GeForce",
    "TITAN",     "VApps",     "VPC",    "VCS",        "VWS",     "CloudGaming",
    "QuadroRTX", "NvidiaRTX", "Nvidia", "GeForceRTX", "TitanRTX"};

constexpr unsigned addressing_mode_ats = 2;  // nvmlDeviceAddressingModeType_t

// How the helper begins what it says about a GPU.
constexpr std::string_view gpu_begin = "{\"busId\":\"";

// Numbers of GPUs, instances and versions are far below.
constexpr unsigned highest_number = 1'000'000;

struct Fix {
  unsigned code;  // nvmlReturn_t
  std::string_view advice;
};

constexpr Fix fixes[] = {
    {4, "NVML may not open the driver's device nodes: look at their owner and mode"},
    {9, "load the kernel module, and look at dmesg if it is loaded"},
    {15, "the GPU fell off the bus: see dmesg (NVRM: Xid), and reset it or reboot"},
    {18, "reboot, or reload the modules (rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia)"},
};

Error wrong(const JsonPlace& place, std::string_view name, std::string_view reason) {
  return Error(cat(place.path(), place.path().empty() ? "" : ".", name, ": ", reason));
}

Result<std::optional<unsigned>> number(const JsonPlace& place, std::string_view name) {
  const auto value = NVBOX_TRY(place.integer(name));
  if (!value) return std::nullopt;
  if (*value < 0 || *value > highest_number) {
    return wrong(place, name, cat(*value, " is out of range"));
  }
  return static_cast<unsigned>(*value);
}

Result<unsigned> needed_number(const JsonPlace& place, std::string_view name) {
  const auto value = NVBOX_TRY(number(place, name));
  if (!value) return wrong(place, name, "it is missing");
  return *value;
}

// UUIDs and bus ids get into paths, names of devices and messages.
Result<std::string> word(const JsonPlace& place, std::string_view name) {
  constexpr std::string_view allowed =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-/:.";
  const std::string text = NVBOX_TRY(place.string(name)).value_or("");
  if (text.find_first_not_of(allowed) == std::string::npos) return text;
  return wrong(place, name, cat("unexpected text ", printable(text)));
}

Result<std::string> failure(const JsonPlace& place) {
  const auto object = NVBOX_TRY(place.member("failure"));
  if (!object) return std::string();
  const std::string text = printable(NVBOX_TRY(object->string("text")).value_or(""));
  const unsigned code = NVBOX_TRY(number(*object, "code")).value_or(0);
  if (code == 0) return cat("load library failed: ", text);
  const auto* const fix = std::ranges::find(fixes, code, &Fix::code);
  const std::string call = printable(NVBOX_TRY(object->string("call")).value_or(""));
  return cat("nvml error: ", lower(text), " (", call, ")", fix == std::end(fixes) ? "" : "; ",
             fix == std::end(fixes) ? "" : fix->advice);
}

// "NVIDIA RTX PRO 6000 Blackwell Server Edition MIG 1g.24gb+gfx": the attributes of a profile
// stand behind a plus.
bool names_graphics(std::string_view name) {
  const size_t plus = name.rfind('+');
  if (plus == std::string_view::npos) return false;
  const std::vector<std::string_view> attributes = split(name.substr(plus + 1), ',');
  return std::ranges::find(attributes, "gfx") != attributes.end();
}

Result<ToldMig> read_mig(const JsonPlace& place) {
  ToldMig mig;
  mig.index = NVBOX_TRY(needed_number(place, "index"));
  mig.gpu_instance = NVBOX_TRY(needed_number(place, "gpuInstance"));
  mig.compute_instance = NVBOX_TRY(needed_number(place, "computeInstance"));
  mig.uuid = NVBOX_TRY(word(place, "uuid"));
  mig.has_graphics = names_graphics(NVBOX_TRY(place.string("name")).value_or(""));
  return mig;
}

Result<std::optional<std::vector<ToldMig>>> read_migs(const JsonPlace& gpu) {
  const auto list = NVBOX_TRY(gpu.member("mig"));
  if (!list) return std::nullopt;
  std::vector<ToldMig> migs;
  for (const JsonPlace& place : NVBOX_TRY(list->elements())) {
    migs.push_back(NVBOX_TRY(read_mig(place)));
  }
  return std::optional(std::move(migs));
}

Result<std::string> read_architecture(const JsonPlace& gpu) {
  constexpr std::string_view name = "computeCapability";
  const std::vector<JsonPlace> parts = NVBOX_TRY(gpu.elements(name));
  if (parts.empty()) return std::string();
  if (parts.size() != 2) return wrong(gpu, name, "expected two numbers");
  const std::int64_t major = NVBOX_TRY(parts[0].integer());
  const std::int64_t minor = NVBOX_TRY(parts[1].integer());
  const auto is_possible = [](std::int64_t part) { return part >= 0 && part <= highest_number; };
  if (!is_possible(major) || !is_possible(minor)) return wrong(gpu, name, "it is out of range");
  return cat(major, ".", minor);
}

Result<ToldGpu> read_gpu(const JsonPlace& place) {
  ToldGpu gpu;
  gpu.bus_id = NVBOX_TRY(word(place, "busId"));
  gpu.uuid = NVBOX_TRY(word(place, "uuid"));
  gpu.architecture = NVBOX_TRY(read_architecture(place));
  gpu.mig = NVBOX_TRY(read_migs(place));
  gpu.failure = NVBOX_TRY(failure(place));
  const auto brand = NVBOX_TRY(number(place, "brand"));
  if (brand) gpu.brand = brands[*brand < std::size(brands) ? *brand : 0];
  const auto mode = NVBOX_TRY(number(place, "addressingMode"));
  if (mode) gpu.coherent = *mode == addressing_mode_ats;
  return gpu;
}

// 12040 -> "12.4" (cuDriverGetVersion).
std::string cuda_version(unsigned number) {
  return cat(number / 1000, ".", number % 1000 / 10);
}

}  // namespace

Result<Answer> read_answer(const data::Json& document) {
  const JsonPlace root(document);
  Answer answer = {.failure = NVBOX_TRY(failure(root))};
  const auto cuda = NVBOX_TRY(number(root, "cudaVersion"));
  if (cuda) answer.cuda_version = cuda_version(*cuda);
  for (const JsonPlace& place : NVBOX_TRY(root.elements("gpus"))) {
    answer.gpus.push_back(NVBOX_TRY(read_gpu(place)));
  }
  return answer;
}

std::string_view gpu_being_asked(std::string_view text) {
  const size_t begin = text.rfind(gpu_begin);
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = text.substr(begin + gpu_begin.size());
  return rest.substr(0, std::min(rest.find('"'), rest.size()));
}

std::string told_before(std::string_view text) {
  const size_t begin = text.rfind(gpu_begin);
  if (begin == std::string_view::npos) return "";
  std::string_view told = text.substr(0, begin);
  if (told.ends_with(',')) told.remove_suffix(1);
  return cat(told, "]}");
}

}  // namespace nvbox::nvml
