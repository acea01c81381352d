#include "hook/application_profile.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/path.h"
#include "base/text.h"
#include "host/root_write.h"

namespace nvbox::hook {
namespace {

constexpr std::string_view profile_directory = "/etc/nvidia/nvidia-application-profiles-rc.d";
constexpr std::string_view profile_name = "10-container.conf";
// The driver reads the setting as 64 bits, one for each minor number.
constexpr unsigned most_minors = 64;

bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

// "nvidia0", not "nvidiactl" or "nvidia-uvm".
bool is_gpu_name(std::string_view name) {
  constexpr std::string_view prefix = "nvidia";
  return name.starts_with(prefix) && name.size() > prefix.size() &&
         std::ranges::all_of(name.substr(prefix.size()), is_digit);
}

// A bit for the minor number of each GPU node; 0 when there is none.
Result<std::uint64_t> gpu_mask(const host::Root& container, const Log& log) {
  std::uint64_t mask = 0;
  const auto names = NVBOX_TRY(container.list("/dev"));
  if (!names) return mask;
  for (const std::string& name : *names) {
    if (!is_gpu_name(name)) continue;
    const auto device = NVBOX_TRY(container.device(path::join("/dev", name)));
    if (!device || device->type != 'c') continue;
    if (device->minor < most_minors) {
      mask |= std::uint64_t{1} << device->minor;
    } else {
      log.warning(cat("/dev/", name, ": minor number ", device->minor,
                      " does not fit into the application profile"));
    }
  }
  return mask;
}

std::string profile_text(std::uint64_t mask) {
  char digits[16];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, mask, 16);
  // Hexadecimal numbers are not JSON; the driver's reader takes them, and NVIDIA's toolkit writes
  // them.
  return cat(R"({"profiles":[{"name":"_container_","settings":["EGLVisibleDGPUDevices",0x)",
             std::string_view(digits, end),
             R"(]}],"rules":[{"pattern":[],"profile":"_container_"}]})");
}

Result<> write_profile(const host::Root& container, const host::Root& root, std::string_view path,
                       const Log& log) {
  const std::uint64_t mask = NVBOX_TRY(gpu_mask(container, log));
  if (mask == 0) return {};
  Result<host::Changed> written = host::write_container_file(root, path, profile_text(mask), 0444);
  if (written) return {};
  if (!host::is_closed_to_changes(written.error())) return std::move(written).error();
  log.warning(cat("application profile is not written: ", written.error().message()));
  return {};
}

}  // namespace

Result<> update_application_profile(const host::Root& container, const Log& log) {
  return write_profile(container, container, path::join(profile_directory, profile_name), log);
}

Result<> update_application_profile(const host::Root& container, const host::Root& folder,
                                    const Log& log) {
  return write_profile(container, folder, profile_name, log);
}

}  // namespace nvbox::hook
