#include "plan/capabilities.h"

#include <string>
#include <vector>

#include "base/text.h"

namespace nvbox::plan {
namespace {

using driver::Capabilities;

std::vector<std::string_view> list_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (const std::string_view piece : split(text, ',')) {
    if (const std::string_view word = trim(piece); !word.empty()) out.push_back(word);
  }
  return out;
}

Result<Capabilities> supported_set(std::string_view supported) {
  Capabilities set = Capabilities::none;
  for (const std::string_view word : list_of(supported)) {
    const auto known = word == "all" ? Capabilities::all : capability(word);
    if (!known) {
      return Error(cat("supported-driver-capabilities: ", quote(word), " is not a capability"))
          .hint("known are all, compat32, compute, display, graphics, ngx, utility and video");
    }
    set = set | *known;
  }
  return set;
}

}  // namespace

std::optional<Capabilities> capability(std::string_view word) {
  for (const driver::CapabilityName& row : driver::capability_names) {
    if (row.word == word) return row.capability;
  }
  return std::nullopt;
}

Result<Capabilities> driver_capabilities(std::optional<std::string_view> variable,
                                         std::string_view supported, bool legacy_image) {
  const Capabilities allowed = NVBOX_TRY(supported_set(supported));
  if (!variable && legacy_image) return allowed;
  const std::vector<std::string_view> wanted = list_of(variable.value_or(""));
  if (wanted.empty()) return (Capabilities::utility | Capabilities::compute) & allowed;
  Capabilities set = Capabilities::none;
  std::string refused;
  bool everything = false;
  for (const std::string_view word : wanted) {
    everything = everything || word == "all";
    const Capabilities one = capability(word).value_or(Capabilities::none) & allowed;
    if (one == Capabilities::none && word != "all")
      refused += cat(refused.empty() ? "" : ",", word);
    set = set | one;
  }
  if (everything) return allowed;
  if (refused.empty()) return set;
  return Error(cat("unsupported capabilities found in '", *variable, "' (allowed '", supported,
                   "'): ", refused))
      .hint("correct NVIDIA_DRIVER_CAPABILITIES, or supported-driver-capabilities in config.toml");
}

}  // namespace nvbox::plan
