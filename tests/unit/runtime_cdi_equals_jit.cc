// A container gets the same devices whether nvbox describes them at its start or a CDI
// specification did so before: for any host and any request, config.json is the same but for the
// order of lists where nothing depends on it, and but for the hooks, which do the same work.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "apply/complete_nodes.h"
#include "apply/to_oci.h"
#include "base/text.h"
#include "config/cdi_registry.h"
#include "driver/inventory.h"
#include "plan/cdi_spec_for.h"
#include "plan/edits_for.h"
#include "plan/mode.h"
#include "plan/select.h"
#include "spec/container_work.h"
#include "support/make_host.h"

namespace nvbox::runtime {
namespace {

using driver::Capabilities;
using driver::FileKind;
using driver::HostDevice;
using Words = std::vector<std::string>;

class Hosts {
 public:
  explicit Hosts(unsigned seed) : random_(seed) {}

  size_t below(size_t limit) { return random_() % limit; }
  bool maybe() { return below(2) == 0; }

  driver::Inventory inventory() {
    driver::Inventory out;
    out.driver = {
        .kind = driver::DriverKind::dgpu, .version = "550.163.01", .modifies_device_files = true};
    for (size_t count = 1 + below(4), i = 0; i < count; ++i) out.gpus.push_back(gpu(i));
    add_control(out);
    add_files(out);
    return out;
  }

  // Any of the names that the specification has, more than once too.
  Words request(const driver::Inventory& inventory) {
    if (below(6) == 0) return {"all"};
    Words names;
    for (const driver::Gpu& gpu : inventory.gpus) {
      if (gpu.mig.empty()) {
        names.push_back(cat(gpu.index));
        names.push_back(gpu.uuid);
      }
      for (const driver::Mig& mig : gpu.mig) {
        names.push_back(cat(gpu.index, ":", *mig.index));
        names.push_back(mig.uuid);
      }
    }
    std::ranges::shuffle(names, random_);
    names.resize(1 + below(names.size()));
    return names;
  }

 private:
  HostDevice node(std::string path, unsigned major, unsigned minor) {
    constexpr mode_t modes[] = {0666, 0660, 0600};
    constexpr gid_t groups[] = {0, 44, 105};
    return {std::move(path), major, minor, modes[below(3)], groups[below(3)]};
  }

  driver::Gpu gpu(size_t index) {
    const auto number = static_cast<unsigned>(index);
    driver::Gpu out = {.index = number,
                       .minor = number,
                       .uuid = cat("GPU-0000000", index, "-0000-0000-0000-000000000000"),
                       .bus_id = cat("0000:0", index, ":00.0"),
                       .node = node(cat("/dev/nvidia", index), 195, number)};
    if (maybe()) {
      out.drm_nodes = {node(cat("/dev/dri/card", index), 226, number),
                       node(cat("/dev/dri/renderD", 128 + index), 226, 128 + number)};
      out.drm_links = {{cat("../card", index), cat("/dev/dri/by-path/pci-", out.bus_id, "-card"),
                        Capabilities::graphics | Capabilities::display}};
    }
    for (size_t count = maybe() ? below(3) : 0, i = 0; i < count; ++i)
      out.mig.push_back(mig(index, i));
    return out;
  }

  driver::Mig mig(size_t gpu, size_t position) {
    const auto cap = static_cast<unsigned>(100 * gpu + 2 * position + 1);
    return {
        .gpu_instance = static_cast<unsigned>(7 + position),
        .compute_instance = 0,
        .gpu_instance_node = node(cat("/dev/nvidia-caps/nvidia-cap", cap), 511, cap),
        .compute_instance_node = node(cat("/dev/nvidia-caps/nvidia-cap", cap + 1), 511, cap + 1),
        // In another order than the instances.
        .index = static_cast<unsigned>(9 - position),
        .uuid = cat("MIG-0000000", gpu, "-0000-5000-8000-00000000000", position),
        .has_graphics = maybe()};
  }

  void add_control(driver::Inventory& out) {
    out.control.push_back(node("/dev/nvidiactl", 195, 255));
    if (maybe()) out.control.push_back(node("/dev/nvidia-uvm", 510, 0));
    if (maybe()) out.control.push_back(node("/dev/nvidia-modeset", 195, 254));
  }

  void add_files(driver::Inventory& out) {
    constexpr Capabilities sets[] = {Capabilities::compute, Capabilities::utility,
                                     Capabilities::graphics, Capabilities::video,
                                     Capabilities::ngx};
    for (size_t count = below(5), i = 0; i < count; ++i) {
      const std::string folder = maybe() ? "/usr/lib64" : "/usr/lib64/vdpau";
      const std::string name = cat("libnvidia-", i, ".so");
      out.libraries.push_back({.path = cat(folder, "/", name, ".550.163.01"),
                               .soname = cat(name, ".1"),
                               .links = {{cat(name, ".550.163.01"), cat(folder, "/", name, ".1")}},
                               .serves = sets[below(5)],
                               .is_32_bit = below(5) == 0});
    }
    if (maybe()) out.library_directories = {"/usr/lib64"};
    constexpr FileKind kinds[] = {FileKind::binary, FileKind::firmware, FileKind::socket,
                                  FileKind::directory, FileKind::data};
    for (size_t count = below(5), i = 0; i < count; ++i) {
      const std::string path = cat(maybe() ? "/usr/bin/file" : "/usr/share/nvidia/file", i);
      out.files.push_back(
          {kinds[below(5)], path, maybe() ? path : cat("/etc", path), sets[below(5)]});
    }
    if (maybe()) {
      out.extra_links = {{"../libnvidia-allocator.so.1", "/usr/lib64/gbm/nvidia-drm_gbm.so",
                          Capabilities::graphics}};
    }
  }

  std::mt19937 random_;
};

// The nodes of a host, for what a specification leaves to it.
std::string nodes_of(const driver::Inventory& inventory) {
  std::vector<HostDevice> all = inventory.control;
  for (const driver::Gpu& gpu : inventory.gpus) {
    all.push_back(*gpu.node);
    all.insert(all.end(), gpu.drm_nodes.begin(), gpu.drm_nodes.end());
    for (const driver::Mig& mig : gpu.mig) {
      all.push_back(*mig.gpu_instance_node);
      all.push_back(*mig.compute_instance_node);
    }
  }
  std::string out;
  for (const HostDevice& device : all) {
    out += cat("c ", device.path, " ", device.major, ":", device.minor, "\n");
  }
  return out;
}

// What is compared of a container.
struct Served {
  std::string config{};
  std::set<std::string> links{};
  spec::ContainerWork work{};  // all but the links

  bool operator==(const Served&) const = default;
};

// The lists whose order says nothing, in one order.
void sort_lists(data::Json& config) {
  for (const char* pointer :
       {"/linux/devices", "/linux/resources/devices", "/process/user/additionalGids"}) {
    const data::Json::json_pointer place(pointer);
    if (!config.contains(place)) continue;
    data::Json& list = config[place];
    std::sort(list.begin(), list.end());
  }
}

Served serve(spec::ContainerEdits edits, spec::ContainerWork work) {
  auto oci = spec::OciSpec::parse(R"({"process": {"env": ["A=b", "NVIDIA_VISIBLE_DEVICES=x"]},
    "mounts": [{"destination": "/usr"}, {"destination": "/dev/shm"}], "linux": {}})")
                 .value();
  EXPECT_TRUE(apply::add_edits(oci, edits));
  sort_lists(oci.document());
  Served out = {.config = oci.dump().value()};
  for (const spec::Link& link : work.links) out.links.insert(cat(link.target, "::", link.link));
  work.links.clear();
  out.work = std::move(work);
  return out;
}

Served serve_jit(const driver::Inventory& inventory, const Words& names) {
  Words qualified;
  for (const std::string& name : names) qualified.push_back(cat(plan::runtime_kind, "=", name));
  const plan::Request request = plan::with_runtime_names({}, qualified);
  const plan::Selection selection = plan::select(inventory, request).value();
  plan::ContainerPlan plan = plan::plan_for(inventory, selection, plan::cdi_capabilities, {});
  return serve(std::move(plan.edits), std::move(plan.work));
}

// One hook of a specification as a part of what nvbox's own hook does.
void add_work(const spec::Hook& hook, spec::ContainerWork& work) {
  const std::string& name = hook.args.at(1);
  if (name == "enable-cuda-compat") {
    work.cuda_compat_driver = hook.args.at(2).substr(hook.args.at(2).find('=') + 1);
  }
  work.mask_params |= name == "disable-device-node-modification";
  work.application_profile |= name == "update-application-profile";
  for (size_t i = 3; i < hook.args.size(); i += 2) {
    if (name == "create-symlinks") work.links.push_back(spec::parse_link(hook.args[i]).value());
    if (name == "update-ldcache") work.library_folders.push_back(hook.args[i]);
  }
}

// By way of a file in a specification directory of the host.
Served serve_cdi(const driver::Inventory& inventory, const Words& names, spec::CdiFormat format) {
  const plan::CdiOutcome outcome = plan::cdi_spec_of_gpus(inventory, {}).value();
  const test::Host host(nodes_of(inventory) + "d /etc/cdi\n");
  std::ofstream(host.path() + "/etc/cdi/nvidia.yaml")
      << spec::cdi_text(outcome.spec, format).value();
  Words qualified;
  for (const std::string& name : names) qualified.push_back(cat("nvidia.com/gpu=", name));
  const host::Root root = host.root();
  const Words directories = {"/etc/cdi"};
  config::CdiMatch match = config::find_cdi({root, directories}, qualified);
  EXPECT_EQ(match.unresolved, Words{});
  EXPECT_TRUE(match.problems.empty());
  EXPECT_TRUE(apply::complete_nodes(root, match.edits));
  spec::ContainerWork work;
  for (const spec::Hook& hook : match.edits.hooks) add_work(hook, work);
  match.edits.hooks.clear();
  return serve(std::move(match.edits), std::move(work));
}

TEST(CdiEqualsJit, for_any_host_and_any_request) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    Hosts hosts(seed);
    const driver::Inventory inventory = hosts.inventory();
    const Words names = hosts.request(inventory);
    const Served jit = serve_jit(inventory, names);
    for (const spec::CdiFormat format : {spec::CdiFormat::yaml, spec::CdiFormat::json}) {
      const Served cdi = serve_cdi(inventory, names, format);
      ASSERT_EQ(cdi.config, jit.config) << "seed " << seed << ": " << join(names, ",");
      ASSERT_EQ(cdi.links, jit.links) << "seed " << seed << ": " << join(names, ",");
      ASSERT_EQ(cdi.work, jit.work) << "seed " << seed << ": " << join(names, ",");
    }
  }
}

}  // namespace
}  // namespace nvbox::runtime
