#include "plan/request.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace nvbox::plan {
namespace {

using Warnings = std::vector<std::string>;

Warnings warnings_about(const std::string& name, const std::string& value,
                        const config::Config& config = {}) {
  return misspelt_variables({.env = {{name, value}}}, config);
}

std::string ignored(const std::string& name, const std::string& meant) {
  return "ignoring variable \"" + name + "\": did you mean " + meant + "?";
}

TEST(Misspelt, variables_are_told_with_what_was_meant) {
  const std::pair<const char*, const char*> names[] = {
      {"NVIDIA_VISIBLE_DEVICE", "NVIDIA_VISIBLE_DEVICES"},
      {"NVIDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"},
      {"NIVDIA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"},
      {"NVIDIA-VISIBLE-DEVICES", "NVIDIA_VISIBLE_DEVICES"},
      {"NVIDIA_VISBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"},
      {"NVIDIA_DISABLE_REQUIRES", "NVIDIA_DISABLE_REQUIRE"},
      {"NVIDIA_DRIVER_CAPABILITY", "NVIDIA_DRIVER_CAPABILITIES"},
      {"NVIDIA_IMEX_CHANNEL", "NVIDIA_IMEX_CHANNELS"},
      {"NVIDIA_MIG_CONFIG_DEVICE", "NVIDIA_MIG_CONFIG_DEVICES"},
      {"NVIDIA_MIG_MONITOR_DEVICE", "NVIDIA_MIG_MONITOR_DEVICES"},
  };
  for (const auto& [name, meant] : names) {
    EXPECT_EQ(warnings_about(name, "all"), Warnings{ignored(name, meant)}) << name;
  }
}

TEST(Misspelt, features_are_told_by_their_value) {
  EXPECT_EQ(warnings_about("NVIDIA_GSD", "enabled"), Warnings{ignored("NVIDIA_GSD", "NVIDIA_GDS")});
  EXPECT_EQ(warnings_about("NVIDIA_NVSWITCHES", "enabled"),
            Warnings{ignored("NVIDIA_NVSWITCHES", "NVIDIA_NVSWITCH")});
  EXPECT_EQ(warnings_about("NVIDIA_GPU", "T4"), Warnings{});
  EXPECT_EQ(warnings_about("NVIDIA_MODEL", "A100"), Warnings{});
}

TEST(Misspelt, is_no_name_that_images_really_have) {
  for (const char* name : {"NVIDIA_VISIBLE_DEVICES",
                           "NVIDIA_DRIVER_CAPABILITIES",
                           "NVIDIA_DISABLE_REQUIRE",
                           "NVIDIA_IMEX_CHANNELS",
                           "NVIDIA_MIG_CONFIG_DEVICES",
                           "NVIDIA_MIG_MONITOR_DEVICES",
                           "NVIDIA_GDS",
                           "NVIDIA_MOFED",
                           "NVIDIA_GDRCOPY",
                           "NVIDIA_NVSWITCH",
                           "NVIDIA_REQUIRE_CUDA",
                           "NVIDIA_REQUIRE_JETPACK",
                           "NVIDIA_PRODUCT_NAME",
                           "NVIDIA_BUILD_ID",
                           "NVIDIA_PYTORCH_VERSION",
                           "NVIDIA_TENSORFLOW_VERSION",
                           "NVIDIA_TRITON_SERVER_VERSION",
                           "NVIDIA_TF32_OVERRIDE",
                           "NVIDIA_CTK_LIBCUDA_DIR",
                           "NVIDIA_CTK_DEBUG",
                           "NVIDIA_PIPELINE_ID",
                           "NVIDIA_API_KEY",
                           "NVIDIA_DRIVER_VERSION",
                           "NVIDIA_CUDA_VERSION",
                           "NVIDIA_OPENCL_VERSION",
                           "NVIDIA_SHIELD",
                           "NVIDIA_VERSION",
                           "NVIDIA_BUILD_REF",
                           "NVIDIA_IMAGE",
                           "NVIDIA_HOME",
                           "NVIDIA_DEVICES",
                           "CUDA_VISIBLE_DEVICES",
                           "HIP_VISIBLE_DEVICES",
                           "ROCR_VISIBLE_DEVICES",
                           "NV_CUDA_LIB_VERSION",
                           "NVARCH",
                           "NVM_DIR",
                           "PATH"}) {
    EXPECT_EQ(warnings_about(name, "enabled"), Warnings{}) << name;
  }
}

TEST(Misspelt, is_no_name_that_the_configuration_has) {
  config::Config config;
  config.swarm_resource = {"NVIDIA_VISIBLE_DEVICE"};
  EXPECT_EQ(warnings_about("NVIDIA_VISIBLE_DEVICE", "all", config), Warnings{});
}

TEST(Misspelt, variables_are_told_up_to_a_number) {
  spec::ContainerView container;
  for (int i = 0; i < 7; ++i) container.env.emplace_back(cat("NVIDIA_VISIBLE_DEVICE", i), "all");
  const auto warnings = misspelt_variables(container, {});
  ASSERT_EQ(warnings.size(), 5U);
  EXPECT_EQ(warnings.back(), "ignoring 3 more variables like these");
}

}  // namespace
}  // namespace nvbox::plan
