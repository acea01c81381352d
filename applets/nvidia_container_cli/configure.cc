// nvidia-container-cli configure: gives a container that was made, but not started, its GPUs.
#include <algorithm>
#include <charconv>

#include "apply/configure.h"
#include "apply/phases.h"
#include "base/list.h"
#include "base/path.h"
#include "base/text.h"
#include "nvidia_container_cli/nvidia_container_cli.h"
#include "plan/check_core.h"
#include "plan/edits_for.h"
#include "plan/imex_channels.h"
#include "plan/requirements.h"

namespace nvbox::applets::container_cli {
namespace {

using cli::Takes;
using driver::Capabilities;
using driver::FileKind;
using runtime::ConfigureOptions;

constexpr size_t most_requirements = 32;

template <Capabilities one>
void want(ConfigureOptions& options, std::string_view) {
  options.capabilities = options.capabilities | one;
}

constexpr cli::Option<ConfigureOptions> configure_options[] = {
    {{"pid", 'p', Takes::value, "PID", "a process of the container; default: the caller's parent"},
     &ConfigureOptions::pid},
    {{"device", 'd', Takes::value, "ID[,ID...]",
      "give these devices; 'all', an index, a UUID or a PCI address"},
     &ConfigureOptions::devices},
    {{"require", 'r', Takes::value, "EXPR", "refuse unless it holds, like cuda>=12.4"},
     &ConfigureOptions::requirements},
    {{"ldconfig", 'l', Takes::value, "PATH",
      "accepted for compatibility; nvbox writes the loader's cache itself. A PATH ending in /true "
      "leaves the cache alone"},
     &ConfigureOptions::ldconfig},
    {{"compute", 'c', Takes::nothing, {}, "give what CUDA and OpenCL need"},
     want<Capabilities::compute>},
    {{"utility", 'u', Takes::nothing, {}, "give nvidia-smi and NVML"}, want<Capabilities::utility>},
    {{"video", 'v', Takes::nothing, {}, "give what video codecs need"}, want<Capabilities::video>},
    {{"graphics", 'g', Takes::nothing, {}, "give what OpenGL and Vulkan need"},
     want<Capabilities::graphics>},
    {{"display", 'D', Takes::nothing, {}, "give what X11 needs"}, want<Capabilities::display>},
    {{"ngx", 'n', Takes::nothing, {}, "give what NGX needs"}, want<Capabilities::ngx>},
    {{"compat32", 0, Takes::nothing, {}, "give 32-bit libraries, too"},
     want<Capabilities::compat32>},
    {{"mig-config", 0, Takes::value, "all", "let the container make MIG instances"},
     [](ConfigureOptions& options, std::string_view value) { options.mig.config = value; }},
    {{"mig-monitor", 0, Takes::value, "all", "let the container watch MIG instances"},
     [](ConfigureOptions& options, std::string_view value) { options.mig.monitor = value; }},
    {{"imex-channel", 0, Takes::value, "CHANNEL[,CHANNEL...]", "give these IMEX channels"},
     &ConfigureOptions::imex_channels},
    {{"no-cgroups", 0, Takes::nothing, {}, "leave the device cgroup alone"},
     &ConfigureOptions::no_cgroups},
    {{"strict-cgroups", 0, Takes::nothing, {}, "fail when the device cgroup cannot be changed"},
     &ConfigureOptions::strict_cgroups},
    {{"no-devbind", 0, Takes::nothing, {}, "make device nodes instead of mounting the host's"},
     &ConfigureOptions::no_devbind},
    {{"no-persistenced", 0, Takes::nothing, {}, "leave nvidia-persistenced's socket out"},
     &ConfigureOptions::no_persistenced},
    {{"no-fabricmanager", 0, Takes::nothing, {}, "leave nv-fabricmanager's socket out"},
     &ConfigureOptions::no_fabricmanager},
    {{"no-gsp-firmware", 0, Takes::nothing, {}, "leave firmware out"},
     &ConfigureOptions::no_gsp_firmware},
    {{"no-cntlibs", 0, Takes::nothing, {}, "the same as --cuda-compat-mode=disabled"},
     &ConfigureOptions::no_compat},
    {{"cuda-compat-mode", 0, Takes::value, "MODE",
      "how CUDA compatibility libraries of the image are put first: mount (default), ldconfig or "
      "disabled"},
     &ConfigureOptions::compat_mode},
};

constexpr cli::Command command = {
    .name = "nvidia-container-cli configure",
    .operands = "ROOTFS",
    .summary =
        "Gives a container that was made, but not started, devices and driver files. ROOTFS "
        "is its\nroot directory, as it is called in the mount namespace of PID.",
    .takes_operands = cli::Operands::anywhere};

Result<pid_t> parse_pid(std::string_view text) {
  pid_t pid = 0;
  if (text.empty()) return pid;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error == std::errc::result_out_of_range) {
    return Error("input error: parse pid failed: numerical result out of range");
  }
  if (error != std::errc() || end != text.data() + text.size()) {
    return Error("input error: parse pid failed: invalid argument");
  }
  return std::max<pid_t>(pid, 0);
}

Result<apply::CompatMode> compat_mode(const ConfigureOptions& options) {
  apply::CompatMode mode = apply::CompatMode::disabled;
  if (options.compat_mode.value_or("mount") == "mount") {
    mode = apply::CompatMode::mount;
  } else if (options.compat_mode == "ldconfig") {
    mode = apply::CompatMode::ldconfig;
  } else if (options.compat_mode != "disabled") {
    return Error(cat("container error: invalid option: cuda-compat-mode=", *options.compat_mode))
        .hint("known are mount, ldconfig and disabled");
  }
  return options.no_compat ? apply::CompatMode::disabled : mode;
}

// What the command line alone decides, checked before the host is looked at.
Result<apply::ConfigureRequest> request_of(const ConfigureOptions& options,
                                           const std::string& rootfs) {
  if (!rootfs.starts_with('/') || path::clean(rootfs) == "/") {
    return Error("input error: invalid rootfs directory")
        .hint("ROOTFS must be an absolute path, and not the host's root directory");
  }
  if (options.requirements.size() > most_requirements) {
    return Error("input error: too many requirements");
  }
  NVBOX_TRY(plan::given_rights(options.mig));
  apply::ConfigureRequest request;
  request.pid = NVBOX_TRY(parse_pid(options.pid));
  request.rootfs = rootfs;
  request.compat = NVBOX_TRY(compat_mode(options));
  request.mknod_devices = options.no_devbind;
  request.cgroups = !options.no_cgroups;
  request.strict_cgroups = options.strict_cgroups;
  request.gives_up_rights = true;
  request.leave_loader_cache = path::base_name(options.ldconfig) == "true";
  return request;
}

// What was asked to be left out.
void leave_out(const ConfigureOptions& options, std::vector<driver::HostFile>& files) {
  std::erase_if(files, [&](const driver::HostFile& file) {
    const std::string_view owner = path::base_name(path::parent(file.container_path));
    if (file.kind == FileKind::firmware) return options.no_gsp_firmware;
    if (file.kind != FileKind::socket) return false;
    return (options.no_persistenced && owner == "nvidia-persistenced") ||
           (options.no_fabricmanager && owner == "nvidia-fabricmanager");
  });
}

bool makes_channels(const Globals& globals) {
  return globals.load_kmods && !globals.no_create_imex_channels;
}

Result<> add_channels(const driver::Inventory& inventory, const std::vector<unsigned>& channels,
                      const Globals& globals, plan::Selection& selection) {
  for (const unsigned channel : channels) {
    const auto found =
        std::ranges::find(inventory.imex_channels, channel, &driver::HostDevice::minor);
    if (found == inventory.imex_channels.end()) {
      return Error(cat("mount error: stat failed: /dev/nvidia-caps-imex-channels/channel", channel,
                       ": no such file or directory"))
          .hint(makes_channels(globals) ? "the loaded driver has no such channel"
                                        : "--load-kmods before configure makes it");
    }
    selection.imex_channels.push_back(static_cast<size_t>(found - inventory.imex_channels.begin()));
  }
  return {};
}

// What of /proc/driver/nvidia belongs to the selected devices.
void show_devices(const driver::Inventory& inventory, const plan::Selection& selection,
                  apply::ConfigureRequest& request) {
  for (const size_t position : selection.gpus) {
    const std::string& bus_id = inventory.gpus[position].bus_id;
    // An integrated GPU may be on no bus, and then it is not there.
    if (!bus_id.empty()) request.visible_bus_ids.push_back(bus_id);
  }
  for (const auto& [position, instance] : selection.migs) {
    const driver::Gpu& gpu = inventory.gpus[position];
    for (const std::string& folder : driver::instance_folders(gpu.minor, gpu.mig[instance])) {
      add_once(request.visible_capabilities, folder + "/access");
    }
  }
}

// "all" leaves GPUs out that cannot be used, but one of them has to be left.
Result<> check_usable(const plan::Request& request, const plan::Selection& selection) {
  if (request.ask != plan::Ask::all || !selection.gpus.empty() || selection.notes.empty()) {
    return {};
  }
  return Error(
      cat("device error: none of the devices can be used: ", selection.notes.front().text));
}

plan::Request devices_of(const ConfigureOptions& options) {
  plan::Request request = plan::request_of_list(join(options.devices, ","));
  request.capabilities = options.capabilities;
  request.requirements = options.requirements;
  request.mig = options.mig;
  // Words of the library for Tegras of before CSV mode, which are no conditions.
  const auto is_csv_word = [](const std::string& word) {
    return word == plan::all_csv_files_word || word == "base-only";
  };
  const bool has_word = contains(request.requirements, plan::all_csv_files_word);
  request.all_csv_files = options.all_csv_files || has_word;
  std::erase_if(request.requirements, is_csv_word);
  return request;
}

Result<> fill(const ConfigureOptions& options, const CommandCall& invocation,
              const machine::Place& place, const std::vector<unsigned>& channels,
              apply::ConfigureRequest& request) {
  plan::Request asked = devices_of(options);
  for (const unsigned channel : channels) asked.imex_channels.push_back(cat(channel));
  driver::Need need = plan::need_of(asked);
  need.gpus = !options.devices.empty();
  need.exchangeable = true;  // apply::configure mounts the directory that it opened and checked
  const machine::MissingNodes nodes = {.capabilities = true,
                                       .imex_channels = makes_channels(invocation.globals),
                                       .every_capability = invocation.globals.load_kmods};
  const Log& log = invocation.call.log;
  driver::Inventory inventory = NVBOX_TRY(look_around(invocation, place, asked, need, nodes));
  NVBOX_TRY(plan::check_core(inventory, asked.capabilities).in("detection error"));
  plan::Selection selection = NVBOX_TRY(plan::select(inventory, asked));
  machine::warn_of_unanswered(inventory, log);
  tell_notes(invocation, selection);
  NVBOX_TRY(check_usable(asked, selection));
  NVBOX_TRY(plan::check_conditions(asked, inventory, selection, plan::Nvml::asked));
  NVBOX_TRY(machine::make_asked_nodes(place, asked, nodes, inventory, log));
  NVBOX_TRY(add_channels(inventory, channels, invocation.globals, selection));
  NVBOX_TRY(machine::find_mig_rights(place, asked, selection, inventory));
  leave_out(options, inventory.files);
  plan::ContainerPlan plan =
      plan::plan_for(inventory, selection, options.capabilities, config::Config());
  request.edits = std::move(plan.edits);
  request.work = std::move(plan.work);
  request.host_driver_version = inventory.driver.version;
  const bool is_usual = driver::is_usual(inventory.driver.kind);
  request.moves_libraries = is_usual;
  // Some of nvgpu's drivers have nothing there.
  const bool has_directory = is_usual || !inventory.driver.version.empty();
  request.proc = has_directory ? apply::ProcView::shadowed : apply::ProcView::left;
  show_devices(inventory, selection, request);
  if (!inventory.mig_controls.empty()) request.visible_capabilities = {""};
  return {};
}

}  // namespace

cli::CommandPage describe_configure() {
  return cli::command_page(
      command, cli::rows_of(std::span<const cli::Option<ConfigureOptions>>(configure_options)));
}

Result<int> run_configure(const CommandCall& invocation) {
  const auto line =
      NVBOX_TRY(parse(command, std::span<const cli::Option<ConfigureOptions>>(configure_options),
                      invocation.arguments));
  if (line.exit_status) return *line.exit_status;
  if (line.operands.size() != 1) {
    const bool is_missing = line.operands.empty();
    const Result<std::optional<int>> status =
        answer(command, {}, Error(is_missing ? "Not enough arguments" : "Too many arguments"));
    if (!status) return status.error();
    return status->value_or(1);
  }
  return configure(invocation, line.settings, line.operands.front());
}

Result<int> configure(const CommandCall& invocation, const ConfigureOptions& options,
                      const std::string& rootfs) {
  apply::ConfigureRequest request = NVBOX_TRY(request_of(options, rootfs));
  const std::vector<unsigned> channels = NVBOX_TRY(
      plan::parse_imex_channels(join(options.imex_channels, ",")).in("error parsing IMEX info"));
  // Nodes that the request needs are made when it is known to be right.
  const sys::CapSet kept = kept_for(privileges::configure, {.device_rules = !options.no_cgroups});
  const machine::Place place =
      NVBOX_TRY(open_place(invocation, machine::CapabilityNodes::leave, kept));
  NVBOX_TRY(fill(options, invocation, place, channels, request));
  // Of what is kept, the NVML helper's is not missed.
  const sys::CapSet phases =
      kept & (apply::finds_container | apply::changes_container | apply::changes_device_rules);
  const sys::CapSet missing =
      phases.without(NVBOX_TRY(sys::permitted_capabilities().in("permission error")));
  // Nothing is started from here on.
  NVBOX_TRY(keep_to(privileges::configure.calls).in("permission error"));
  const Result<> done = apply::configure(place.host(), request, invocation.call.log);
  if (!done) return name_missing(done.error(), missing);
  return 0;
}

}  // namespace nvbox::applets::container_cli
