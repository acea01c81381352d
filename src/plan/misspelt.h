// Variables that were meant to ask for GPUs and, for a typing mistake, do not.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "spec/oci.h"

namespace nvbox::plan {

// A warning for each variable whose name is nearly one that nvbox reads. Images have many variables
// that merely begin with NVIDIA_; those are not meant.
std::vector<std::string> misspelt_variables(const spec::ContainerView& container,
                                            const config::Config& config);

}  // namespace nvbox::plan
