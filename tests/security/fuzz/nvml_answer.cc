// What the NVML helper, which is under the driver's library, says on its standard output.
#include "nvml/answer.h"

#include <nlohmann/json.hpp>

#include "security/fuzz/fuzz.h"

namespace nvbox {
namespace {

// Both get into paths and names of devices.
void require_word(std::string_view text) {
  for (const char character : text) {
    const bool is_alphanumeric = (character >= '0' && character <= '9') ||
                                 (character >= 'a' && character <= 'z') ||
                                 (character >= 'A' && character <= 'Z');
    fuzz::require(is_alphanumeric || std::string_view("-/:.").find(character) != std::string::npos,
                  "a name has only characters of names");
  }
}

// Messages are one line in a log.
void require_line(std::string_view text) {
  for (const char character : text) {
    fuzz::require(static_cast<unsigned char>(character) >= 0x20, "a message is one line");
  }
}

void read(std::string_view text) {
  const auto document = data::parse_json(text, nvml::answer_limits);
  if (!document) return;
  const auto answer = nvml::read_answer(*document);
  if (!answer) return;
  require_line(answer->failure);
  for (const nvml::ToldGpu& gpu : answer->gpus) {
    require_word(gpu.bus_id);
    require_word(gpu.uuid);
    require_line(gpu.failure);
    if (!gpu.mig) continue;
    for (const nvml::ToldMig& mig : *gpu.mig) require_word(mig.uuid);
  }
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  const std::string_view text = fuzz::text_of(data, size);
  read(text);
  read(nvml::told_before(text));
  const std::string_view asked = nvml::gpu_being_asked(text);
  fuzz::require(text.find(asked) != std::string_view::npos, "the bus id is from the text");
  return 0;
}
