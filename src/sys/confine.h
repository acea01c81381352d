// Confining a child between fork and exec.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "sys/confinement.h"
#include "sys/fd.h"

namespace nvbox::sys {

// Everything that can fail or allocate is made in the parent.
class Confiner {
 public:
  // `root` is the program's root directory. `confinement` has to outlive this.
  static Result<Confiner> prepare(const Confinement& confinement, const std::string& root);

  // In the child, in its root. False with an errno when it cannot be confined; ends the child when
  // `parent` is gone. Safe in a signal handler.
  bool confine(pid_t parent) const;

 private:
  Confiner(const Confinement& confinement, std::optional<Fd> rules)
      : confinement_(&confinement), rules_(std::move(rules)) {}

  void become_nobody() const;
  bool can_nobody_do() const;

  const Confinement* confinement_;
  std::optional<Fd> rules_;  // of Landlock
};

}  // namespace nvbox::sys
