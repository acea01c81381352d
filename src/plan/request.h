// What a container asks for: the answer to "which GPUs, by whose word, and with which files".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "driver/inventory.h"
#include "plan/mig_rights.h"
#include "spec/oci.h"

namespace nvbox::plan {

enum class Ask {
  nothing,      // not a GPU container
  driver_only,  // "none": driver files, no GPU
  all,
  listed,
};

// How a list of devices is read, and its errors worded (plan/select.h).
enum class Grammar {
  variable,      // NVIDIA_VISIBLE_DEVICES, mounts and CDI names
  command_line,  // nvidia-container-cli --device, whose words its callers know
};

struct Request {
  Ask ask = Ask::nothing;
  // For Ask::listed: what stands in the list, trimmed, without empty or repeated entries. For
  // Ask::all what a command line names besides.
  std::vector<std::string> devices{};
  // A name that this host does not have is left out with a note, as long as it has another one.
  bool leave_out_unknown = false;
  // The list came from annotations, which name CDI devices only.
  bool from_annotations = false;
  driver::Capabilities capabilities = driver::Capabilities::none;
  std::vector<std::string> imex_channels{};
  // Counted when the variable says "enabled" and devices are asked for.
  driver::Features features = driver::Features::none;
  // What the image demands of the host, for check_requirements.
  std::vector<std::string> requirements{};
  MigRights mig{};
  // The image asks for what every CSV file of a Tegra names, not only the base ones.
  bool all_csv_files = false;
  Grammar grammar = Grammar::variable;
  // What was ignored, and why; for the log.
  std::vector<std::string> warnings{};

  bool operator==(const Request&) const = default;
};

// Whether annotations may name devices: only where CDI specifications are consulted.
enum class Annotations { ignore, honour };

// Sources in this order: annotations (when honoured and they name a device), volume mounts (when
// config accepts them and they name a device), environment (when config accepts it or the container
// is privileged). Errors: an empty name among CDI names, unsupported driver capabilities, and
// rights over MIG for a container that is not privileged.
Result<Request> request_of(const spec::ContainerView& container, const config::Config& config,
                           Annotations annotations);

// Of --device=0,GPU-5f2...: empty items are none, and "all" ends the list; what stands in front of
// it has to exist, too.
Request request_of_list(std::string_view list);

// A warning for each variable whose name is nearly one that nvbox reads. Images have many variables
// that merely begin with NVIDIA_; those are not meant.
std::vector<std::string> misspelt_variables(const spec::ContainerView& container,
                                            const config::Config& config);

// NVIDIA_DRIVER_CAPABILITIES: which kinds of driver files a container gets.

// One word of the list ("compute"); nullopt when it is not one.
std::optional<driver::Capabilities> capability(std::string_view word);

// The variable's value against what config.toml supports (both comma separated).
//   unset or empty       utility,compute, as far as supported; everything for a legacy CUDA image
//   contains "all"       everything supported
//   a list               the list; an error that names each word that is unknown or not supported
// `variable` is nullopt when it is not set.
Result<driver::Capabilities> driver_capabilities(std::optional<std::string_view> variable,
                                                 std::string_view supported, bool legacy_image);

}  // namespace nvbox::plan
