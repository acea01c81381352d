// Programs that are attached to a container's cgroup, as the kernel shows them: 8 bytes for each
// instruction. The rules come before them, and nothing else about them may change.
#include "sys/device_program.h"

#include <cstring>
#include <stdexcept>

#include "security/fuzz/fuzz.h"
#include "support/bpf_interpreter.h"

namespace nvbox {
namespace {

using test::DeviceUse;

sys::Instructions instructions_of(std::string_view bytes) {
  sys::Instructions out(bytes.size() / sizeof(bpf_insn));
  if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size() * sizeof(bpf_insn));
  return out;
}

// nullopt when the kernel would not have loaded the program.
std::optional<bool> decision(const sys::Instructions& program, const DeviceUse& use) {
  try {
    return test::BpfInterpreter::allows(program, use);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

constexpr DeviceUse uses[] = {{BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 195, 0},
                              {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 195, 1},
                              {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_MKNOD, 195, 0},
                              {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_WRITE, 195, 0},
                              {BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_WRITE, 1, 3},
                              {BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_READ, 8, 0}};

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  const sys::Instructions shown = instructions_of(fuzz::text_of(data, size));
  const sys::DeviceRule rule{.major = 195, .minor = 0};
  const sys::Instructions combined = sys::with_rules_first(std::span(&rule, 1), shown);
  const auto reloaded = sys::reloadable(shown);
  for (const DeviceUse& use : uses) {
    const auto before = decision(shown, use);
    if (!before) continue;
    const bool is_ruled = use.type == BPF_DEVCG_DEV_CHAR && use.major == 195 && use.minor == 0 &&
                          (use.access & BPF_DEVCG_ACC_MKNOD) == 0;
    fuzz::require(decision(combined, use) == (is_ruled || *before),
                  "a rule allows its device, and all others are decided as before");
    if (reloaded) {
      fuzz::require(decision(*reloaded, use) == before,
                    "a program that is loaded anew is the same");
    }
  }
  return 0;
}
