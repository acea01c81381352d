// What an image demands of the host, by variables.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "spec/oci.h"

namespace nvbox::plan {

// Images of before NVIDIA_REQUIRE_CUDA carry only CUDA_VERSION; for them "unset" means everything.
bool is_legacy_image(const spec::ContainerView& container);

// The values of NVIDIA_REQUIRE_* by the variables' names, for check_requirements; those of Jetson
// images (NVIDIA_REQUIRE_JETPACK*) are about another kind of host. A legacy image requires its
// CUDA_VERSION; one that is no version is a warning, because images start with it that have never
// been held against the host. Nothing where NVIDIA_DISABLE_REQUIRE or disable-require says so.
std::vector<std::string> requirements_of(const spec::ContainerView& container,
                                         const config::Config& config,
                                         std::vector<std::string>& warnings);

}  // namespace nvbox::plan
