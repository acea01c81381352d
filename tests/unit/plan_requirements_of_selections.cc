#include "plan/requirements.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nvbox::plan {
namespace {

TEST(CheckRequirements, does_not_refuse_what_nvml_may_decide_before_it_is_asked) {
  const driver::Inventory host = {.driver = {.version = "550.163.01", .cuda_version = "12.4"},
                                  .gpus = {{.index = 0, .minor = 0, .brand = ""}}};
  const plan::Selection selection = {.gpus = {0}};
  const auto is_met = [&](const std::string& requirement, Nvml nvml) {
    const std::vector<std::string> requirements = {requirement};
    return check_requirements(requirements, host, selection, nvml).has_value();
  };
  EXPECT_TRUE(is_met("brand=tesla", Nvml::unasked));
  EXPECT_FALSE(is_met("brand=tesla", Nvml::asked));
  EXPECT_FALSE(is_met("cuda>=99", Nvml::unasked));
  EXPECT_FALSE(is_met("cuda>=99,brand=tesla", Nvml::unasked));
  EXPECT_TRUE(is_met("cuda>=12", Nvml::unasked));
}

}  // namespace
}  // namespace nvbox::plan
