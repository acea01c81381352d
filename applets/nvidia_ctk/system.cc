// nvidia-ctk system: kernel modules, device nodes and links to them, where neither udev nor
// nvidia-modprobe makes them.
#include "nvidia_ctk/system.h"

#include <linux/capability.h>

#include <cerrno>

#include "base/path.h"
#include "base/text.h"
#include "machine/modules.h"
#include "machine/nodes.h"
#include "nvidia_ctk/nvidia_ctk.h"
#include "sys/capabilities.h"
#include "sys/cgroup.h"

namespace nvbox::applets {
namespace ctk_system {
namespace {

using driver::ExpectedNode;
using machine::makes_nodes;

constexpr sys::CapSet loads_modules = {CAP_SYS_CHROOT, CAP_SYS_MODULE};

struct Settings {
  std::string driver_root = "/";
  std::string dev_root{};
  bool control_devices = false;
  bool load_kernel_modules = false;
  bool dry_run = false;
};

constexpr cli::Flag<Settings> flags[] = {
    {{"driver-root root", "ROOT NVIDIA_DRIVER_ROOT DRIVER_ROOT",
      "Directory that the driver is installed in; kernel modules are loaded from below it"},
     &Settings::driver_root},
    {{"dev-root", "NVIDIA_DEV_ROOT DEV_ROOT",
      "Directory below which /dev gets the nodes, if not the driver root"},
     &Settings::dev_root},
    {{"control-devices", {}, "Make nvidiactl, nvidia-modeset, nvidia-uvm and nvidia-uvm-tools"},
     &Settings::control_devices},
    {{"load-kernel-modules", {}, "Load nvidia, nvidia-uvm and nvidia-modeset first"},
     &Settings::load_kernel_modules},
    {{"dry-run", "DRY_RUN", "Only tell what would be done"}, &Settings::dry_run},
};

// An error for want of permission says what this process would need.
Error name_missing(Error error, sys::CapSet needed) {
  if (error.code() != EPERM && error.code() != EACCES) return error;
  if (sys::is_in_user_namespace()) {
    return std::move(error).hint("a user namespace has no say over devices; call it on the host");
  }
  const auto permitted = sys::permitted_capabilities();
  if (!permitted || needed.without(*permitted).is_empty()) return error;
  return std::move(error).hint(cat("this process was not given ",
                                   sys::to_string(needed.without(*permitted)), "; run it as root"));
}

std::string_view describe(machine::NodeState state) {
  switch (state) {
    case machine::NodeState::right:
      return "is right";
    case machine::NodeState::missing:
      return "is missing";
    case machine::NodeState::default_access:
    case machine::NodeState::other_access:
      return "has another mode or owner";
    case machine::NodeState::other_thing:
      return "is something else";
  }
  return "";
}

Result<> make_if_wrong(const host::Root& dev, const ExpectedNode& node, DryRun dry_run,
                       const Log& log) {
  const std::string path = path::join(dev.path(), node.path);
  const machine::NodeState state = NVBOX_TRY(machine::look_at_node(dev, node));
  if (state == machine::NodeState::right) {
    log.debug(cat(path, " is right"));
    return {};
  }
  log.info(cat(dry_run == DryRun::yes ? "would run: " : "", mknod_command(path, node), " (it ",
               describe(state), ")"));
  return dry_run == DryRun::yes ? Result<>() : machine::make_node_itself(dev, node);
}

Result<> make_control_nodes(const machine::Place& place, const Settings& settings, const Log& log) {
  const DryRun dry_run = settings.dry_run ? DryRun::yes : DryRun::no;
  const driver::ExpectedNodes expected = driver::expected_nodes(place.host(), {});
  for (const std::string& problem : expected.problems) log.warning(problem);
  const ControlNodes control = control_nodes(expected.nodes);
  NVBOX_TRY(make_nodes(place, control.nodes, dry_run, log));
  if (control.missing_modules.empty()) return {};
  std::string modules;
  for (const std::string_view module : control.missing_modules) {
    modules += cat(modules.empty() ? "" : ", ", module);
  }
  const std::string problem = cat("device nodes of modules that are not loaded: ", modules);
  if (settings.load_kernel_modules && settings.dry_run) {
    log.info(problem + "; their numbers are known once they are");
    return {};
  }
  return Error(problem).hint("load them, or use --load-kernel-modules");
}

}  // namespace

Result<> load_modules(const machine::Place& place, DryRun dry_run, const Log& log) {
  for (const std::string_view module : machine::driver_modules) {
    if (dry_run == DryRun::yes) {
      const bool is_loaded = driver::has_kernel_module(place.host(), module);
      if (!is_loaded) log.info(cat("would load kernel module ", module));
      continue;
    }
    const auto loaded = machine::load_module(place.roots(), module);
    if (!loaded) return name_missing(loaded.error(), loads_modules);
    if (*loaded == machine::Loaded::now) log.info(cat("loaded kernel module ", module));
  }
  return {};
}

Result<> make_nodes(const machine::Place& place, std::span<const ExpectedNode> nodes,
                    DryRun dry_run, const Log& log) {
  for (const ExpectedNode& node : nodes) {
    Result<> made = make_if_wrong(place.dev(), node, dry_run, log);
    if (!made) return name_missing(std::move(made).error().in("device node"), makes_nodes);
  }
  return {};
}

Result<int> run_create_device_nodes(const Invocation& invocation) {
  const auto line =
      NVBOX_TRY(parse_command(invocation, std::span<const cli::Flag<Settings>>(flags)));
  if (line.exit_status) return *line.exit_status;
  const Settings& settings = line.settings;
  const Log& log = invocation.call.log;
  if (!settings.control_devices && !settings.load_kernel_modules) {
    log.warning("nothing to do; use --control-devices or --load-kernel-modules");
    return 0;
  }
  const machine::Place place = NVBOX_TRY(machine::Place::open({.host = invocation.call.host_root,
                                                               .driver = settings.driver_root,
                                                               .dev = settings.dev_root}));
  if (settings.load_kernel_modules) {
    NVBOX_TRY(load_modules(place, settings.dry_run ? DryRun::yes : DryRun::no, log));
  }
  if (settings.control_devices) NVBOX_TRY(make_control_nodes(place, settings, log));
  return 0;
}

}  // namespace ctk_system

namespace {

constexpr CommandRow commands[] = {
    {.names = "create-dev-char-symlinks",
     .summary = "Make the links in /dev/char that systemd and runc find devices by",
     .run = ctk_system::run_create_dev_char_symlinks},
    {.names = "create-device-nodes",
     .summary = "Make the device nodes of the driver",
     .run = ctk_system::run_create_device_nodes},
    {.names = "print-ldcache",
     .summary = "Print the libraries of the loader's cache",
     .run = ctk_system::run_print_ldcache},
};

}  // namespace

std::span<const CommandRow> ctk_system_commands() {
  return commands;
}

}  // namespace nvbox::applets
