#include "sys/capabilities.h"

#include <sys/capability.h>
#include <sys/prctl.h>
#include <algorithm>
#include <cctype>
#include <cerrno>

#include <memory>
#include <vector>

#include "base/text.h"

namespace nvbox::sys {
namespace {

constexpr int most_capabilities = 64;

struct FreeState {
  void operator()(cap_t state) const { cap_free(state); }
};
using State = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeState>;

Result<State> read_state() {
  State state(cap_get_proc());
  if (!state) return Error("read the capabilities of this process", errno);
  return state;
}

Result<> write_state(const State& state) {
  if (cap_set_proc(state.get()) != 0) return Error("change capabilities", errno);
  return {};
}

CapSet flags_of(const State& state, cap_flag_t which) {
  std::uint64_t bits = 0;
  for (int capability = 0; capability < most_capabilities; ++capability) {
    cap_flag_value_t value = CAP_CLEAR;
    // Fails for numbers that this libcap does not know.
    if (cap_get_flag(state.get(), capability, which, &value) == 0 && value == CAP_SET) {
      bits |= std::uint64_t{1} << capability;
    }
  }
  return CapSet::from_bits(bits);
}

Result<> set_flags(const State& state, cap_flag_t which, CapSet capabilities) {
  if (cap_clear_flag(state.get(), which) != 0) return Error("change capabilities", errno);
  for (int capability = 0; capability < most_capabilities; ++capability) {
    const cap_value_t value = capability;
    if (!capabilities.has(capability)) continue;
    if (cap_set_flag(state.get(), which, 1, &value, CAP_SET) != 0) {
      return Error("change capabilities", errno);
    }
  }
  return {};
}

// What programs that this process becomes could get again. Needs CAP_SETPCAP, which is effective
// until the caller writes another state; without it, a process of root keeps the set.
Result<> shrink_bounding_set(const State& state, CapSet kept) {
  NVBOX_TRY(set_flags(state, CAP_EFFECTIVE, {CAP_SETPCAP}));
  NVBOX_TRY(write_state(state));
  // Fails behind the last one that the kernel knows.
  for (int capability = 0; cap_get_bound(capability) >= 0; ++capability) {
    const bool is_to_go = cap_get_bound(capability) == 1 && !kept.has(capability);
    if (is_to_go && cap_drop_bound(capability) != 0) {
      return Error("shrink the bounding set of capabilities", errno);
    }
  }
  return {};
}

std::string name_of(int capability) {
  char* const text = cap_to_name(capability);
  if (text == nullptr) return cat("capability ", capability);
  std::string name = text;
  cap_free(text);
  std::ranges::transform(name, name.begin(), [](unsigned char letter) {
    return static_cast<char>(std::toupper(letter));
  });
  return name;
}

}  // namespace

std::string to_string(CapSet capabilities) {
  std::vector<std::string> names;
  for (int capability = 0; capability < most_capabilities; ++capability) {
    if (capabilities.has(capability)) names.push_back(name_of(capability));
  }
  return join(names, ", ");
}

Result<CapSet> permitted_capabilities() {
  const State state = NVBOX_TRY(read_state());
  return flags_of(state, CAP_PERMITTED);
}

Result<CapSet> effective_capabilities() {
  const State state = NVBOX_TRY(read_state());
  return flags_of(state, CAP_EFFECTIVE);
}

Result<> set_effective(CapSet capabilities) {
  const State state = NVBOX_TRY(read_state());
  NVBOX_TRY(set_flags(state, CAP_EFFECTIVE, capabilities));
  return write_state(state);
}

Result<> keep_only(CapSet kept) {
  // Before Linux 4.3 there are none.
  (void)cap_reset_ambient();
  const State state = NVBOX_TRY(read_state());
  const CapSet permitted = flags_of(state, CAP_PERMITTED);
  if (permitted.has(CAP_SETPCAP)) NVBOX_TRY(shrink_bounding_set(state, kept));
  NVBOX_TRY(set_flags(state, CAP_PERMITTED, permitted & kept));
  NVBOX_TRY(set_flags(state, CAP_EFFECTIVE, {}));
  NVBOX_TRY(set_flags(state, CAP_INHERITABLE, {}));
  return write_state(state);
}

Result<> give_up(CapSet capabilities) {
  const State state = NVBOX_TRY(read_state());
  for (const cap_flag_t flag : {CAP_EFFECTIVE, CAP_INHERITABLE, CAP_PERMITTED}) {
    NVBOX_TRY(set_flags(state, flag, flags_of(state, flag).without(capabilities)));
  }
  return write_state(state);
}

Result<> forbid_new_privileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Error("forbid new privileges", errno);
  return {};
}

Result<Raised> Raised::raise(CapSet needed) {
  const State state = NVBOX_TRY(read_state());
  const CapSet missing = needed.without(flags_of(state, CAP_PERMITTED));
  if (!missing.is_empty()) return Error(cat("missing ", to_string(missing)), EPERM);
  const CapSet former = flags_of(state, CAP_EFFECTIVE);
  NVBOX_TRY(set_flags(state, CAP_EFFECTIVE, former | needed));
  NVBOX_TRY(write_state(state));
  return Raised(former);
}

Result<Raised> Raised::raise_given(CapSet wanted) {
  return raise(wanted & NVBOX_TRY(permitted_capabilities()));
}

Raised::~Raised() {
  if (is_active_) (void)set_effective(former_);
}

}  // namespace nvbox::sys
