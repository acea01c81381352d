#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "data/json.h"
#include "nvidia_ctk/info.h"

namespace nvbox::applets::ctk_info {
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
          {"busId", gpu.bus_id},
          {"brand", text_or_null(gpu.brand)},
          {"architecture", text_or_null(gpu.architecture)},
          {"coherent", gpu.coherent ? Json(*gpu.coherent) : Json()},
          {"node", node_or_null(gpu.node)},
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
