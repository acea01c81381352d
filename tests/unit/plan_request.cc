#include "plan/request.h"

#include <gtest/gtest.h>

#include "plan/mode.h"

namespace nvbox::plan {
namespace {

using driver::Capabilities;
using spec::ContainerView;

ContainerView container(std::vector<std::pair<std::string, std::string>> env) {
  return {.env = std::move(env)};
}

ContainerView container_with_mounts(const std::vector<std::string>& destinations,
                                    std::vector<std::pair<std::string, std::string>> env = {}) {
  ContainerView view = container(std::move(env));
  for (const std::string& destination : destinations) {
    view.mounts.push_back({"/dev/null", "/var/run/nvidia-container-devices/" + destination});
  }
  return view;
}

config::Config with_mounts() {
  config::Config config;
  config.accept_volume_mounts = true;
  return config;
}

config::Config without_env() {
  config::Config config;
  config.accept_env_when_unprivileged = false;
  return config;
}

config::Config with_swarm(std::vector<std::string> names) {
  config::Config config;
  config.swarm_resource = std::move(names);
  return config;
}

struct Outcome {
  Ask ask;
  std::vector<std::string> devices = {};
  std::vector<std::string> imex_channels = {};
  bool operator==(const Outcome&) const = default;
};

void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << "ask " << static_cast<int>(outcome.ask) << ", devices";
  for (const std::string& device : outcome.devices) *out << " [" << device << "]";
  *out << ", channels";
  for (const std::string& channel : outcome.imex_channels) *out << " [" << channel << "]";
}

Outcome outcome_of(const ContainerView& view, const config::Config& config,
                   Annotations annotations = Annotations::ignore) {
  const Result<Request> request = request_of(view, config, annotations);
  EXPECT_TRUE(request) << request.error().message();
  return {request->ask, request->devices, request->imex_channels};
}

struct Vector {
  int number;
  std::string differs = {};  // why the outcome is not NVIDIA's
  ContainerView view;
  config::Config config = {};
  Outcome expected;
};

const std::vector<Vector> vectors = {
    {.number = 1, .view = container({}), .expected = {Ask::nothing}},
    {.number = 2, .view = container({{"CUDA_VERSION", "12.2.0"}}), .expected = {Ask::all}},
    {.number = 3,
     .view = container({{"CUDA_VERSION", "12.2.0"}, {"NVIDIA_REQUIRE_CUDA", "cuda>=12.2"}}),
     .expected = {Ask::nothing}},
    {.number = 4,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", ""}, {"CUDA_VERSION", "12.2.0"}}),
     .expected = {Ask::nothing}},
    {.number = 5,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "void,0"}}),
     .expected = {Ask::nothing}},
    {.number = 6, .view = container({{"NVIDIA_VISIBLE_DEVICES", "0,all"}}), .expected = {Ask::all}},
    {.number = 7,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "0,none,all"}}),
     .expected = {Ask::driver_only}},
    {.number = 8,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", " 0 , 1 "}}),
     .expected = {Ask::listed, {"0", "1"}}},
    {.number = 9,
     .differs = "NVIDIA's toolkit makes an empty id of the first duplicate and injects nothing",
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "0,0"}}),
     .expected = {Ask::listed, {"0"}}},
    {.number = 10,
     .view = container({{"A", "GPU-x"}, {"B", "GPU-y"}, {"NVIDIA_VISIBLE_DEVICES", "all"}}),
     .config = with_swarm({"A", "B"}),
     .expected = {Ask::listed, {"GPU-x", "GPU-y"}}},
    {.number = 11,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "1"}}),
     .config = with_swarm({"A"}),
     .expected = {Ask::listed, {"1"}}},
    {.number = 12,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "all"}}),
     .config = without_env(),
     .expected = {Ask::nothing}},
    {.number = 13,
     .view = {.env = {{"NVIDIA_VISIBLE_DEVICES", "all"}}, .privileged = true},
     .config = without_env(),
     .expected = {Ask::all}},
    {.number = 14,
     .view = container_with_mounts({"0"}, {{"NVIDIA_VISIBLE_DEVICES", "all"}}),
     .config = with_mounts(),
     .expected = {Ask::listed, {"0"}}},
    {.number = 15,
     .view = container_with_mounts({"imex/0"}, {{"NVIDIA_VISIBLE_DEVICES", "all"}}),
     .config = with_mounts(),
     .expected = {Ask::all, {}, {"0"}}},
    {.number = 16,
     .view = container_with_mounts({"cdi/nvidia.com/gpu/0"}),
     .config = with_mounts(),
     .expected = {Ask::listed, {"nvidia.com/gpu=0"}}},
    // Names with slashes are names.
    {.number = 16,
     .view = container_with_mounts({"MIG-GPU-1234/7/0", "nvidia.com/gpu=all"}),
     .config = with_mounts(),
     .expected = {Ask::listed, {"MIG-GPU-1234/7/0", "nvidia.com/gpu=all"}}},
    {.number = 16,
     .view = container_with_mounts({"cdi/nvidia.com/gpu=0", "cdi/acme.com/nic/a/b", "all"}),
     .config = with_mounts(),
     .expected = {Ask::listed, {"nvidia.com/gpu=0", "acme.com/nic=a/b", "all"}}},
    {.number = 17,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "nvidia.com/gpu=0"}}),
     .expected = {Ask::listed, {"nvidia.com/gpu=0"}}},
    {.number = 18,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "nvidia.com/gpu=0,1"}}),
     .expected = {Ask::listed, {"nvidia.com/gpu=0", "1"}}},
    {.number = 22, .view = container({{"NVIDIA_VISIBLE_DEVICES", "all"}}), .expected = {Ask::all}},
    {.number = 23,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "runtime.nvidia.com/gpu=all"}}),
     .expected = {Ask::listed, {"runtime.nvidia.com/gpu=all"}}},
    {.number = 24,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "none"}}),
     .expected = {Ask::driver_only}},
    {.number = 25,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "GPU-fef8089b"}}),
     .expected = {Ask::listed, {"GPU-fef8089b"}}},
    {.number = 26,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "0"}, {"NVIDIA_IMEX_CHANNELS", "all"}}),
     .expected = {Ask::listed, {"0"}, {}}},
    {.number = 27,
     .view = container({{"NVIDIA_VISIBLE_DEVICES", "0"}, {"NVIDIA_IMEX_CHANNELS", "0,1"}}),
     .expected = {Ask::listed, {"0"}, {"0", "1"}}},
};

TEST(Request, follows_the_vectors_of_the_reference) {
  for (const Vector& vector : vectors) {
    EXPECT_EQ(outcome_of(vector.view, vector.config), vector.expected)
        << "vector " << vector.number << " " << vector.differs;
  }
}

// internal/plugin/server.go of NVIDIA's k8s-device-plugin gives the variable
// deviceListAsVolumeMountsContainerPathRoot where its strategy is volume-mounts.
TEST(Request, the_folder_of_the_device_plugins_mounts_is_no_device) {
  const ContainerView view = container_with_mounts(
      {"GPU-1"}, {{"NVIDIA_VISIBLE_DEVICES", "/var/run/nvidia-container-devices"}});
  const Result<Request> refused = request_of(view, {}, Annotations::honour);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().full_message(),
            "NVIDIA_VISIBLE_DEVICES=/var/run/nvidia-container-devices: the devices are named by "
            "mounts, which accept-nvidia-visible-devices-as-volume-mounts = false ignores; for "
            "Kubernetes run nvidia-ctk config --profile kubernetes --in-place on the node");
  EXPECT_EQ(outcome_of(view, with_mounts()), (Outcome{Ask::listed, {"GPU-1"}}));
  EXPECT_EQ(outcome_of(view, without_env()), (Outcome{Ask::nothing}));
}

// Vectors 19 to 21: annotations.
const ContainerView annotated = {.env = {{"NVIDIA_VISIBLE_DEVICES", "all"}},
                                 .annotations = {{"cdi.k8s.io/x", "nvidia.com/gpu=0"}}};

TEST(Request, takes_annotations_before_everything_else_where_they_count) {
  EXPECT_EQ(outcome_of(annotated, {}, Annotations::honour),
            (Outcome{Ask::listed, {"nvidia.com/gpu=0"}}));
}

// As CDI's own reader refuses it: ParseAnnotations, "invalid CDI device name".
TEST(Request, refuses_an_annotation_with_an_empty_name_among_cdi_names) {
  const auto request_for = [](std::string value) {
    return request_of({.env = {{"NVIDIA_VISIBLE_DEVICES", "all"}},
                       .annotations = {{"cdi.k8s.io/x", std::move(value)}}},
                      {}, Annotations::honour);
  };
  EXPECT_EQ(request_for("nvidia.com/gpu=0,").error().full_message(),
            "annotation cdi.k8s.io/x: \"nvidia.com/gpu=0,\" has an empty name; put one comma "
            "between CDI device names, and none at an end");
  EXPECT_FALSE(request_for("nvidia.com/gpu=0,,nvidia.com/gpu=1"));
  EXPECT_EQ(request_for("")->ask, Ask::all);
}

TEST(Request, ignores_annotations_where_they_do_not_count) {
  EXPECT_EQ(outcome_of(annotated, {}), (Outcome{Ask::all}));
}

TEST(Request, reads_annotations_in_the_order_of_their_keys) {
  const ContainerView view = {
      .annotations = {{"cdi.k8s.io/b", "c"}, {"other/a", "x"}, {"cdi.k8s.io/a", "b,a"}}};
  EXPECT_EQ(outcome_of(view, {}, Annotations::honour), (Outcome{Ask::listed, {"b", "a", "c"}}));
}

TEST(Request, says_why_an_environment_variable_is_ignored) {
  const Result<Request> request = request_of(container({{"NVIDIA_VISIBLE_DEVICES", "all"}}),
                                             without_env(), Annotations::ignore);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->warnings,
            std::vector<std::string>{
                "ignoring the devices requested by environment variable (\"all\"): "
                "accept-nvidia-visible-devices-envvar-when-unprivileged is false and the container "
                "is not privileged"});
}

TEST(Request, of_imex_channels_by_none_is_no_request) {
  EXPECT_EQ(outcome_of(
                container({{"NVIDIA_VISIBLE_DEVICES", "0"}, {"NVIDIA_IMEX_CHANNELS", "none"}}), {}),
            (Outcome{Ask::listed, {"0"}}));
}

// By itself "all" asks for none (vector 26); beside numbers NVIDIA's jit-cdi mode gives every
// channel, and its hook fails: one rule for both.
TEST(Request, of_all_imex_channels_beside_others_is_one_for_the_others) {
  const Result<Request> request = request_of(
      container({{"NVIDIA_VISIBLE_DEVICES", "0"}, {"NVIDIA_IMEX_CHANNELS", "0,all,channel2"}}), {},
      Annotations::ignore);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->imex_channels, (std::vector<std::string>{"0", "channel2"}));
  EXPECT_EQ(request->warnings,
            std::vector<std::string>{
                "NVIDIA_IMEX_CHANNELS: \"all\" asks for no channel, and is ignored"});
}

TEST(Request, takes_only_whole_path_components_for_the_volume_mount_prefix) {
  ContainerView view;
  view.mounts.push_back({"/dev/null", "/var/run/nvidia-container-devicesX/0"});
  EXPECT_EQ(outcome_of(view, with_mounts()), (Outcome{Ask::nothing}));
}

TEST(Request, ignores_volume_mounts_of_anything_but_dev_null) {
  ContainerView view;
  view.mounts.push_back({"/tmp", "/var/run/nvidia-container-devices/0"});
  EXPECT_EQ(outcome_of(view, with_mounts()), (Outcome{Ask::nothing}));
}

TEST(Request, warns_about_a_volume_mount_that_names_nothing) {
  const Result<Request> request =
      request_of(container_with_mounts({"cdi/nvidia.com"}), with_mounts(), Annotations::ignore);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->warnings,
            std::vector<std::string>{"mount \"/var/run/nvidia-container-devices/cdi/nvidia.com\" "
                                     "does not name a device"});
}

TEST(Request, for_everything_of_the_driver_can_be_configured) {
  config::Config config;
  config.runtime.jit_ignore_driver_capabilities = true;
  const Result<Request> request =
      request_of(container({{"NVIDIA_VISIBLE_DEVICES", "0"}}), config, Annotations::ignore);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->capabilities, Capabilities::all);
}

TEST(Request, without_capabilities_means_utility_and_compute) {
  const Result<Request> request =
      request_of(container({{"NVIDIA_VISIBLE_DEVICES", "0"}}), {}, Annotations::ignore);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->capabilities, Capabilities::utility | Capabilities::compute);
}

driver::Features features_of(std::vector<std::pair<std::string, std::string>> env) {
  const Result<Request> request = request_of(container(std::move(env)), {}, Annotations::ignore);
  EXPECT_TRUE(request);
  return request->features;
}

TEST(Request, for_features_is_the_value_enabled_and_nothing_else) {
  using driver::Features;
  EXPECT_EQ(features_of({{"NVIDIA_VISIBLE_DEVICES", "all"},
                         {"NVIDIA_GDS", "enabled"},
                         {"NVIDIA_MOFED", "1"},
                         {"NVIDIA_GDRCOPY", "Enabled"},
                         {"NVIDIA_NVSWITCH", "enabled"}}),
            Features::gds | Features::nvswitch);
  EXPECT_EQ(features_of({{"NVIDIA_VISIBLE_DEVICES", "none"},
                         {"NVIDIA_MOFED", "enabled"},
                         {"NVIDIA_GDRCOPY", "enabled"}}),
            Features::mofed | Features::gdrcopy);
}

TEST(Request, for_features_leaves_the_gpus_as_they_are) {
  EXPECT_EQ(outcome_of(container({{"NVIDIA_GDS", "enabled"}, {"NVIDIA_VISIBLE_DEVICES", "0"}}), {}),
            (Outcome{Ask::listed, {"0"}}));
}

TEST(Request, for_features_alone_is_not_a_gpu_container) {
  const Result<Request> request =
      request_of(container({{"NVIDIA_GDS", "enabled"}, {"NVIDIA_MIG_CONFIG_DEVICES", "all"}}), {},
                 Annotations::ignore);
  ASSERT_TRUE(request);
  EXPECT_EQ(*request, Request{});
}

TEST(Request, carries_what_the_image_requires) {
  const Result<Request> request = request_of(
      container({{"NVIDIA_VISIBLE_DEVICES", "all"}, {"NVIDIA_REQUIRE_CUDA", "cuda>=12.2"}}), {},
      Annotations::ignore);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->requirements, std::vector<std::string>{"cuda>=12.2"});
}

// NVIDIA's runtime (internal/config/image/cuda_image.go): the value is exactly this.
TEST(Request, for_every_csv_file_is_a_requirement_that_is_none) {
  const auto asked = [](const char* value) {
    const auto request = request_of(
        container({{"NVIDIA_VISIBLE_DEVICES", "all"}, {"NVIDIA_REQUIRE_JETPACK", value}}), {},
        Annotations::ignore);
    return request && request->all_csv_files && request->requirements.empty();
  };
  EXPECT_TRUE(asked("csv-mounts=all"));
  EXPECT_FALSE(asked("csv-mounts=base-only"));
  EXPECT_FALSE(asked("csv-mounts=all "));
}

TEST(Request, with_a_cuda_version_that_is_none_is_warned_of) {
  const auto request = request_of(container({{"CUDA_VERSION", "latest"}}), {}, Annotations::ignore);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->requirements, std::vector<std::string>{});
  EXPECT_EQ(request->warnings,
            std::vector<std::string>{"CUDA_VERSION: \"latest\" is not a version; "
                                     "nothing is required"});
}

TEST(Request, for_rights_over_mig_needs_a_privileged_container) {
  ContainerView view = container({{"NVIDIA_VISIBLE_DEVICES", "all"},
                                  {"NVIDIA_MIG_CONFIG_DEVICES", "all"},
                                  {"NVIDIA_MIG_MONITOR_DEVICES", "0,1"}});
  EXPECT_EQ(request_of(view, {}, Annotations::ignore).error().full_message(),
            "NVIDIA_MIG_CONFIG_DEVICES=all: the container is not privileged; give it "
            "CAP_SYS_ADMIN (docker run --privileged), or unset the variable");
  view.privileged = true;
  const Result<Request> request = request_of(view, {}, Annotations::ignore);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->mig.config, "all");
  EXPECT_EQ(request->mig.monitor, "0,1");
}

TEST(Request, for_no_rights_over_mig_may_set_their_variables) {
  EXPECT_TRUE(request_of(container({{"NVIDIA_VISIBLE_DEVICES", "all"},
                                    {"NVIDIA_MIG_CONFIG_DEVICES", ""},
                                    {"NVIDIA_MIG_MONITOR_DEVICES", ""}}),
                         {}, Annotations::ignore));
  EXPECT_EQ(request_of(container({{"NVIDIA_VISIBLE_DEVICES", "all"},
                                  {"NVIDIA_MIG_MONITOR_DEVICES", "all"}}),
                       {}, Annotations::ignore)
                .error()
                .message(),
            "NVIDIA_MIG_MONITOR_DEVICES=all: the container is not privileged");
}

TEST(Request, for_nothing_says_when_a_variable_was_misspelt) {
  const Result<Request> request =
      request_of(container({{"NVIDIA_VISIBLE_DEVICE", "all"}}), {}, Annotations::ignore);
  ASSERT_TRUE(request);
  EXPECT_EQ(*request, (Request{.warnings = {"ignoring variable \"NVIDIA_VISIBLE_DEVICE\": did you "
                                            "mean NVIDIA_VISIBLE_DEVICES?"}}));
}

// Vectors 16 to 23, the part about the mode.
Request listed(std::vector<std::string> devices) {
  return {.ask = Ask::listed, .devices = std::move(devices)};
}

Mode mode_of(std::string_view configured, const Request& request) {
  const Result<Mode> mode = resolve_mode(configured, request);
  EXPECT_TRUE(mode);
  return *mode;
}

TEST(Mode, auto_is_jit_cdi_unless_every_device_is_a_cdi_name) {
  EXPECT_EQ(mode_of("auto", listed({"nvidia.com/gpu=0"})), Mode::cdi);
  EXPECT_EQ(mode_of("auto", listed({"nvidia.com/gpu=0", "1"})), Mode::jit_cdi);
  EXPECT_EQ(mode_of("auto", {.ask = Ask::all}), Mode::jit_cdi);
  EXPECT_EQ(mode_of("auto", listed({"runtime.nvidia.com/gpu=all"})), Mode::cdi);
}

TEST(Mode, that_does_not_exist_is_an_error) {
  EXPECT_EQ(resolve_mode("fast", {}).error().full_message(),
            "nvidia-container-runtime.mode: \"fast\" is not a mode; set auto, jit-cdi, cdi, legacy "
            "or csv in config.toml");
}

using Names = std::vector<std::string>;

TEST(CdiNames, have_the_kind_of_the_mode_where_they_have_none) {
  EXPECT_EQ(cdi_names(listed({"0", "acme.com/nic=x"}), Mode::jit_cdi, {}),
            (Names{"runtime.nvidia.com/gpu=0", "acme.com/nic=x"}));
  EXPECT_EQ(cdi_names(listed({"0"}), Mode::cdi, {}), (Names{"nvidia.com/gpu=0"}));
  config::Config config;
  config.runtime.cdi_default_kind = "acme.com/gpu";
  EXPECT_EQ(cdi_names({.ask = Ask::all}, Mode::cdi, config), (Names{"acme.com/gpu=all"}));
  EXPECT_EQ(cdi_names({.ask = Ask::driver_only}, Mode::jit_cdi, config),
            (Names{"runtime.nvidia.com/gpu=none"}));
}

TEST(CdiNames, count_once_however_they_are_written) {
  EXPECT_EQ(cdi_names(listed({"runtime.nvidia.com/gpu=0", "0"}), Mode::jit_cdi, {}),
            (Names{"runtime.nvidia.com/gpu=0"}));
}

TEST(RuntimeNames, are_all_of_one_kind_or_none_is) {
  EXPECT_TRUE(
      *are_runtime_names({"runtime.nvidia.com/gpu=0", "runtime.nvidia.com/gpu=1"}, Mode::cdi, {}));
  EXPECT_FALSE(
      *are_runtime_names({"nvidia.com/gpu=0", "runtime.nvidia.com/gpus=1"}, Mode::cdi, {}));
  EXPECT_EQ(
      are_runtime_names({"runtime.nvidia.com/gpu=1", "nvidia.com/gpu=0"}, Mode::jit_cdi, {})
          .error()
          .full_message(),
      "CDI device nvidia.com/gpu=0 and devices of runtime.nvidia.com/gpu cannot be in one request; "
      "a name without a kind is of runtime.nvidia.com/gpu here; ask for all devices by names of "
      "one "
      "of the two");
}

TEST(RuntimeNames, lose_their_kind) {
  EXPECT_EQ(with_runtime_names({.ask = Ask::listed, .imex_channels = {"0"}},
                               {"runtime.nvidia.com/gpu=0", "runtime.nvidia.com/gpu=none"}),
            (Request{.ask = Ask::listed, .devices = {"0", "none"}, .imex_channels = {"0"}}));
  EXPECT_EQ(
      with_runtime_names(listed({"x"}), {"runtime.nvidia.com/gpu=0", "runtime.nvidia.com/gpu=all"}),
      (Request{.ask = Ask::all}));
  EXPECT_EQ(with_runtime_names(listed({"x"}), {"runtime.nvidia.com/gpu=none"}),
            (Request{.ask = Ask::driver_only}));
}

}  // namespace
}  // namespace nvbox::plan
