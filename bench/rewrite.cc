// The pure parts of a container start: reading the specification and the configuration, deciding,
// editing and writing.
#include <benchmark/benchmark.h>

#include <string>

#include "apply/to_oci.h"
#include "base/text.h"
#include "config/config.h"
#include "plan/edits_for.h"
#include "plan/request.h"
#include "plan/select.h"
#include "spec/oci.h"

namespace nvbox {
namespace {

// As large as what dockerd writes: 30 variables, 20 mounts.
std::string engine_spec() {
  std::string env = "\"NVIDIA_VISIBLE_DEVICES=all\"";
  for (int i = 0; i < 30; ++i) env += cat(",\"VARIABLE_", i, "=some value of usual length\"");
  std::string mounts;
  for (int i = 0; i < 20; ++i) {
    mounts +=
        cat(i == 0 ? "" : ",", "{\"destination\":\"/mnt/", i,
            "\",\"type\":\"bind\",\"source\":\"/data/", i, "\",\"options\":[\"rbind\",\"ro\"]}");
  }
  return cat("{\"ociVersion\":\"1.0.2\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"env\":[", env,
             "],\"cwd\":\"/\"},\"root\":{\"path\":\"rootfs\"},\"mounts\":[", mounts,
             "],\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}}}");
}

driver::Inventory eight_gpus() {
  driver::Inventory inventory;
  inventory.driver = {.kind = driver::DriverKind::dgpu, .version = "550.163.01"};
  for (unsigned i = 0; i < 8; ++i) {
    inventory.gpus.push_back({.index = i,
                              .minor = i,
                              .uuid = cat("GPU-", i),
                              .node = driver::HostDevice{cat("/dev/nvidia", i), 195, i, 0666, 0}});
  }
  for (int i = 0; i < 45; ++i) {
    const std::string name = cat("libnvidia-", i, ".so");
    inventory.libraries.push_back(
        {.path = cat("/usr/lib/x86_64-linux-gnu/", name, ".550.163.01"),
         .soname = cat(name, ".1"),
         .links = {{cat(name, ".550.163.01"), cat("/usr/lib/x86_64-linux-gnu/", name, ".1")}}});
  }
  return inventory;
}

void read_configuration(benchmark::State& state) {
  const std::string text =
      "disable-require = false\n[nvidia-container-cli]\nload-kmods = true\n"
      "[nvidia-container-runtime]\nlog-level = \"info\"\nmode = \"auto\"\n"
      "runtimes = [\"runc\", \"crun\"]\n[nvidia-container-runtime.modes.cdi]\n"
      "spec-dirs = [\"/etc/cdi\", \"/var/run/cdi\"]\n";
  for (auto _ : state) benchmark::DoNotOptimize(config::parse_config(text));
}
BENCHMARK(read_configuration);

void read_and_write_specification(benchmark::State& state) {
  const std::string text = engine_spec();
  for (auto _ : state) {
    const Result<spec::OciSpec> spec = spec::OciSpec::parse(text);
    benchmark::DoNotOptimize(spec->dump());
  }
}
BENCHMARK(read_and_write_specification);

void decide_and_edit(benchmark::State& state) {
  const std::string text = engine_spec();
  const config::Config config;
  const driver::Inventory inventory = eight_gpus();
  for (auto _ : state) {
    Result<spec::OciSpec> spec = spec::OciSpec::parse(text);
    const Result<plan::Request> request =
        plan::request_of(*spec->view(), config, plan::Annotations::ignore);
    const Result<plan::Selection> selection = plan::select(inventory, *request);
    const plan::ContainerPlan plan =
        plan::plan_for(inventory, *selection, request->capabilities, config);
    benchmark::DoNotOptimize(apply::add_edits(*spec, plan.edits));
  }
}
BENCHMARK(decide_and_edit);

}  // namespace
}  // namespace nvbox
