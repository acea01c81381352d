#include "driver/kernel_module.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view version_file = "/proc/driver/nvidia/version";
constexpr std::string_view params_file = "/proc/driver/nvidia/params";
constexpr std::string_view module_version_file = "/sys/module/nvidia/version";

Result<std::string> read_version(const Context& context, const VersionText& told) {
  const host::Root& host = context.roots.host;
  const auto text = context.or_problem(told);
  if (text) {
    if (auto version = parse_version_file(*text)) return *std::move(version);
    context.problem(cat(version_file, ": no version in ", quote(text->substr(0, 80))));
  }
  const auto module = context.or_problem(host.read(module_version_file));
  if (module && is_version(trim(*module))) return std::string(trim(*module));
  if (text || module) {
    return Error("the version of the loaded NVIDIA driver is unknown")
        .hint(cat("look into ", version_file));
  }
  // Nobody knows then.
  if (!told) return told.error();
  return Error(cat("no NVIDIA driver is loaded: ", version_file, " does not exist"))
      .hint("load it with 'modprobe nvidia' or install the driver");
}

// "ModifyDeviceFiles: 1": programs of the driver may create nodes in a container's /dev.
bool modifies_device_files(const Context& context) {
  const auto text = context.or_problem(context.roots.host.read(params_file));
  return std::ranges::any_of(split(text.value_or(""), '\n'), [](std::string_view line) {
    return line.starts_with("ModifyDeviceFiles:") && trim(line.substr(line.find(':') + 1)) == "1";
  });
}

}  // namespace

bool is_version(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '.');
  return parts.size() > 1 && std::ranges::all_of(parts, [](std::string_view part) {
           return !part.empty() && std::ranges::all_of(part, is_digit);
         });
}

std::optional<std::string> parse_version_file(std::string_view text) {
  // NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.261.03  Thu Jul ...
  // NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (...) ...
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with("NVRM version:")) continue;
    for (const std::string_view word : split(line, ' ')) {
      if (is_version(trim(word))) return std::string(trim(word));
    }
  }
  return std::nullopt;
}

VersionText read_version_file(const host::Root& host) {
  return host.read(version_file);
}

Result<Driver> read_driver(const Context& context, const VersionText& told) {
  std::string version = NVBOX_TRY(read_version(context, told));
  return Driver{.kind = DriverKind::dgpu,
                .version = std::move(version),
                .root = context.roots.driver.path(),
                .dev_root = context.roots.dev.path(),
                .modifies_device_files = modifies_device_files(context)};
}

}  // namespace nvbox::driver
