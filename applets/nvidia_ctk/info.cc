#include "nvidia_ctk/info.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/config.h"
#include "data/json.h"
#include "machine/survey.h"
#include "plan/nvml_question.h"
#include "runtime/csv_settings.h"

namespace nvbox::applets::ctk_info {
namespace {

using driver::Gpu;
using driver::HostDevice;
using driver::Inventory;

struct Settings {
  std::string format = "text";
  std::string driver_root{};
  std::string dev_root{};
  bool no_nvml = false;
};

constexpr cli::Flag<Settings> flags[] = {
    {{"format", {}, "text or json"}, &Settings::format},
    {{"driver-root", "NVIDIA_CTK_DRIVER_ROOT NVIDIA_DRIVER_ROOT DRIVER_ROOT",
      "Directory that the driver is installed in, if not what the configuration says"},
     &Settings::driver_root},
    {{"dev-root", "NVIDIA_CTK_DEV_ROOT NVIDIA_DEV_ROOT DEV_ROOT",
      "Directory below which /dev has the device nodes, if not the driver root"},
     &Settings::dev_root},
    {{"no-nvml", {}, "Leave out what only NVML knows, and wake no GPU"}, &Settings::no_nvml},
};

std::string field(std::string_view label, std::string_view value) {
  constexpr size_t width = 17;
  std::string line(label);
  line.resize(width, ' ');
  return cat(line, " ", value, "\n");
}

std::string node_text(const HostDevice& node) {
  return cat(node.path, " ", node.major, ":", node.minor, " ", octal_mode(node.mode));
}

std::string nodes_text(std::string_view label, const std::vector<HostDevice>& nodes) {
  std::string text;
  for (const HostDevice& node : nodes) text += field(label, node_text(node));
  return text;
}

// "1:0, GPU instance 9, compute instance 0, MIG-..."
std::string mig_text(const Gpu& gpu, const driver::Mig& mig) {
  return cat(mig.index ? cat(gpu.index, ":", *mig.index, ", ") : "", "GPU instance ",
             mig.gpu_instance, ", compute instance ", mig.compute_instance,
             mig.uuid.empty() ? "" : ", ", mig.uuid,
             has_its_nodes(mig) ? "" : ", without its device nodes");
}

std::string gpu_text(const Gpu& gpu) {
  std::string text = cat("\n", field("GPU:", cat(gpu.index)));
  if (gpu.problem) text += field("  Problem:", *gpu.problem);
  if (gpu.unanswered) text += field("  Problem:", *gpu.unanswered);
  if (!gpu.model.empty()) text += field("  Model:", gpu.model);
  if (has_known_uuid(gpu)) text += field("  UUID:", gpu.uuid);
  if (!gpu.bus_id.empty()) text += field("  Bus id:", gpu.bus_id);
  if (!gpu.brand.empty()) text += field("  Brand:", gpu.brand);
  if (!gpu.architecture.empty()) text += field("  Architecture:", gpu.architecture);
  if (gpu.coherent == true) text += field("  Memory:", "coherent with the CPU's");
  if (gpu.node) text += field("  Node:", node_text(*gpu.node));
  text += nodes_text("  Node:", gpu.more_nodes);
  text += nodes_text("  DRM node:", gpu.drm_nodes);
  for (const driver::Mig& mig : gpu.mig) text += field("  MIG device:", mig_text(gpu, mig));
  return text;
}

std::string feature_text(const driver::Feature& feature) {
  std::string text(name_of(feature.feature));
  for (const HostDevice& node : feature.nodes) text += cat(" ", node.path);
  return text;
}

// Channels are many, and their numbers are all that differs.
std::string channels_text(const std::vector<HostDevice>& channels) {
  if (channels.empty()) return "";
  const std::string count = cat(channels.size(), ": ");
  const std::string first = cat(channels.front().minor);
  if (channels.size() == 1) return field("IMEX channels:", count + first);
  return field("IMEX channels:", cat(count, first, " to ", channels.back().minor));
}

// As the runtime finds it, so that info shows what containers get.
Result<config::Config> load_config(const Invocation& invocation) {
  return config::load_config(
      config::lookup_from(invocation.call.environment, invocation.flags.config));
}

Result<Inventory> discover_everything(const machine::Place& place) {
  Inventory inventory = NVBOX_TRY(machine::discover(place, {.facts = true, .imex_channels = true}));
  // Apart from the rest, because one that the host does not have is no problem here.
  Inventory features = NVBOX_TRY(machine::discover(
      place,
      {.gpus = false, .files = driver::Capabilities::none, .features = driver::Features::all}));
  inventory.features = std::move(features.features);
  return inventory;
}

Result<machine::Place> open_place(const Invocation& invocation, const Settings& settings) {
  const Call& call = invocation.call;
  const config::Config config = NVBOX_TRY(load_config(invocation));
  const bool is_given = !settings.driver_root.empty();
  machine::Place place =
      NVBOX_TRY(machine::Place::open({.host = call.host_root,
                                      .driver = is_given ? settings.driver_root : config.cli.root,
                                      .dev = settings.dev_root},
                                     call.environment, config.cli.nvml_timeout));
  place.search.ld_cache = config.cli.ldcache;
  place.search.csv = runtime::csv_search(config);
  return place;
}

}  // namespace

std::string_view name_of(driver::Features feature) {
  return std::ranges::find(driver::feature_names, feature, &driver::FeatureName::feature)->word;
}

std::string info_text(const Inventory& inventory) {
  const driver::Driver& driver = inventory.driver;
  std::string text = field("Driver version:", driver.version.empty() ? "-" : driver.version);
  if (!driver.cuda_version.empty()) text += field("CUDA version:", driver.cuda_version);
  text += field("Driver root:", driver.root);
  text += field("Dev root:", driver.dev_root);
  text += field("Libraries:", cat(inventory.libraries.size()));
  for (const std::string& directory : inventory.library_directories) {
    text += field("Library folder:", directory);
  }
  text += field("Other files:", cat(inventory.files.size()));
  text += nodes_text("Control node:", inventory.control);
  text += channels_text(inventory.imex_channels);
  for (const driver::Feature& feature : inventory.features) {
    text += field("Feature:", feature_text(feature));
  }
  for (const Gpu& gpu : inventory.gpus) text += gpu_text(gpu);
  if (!inventory.problems.empty() || inventory.unanswered) text += "\n";
  if (inventory.unanswered) text += field("Problem:", *inventory.unanswered);
  for (const driver::Problem& problem : inventory.problems) text += field("Problem:", problem.text);
  return text;
}

Result<int> run_info(const Invocation& invocation) {
  const auto line =
      NVBOX_TRY(parse_command(invocation, std::span<const cli::Flag<Settings>>(flags)));
  if (line.exit_status) return *line.exit_status;
  const std::string& format = line.settings.format;
  if (format != "text" && format != "json") {
    return Error(cat("--format=", printable(format), " is not a format"))
        .hint("known are text and json");
  }
  const machine::Place place = NVBOX_TRY(open_place(invocation, line.settings));
  Inventory inventory = NVBOX_TRY(discover_everything(place));
  if (!line.settings.no_nvml) {
    NVBOX_TRY(machine::ask_nvml(place, plan::nvml_question_about_all(inventory), inventory));
  }
  const std::string text =
      format == "json" ? NVBOX_TRY(info_json(inventory)) : info_text(inventory);
  NVBOX_TRY(print(text));
  return 0;
}

namespace {

using data::Json;
using driver::Gpu;
using driver::HostDevice;
using driver::HostFile;
using driver::Inventory;

struct KindName {
  driver::FileKind kind;
  std::string_view word;
};
constexpr KindName kind_names[] = {
    {driver::FileKind::binary, "binary"}, {driver::FileKind::firmware, "firmware"},
    {driver::FileKind::socket, "socket"}, {driver::FileKind::directory, "directory"},
    {driver::FileKind::data, "data"},
};

std::string_view word_for(driver::FileKind kind) {
  return std::ranges::find(kind_names, kind, &KindName::kind)->word;
}

Json node_json(const HostDevice& node) {
  return {{"path", node.path},
          {"major", node.major},
          {"minor", node.minor},
          {"mode", octal_mode(node.mode)},
          {"gid", node.gid}};
}

Json node_or_null(const std::optional<HostDevice>& node) {
  return node ? node_json(*node) : Json();
}

Json text_or_null(std::string_view text) {
  return text.empty() ? Json() : Json(text);
}

template <typename Items, typename Make>
Json array_of(const Items& items, Make make) {
  Json array = Json::array();
  for (const auto& item : items) array.push_back(make(item));
  return array;
}

Json mig_json(const driver::Mig& mig) {
  return {{"index", mig.index ? Json(*mig.index) : Json()},
          {"uuid", text_or_null(mig.uuid)},
          {"gpuInstance", mig.gpu_instance},
          {"computeInstance", mig.compute_instance},
          {"gpuInstanceNode", node_or_null(mig.gpu_instance_node)},
          {"computeInstanceNode", node_or_null(mig.compute_instance_node)}};
}

Json problem_of(const Gpu& gpu) {
  if (gpu.problem) return *gpu.problem;
  return gpu.unanswered ? Json(*gpu.unanswered) : Json();
}

Json gpu_json(const Gpu& gpu) {
  return {{"index", gpu.index},
          {"minor", gpu.minor},
          {"model", text_or_null(gpu.model)},
          {"uuid", has_known_uuid(gpu) ? Json(gpu.uuid) : Json()},
          {"busId", text_or_null(gpu.bus_id)},
          {"brand", text_or_null(gpu.brand)},
          {"architecture", text_or_null(gpu.architecture)},
          {"coherent", gpu.coherent ? Json(*gpu.coherent) : Json()},
          {"node", node_or_null(gpu.node)},
          {"moreNodes", array_of(gpu.more_nodes, node_json)},
          {"drmNodes", array_of(gpu.drm_nodes, node_json)},
          {"migDevices", array_of(gpu.mig, mig_json)},
          {"problem", problem_of(gpu)}};
}

Json capabilities_json(driver::Capabilities capabilities) {
  Json words = Json::array();
  for (const driver::CapabilityName& name : driver::capability_names) {
    if (driver::intersects(name.capability, capabilities)) words.push_back(name.word);
  }
  return words;
}

Json library_json(const driver::Library& library) {
  return {{"path", library.path},
          {"soname", library.soname},
          {"is32Bit", library.is_32_bit},
          {"capabilities", capabilities_json(library.serves)}};
}

Json file_json(const HostFile& file) {
  return {{"kind", word_for(file.kind)},
          {"path", file.path},
          {"containerPath", file.container_path},
          {"capabilities", capabilities_json(file.serves)}};
}

Json feature_json(const driver::Feature& feature) {
  return {{"name", name_of(feature.feature)},
          {"nodes", array_of(feature.nodes, node_json)},
          {"files", array_of(feature.files, file_json)}};
}

}  // namespace

Result<std::string> info_json(const Inventory& inventory) {
  const driver::Driver& driver = inventory.driver;
  std::vector<std::string> problems;
  for (const driver::Problem& problem : inventory.problems) problems.push_back(problem.text);
  if (inventory.unanswered) problems.insert(problems.begin(), *inventory.unanswered);
  const Json document = {{"driverVersion", driver.version},
                         {"cudaVersion", text_or_null(driver.cuda_version)},
                         {"driverRoot", driver.root},
                         {"devRoot", driver.dev_root},
                         {"gpus", array_of(inventory.gpus, gpu_json)},
                         {"controlNodes", array_of(inventory.control, node_json)},
                         {"imexChannels", array_of(inventory.imex_channels, node_json)},
                         {"features", array_of(inventory.features, feature_json)},
                         {"libraryDirectories", inventory.library_directories},
                         {"libraries", array_of(inventory.libraries, library_json)},
                         {"files", array_of(inventory.files, file_json)},
                         {"problems", problems}};
  const std::string text = NVBOX_TRY(data::dump_json(document));
  return text + "\n";
}

}  // namespace nvbox::applets::ctk_info
