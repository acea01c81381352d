// nvidia-container-cli info: the driver's version and the GPUs.
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "data/json.h"
#include "driver/pci_address.h"
#include "nvidia_container_cli/nvidia_container_cli.h"
#include "plan/nvml_question.h"

namespace nvbox::applets::container_cli {
namespace {

using cli::Takes;

struct InfoOptions {
  bool csv = false;
  std::string format{};
  std::string nvml = "auto";
};

constexpr cli::Option<InfoOptions> info_options[] = {
    {{"csv", 0, Takes::nothing, {}, "print comma separated values"}, &InfoOptions::csv},
    {{"format", 0, Takes::value, "FORMAT", "text, csv or json"}, &InfoOptions::format},
    {{"nvml", 0, Takes::value, "WHEN",
      "when NVML is asked, which wakes the GPUs: auto (for what is not known without it; default), "
      "always or never"},
     &InfoOptions::nvml},
};

constexpr cli::Command command = {
    .name = "nvidia-container-cli info",
    .operands = {},
    .summary = "Prints the driver's version and the GPUs. A field that is not known is empty."};

GpuFacts facts_of(const driver::Gpu& gpu) {
  return {.index = gpu.index,
          .minor = gpu.minor,
          .model = gpu.model,
          .brand = gpu.brand,
          .uuid = has_known_uuid(gpu) ? gpu.uuid : "",
          .bus_location = driver::bus_location(gpu.bus_id),
          .architecture = gpu.architecture};
}

// Takes away what the tables know, so that NVML is asked for it.
driver::Inventory without_tables(driver::Inventory inventory) {
  inventory.driver.cuda_version.clear();
  for (driver::Gpu& gpu : inventory.gpus) {
    gpu.brand.clear();
    gpu.architecture.clear();
  }
  return inventory;
}

void fill_gap(std::string& value, const std::string& other) {
  if (value.empty()) value = other;
}

// What NVML did not tell is the tables' again.
void fill_gaps(driver::Inventory& inventory, const driver::Inventory& tables) {
  fill_gap(inventory.driver.cuda_version, tables.driver.cuda_version);
  for (size_t i = 0; i < inventory.gpus.size(); ++i) {
    fill_gap(inventory.gpus[i].brand, tables.gpus[i].brand);
    fill_gap(inventory.gpus[i].architecture, tables.gpus[i].architecture);
  }
}

// MIG devices are not shown, so nobody is asked about those of a GPU that is known otherwise.
plan::NvmlQuestion question_about(const driver::Inventory& inventory) {
  driver::Inventory without_mig = inventory;
  for (driver::Gpu& gpu : without_mig.gpus) gpu.mig.clear();
  return plan::nvml_question_about_all(without_mig);
}

Result<> ask_nvml(machine::Place& place, std::string_view when, driver::Inventory& inventory) {
  if (when != "auto" && when != "always" && when != "never") {
    return Error(cat("input error: --nvml=", printable(when), ": not known"))
        .hint("it may be auto, always or never");
  }
  if (when == "never") return {};
  const driver::Inventory tables = inventory;
  if (when == "always") inventory = without_tables(tables);
  if (when == "always") place.nvml.use_cache = false;
  NVBOX_TRY(machine::ask_nvml(place, question_about(inventory), inventory));
  fill_gaps(inventory, tables);
  return {};
}

// A GPU that is broken is told on standard error, so that it does not hide the others.
HostFacts gather(const driver::Inventory& inventory, const Call& call) {
  HostFacts facts = {.driver_version = inventory.driver.version,
                     .cuda_version = inventory.driver.cuda_version};
  if (inventory.unanswered) warn(call, cat("warning: ", *inventory.unanswered));
  for (const driver::Gpu& gpu : inventory.gpus) {
    const std::optional<std::string>& trouble = gpu.problem ? gpu.problem : gpu.unanswered;
    if (trouble) warn(call, cat("warning: GPU ", gpu.index, " (", gpu.bus_id, "): ", *trouble));
    if (!gpu.problem) facts.gpus.push_back(facts_of(gpu));
  }
  return facts;
}

std::string field(std::string_view label, std::string_view value) {
  constexpr size_t width = 15;
  std::string line(label);
  line.resize(width, ' ');
  return cat(line, " ", value, "\n");
}

nlohmann::ordered_json or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
}

}  // namespace

std::string info_text(const HostFacts& facts) {
  std::string text = field("NVRM version:", facts.driver_version);
  text += field("CUDA version:", facts.cuda_version);
  for (const GpuFacts& gpu : facts.gpus) {
    text += "\n";
    text += field("Device Index:", cat(gpu.index));
    text += field("Device Minor:", cat(gpu.minor));
    text += field("Model:", gpu.model);
    text += field("Brand:", gpu.brand);
    text += field("GPU UUID:", gpu.uuid);
    text += field("Bus Location:", gpu.bus_location);
    text += field("Architecture:", gpu.architecture);
  }
  return text;
}

// Without quoting, like NVIDIA's toolkit: Incus reads the columns by position.
std::string info_csv(const HostFacts& facts) {
  std::string text =
      cat("NVRM version,CUDA version\n", facts.driver_version, ",", facts.cuda_version,
          "\n\nDevice Index,Device Minor,Model,Brand,GPU UUID,Bus Location,"
          "Architecture\n");
  for (const GpuFacts& gpu : facts.gpus) {
    text += cat(gpu.index, ",", gpu.minor, ",", gpu.model, ",", gpu.brand, ",", gpu.uuid, ",",
                gpu.bus_location, ",", gpu.architecture, "\n");
  }
  return text;
}

Result<std::string> info_json(const HostFacts& facts) {
  nlohmann::ordered_json gpus = nlohmann::ordered_json::array();
  for (const GpuFacts& gpu : facts.gpus) {
    gpus.push_back({{"index", gpu.index},
                    {"minor", gpu.minor},
                    {"model", or_null(gpu.model)},
                    {"brand", or_null(gpu.brand)},
                    {"uuid", or_null(gpu.uuid)},
                    {"busLocation", gpu.bus_location},
                    {"architecture", or_null(gpu.architecture)}});
  }
  const data::Json document = {{"driverVersion", facts.driver_version},
                               {"cudaVersion", or_null(facts.cuda_version)},
                               {"gpus", std::move(gpus)}};
  const std::string text = NVBOX_TRY(data::dump_json(document));
  return text + "\n";
}

cli::CommandPage describe_info() {
  return cli::command_page(command,
                           cli::rows_of(std::span<const cli::Option<InfoOptions>>(info_options)));
}

Result<int> run_info(const CommandCall& invocation) {
  const auto line = NVBOX_TRY(parse(
      command, std::span<const cli::Option<InfoOptions>>(info_options), invocation.arguments));
  if (line.exit_status) return *line.exit_status;
  const InfoFormat format =
      line.settings.csv ? InfoFormat::csv : NVBOX_TRY(format_of(line.settings.format));
  machine::Place place =
      NVBOX_TRY(open_place(invocation, machine::CapabilityNodes::make, privileges::list.kept));
  driver::Inventory inventory = NVBOX_TRY(
      look_around(invocation, place, {}, {.facts = true, .files = driver::Capabilities::none}, {}));
  NVBOX_TRY(ask_nvml(place, line.settings.nvml, inventory));
  const HostFacts facts = gather(inventory, invocation.call);
  switch (format) {
    case InfoFormat::text:
      NVBOX_TRY(print(info_text(facts)));
      return 0;
    case InfoFormat::csv:
      NVBOX_TRY(print(info_csv(facts)));
      return 0;
    case InfoFormat::json:
      break;
  }
  const std::string json = NVBOX_TRY(info_json(facts));
  NVBOX_TRY(print(json));
  return 0;
}

}  // namespace nvbox::applets::container_cli
