#include "plan/cdi_spec_for.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/list.h"
#include "base/path.h"
#include "base/text.h"
#include "plan/edits_for.h"
#include "plan/nvml_question.h"
#include "plan/parts.h"
#include "plan/select.h"
#include "spec/fold_hooks.h"

namespace nvbox::plan {
namespace {

// The createContainer hooks of a CDI specification: each does one thing, and what it is to do is on
// its command line, which engines and other tools read (NVIDIA's hooks and words).
class CdiHookMaker {
 public:
  // `choice` has to live as long.
  explicit CdiHookMaker(const CdiHooks& choice) : choice_(choice) {}

  // Each adds its hook to `edits` when it is chosen and has something to do.
  void add_links(const std::vector<spec::Link>& links, spec::ContainerEdits& edits) const;
  void add_chmod(std::span<const std::string_view> directories, spec::ContainerEdits& edits) const;
  void add_cuda_compat(const driver::Driver& driver, spec::ContainerEdits& edits) const;
  void add_ld_cache(const std::vector<std::string>& folders, spec::ContainerEdits& edits) const;
  void add_mask_params(spec::ContainerEdits& edits) const;
  void add_application_profile(spec::ContainerEdits& edits) const;

 private:
  bool is_chosen(std::string_view name) const;
  void add(std::string_view name, std::vector<std::string> arguments,
           spec::ContainerEdits& edits) const;

  const CdiHooks& choice_;
};
constexpr std::string_view chmod_hook = "chmod";

bool CdiHookMaker::is_chosen(std::string_view name) const {
  if (contains(choice_.enabled, name)) return true;
  if (contains(choice_.disabled, "all") || contains(choice_.disabled, name)) return false;
  return name != chmod_hook;
}

void CdiHookMaker::add(std::string_view name, std::vector<std::string> arguments,
                       spec::ContainerEdits& edits) const {
  const std::string program(path::base_name(choice_.program));
  spec::Hook hook = {.stage = "createContainer", .path = choice_.program, .args = {program}};
  if (program == "nvidia-ctk") hook.args.emplace_back("hook");
  hook.args.emplace_back(name);
  for (std::string& argument : arguments) hook.args.push_back(std::move(argument));
  hook.env = {std::string(spec::quiet_hook)};
  edits.hooks.push_back(std::move(hook));
}

void CdiHookMaker::add_links(const std::vector<spec::Link>& links,
                             spec::ContainerEdits& edits) const {
  if (links.empty() || !is_chosen("create-symlinks")) return;
  std::vector<std::string> arguments;
  for (const spec::Link& link : links) {
    arguments.emplace_back("--link");
    arguments.push_back(cat(link.target, "::", link.link));
  }
  add("create-symlinks", std::move(arguments), edits);
}

void CdiHookMaker::add_chmod(std::span<const std::string_view> directories,
                             spec::ContainerEdits& edits) const {
  if (directories.empty() || !is_chosen(chmod_hook)) return;
  std::vector<std::string> arguments = {"--mode", "755"};
  for (const std::string_view directory : directories) {
    arguments.emplace_back("--path");
    arguments.emplace_back(directory);
  }
  add(chmod_hook, std::move(arguments), edits);
}

void CdiHookMaker::add_cuda_compat(const driver::Driver& driver,
                                   spec::ContainerEdits& edits) const {
  if (!is_chosen("enable-cuda-compat")) return;
  spec::ContainerWork work;
  plan::add_cuda_compat(driver, work);
  std::vector<std::string> arguments;
  if (!work.cuda_compat_driver.empty()) {
    arguments.push_back(cat("--host-driver-version=", work.cuda_compat_driver));
  }
  if (!work.cuda_compat_cuda.empty()) {
    arguments.push_back(cat("--host-cuda-version=", work.cuda_compat_cuda));
  }
  if (arguments.empty()) return;
  if (work.cuda_compat_root != spec::ContainerWork().cuda_compat_root) {
    arguments.push_back(cat("--cuda-compat-container-root=", work.cuda_compat_root));
  }
  add("enable-cuda-compat", std::move(arguments), edits);
}

void CdiHookMaker::add_ld_cache(const std::vector<std::string>& folders,
                                spec::ContainerEdits& edits) const {
  if (folders.empty() || !is_chosen("update-ldcache")) return;
  std::vector<std::string> arguments;
  if (!choice_.ldconfig_path.empty()) arguments = {"--ldconfig-path", choice_.ldconfig_path};
  for (const std::string& folder : folders) {
    arguments.emplace_back("--folder");
    arguments.push_back(folder);
  }
  add("update-ldcache", std::move(arguments), edits);
}

void CdiHookMaker::add_mask_params(spec::ContainerEdits& edits) const {
  if (is_chosen("disable-device-node-modification")) {
    add("disable-device-node-modification", {}, edits);
  }
}

void CdiHookMaker::add_application_profile(spec::ContainerEdits& edits) const {
  if (is_chosen("update-application-profile")) add("update-application-profile", {}, edits);
}

using driver::Inventory;

constexpr std::string_view name_of_all = "all";

Parts parts_for(const Inventory& inventory, const CdiOptions& options) {
  return {inventory,
          {.capabilities = cdi_capabilities,
           .additional_gids = options.additional_gids,
           .ipc = options.ipc}};
}

// Whoever reads the file looks at the node itself for its type.
void leave_out_types(spec::ContainerEdits& edits) {
  for (spec::DeviceNode& node : edits.nodes) node.type = 0;
}

template <typename T>
void remove_all(std::vector<T>& from, const std::vector<T>& what) {
  std::erase_if(from, [&](const T& entry) { return std::ranges::find(what, entry) != what.end(); });
}

// What every device gets anyway, unless nothing else is left: a device without edits is none.
void remove_common(spec::ContainerEdits& edits, const spec::ContainerEdits& common) {
  spec::ContainerEdits rest = edits;
  remove_all(rest.env, common.env);
  remove_all(rest.nodes, common.nodes);
  remove_all(rest.hooks, common.hooks);
  remove_all(rest.mounts, common.mounts);
  remove_all(rest.additional_gids, common.additional_gids);
  const bool is_empty =
      rest.env.empty() && rest.nodes.empty() && rest.hooks.empty() && rest.mounts.empty();
  if (!is_empty) edits = std::move(rest);
}

void add_device_of_all(spec::CdiSpec& spec) {
  if (std::ranges::find(spec.devices, name_of_all, &spec::CdiDevice::name) != spec.devices.end()) {
    return;
  }
  spec::CdiDevice all = {.name = std::string(name_of_all)};
  for (const spec::CdiDevice& device : spec.devices) spec::merge(all.edits, device.edits);
  spec::normalize(all.edits);
  remove_common(all.edits, spec.edits);
  spec.devices.push_back(std::move(all));
}

void fold(spec::ContainerEdits& edits, const CdiHooks& hooks) {
  edits.hooks = spec::fold_hooks(
      std::move(edits.hooks), [](const spec::Hook&) { return true; },
      [&](const spec::ContainerWork& work) { return hook_for(work, hooks.program); });
}

// The form in which a specification is written: nothing twice, and everything in NVIDIA's order.
Result<spec::CdiSpec> finish(spec::CdiSpec spec, const CdiOptions& options) {
  spec.kind = options.kind;
  spec::normalize(spec.edits);
  leave_out_types(spec.edits);
  for (spec::CdiDevice& device : spec.devices) {
    leave_out_types(device.edits);
    spec::normalize(device.edits);
    remove_common(device.edits, spec.edits);
  }
  if (options.all_device) add_device_of_all(spec);
  if (options.hooks.is_one) {
    fold(spec.edits, options.hooks);
    for (spec::CdiDevice& device : spec.devices) fold(device.edits, options.hooks);
  }
  std::ranges::sort(spec.devices, {}, &spec::CdiDevice::name);
  spec.version = spec::minimum_cdi_version(spec);
  NVBOX_TRY(spec::validate_cdi(spec));
  return spec;
}

// "0" and "0:1", "gpu0" and "mig0:1", and so on; "" where a device has no name of that kind.
std::string name_for(CdiNaming naming, const driver::Gpu& gpu, const driver::Mig* mig) {
  std::string index = mig == nullptr ? cat(gpu.index) : cat(gpu.index, ":", mig->index.value_or(0));
  switch (naming) {
    case CdiNaming::index:
      return index;
    case CdiNaming::uuid:
      // "MIG-GPU-.../7/0", as the first drivers with MIG call them, is no name for CDI.
      if (mig != nullptr) return mig->uuid.contains('/') ? "" : mig->uuid;
      return has_known_uuid(gpu) ? gpu.uuid : "";
    case CdiNaming::type_index:
      return cat(mig == nullptr ? "gpu" : "mig", index);
  }
  return "";
}

class GpuSpecMaker {
 public:
  GpuSpecMaker(const Inventory& inventory, const CdiOptions& options)
      : inventory_(inventory),
        options_(options),
        parts_(parts_for(inventory, options)),
        hooks_(options.hooks) {}

  Result<CdiOutcome> run(const Selection& selection) {
    // NVIDIA's device for driver files without a GPU. A device without edits is none.
    if (request_of(options_).ask == Ask::driver_only) {
      spec_.devices.push_back({.name = "none", .edits = {.env = {"NVCT_EMPTY_DEVICE="}}});
    }
    for (const size_t position : selection.gpus) {
      const driver::Gpu& gpu = inventory_.gpus[position];
      if (inventory_.driver.kind == driver::DriverKind::wsl) {
        spec_.devices.push_back({.name = std::string(name_of_all), .edits = parts_.of(gpu).edits});
        continue;
      }
      NVBOX_TRY(add_device(gpu, nullptr, parts_.of(gpu)));
    }
    for (const auto& [position, mig] : selection.migs) {
      const driver::Gpu& gpu = inventory_.gpus[position];
      NVBOX_TRY(add_device(gpu, &gpu.mig[mig], parts_.of(gpu, gpu.mig[mig])));
    }
    add_common();
    return CdiOutcome{.spec = NVBOX_TRY(finish(std::move(spec_), options_)),
                      .left_out = selection.notes};
  }

 private:
  Result<> add_device(const driver::Gpu& gpu, const driver::Mig* mig, DevicePart part) {
    constexpr std::string_view folder_of_drm[] = {"/dev/dri"};
    hooks_.add_links(part.links, part.edits);
    const bool has_drm_nodes = !gpu.drm_nodes.empty() && (mig == nullptr || mig->has_graphics);
    if (has_drm_nodes) hooks_.add_chmod(folder_of_drm, part.edits);
    bool has_name = false;
    for (const CdiNaming naming : options_.naming) {
      std::string name = name_for(naming, gpu, mig);
      if (name.empty()) continue;
      spec_.devices.push_back({.name = std::move(name), .edits = part.edits});
      has_name = true;
    }
    if (has_name) return {};
    return Error(cat(mig != nullptr ? "MIG device " : "GPU ", name_for(CdiNaming::index, gpu, mig),
                     " has no name by the chosen strategies"))
        .hint("add --device-name-strategy=index");
  }

  void add_common() {
    const CommonPart common = parts_.common();
    const bool is_usual = driver::is_usual(inventory_.driver.kind);
    spec_.edits = common.edits;
    // In the peer's order.
    if (is_usual) hooks_.add_links(common.graphics_links, spec_.edits);
    hooks_.add_links(common.library_links, spec_.edits);
    if (!is_usual) hooks_.add_links(common.graphics_links, spec_.edits);
    // Before the loader's cache, which lists what this hook decides on.
    hooks_.add_cuda_compat(inventory_.driver, spec_.edits);
    hooks_.add_ld_cache(common.library_folders, spec_.edits);
    if (!is_usual) return;
    // In any case: the module's parameter may change while the file stays.
    hooks_.add_mask_params(spec_.edits);
    hooks_.add_application_profile(spec_.edits);
  }

  const Inventory& inventory_;
  const CdiOptions& options_;
  Parts parts_;
  CdiHookMaker hooks_;
  spec::CdiSpec spec_{};
};

struct CoherenceRow {
  bool coherent;
  std::string_view suffix;  // of the kind's class, and of the file's name
};

constexpr CoherenceRow coherence_rows[] = {{true, ".coherent"}, {false, ".noncoherent"}};

// With the feature flag enable-coherent-annotations, the same GPUs stand in two more
// specifications, nvidia.com/gpu.coherent and nvidia.com/gpu.noncoherent: a scheduler that knows
// nothing of GPUs can choose by the kind alone. MIG devices are in neither.
Result<> add_coherence(const Inventory& inventory, const CdiOptions& options,
                       const Selection& selection, CdiOutcome& outcome) {
  for (const size_t position : selection.gpus) {
    const driver::Gpu& gpu = inventory.gpus[position];
    if (gpu.coherent) continue;
    return Error(cat("GPU ", gpu.index,
                     ": only NVML knows whether it is coherent, and it does not "
                     "tell: ",
                     why_unknown(inventory, gpu)))
        .hint("leave the feature flag enable-coherent-annotations out");
  }
  for (const CoherenceRow& row : coherence_rows) {
    Selection some;
    std::ranges::copy_if(selection.gpus, std::back_inserter(some.gpus), [&](size_t position) {
      return inventory.gpus[position].coherent == row.coherent;
    });
    if (some.gpus.empty()) continue;
    CdiOptions kind_options = options;
    kind_options.kind += row.suffix;
    CdiOutcome kind = NVBOX_TRY(GpuSpecMaker(inventory, kind_options).run(some));
    outcome.variants.push_back({std::string(row.suffix), std::move(kind.spec)});
  }
  return {};
}

// Nobody notices that an instance is missing until the work that was to run there is.
Result<> refuse_incomplete(const Selection& selection) {
  for (const driver::Problem& note : selection.notes) {
    if (note.kind != driver::Problem::Kind::mig_device) continue;
    return Error(note.text).hint("--allow-incomplete writes the specification without it");
  }
  return {};
}

// A MIG device that NVML does not number has no name, and a guess may be another one's.
std::optional<std::string> lack_of_name(const Inventory& inventory,
                                        const Selection::MigDevice& device) {
  const driver::Gpu& gpu = inventory.gpus[device.gpu];
  const driver::Mig& mig = gpu.mig[device.mig];
  if (mig.index) return std::nullopt;
  return cat("MIG device ", gpu.index, " ", mig.gpu_instance, "/", mig.compute_instance,
             " has no name: only NVML numbers MIG devices, and it does not: ",
             why_unknown(inventory, gpu));
}

void leave_out_nameless(const Inventory& inventory, Selection& selection) {
  std::erase_if(selection.migs, [&](const Selection::MigDevice& device) {
    auto lack = lack_of_name(inventory, device);
    if (lack) {
      selection.notes.push_back({std::move(*lack), driver::Problem::Kind::mig_device});
    }
    return lack.has_value();
  });
}

Result<Selection> select_ids(const Inventory& inventory, const CdiOptions& options) {
  Selection selection = NVBOX_TRY(select(inventory, request_of(options)));
  leave_out_nameless(inventory, selection);
  if (!options.allow_incomplete) NVBOX_TRY(refuse_incomplete(selection));
  return selection;
}

spec::CdiDevice device_of_all(DevicePart part) {
  return {.name = std::string(name_of_all), .edits = std::move(part.edits)};
}

// What a container with a part of the driver needs besides: nothing but the mark that it is served.
spec::CdiSpec served() {
  return {.edits = {.env = {"NVIDIA_VISIBLE_DEVICES=void"}}};
}

// Libraries that carry the driver's version; the others belong to display servers.
bool is_of_driver(const driver::Library& library, std::string_view version) {
  return library.path.ends_with(cat(".", version)) ||
         path::base_name(library.path).starts_with("libnvidia-nvvm70.so");
}

// The folders of these nodes that crun makes for root alone in rootless containers, which is what
// the hook is for (containers/crun issue 1047).
std::vector<std::string_view> closed_folders_of(const std::vector<driver::HostDevice>& nodes) {
  std::vector<std::string_view> folders;
  for (const std::string_view folder : {"/dev/dri", "/dev/nvidia-caps"}) {
    const auto is_there = [&](const auto& node) { return path::parent(node.path) == folder; };
    if (std::ranges::any_of(nodes, is_there)) folders.push_back(folder);
  }
  return folders;
}

// What a manager of GPUs runs: programs and libraries, but nothing for displays.
Inventory without_graphics(Inventory inventory) {
  using driver::FileKind;
  std::erase_if(inventory.libraries, [&](const driver::Library& library) {
    return !is_of_driver(library, inventory.driver.version);
  });
  std::erase_if(inventory.files, [](const driver::HostFile& file) {
    return file.kind == FileKind::data || file.serves == graphical;
  });
  inventory.extra_links.clear();
  inventory.control.clear();
  return inventory;
}

}  // namespace

Request request_of(const CdiOptions& options) {
  Request request = {.ask = Ask::listed};
  for (const std::string& id : options.device_ids) {
    if (id == "none") return {.ask = Ask::driver_only};
    if (id == "all") return {.ask = Ask::all};
    request.devices.push_back(id);
  }
  return request;
}

std::optional<CdiNaming> parse_cdi_naming(std::string_view word) {
  if (word == "index") return CdiNaming::index;
  if (word == "uuid") return CdiNaming::uuid;
  if (word == "type-index") return CdiNaming::type_index;
  return std::nullopt;
}

Result<CdiOutcome> cdi_spec_of_gpus(const Inventory& inventory, const CdiOptions& options) {
  const Selection selection = NVBOX_TRY(select_ids(inventory, options));
  CdiOutcome outcome = NVBOX_TRY(GpuSpecMaker(inventory, options).run(selection));
  if (options.coherence) NVBOX_TRY(add_coherence(inventory, options, selection, outcome));
  return outcome;
}

Result<CdiOutcome> cdi_spec_of_management(const Inventory& inventory,
                                          const std::vector<driver::HostDevice>& nodes,
                                          const CdiOptions& options) {
  if (nodes.empty()) {
    return Error("no node of the driver is below /dev").hint("create them with nvidia-modprobe");
  }
  const Inventory reduced = without_graphics(inventory);
  const Parts parts = parts_for(reduced, options);
  const CdiHookMaker hooks(options.hooks);
  const CommonPart common = parts.common();
  spec::CdiSpec spec = {.devices = {device_of_all(parts.of(nodes))}, .edits = common.edits};
  const std::vector<std::string_view> folders = closed_folders_of(nodes);
  hooks.add_chmod(folders, spec.devices.front().edits);
  hooks.add_links(common.library_links, spec.edits);
  hooks.add_cuda_compat(inventory.driver, spec.edits);
  hooks.add_ld_cache(common.library_folders, spec.edits);
  return CdiOutcome{.spec = NVBOX_TRY(finish(std::move(spec), options))};
}

Result<CdiOutcome> cdi_spec_of_feature(const Inventory& inventory, driver::Features feature,
                                       const CdiOptions& options) {
  const auto found = std::ranges::find(inventory.features, feature, &driver::Feature::feature);
  if (found == inventory.features.end()) return Error("this host does not have it");
  spec::CdiSpec spec = served();
  spec.devices.push_back(device_of_all(parts_for(inventory, options).of(*found)));
  return CdiOutcome{.spec = NVBOX_TRY(finish(std::move(spec), options))};
}

Result<CdiOutcome> cdi_spec_of_imex(const Inventory& inventory, const CdiOptions& options) {
  const Request request = {.ask = Ask::nothing, .imex_channels = options.device_ids};
  const Selection selection = NVBOX_TRY(select(inventory, request));
  if (selection.imex_channels.empty()) {
    return Error("there is no /dev/nvidia-caps-imex-channels/channel*")
        .hint("load the module nvidia with NVreg_CreateImexChannel0=1");
  }
  spec::CdiSpec spec = served();
  for (const size_t position : selection.imex_channels) {
    const driver::HostDevice& channel = inventory.imex_channels[position];
    // Numbers are left to the engine, which asks the host's node: NVIDIA's form.
    spec::DeviceNode node = {.path = channel.path, .permissions = ""};
    node.host_path = path::join(inventory.driver.dev_root, channel.path);
    spec.devices.push_back({.name = cat(channel.minor), .edits = {.nodes = {std::move(node)}}});
  }
  return CdiOutcome{.spec = NVBOX_TRY(finish(std::move(spec), options))};
}

}  // namespace nvbox::plan
