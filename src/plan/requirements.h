// The conditions that CUDA images put on the host (NVIDIA_REQUIRE_CUDA, --require):
//     value     := and-group (" "+ and-group)*    groups are alternatives
//     and-group := rule ("," rule)*               all rules of a group must hold
//     rule      := NAME OP TEXT                   OP is one of = != < <= > >=
// NAME is cuda, driver, arch or brand. "cuda>=12.4 brand=tesla,driver>=470,driver<471" holds on
// hosts with CUDA 12.4, and on those with a Tesla and a driver of branch 470.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "driver/inventory.h"
#include "plan/select.h"
#include "spec/oci.h"

namespace nvbox::plan {

// What the conditions are about. An empty value is not known.
struct RequirementFacts {
  std::string driver{};        // "535.261.03"
  std::string cuda{};          // "12.2"
  std::string architecture{};  // of one device: "7.5"
  std::string brand{};         // of one device: "Nvidia"
  // Without a device, every rule about one holds.
  bool has_device = false;
  std::string why_unknown{};  // for messages

  bool operator==(const RequirementFacts&) const = default;
};

// As far as the inventory, which was discovered with Need::facts, has them.
RequirementFacts facts_about(const driver::Inventory& inventory);
RequirementFacts facts_about(const driver::Inventory& inventory, const driver::Gpu& gpu);

// Of every GPU that is selected, whole or in part, or of the driver alone.
std::vector<RequirementFacts> facts_about(const driver::Inventory& inventory,
                                          const Selection& selection);

// Whether what is not known decides. A condition that holds, or does not, whatever the unknown
// values are is decided; so is one that is no expression.
bool are_undecided(std::span<const std::string> requirements, const RequirementFacts& facts);

// Whether a rule is about devices rather than the driver.
bool are_about_devices(std::span<const std::string> requirements);

// Every requirement must hold for every one of `facts`. Errors are "invalid expression",
// "unsatisfied condition: ..." with the first alternative, which is how NVIDIA's toolkit names the
// whole, and in the hint what the host has, and "undecided condition: ..." where a value that
// decides is not known.
Result<> check_requirements(std::span<const std::string> requirements,
                            std::span<const RequirementFacts> facts);

// Whether NVML was asked about what is not known.
enum class Nvml { unasked, asked };

// The same for the driver and every selected GPU. Before NVML is asked, what it may decide is not
// refused. Errors begin with "requirement error".
Result<> check_requirements(std::span<const std::string> requirements,
                            const driver::Inventory& inventory, const Selection& selection,
                            Nvml nvml = Nvml::asked);

// What stands against a request for this selection beside nodes that are missing: rights over MIG
// that it may not have (plan/mig_rights.h), and requirements.
Result<> check_conditions(const Request& request, const driver::Inventory& inventory,
                          const Selection& selection, Nvml nvml);

// What an image demands of the host, by variables.

// Images of before NVIDIA_REQUIRE_CUDA carry only CUDA_VERSION; for them "unset" means everything.
bool is_legacy_image(const spec::ContainerView& container);

// The value of NVIDIA_REQUIRE_JETPACK, and of --require, that asks for every CSV file of a Tegra.
inline constexpr std::string_view all_csv_files_word = "csv-mounts=all";

// The values of NVIDIA_REQUIRE_* by the variables' names, for check_requirements; those of Jetson
// images (NVIDIA_REQUIRE_JETPACK*) are about another kind of host. A legacy image requires its
// CUDA_VERSION; one that is no version is a warning, because images start with it that have never
// been held against the host. Nothing where NVIDIA_DISABLE_REQUIRE or disable-require says so.
std::vector<std::string> requirements_of(const spec::ContainerView& container,
                                         const config::Config& config,
                                         std::vector<std::string>& warnings);

}  // namespace nvbox::plan
