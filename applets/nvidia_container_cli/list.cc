// nvidia-container-cli list: the device nodes and driver files that containers get.
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "data/json.h"
#include "nvidia_container_cli/nvidia_container_cli.h"
#include "plan/check_core.h"
#include "plan/imex_channels.h"

namespace nvbox::applets::container_cli {
namespace {

using cli::Takes;
using driver::Capabilities;

struct ListOptions {
  std::vector<std::string> devices{};
  std::vector<std::string> imex_channels{};
  plan::MigRights mig{};
  std::string format{};
  bool libraries = false;
  bool binaries = false;
  bool ipcs = false;
  bool firmwares = false;
  bool compat32 = false;
  bool no_persistenced = false;
  bool no_fabricmanager = false;
  bool no_gsp_firmware = false;

  // Whoever names no part gets all of them.
  bool names_no_part() const {
    return devices.empty() && !mig.are_asked_for() && !libraries && !binaries && !ipcs &&
           !firmwares && !compat32;
  }
};

constexpr cli::Option<ListOptions> list_options[] = {
    {{"device", 'd', Takes::value, "ID[,ID...]",
      "the nodes of these devices; 'all', an index, a "
      "UUID or a PCI address"},
     &ListOptions::devices},
    {{"libraries", 'l', Takes::nothing, {}, "libraries"}, &ListOptions::libraries},
    {{"binaries", 'b', Takes::nothing, {}, "programs"}, &ListOptions::binaries},
    {{"ipcs", 'i', Takes::nothing, {}, "sockets"}, &ListOptions::ipcs},
    {{"firmwares", 'f', Takes::nothing, {}, "firmware"}, &ListOptions::firmwares},
    {{"compat32", 0, Takes::nothing, {}, "32-bit libraries, too"}, &ListOptions::compat32},
    {{"mig-config", 0, Takes::value, "all", "what making MIG instances needs"},
     [](ListOptions& options, std::string_view value) { options.mig.config = value; }},
    {{"mig-monitor", 0, Takes::value, "all", "what watching MIG instances needs"},
     [](ListOptions& options, std::string_view value) { options.mig.monitor = value; }},
    {{"imex-channel", 0, Takes::value, "CHANNEL[,CHANNEL...]", "the nodes of these IMEX channels"},
     &ListOptions::imex_channels},
    {{"no-persistenced", 0, Takes::nothing, {}, "leave nvidia-persistenced's socket out"},
     &ListOptions::no_persistenced},
    {{"no-fabricmanager", 0, Takes::nothing, {}, "leave nv-fabricmanager's socket out"},
     &ListOptions::no_fabricmanager},
    {{"no-gsp-firmware", 0, Takes::nothing, {}, "leave firmware out"},
     &ListOptions::no_gsp_firmware},
    {{"format", 0, Takes::value, "FORMAT", "text or json"}, &ListOptions::format},
};

constexpr cli::Command command = {
    .name = "nvidia-container-cli list",
    .operands = {},
    .summary =
        "Prints the device nodes and driver files that containers get. Without a choice of parts,\n"
        "all of them."};

plan::ListParts parts_of(const ListOptions& options) {
  const bool all = options.names_no_part();
  return {.devices = all || !options.devices.empty(),
          .binaries = all || options.binaries,
          .libraries = all || options.libraries,
          .libraries_32 = all || options.compat32,
          .ipcs = all || options.ipcs,
          .firmwares = (all || options.firmwares) && !options.no_gsp_firmware,
          .mig_config = !options.mig.config.empty(),
          .mig_monitor = !options.mig.monitor.empty(),
          .no_persistenced = options.no_persistenced,
          .no_fabricmanager = options.no_fabricmanager};
}

driver::Need need_of(const plan::ListParts& parts) {
  driver::Need need = {.gpus = parts.devices, .files = Capabilities::none};
  if (parts.binaries || parts.ipcs || parts.firmwares || parts.libraries) {
    need.files = static_cast<Capabilities>(static_cast<unsigned>(Capabilities::all) &
                                           ~static_cast<unsigned>(Capabilities::compat32));
  }
  if (parts.libraries && parts.libraries_32) need.files = Capabilities::all;
  return need;
}

// Discovery leaves the nodes for CUDA out when no file of CUDA's is needed.
Result<> add_uvm_nodes(const machine::Place& place, driver::Inventory& inventory) {
  for (const std::string_view path : {"/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"}) {
    const auto node = NVBOX_TRY(place.dev().device(path));
    if (node) inventory.control.push_back({.path = std::string(path)});
  }
  return {};
}

std::vector<std::string> paths_of(const std::vector<driver::MigControl>& controls) {
  std::vector<std::string> out;
  for (const driver::MigControl& control : controls) {
    out.push_back(control.file);
    if (control.node) out.push_back(control.node->path);
    for (const driver::MigControl::OfGpu& gpu : control.gpus) {
      out.push_back(cat(driver::capabilities_directory, "/gpu", gpu.minor));
      if (control.node) out.emplace_back(driver::mig_node_directory);
      for (const driver::HostDevice& node : gpu.nodes) out.push_back(node.path);
    }
  }
  return out;
}

Result<std::string> text_of(const plan::Listing& listing, InfoFormat format) {
  if (format == InfoFormat::json) return list_json(listing);
  return plan::lines_of(listing);
}

}  // namespace

Result<std::string> list_json(const plan::Listing& listing) {
  const data::Json document = {{"devices", listing.devices},
                               {"imexChannels", listing.imex_channels},
                               {"mig", listing.mig},
                               {"binaries", listing.binaries},
                               {"libraries", listing.libraries},
                               {"libraries32", listing.libraries_32},
                               {"ipcs", listing.ipcs},
                               {"firmwares", listing.firmwares}};
  const std::string text = NVBOX_TRY(data::dump_json(document));
  return text + "\n";
}

cli::CommandPage describe_list() {
  return cli::command_page(command,
                           cli::rows_of(std::span<const cli::Option<ListOptions>>(list_options)));
}

Result<int> run_list(const CommandCall& invocation) {
  const auto line = NVBOX_TRY(parse(
      command, std::span<const cli::Option<ListOptions>>(list_options), invocation.arguments));
  if (line.exit_status) return *line.exit_status;
  const ListOptions& options = line.settings;
  const InfoFormat format = NVBOX_TRY(format_of(options.format));
  const std::vector<unsigned> channels = NVBOX_TRY(
      plan::parse_imex_channels(join(options.imex_channels, ",")).in("error parsing IMEX info"));
  NVBOX_TRY(plan::given_rights(options.mig));
  const plan::ListParts parts = parts_of(options);
  const driver::Need need = need_of(parts);
  plan::Request request =
      plan::request_of_list(options.names_no_part() ? "all" : join(options.devices, ","));
  request.mig = options.mig;
  // Nodes that the list needs are made when the devices are known to be right.
  const machine::Place place =
      NVBOX_TRY(open_place(invocation, machine::CapabilityNodes::leave, privileges::list.kept));
  const bool makes_nodes = invocation.globals.load_kmods;
  const machine::MissingNodes nodes = {.capabilities = makes_nodes,
                                       .every_capability = makes_nodes};
  driver::Inventory inventory = NVBOX_TRY(look_around(invocation, place, request, need, nodes));
  NVBOX_TRY(plan::check_core(inventory, need.files).in("detection error"));
  if (parts.devices && need.files == Capabilities::none) {
    NVBOX_TRY(add_uvm_nodes(place, inventory).in("detection error"));
  }
  const plan::Selection selection = NVBOX_TRY(plan::select(inventory, request));
  tell_notes(invocation, selection);
  NVBOX_TRY(machine::make_asked_nodes(place, request, nodes, inventory, invocation.call.log));
  NVBOX_TRY(machine::find_mig_rights(place, request, selection, inventory));
  plan::Listing listing = plan::list_files(inventory, selection, channels, parts);
  listing.mig = paths_of(inventory.mig_controls);
  const std::string text = NVBOX_TRY(text_of(listing, format));
  NVBOX_TRY(print(text));
  return 0;
}

}  // namespace nvbox::applets::container_cli
