// The createContainer hooks of a CDI specification: each does one thing, and what it is to do is on
// its command line, which engines and other tools read (NVIDIA's hooks and words).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/cdi_spec_for.h"
#include "spec/container_work.h"
#include "spec/edits.h"

namespace nvbox::plan {

class CdiHookMaker {
 public:
  // `choice` has to live as long.
  explicit CdiHookMaker(const CdiHooks& choice) : choice_(choice) {}

  // Each adds its hook to `edits` when it is chosen and has something to do.
  void add_links(const std::vector<spec::Link>& links, spec::ContainerEdits& edits) const;
  void add_chmod(std::span<const std::string_view> directories, spec::ContainerEdits& edits) const;
  void add_cuda_compat(std::string_view driver_version, spec::ContainerEdits& edits) const;
  void add_ld_cache(const std::vector<std::string>& folders, spec::ContainerEdits& edits) const;
  void add_mask_params(spec::ContainerEdits& edits) const;
  void add_application_profile(spec::ContainerEdits& edits) const;

 private:
  bool is_chosen(std::string_view name) const;
  void add(std::string_view name, std::vector<std::string> arguments,
           spec::ContainerEdits& edits) const;

  const CdiHooks& choice_;
};

}  // namespace nvbox::plan
