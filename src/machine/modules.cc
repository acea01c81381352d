// A module is loaded by the program that the kernel itself would use, or, on hosts without one, by
// hand: the files of modules.dep are given to the kernel, dependencies first.
#include "machine/modules.h"

#include <fcntl.h>
#include <linux/module.h>
#include <sys/utsname.h>
#include <algorithm>
#include <cerrno>

#include <optional>

#include "base/path.h"
#include "base/text.h"
#include "driver/kernel_module.h"
#include "driver/platform.h"
#include "machine/nodes.h"
#include "sys/cgroup.h"
#include "sys/kernel.h"
#include "sys/process.h"

namespace nvbox::machine {
namespace {

// Loading the driver initialises every GPU; with many of them that takes a while.
constexpr int most_ms = 120000;

bool is_program(const host::Root& root, std::string_view path) {
  const auto status = root.stat(path);
  return status && *status && S_ISREG((*status)->st_mode) && ((*status)->st_mode & 0111) != 0;
}

// The helper of the kernel, below the driver root; nullopt when there is none.
std::optional<std::string> find_modprobe(const driver::Roots& roots) {
  const auto setting = roots.host.read("/proc/sys/kernel/modprobe");
  const std::string helper = setting ? std::string(trim(setting->value_or(""))) : std::string();
  for (const std::string& path :
       {helper, std::string("/sbin/modprobe"), std::string("/usr/sbin/modprobe"),
        std::string("/bin/modprobe")}) {
    if (path.starts_with('/') && is_program(roots.driver, path)) return path;
  }
  return std::nullopt;
}

Result<> run_modprobe(const host::Root& driver, const std::string& program,
                      std::string_view module) {
  const sys::Program modprobe{.path = program,
                              .arguments = {"modprobe", std::string(module)},
                              .environment = {"PATH=/sbin"},
                              .root = driver.path()};
  sys::Child child = NVBOX_TRY(sys::spawn(modprobe));
  const std::optional<sys::ExitStatus> status = NVBOX_TRY(child.wait(most_ms));
  if (!status) return Error(cat(program, " did not end within ", most_ms / 1000, " s"), ETIMEDOUT);
  if (status->signal != 0) return Error(cat(program, " was ended by signal ", status->signal));
  if (status->code != 0) return Error(cat(program, " returned ", status->code));
  return {};
}

bool is_compressed(std::string_view file) {
  return !file.ends_with(".ko");
}

Result<> load_file(const host::Root& driver, const std::string& path) {
  const sys::Fd file = NVBOX_TRY(driver.open_at(path, O_RDONLY));
  const int flags = is_compressed(path) ? MODULE_INIT_COMPRESSED_FILE : 0;
  if (sys::finit_module(file.get(), "", flags) == 0 || errno == EEXIST) return {};
  const int failure = errno;
  Error error(cat("load ", path::join(driver.path(), path)), failure);
  const bool lacks_decompression = failure == EINVAL || failure == EOPNOTSUPP || failure == ENOEXEC;
  if (!is_compressed(path) || !lacks_decompression) return error;
  return std::move(error).hint(
      "this kernel does not decompress modules: install modprobe, or the module uncompressed");
}

Result<> load_by_hand(const host::Root& driver, std::string_view module) {
  utsname kernel{};
  if (uname(&kernel) != 0) return Error("ask for the kernel's release", errno);
  const std::string directory = cat("/lib/modules/", std::string_view(kernel.release));
  const std::string list = cat(directory, "/modules.dep");
  const std::optional<std::string> dependencies = NVBOX_TRY(driver.read(list));
  const std::vector<std::string> files = files_to_load(dependencies.value_or(""), module);
  if (files.empty()) {
    return Error(cat("there is no modprobe, and ", path::join(driver.path(), list),
                     dependencies ? " does not name the module" : " does not exist"));
  }
  for (const std::string& file : files) {
    NVBOX_TRY(load_file(driver, file.starts_with('/') ? file : path::join(directory, file)));
  }
  return {};
}

Result<> load(const driver::Roots& roots, std::string_view module) {
  const std::optional<std::string> modprobe = find_modprobe(roots);
  if (modprobe) return run_modprobe(roots.driver, *modprobe, module);
  return load_by_hand(roots.driver, module);
}

void load_missing(const driver::Roots& roots, const Log& log) {
  for (const std::string_view module : driver_modules) {
    if (driver::has_kernel_module(roots.host, module)) {
      log.debug(cat("kernel module ", module, " is loaded"));
      continue;
    }
    if (!driver::has_pci_gpu(roots.host)) {
      log.info(cat("kernel module ", module, " is not loaded: no NVIDIA GPU is on the PCI bus"));
      continue;
    }
    const Result<> loaded = load(roots, module);
    if (!loaded) log.warning(cat("kernel module ", module, ": ", loaded.error().full_message()));
    if (loaded) log.info(cat("loaded kernel module ", module));
  }
}

// "nvidia-uvm" for "kernel/drivers/video/nvidia-uvm.ko.zst"; the kernel does not tell '-' from '_'.
std::string module_of(std::string_view file) {
  const std::string_view name = path::base_name(file);
  std::string out(name.substr(0, name.find(".ko")));
  std::ranges::replace(out, '_', '-');
  return out;
}

using MakeNode = Result<> (*)(const host::Root& dev, const driver::ExpectedNode& node);

void load_and_make(const driver::Roots& roots, CapabilityNodes capabilities, MakeNode make,
                   const Log& log) {
  if (sys::is_in_user_namespace()) {
    log.warning("kernel modules are not loaded and nodes not made: this is a user namespace");
    return;
  }
  const driver::DriverKind kind = driver::platform_of(roots, driver::read_version_file(roots.host));
  if (kind == driver::DriverKind::tegra) {
    log.info("kernel modules are not loaded and nodes not made: a Tegra's system has its own");
    return;
  }
  load_missing(roots, log);
  const driver::ExpectedNodes expected = driver::expected_nodes(roots.host, {});
  for (const std::string& problem : expected.problems) log.warning(problem);
  for (const driver::ExpectedNode& node : expected.nodes) {
    const bool is_capability = path::parent(node.path) == driver::mig_node_directory;
    if (is_capability && capabilities == CapabilityNodes::leave) continue;
    const Result<> made = make(roots.dev, node);
    if (!made) log.warning(cat("device node ", made.error().full_message()));
  }
}

}  // namespace

std::vector<std::string> files_to_load(std::string_view modules_dep, std::string_view module) {
  for (const std::string_view line : split(modules_dep, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || module_of(line.substr(0, colon)) != module) continue;
    std::vector<std::string> files = {std::string(line.substr(0, colon))};
    for (const std::string_view file : split(line.substr(colon + 1), ' ')) {
      if (!trim(file).empty()) files.emplace_back(trim(file));
    }
    // Each file is listed before what it needs (modules.dep(5)).
    std::ranges::reverse(files);
    return files;
  }
  return {};
}

Result<Loaded> load_module(const driver::Roots& roots, std::string_view module) {
  if (driver::has_kernel_module(roots.host, module)) return Loaded::before;
  NVBOX_TRY(load(roots, module).in(cat("kernel module ", module)));
  return Loaded::now;
}

void load_modules(const driver::Roots& roots, CapabilityNodes capabilities, const Log& log) {
  load_and_make(roots, capabilities, make_node, log);
}

void load_modules_for_description(const driver::Roots& roots, const Log& log) {
  load_and_make(roots, CapabilityNodes::make, make_node_if_missing, log);
}

}  // namespace nvbox::machine
