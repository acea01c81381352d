// What this process may do as root, phase by phase: outside of a phase nothing is effective, so
// that a mistake there is an error and not a hole. Capabilities that the caller did not give are
// not missed until a phase needs them; then the error names them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "base/result.h"

namespace nvbox::sys {

// A set of capabilities, by their numbers in <linux/capability.h>.
class CapSet {
 public:
  constexpr CapSet() = default;
  constexpr CapSet(std::initializer_list<int> capabilities) {
    for (const int capability : capabilities) bits_ |= std::uint64_t{1} << capability;
  }
  static constexpr CapSet from_bits(std::uint64_t bits) {
    CapSet out;
    out.bits_ = bits;
    return out;
  }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool is_empty() const { return bits_ == 0; }
  constexpr bool has(int capability) const { return (bits_ >> capability & 1) != 0; }
  constexpr CapSet operator|(CapSet other) const { return from_bits(bits_ | other.bits_); }
  constexpr CapSet operator&(CapSet other) const { return from_bits(bits_ & other.bits_); }
  constexpr CapSet without(CapSet other) const { return from_bits(bits_ & ~other.bits_); }
  constexpr bool operator==(const CapSet&) const = default;

 private:
  std::uint64_t bits_ = 0;
};

// "CAP_SYS_ADMIN, CAP_MKNOD", in the order of their numbers.
std::string to_string(CapSet capabilities);

Result<CapSet> permitted_capabilities();
Result<CapSet> effective_capabilities();

// Exactly these are effective from now on; an error (EPERM) when one of them is not permitted.
Result<> set_effective(CapSet capabilities);

// Gives up for good what is not in `kept`: nothing else stays permitted or in the bounding set, and
// nothing effective, inheritable or ambient. What is in `kept` but not permitted is not missed.
Result<> keep_only(CapSet kept);

// Gives up for good what is in `capabilities`, and nothing else.
Result<> give_up(CapSet capabilities);

// For good: no program that this process or its children start gains anything by it.
Result<> forbid_new_privileges();

// Makes capabilities effective until the scope ends; then what was effective before is again.
class Raised {
 public:
  // All of `needed` or an error (EPERM) that names those that this process was not given.
  static Result<Raised> raise(CapSet needed);
  // Those of `wanted` that this process was given, for callers that may give fewer than a phase can
  // need.
  static Result<Raised> raise_given(CapSet wanted);
  Raised(Raised&& other) noexcept
      : former_(other.former_), is_active_(std::exchange(other.is_active_, false)) {}
  Raised& operator=(Raised&&) = delete;
  ~Raised();

 private:
  explicit Raised(CapSet former) : former_(former) {}

  CapSet former_;
  bool is_active_ = true;
};

}  // namespace nvbox::sys
