// What could not be looked at or cannot be given, as values. Their texts are for people; nothing is
// decided by looking into one.
#pragma once

#include <string>

#include "driver/capabilities.h"

namespace nvbox::driver {

struct Problem {
  // What it is about, as far as somebody decides by it.
  enum class Kind {
    other,
    gpu,
    mig_device,    // an instance, or the nodes that stand for it
    imex_channel,  // a channel, or its node
  };

  std::string text;  // cause, and the fix where there is one, on one line
  Kind kind = Kind::other;

  bool operator==(const Problem&) const = default;
};

// A part without which a capability is nothing: it is on this host, and could not be looked at.
struct CoreFailure {
  std::string name;      // "libcuda.so.535.261.03", "/dev/nvidia-uvm"
  Capabilities core_of;  // all: no container with a GPU can be without it
  std::string cause;     // "open /usr/lib64/libcuda.so.535.261.03: Input/output error"
  int code = 0;          // the errno of it; 0 where there is none

  bool operator==(const CoreFailure&) const = default;
};

}  // namespace nvbox::driver
