#include "driver/tegra.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "driver/kernel_module.h"
#include "driver/product_facts.h"
#include "driver/tegra_csv.h"
#include "driver/tegra_files.h"
#include "driver/tegra_gpus.h"

namespace nvbox::driver {
namespace {

struct ReleaseRow {
  std::string_view release;  // its beginning
  std::string_view cuda_version;
};

constexpr ReleaseRow releases[] = {
    {"32.4", "10.2"}, {"32.5", "10.2"}, {"32.6", "10.2"}, {"32.7", "10.2"}, {"34.1", "11.4"},
    {"35.1", "11.4"}, {"35.2", "11.4"}, {"35.3", "11.4"}, {"35.4", "11.4"}, {"35.5", "11.4"},
    {"35.6", "11.4"}, {"36.2", "12.2"}, {"36.3", "12.2"}, {"36.4", "12.6"}, {"38.2", "13.0"},
};

struct ChipRow {
  std::string_view compatible;    // Documentation/devicetree/bindings/arm/tegra.yaml of Linux
  std::string_view model;         // NVML's name of the GPU, where there is NVML for it
  std::string_view architecture;  // compute capability, of NVIDIA's list of GPUs with CUDA
  // Where images keep compatibility libraries for it, if not where they keep the cards' (the peer's
  // pkg/nvcdi/lib-csv.go).
  std::string_view compat_root{};
};

constexpr ChipRow chips[] = {
    {"nvidia,tegra264", "NVIDIA Thor", "11.0"},
    {"nvidia,tegra234", "Orin (nvgpu)", "8.7", "/usr/local/cuda/compat_orin"},
    {"nvidia,tegra194", "Xavier", "7.2"},
    {"nvidia,tegra186", "Tegra X2", "6.2"},
    {"nvidia,tegra210", "Tegra X1", "5.3"},
};

constexpr ChipRow unknown_chip = {"", "", ""};

// The first is a link to the second, which is there where /proc is not the whole of it.
constexpr std::string_view compatible_files[] = {"/proc/device-tree/compatible",
                                                 "/sys/firmware/devicetree/base/compatible"};

// The strings of the file each end with a NUL; the chip is behind the board.
const ChipRow& chip_of(const Context& context) {
  std::optional<std::string> text;
  for (const std::string_view file : compatible_files) {
    if (!text) text = context.or_problem(context.roots.host.read(file));
  }
  for (const std::string_view name : split(text ? std::string_view(*text) : "", '\0')) {
    const auto* const row = std::ranges::find(chips, name, &ChipRow::compatible);
    if (row != std::end(chips)) return *row;
  }
  return unknown_chip;
}

// The L4T release tells more than the version of its driver, which not every release has.
std::string cuda_version(const Context& context, const std::string& driver_version) {
  const auto text = context.or_problem(context.roots.host.read("/etc/nv_tegra_release"));
  const std::string release = parse_l4t_release(text ? std::string_view(*text) : "");
  const std::string_view known = cuda_version_of_l4t(release);
  return std::string(known.empty() ? cuda_version_of(driver_version) : known);
}

Driver driver_of(const Context& context, const VersionText& told) {
  Driver driver = {.kind = DriverKind::tegra,
                   .root = context.roots.driver.path(),
                   .dev_root = context.roots.dev.path()};
  const auto text = context.or_problem(told);
  if (text) driver.version = parse_version_file(*text).value_or("");
  driver.cuda_version = cuda_version(context, driver.version);
  return driver;
}

void choose_compat(const Context& context, const ChipRow& chip, Driver& driver) {
  if (chip.compat_root.empty()) return;
  const std::string& chosen = context.search.csv.compat_root;
  driver.compat_root = chosen.empty() ? chip.compat_root : std::string_view(chosen);
}

void add_facts(const Context& context, const ChipRow& chip, Inventory& inventory) {
  if (inventory.gpus.size() > 1) add_product_facts(context, inventory);
  if (!inventory.gpus.empty()) inventory.gpus.front().architecture = chip.architecture;
}

}  // namespace

std::string parse_l4t_release(std::string_view text) {
  constexpr std::string_view begin = "# R";
  constexpr std::string_view middle = " (release), REVISION: ";
  const std::string_view line = text.substr(0, text.find('\n'));
  const size_t at = line.find(middle);
  if (!line.starts_with(begin) || at == std::string_view::npos || at < begin.size()) return "";
  const std::string_view rest = line.substr(at + middle.size());
  std::string release =
      cat(line.substr(begin.size(), at - begin.size()), ".", rest.substr(0, rest.find(',')));
  return is_version(release) ? release : "";
}

std::string_view cuda_version_of_l4t(std::string_view release) {
  for (const ReleaseRow& row : releases) {
    const bool is_it = release.starts_with(row.release) &&
                       (release.size() == row.release.size() || release[row.release.size()] == '.');
    if (is_it) return row.cuda_version;
  }
  return "";
}

Result<> discover_tegra(const Context& context, const VersionText& told, Inventory& inventory) {
  const Need& need = context.need;
  inventory.driver = driver_of(context, told);
  const bool needs_files = need.files != Capabilities::none && !need.only_nodes;
  if (!need.gpus && !needs_files) return {};
  auto files = read_csv_files(context);
  if (!files && needs_files) return files.error();
  const ChipRow& chip = chip_of(context);
  const std::vector<CsvFile> none;
  if (need.gpus) {
    inventory.gpus = find_tegra_gpus(context, files ? *files : none, chip.model);
    if (!files) inventory.gpus.front().problem = files.error().full_message();
  }
  if (need.facts) add_facts(context, chip, inventory);
  if (!needs_files) return {};
  add_tegra_files(context, *files, inventory);
  choose_compat(context, chip, inventory.driver);
  return {};
}

}  // namespace nvbox::driver
