// What nvbox finds on a host and would give a container there, as text that people read and tests
// compare: tests/hosts/NAME.golden.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/config.h"
#include "driver/discover.h"
#include "plan/edits_for.h"
#include "plan/select.h"
#include "support/make_host.h"

namespace nvbox::test {

// Describes the whole of a host, with each path as the host itself has it. Groups are left out: the
// tree's are those of who made it.
class HostDescription {
 public:
  // One line that begins with "error: " where discovery or the selection of all devices fails.
  static std::string of(const Host& host) {
    HostDescription description(host);
    description.run();
    return std::move(description.text_);
  }

 private:
  explicit HostDescription(const Host& host) : host_(host) {}

  void run() {
    const host::Root root = host_.root();
    const host::Root driver = host_.root(host_.driver_root());
    const driver::Search search = {.machine = host::elf_machine_x86_64};
    const Result<driver::Inventory> found =
        driver::discover({root, driver, driver}, search,
                         {.facts = true, .imex_channels = true, .features = driver::Features::all});
    if (!found) return line("error: ", found.error().full_message());
    describe(*found);
    plan::Request request{.ask = plan::Ask::all, .capabilities = driver::Capabilities::all};
    const Result<plan::Selection> selection = plan::select(*found, request);
    if (!selection) return line("error: ", selection.error().full_message());
    text_ += "\n";
    describe(plan::plan_for(*found, *selection, driver::Capabilities::all, config::Config()));
  }

  void describe(const driver::Inventory& inventory) {
    line("driver ", inventory.driver.version, " cuda ", inventory.driver.cuda_version, " root ",
         inventory.driver.root, " dev ", inventory.driver.dev_root);
    for (const driver::Gpu& gpu : inventory.gpus) describe(gpu);
    for (const driver::HostDevice& node : inventory.control) describe("control", node);
    for (const driver::HostDevice& node : inventory.imex_channels) describe("imex", node);
    for (const std::string& path : inventory.library_directories) line("directory ", path);
    for (const driver::Library& library : inventory.libraries) {
      line(library.is_32_bit ? "library32 " : "library ", library.path, " ", library.soname, " ",
           words_of(library.serves));
    }
    for (const driver::HostFile& file : inventory.files) {
      line(kind_of(file.kind), " ", file.path,
           file.container_path == file.path ? "" : cat(" as ", file.container_path), " ",
           words_of(file.serves));
    }
    for (const driver::Feature& feature : inventory.features) {
      for (const driver::HostDevice& node : feature.nodes) describe("feature", node);
      for (const driver::HostFile& file : feature.files) line("feature file ", file.path);
    }
    for (const driver::Problem& problem : inventory.problems) {
      // Every feature is asked for.
      if (!problem.text.contains(" is asked for, but ")) line("problem: ", problem.text);
    }
  }

  void describe(const driver::Gpu& gpu) {
    line("gpu ", gpu.index, " ", gpu.bus_id, " ", gpu.uuid, " ", gpu.model, " (", gpu.brand, " ",
         gpu.architecture, ")", gpu.problem ? cat(" problem: ", *gpu.problem) : "");
    if (gpu.node) describe("  node", *gpu.node);
    for (const driver::HostDevice& node : gpu.drm_nodes) describe("  drm", node);
    for (const driver::HostLink& link : gpu.drm_links) line("  drm ", link.link, " ", link.target);
    for (const driver::Mig& mig : gpu.mig) {
      line("  mig ", mig.gpu_instance, "/", mig.compute_instance);
      if (mig.gpu_instance_node) describe("    node", *mig.gpu_instance_node);
      if (mig.compute_instance_node) describe("    node", *mig.compute_instance_node);
    }
  }

  void describe(const plan::ContainerPlan& plan) {
    for (const std::string& variable : plan.edits.env) line("env ", variable);
    for (const spec::DeviceNode& node : plan.edits.nodes) {
      line("give ", node.path, " ", node.major, ":", node.minor, moved(node.host_path, node.path));
    }
    // Of those that are where they are on the host the inventory has told.
    for (const spec::Mount& mount : plan.edits.mounts) {
      const std::string from = moved(mount.host_path, mount.container_path);
      if (!from.empty()) line("mount ", mount.container_path, from);
    }
    line("mounts ", plan.edits.mounts.size());
    for (const spec::Link& link : plan.work.links) line("link ", link.target, "::", link.link);
    for (const std::string& path : plan.work.library_folders) line("folder ", path);
    line("compat ", plan.work.cuda_compat_driver, plan.work.mask_params ? " params" : "",
         plan.work.application_profile ? " profile" : "");
  }

  // Where it comes from, if not from the same place below the driver root.
  std::string moved(const std::string& from, const std::string& to) const {
    return from == cat(host_.path(), host_.driver_root(), to) ? "" : cat(" from ", from);
  }

  void describe(std::string_view what, const driver::HostDevice& node) {
    line(what, " ", node.path, " ", node.major, ":", node.minor, " ", octal(node.mode));
  }

  static std::string octal(mode_t mode) {
    std::string digits;
    for (int shift = 9; shift >= 0; shift -= 3) {
      digits += static_cast<char>('0' + ((mode >> shift) & 7U));
    }
    return digits;
  }

  static std::string words_of(driver::Capabilities serves) {
    if (serves == driver::Capabilities::all) return "all";
    std::vector<std::string> words;
    for (const driver::CapabilityName& row : driver::capability_names) {
      if (intersects(row.capability, serves)) words.emplace_back(row.word);
    }
    return join(words, ",");
  }

  static std::string_view kind_of(driver::FileKind kind) {
    constexpr std::string_view kinds[] = {"binary", "firmware", "socket", "directory", "data"};
    return kinds[static_cast<size_t>(kind)];
  }

  // The tree's own place is nobody's business.
  template <typename... Parts>
  void line(const Parts&... parts) {
    std::string whole = cat(parts...);
    const std::string& place = host_.path();
    for (size_t at = 0; (at = whole.find(place, at)) != std::string::npos;) {
      const size_t end = at + place.size();
      const bool is_all = end == whole.size() || whole[end] != '/';
      whole.replace(at, place.size(), is_all ? "/" : "");
    }
    text_ += whole + "\n";
  }

  const Host& host_;
  std::string text_;
};

}  // namespace nvbox::test
