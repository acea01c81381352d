// nvidia-ctk system create-dev-char-symlinks. systemd and runc find a device that a cgroup may use
// as /dev/char/MAJOR:MINOR; the driver's nodes are not made by udev, so nobody else makes the
// links.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <optional>

#include "base/path.h"
#include "base/text.h"
#include "driver/device_nodes.h"
#include "host/root_write.h"
#include "nvidia_ctk/system.h"
#include "sys/directory_watch.h"

namespace nvbox::applets::ctk_system {
namespace {

struct Settings {
  std::string dev_char_path = "/dev/char";
  std::string driver_root = "/";
  bool watch = false;
  bool create_all = false;
  bool load_kernel_modules = false;
  bool create_device_nodes = false;
  bool dry_run = false;

  DryRun dry() const { return dry_run ? DryRun::yes : DryRun::no; }
};

constexpr cli::Flag<Settings> flags[] = {
    {{"dev-char-path", "DEV_CHAR_PATH", "Directory of the host that gets the links"},
     &Settings::dev_char_path},
    {{"driver-root", "NVIDIA_DRIVER_ROOT DRIVER_ROOT",
      "Directory below which /dev has the nodes, and kernel modules are loaded from"},
     &Settings::driver_root},
    {{"watch", "WATCH", "Stay, and make the links of nodes that come later"}, &Settings::watch},
    {{"create-all", "CREATE_ALL", "Make the links of nodes that do not exist yet, too"},
     &Settings::create_all},
    {{"load-kernel-modules", "LOAD_KERNEL_MODULES",
      "Load the driver's kernel modules first; with --create-all"},
     &Settings::load_kernel_modules},
    {{"create-device-nodes", "CREATE_DEVICE_NODES",
      "Make the driver's device nodes first; with --create-all"},
     &Settings::create_device_nodes},
    {{"dry-run", "DRY_RUN", "Only tell what would be done"}, &Settings::dry_run},
};

Result<> check(Settings& settings, const Log& log) {
  if (settings.create_all && settings.watch) {
    return Error("--create-all and --watch exclude each other")
        .hint("links of --create-all are there before the nodes are");
  }
  if (!settings.dev_char_path.starts_with('/')) {
    return Error(cat("--dev-char-path ", quote(settings.dev_char_path), " is not absolute"));
  }
  const auto needs_all = [&](bool& flag, std::string_view name) {
    if (!flag || settings.create_all) return;
    log.warning(cat(name, " needs --create-all and is ignored"));
    flag = false;
  };
  needs_all(settings.load_kernel_modules, "--load-kernel-modules");
  needs_all(settings.create_device_nodes, "--create-device-nodes");
  return {};
}

// Whether the link leads to the device, by whatever path: udev's are relative.
Result<bool> leads_to(const host::Root& host, const std::string& link, const LinkedNode& node) {
  const auto status = NVBOX_TRY(host.stat(link));
  return status && S_ISCHR(status->st_mode) && status->st_rdev == makedev(node.major, node.minor);
}

Result<> link_node(const machine::Place& place, const Settings& settings, const LinkedNode& node,
                   const Log& log) {
  const std::string link = path::join(settings.dev_char_path, cat(node.major, ":", node.minor));
  const std::string target = path::join(place.dev().path(), node.path);
  const bool is_right = NVBOX_TRY(leads_to(place.host(), link, node));
  if (is_right) {
    log.debug(cat(link, " is right"));
    return {};
  }
  if (settings.dry_run) {
    log.info(cat("would link ", link, " -> ", target));
    return {};
  }
  const host::Changed changed = NVBOX_TRY(host::make_link(place.host(), target, link));
  if (changed == host::Changed::yes) log.info(cat("linked ", link, " -> ", target));
  return {};
}

// A link that cannot be made does not stop the others.
Result<> link_nodes(const machine::Place& place, const Settings& settings,
                    std::span<const LinkedNode> nodes, const Log& log) {
  size_t failures = 0;
  std::optional<Error> first;
  for (const LinkedNode& node : nodes) {
    const Result<> linked = link_node(place, settings, node, log);
    if (linked) continue;
    ++failures;
    if (!first) first = linked.error();
  }
  if (!first) return {};
  if (failures == 1) return *first;
  return std::move(*first).in(cat(failures, " of ", nodes.size(), " links could not be made"));
}

std::vector<driver::HostDevice> existing_nodes(const machine::Place& place, const Log& log) {
  driver::ManagementNodes found = driver::discover_management_nodes(place.roots());
  for (const driver::Problem& problem : found.problems) log.warning(problem.text);
  return std::move(found.nodes);
}

Result<> link_existing(const machine::Place& place, const Settings& settings, const Log& log) {
  const std::vector<driver::HostDevice> existing = existing_nodes(place, log);
  if (existing.empty())
    log.warning(cat("no device nodes of NVIDIA in ", path::join(place.dev().path(), "dev")));
  return link_nodes(place, settings, every_node(existing, {}, {}), log);
}

Result<> link_all(const machine::Place& place, const Settings& settings, const Log& log) {
  if (settings.load_kernel_modules) NVBOX_TRY(load_modules(place, settings.dry(), log));
  const driver::ExpectedNodes expected = driver::expected_nodes(place.host(), {});
  for (const std::string& problem : expected.problems) log.warning(problem);
  const ControlNodes control = control_nodes(expected.nodes);
  if (!control.missing_modules.empty()) {
    return Error(cat("kernel module ", control.missing_modules.front(), " is not loaded"))
        .hint("load it, or use --load-kernel-modules without --dry-run");
  }
  if (settings.create_device_nodes) {
    NVBOX_TRY(make_nodes(place, expected.nodes, settings.dry(), log));
    NVBOX_TRY(make_nodes(place, control.nodes, settings.dry(), log));
  }
  std::vector<driver::ExpectedNode> served = expected.nodes;
  served.insert(served.end(), control.nodes.begin(), control.nodes.end());
  const auto minors = NVBOX_TRY(place.host().read("/proc/driver/nvidia-caps/mig-minors"));
  const auto nodes = every_node(existing_nodes(place, log), served, minors.value_or(""));
  return link_nodes(place, settings, nodes, log);
}

// Watching begins before looking, so that no node comes unseen in between.
Result<> watch_directories(const machine::Place& place, sys::DirectoryWatch& watch) {
  constexpr std::string_view main_directory = "/dev";
  constexpr std::string_view other_directories[] = {"/dev/nvidia-caps",
                                                    "/dev/nvidia-caps-imex-channels"};
  const sys::Fd dev = NVBOX_TRY(place.dev().open_at(main_directory, O_RDONLY | O_DIRECTORY));
  NVBOX_TRY(watch.add(dev));
  for (const std::string_view path : other_directories) {
    const Result<sys::Fd> directory = place.dev().open_at(path, O_RDONLY | O_DIRECTORY);
    if (!directory && host::is_absence(directory.error())) continue;
    if (!directory) return directory.error();
    NVBOX_TRY(watch.add(*directory));
  }
  return {};
}

Result<machine::Place> open_place(const Settings& settings, const Call& call) {
  return machine::Place::open({.host = call.host_root, .driver = settings.driver_root});
}

// The place is opened anew each time: the container of a driver that is updated takes its
// directory away and puts another in its place.
Result<> keep_linking(const Settings& settings, const Call& call) {
  const Log& log = call.log;
  sys::DirectoryWatch watch = NVBOX_TRY(sys::DirectoryWatch::create());
  while (true) {
    const machine::Place place = NVBOX_TRY(open_place(settings, call));
    NVBOX_TRY(watch_directories(place, watch));
    const Result<> linked = link_existing(place, settings, log);
    if (!linked) log.warning(linked.error().full_message());
    const auto event = NVBOX_TRY(watch.wait("nvidia"));
    if (event == sys::DirectoryWatch::Event::end) return {};
    log.debug("looking for device nodes again");
  }
}

}  // namespace

Result<int> run_create_dev_char_symlinks(const Invocation& invocation) {
  auto line = NVBOX_TRY(parse_command(invocation, std::span<const cli::Flag<Settings>>(flags)));
  if (line.exit_status) return *line.exit_status;
  Settings& settings = line.settings;
  const Log& log = invocation.call.log;
  NVBOX_TRY(check(settings, log));
  if (settings.watch) {
    NVBOX_TRY(keep_linking(settings, invocation.call));
    return 0;
  }
  const machine::Place place = NVBOX_TRY(open_place(settings, invocation.call));
  NVBOX_TRY(settings.create_all ? link_all(place, settings, log)
                                : link_existing(place, settings, log));
  return 0;
}

}  // namespace nvbox::applets::ctk_system
