#include "driver/platform.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "driver/gpus.h"
#include "driver/wsl.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view gpu_directory = "/proc/driver/nvidia/gpus";

// The nodes of nvgpu's first GPU, since L4T 36 and before it.
constexpr std::string_view nvgpu_nodes[] = {"/dev/nvgpu/igpu0", "/dev/nvhost-gpu"};

template <typename T>
std::optional<T> if_there(Result<std::optional<T>> result) {
  return result ? std::move(result).value() : std::nullopt;
}

// Elsewhere these are two names that do not exist.
bool is_tegra(const host::Root& host) {
  const auto release = if_there(host.stat("/etc/nv_tegra_release"));
  if (release && S_ISREG(release->st_mode)) return true;
  const auto family = if_there(host.read("/sys/devices/soc0/family"));
  return family && lower(*family).starts_with("tegra");
}

// No kernel of WSL's has a driver of NVIDIA's that tells its version.
bool is_wsl(const host::Root& dev, const VersionText& told) {
  return told && !*told && if_there(dev.stat(wsl_node));
}

// What is not a file that can be read is no integrated GPU: those of nvgpu are not in /proc.
bool is_integrated_at(const host::Root& host, const std::string& address) {
  const auto text = if_there(host.read(cat(gpu_directory, "/", address, "/information")));
  return text && is_integrated(parse_information(*text).model);
}

}  // namespace

bool is_integrated(std::string_view model) {
  return model.contains("(nvgpu)") || model.contains("NVIDIA Thor");
}

DriverKind platform_of(const Roots& roots, const VersionText& told) {
  const bool is_x86 = told && *told && (*told)->contains("x86_64");
  if (is_x86) return DriverKind::dgpu;
  if (is_wsl(roots.dev, told)) return DriverKind::wsl;
  if (!is_tegra(roots.host)) return DriverKind::dgpu;
  const bool has_nvgpu = std::ranges::any_of(nvgpu_nodes, [&](std::string_view path) {
    return if_there(roots.dev.stat(path)).has_value();
  });
  if (has_nvgpu) return DriverKind::tegra;
  const auto gpus = if_there(roots.host.list(gpu_directory)).value_or(std::vector<std::string>());
  const bool has_integrated = std::ranges::any_of(
      gpus, [&](const std::string& address) { return is_integrated_at(roots.host, address); });
  return gpus.empty() || has_integrated ? DriverKind::tegra : DriverKind::dgpu;
}

}  // namespace nvbox::driver
