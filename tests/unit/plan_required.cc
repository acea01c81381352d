#include "plan/requirements.h"

#include <gtest/gtest.h>

namespace nvbox::plan {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;
using Requirements = std::vector<std::string>;

Requirements required(Variables env, const config::Config& config = {}) {
  std::vector<std::string> warnings;
  Requirements found = requirements_of({.env = std::move(env)}, config, warnings);
  EXPECT_TRUE(warnings.empty()) << warnings.front();
  return found;
}

TEST(Required, are_the_values_by_the_names_of_their_variables_without_jetsons) {
  EXPECT_EQ(required({{"NVIDIA_REQUIRE_DRIVER", "driver>=535"},
                      {"NVIDIA_REQUIRE_JETPACK", "csv-mounts=all"},
                      {"NVIDIA_REQUIRE_JETPACK_HOST_MOUNTS", "base-only"},
                      {"NVIDIA_REQUIRE_CUDA", "cuda>=12.2 brand=tesla"},
                      {"NVIDIA_REQUIRE_EMPTY", ""},
                      {"NVIDIA_REQUIREMENT", "arch>=9"}}),
            (Requirements{"cuda>=12.2 brand=tesla", "driver>=535"}));
}

TEST(Required, of_a_legacy_image_is_its_cuda_version) {
  const std::pair<const char*, const char*> versions[] = {
      {"12.2", "cuda>=12.2"},          {"12", "cuda>=12.0"},
      {"v11.08.0", "cuda>=11.8"},      {"12.2.140.1", "cuda>=12.2"},
      {"10.1.243-rc.1", "cuda>=10.1"}, {"9.0+build-7.x", "cuda>=9.0"},
      {"12-0-a+b", "cuda>=12.0"},
  };
  for (const auto& [version, requirement] : versions) {
    EXPECT_EQ(required({{"CUDA_VERSION", version}}), Requirements{requirement}) << version;
  }
  EXPECT_EQ(required({{"CUDA_VERSION", "12.2"}, {"NVIDIA_REQUIRE_ARCH", "arch>=7"}}),
            (Requirements{"arch>=7", "cuda>=12.2"}));
}

TEST(Required, is_no_cuda_version_beside_require_cuda) {
  EXPECT_EQ(required({{"CUDA_VERSION", "nonsense"}, {"NVIDIA_REQUIRE_CUDA", "cuda>=12.2"}}),
            Requirements{"cuda>=12.2"});
}

TEST(Required, is_nothing_by_a_cuda_version_that_is_none_and_that_is_said) {
  for (const char* version : {"x", "v", "12.", ".2", "12.2.3.4.5", "12.2-", "12.2+", "12.2-a..b",
                              "12.2-a_b", " 12.2", "12.2 ", "-1", "99999999999"}) {
    std::vector<std::string> warnings;
    EXPECT_EQ(requirements_of({.env = {{"CUDA_VERSION", version}}}, {}, warnings), Requirements{});
    EXPECT_EQ(warnings.size(), 1U) << version;
  }
}

TEST(Required, is_nothing_where_it_is_switched_off) {
  for (const char* yes : {"1", "t", "true", "TRUE"}) {
    EXPECT_EQ(required({{"CUDA_VERSION", "x"}, {"NVIDIA_DISABLE_REQUIRE", yes}}), Requirements{});
  }
  for (const char* no : {"0", "false", "", "yes", "on"}) {
    EXPECT_EQ(required({{"CUDA_VERSION", "12.2"}, {"NVIDIA_DISABLE_REQUIRE", no}}),
              Requirements{"cuda>=12.2"})
        << no;
  }
  config::Config config;
  config.disable_require = true;
  EXPECT_EQ(required({{"NVIDIA_REQUIRE_CUDA", "cuda>=99"}}, config), Requirements{});
}

}  // namespace
}  // namespace nvbox::plan
