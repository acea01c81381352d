#include "runtime/configure_call.h"

#include <gtest/gtest.h>

namespace nvbox::runtime {
namespace {

using plan::Ask;
using Words = std::vector<std::string>;

constexpr auto compute_and_utility = driver::Capabilities::compute | driver::Capabilities::utility;

Words configure_arguments(const plan::Request& request, const config::Config& config,
                          const ConfigureTarget& target) {
  return to_arguments(configure_call(request, config, target));
}

ConfigureTarget target() {
  return {.pid = 42, .rootfs = "/r", .ldconfig = "@/sbin/ldconfig"};
}

TEST(ConfigureArguments, the_defaults_are_those_of_the_peer) {
  EXPECT_EQ(
      configure_arguments({.ask = Ask::all, .capabilities = compute_and_utility}, {}, target()),
      (Words{"--load-kmods", "configure", "--cuda-compat-mode=ldconfig",
             "--ldconfig=@/sbin/ldconfig", "--device=all", "--compute", "--utility", "--pid=42",
             "/r"}));
}

// What config.toml says of a Jetson has no words on that command line, and the peer's hook passes
// none on; in the same process they are values.
TEST(ConfigureArguments, of_a_jetson_are_values_only) {
  config::Config config;
  config.runtime.csv_mount_spec_path = "/c";
  config.runtime.csv_compat_container_root = "/compat";
  config.runtime.jit_feature_flags = {"disable-multiple-csv-devices"};
  const plan::Request request = {
      .ask = Ask::all, .capabilities = compute_and_utility, .all_csv_files = true};
  const ConfigureCall call = configure_call(request, config, target());
  EXPECT_EQ(call.globals.csv.directory, "/c");
  EXPECT_EQ(call.globals.csv.compat_root, "/compat");
  EXPECT_TRUE(call.globals.csv.one_gpu);
  EXPECT_TRUE(call.options.all_csv_files);
  EXPECT_EQ(
      to_arguments(call),
      configure_arguments({.ask = Ask::all, .capabilities = compute_and_utility}, {}, target()));
}

TEST(ConfigureArguments, everything_has_the_order_of_the_peer) {
  config::Config config;
  config.cli = {.root = "/run/nvidia/driver",
                .debug = "/var/log/nvidia.log",
                .ldcache = "/etc/ld.so.cache",
                .no_pivot = true,
                .no_cgroups = true,
                .user = "root:video"};
  config.features.disable_imex_channel_creation = true;
  const plan::Request request = {.ask = Ask::listed,
                                 .devices = {"0", "GPU-1"},
                                 .capabilities = driver::Capabilities::all,
                                 .imex_channels = {"0", "channel3"},
                                 .requirements = {"cuda>=12.4", "brand=tesla"},
                                 .mig = {.config = "all", .monitor = "all"}};
  EXPECT_EQ(configure_arguments(request, config, target()), (Words{"--root=/run/nvidia/driver",
                                                                   "--load-kmods",
                                                                   "--no-create-imex-channels",
                                                                   "--no-pivot",
                                                                   "--debug=/var/log/nvidia.log",
                                                                   "--ldcache=/etc/ld.so.cache",
                                                                   "--user=root:video",
                                                                   "configure",
                                                                   "--cuda-compat-mode=ldconfig",
                                                                   "--ldconfig=@/sbin/ldconfig",
                                                                   "--no-cgroups",
                                                                   "--device=0,GPU-1",
                                                                   "--mig-config=all",
                                                                   "--mig-monitor=all",
                                                                   "--imex-channel=0,3",
                                                                   "--compat32",
                                                                   "--compute",
                                                                   "--display",
                                                                   "--graphics",
                                                                   "--ngx",
                                                                   "--utility",
                                                                   "--video",
                                                                   "--require=cuda>=12.4",
                                                                   "--require=brand=tesla",
                                                                   "--pid=42",
                                                                   "/r"}));
}

TEST(ConfigureArguments, the_driver_alone_is_no_device) {
  config::Config config;
  config.cli.load_kmods = false;
  EXPECT_EQ(configure_arguments({.ask = Ask::driver_only}, config, {.pid = 1, .rootfs = "/r"}),
            (Words{"configure", "--cuda-compat-mode=ldconfig", "--pid=1", "/r"}));
}

TEST(ConfigureArguments, debug_of_the_hook_goes_before_that_of_the_file) {
  config::Config config;
  config.cli.debug = "/var/log/nvidia.log";
  const Words words = configure_arguments(
      {.ask = Ask::all}, config, {.pid = 1, .rootfs = "/r", .debug_on_standard_error = true});
  EXPECT_EQ(words.at(1), "--debug=/dev/stderr");
}

TEST(ConfigureArguments, every_compatibility_mode_has_its_word) {
  struct Row {
    std::string configured;
    bool allow_from_container;
    std::string word;  // empty: none
  };
  const Row rows[] = {{"ldconfig", false, "--cuda-compat-mode=ldconfig"},
                      {"mount", false, "--cuda-compat-mode=mount"},
                      {"hook", false, "--cuda-compat-mode=disabled"},
                      {"disabled", true, "--cuda-compat-mode=disabled"},
                      {"other", false, "--cuda-compat-mode=disabled"},
                      {"", true, ""}};
  for (const Row& row : rows) {
    config::Config config;
    config.cli.load_kmods = false;
    config.runtime.legacy_cuda_compat_mode = row.configured;
    config.features.allow_cuda_compat_libs_from_container = row.allow_from_container;
    const Words words = configure_arguments({.ask = Ask::all}, config, {.pid = 1, .rootfs = "/r"});
    EXPECT_EQ(words.at(1), row.word.empty() ? "--device=all" : row.word) << row.configured;
  }
}

TEST(NormalLdconfig, a_path_of_the_container_is_left_alone) {
  EXPECT_EQ(normal_ldconfig("/sbin/ldconfig"), "/sbin/ldconfig");
  EXPECT_EQ(normal_ldconfig("@/nvbox/absent/ldconfig.real"), "@/nvbox/absent/ldconfig");
}

TEST(ConfigureArguments, tell_how_long_nvml_may_take_only_where_that_is_not_usual) {
  config::Config config;
  config.cli.nvml_timeout = 30;
  const plan::Request request = {.ask = Ask::all};
  const Words arguments = configure_arguments(request, config, target());
  EXPECT_EQ(arguments[1], "--nvml-timeout=30");
  EXPECT_EQ(configure_arguments(request, {}, target())[1], "configure");
}

}  // namespace
}  // namespace nvbox::runtime
