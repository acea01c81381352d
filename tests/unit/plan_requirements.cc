#include "plan/requirements.h"

#include <gtest/gtest.h>

#include <vector>

namespace nvbox::plan {
namespace {

const RequirementFacts t4 = {.driver = "580.65.06",
                             .cuda = "13.0",
                             .architecture = "7.5",
                             .brand = "Tesla",
                             .has_device = true};
const RequirementFacts no_device = {.driver = "580.65.06", .cuda = "13.0"};

std::string outcome(std::vector<std::string> requirements,
                    std::vector<RequirementFacts> facts = {t4}) {
  const Result<> result = check_requirements(requirements, facts);
  return result ? "satisfied" : result.error().message();
}

constexpr const char* advice =
    ", please update your driver to a newer version, or use an earlier cuda container";

TEST(Requirements, compare_versions_by_their_numbers) {
  for (const std::string rule :
       {"cuda=13", "cuda=13.0", "cuda=13.0.0", "cuda<13.0.1", "cuda<=13", "cuda>=12.9", "cuda>9",
        "cuda!=12.4", "cuda!12.4", "driver=580.65.6", "driver=580..65.06", "driver>=470",
        "arch>=7.5", "arch<8", "ARCH=7.5", "Cuda>=13"}) {
    EXPECT_EQ(outcome({rule}), "satisfied") << rule;
  }
  for (const std::string rule : {"cuda>13", "cuda<13", "cuda!=13.0", "cuda!13", "cuda=12.9",
                                 "driver<580", "driver>580.65.06", "arch>7.5"}) {
    EXPECT_EQ(outcome({rule}), "unsatisfied condition: " + rule) << rule;
  }
}

TEST(Requirements, compare_brands_without_case) {
  EXPECT_EQ(outcome({"brand=tesla"}), "satisfied");
  EXPECT_EQ(outcome({"brand!=TESLA"}), "unsatisfied condition: brand!=TESLA");
  EXPECT_EQ(outcome({"brand>=tesla"}), "invalid expression");
}

TEST(Requirements, spaces_are_or_and_commas_are_and) {
  EXPECT_EQ(outcome({"cuda>=99 brand=tesla,driver>=580,driver<581"}), "satisfied");
  EXPECT_EQ(outcome({"cuda>=99   brand=tesla,driver>=470,driver<471"}),
            std::string("unsatisfied condition: cuda>=99") + advice);
  EXPECT_EQ(outcome({"driver>=999,cuda>=1 cuda>=99"}),
            "unsatisfied condition: driver>=999,cuda>=1");
}

TEST(Requirements, all_must_hold_for_every_device) {
  EXPECT_EQ(outcome({"cuda>=1", "arch=7.5"}), "satisfied");
  EXPECT_EQ(outcome({"cuda>=1", "arch=8.0"}), "unsatisfied condition: arch=8.0");
  RequirementFacts other = t4;
  other.architecture = "8.0";
  EXPECT_EQ(outcome({"arch=7.5"}, {t4, other}), "unsatisfied condition: arch=7.5");
}

TEST(Requirements, what_is_said_of_a_device_holds_without_one) {
  EXPECT_EQ(outcome({"arch>=99,brand=geforce"}, {no_device}), "satisfied");
  EXPECT_EQ(outcome({"arch>=x"}, {no_device}), "invalid expression");
  EXPECT_EQ(outcome({"driver>=999"}, {no_device}), "unsatisfied condition: driver>=999");
}

TEST(Requirements, nothing_is_satisfied) {
  EXPECT_EQ(outcome({}), "satisfied");
  EXPECT_EQ(outcome({"", "   ", ",", " ,, , "}), "satisfied");
}

TEST(Requirements, that_cannot_be_understood_are_invalid) {
  for (const std::string rule :
       {"cuda", "cuda=>12", "cuda==12", "cuda<>12", "cuda>=", ">=12", "cuda>=12a", "cuda>=.5",
        "cuda >= 12", "cudnn>=8", "driver>=99999999999999999999999"}) {
    EXPECT_EQ(outcome({rule}), "invalid expression") << rule;
  }
}

TEST(Requirements, behind_what_decides_are_not_looked_at) {
  EXPECT_EQ(outcome({"cuda>=1 nonsense"}), "satisfied");
  EXPECT_EQ(outcome({"nonsense cuda>=1"}), "invalid expression");
  EXPECT_EQ(outcome({"cuda<1,nonsense driver>=1"}), "satisfied");
}

TEST(Requirements, that_fail_say_what_the_host_has_and_how_to_override_them) {
  const std::vector<std::string> requirements = {"cuda>=99 driver>=999"};
  const std::vector<RequirementFacts> facts = {t4};
  EXPECT_EQ(check_requirements(requirements, facts).error().full_message(),
            "unsatisfied condition: cuda>=99, please update your driver to a newer version, or use "
            "an earlier cuda container; this host has driver 580.65.06, cuda 13.0, arch 7.5, brand "
            "Tesla; NVIDIA_DISABLE_REQUIRE=1 in the container's environment overrides this check");
}

RequirementFacts without_brand() {
  RequirementFacts facts = t4;
  facts.brand.clear();
  facts.why_unknown = "nvml error: gpu is lost";
  return facts;
}

TEST(Requirements, hang_on_what_is_unknown_only_where_it_decides) {
  const auto undecided = [](std::vector<std::string> requirements) {
    return are_undecided(requirements, without_brand());
  };
  EXPECT_FALSE(undecided({"cuda>=12.4 brand=tesla,driver>=470"}));
  EXPECT_FALSE(undecided({"cuda>=99,brand=tesla"}));
  EXPECT_FALSE(undecided({"cuda>=99 brand=tesla,driver>=999"}));
  EXPECT_TRUE(undecided({"cuda>=99 brand=tesla,driver>=470"}));
  EXPECT_TRUE(undecided({"cuda>=1", "brand!=grid"}));
  EXPECT_FALSE(undecided({"nonsense"}));
  EXPECT_FALSE(are_undecided(std::vector<std::string>{"brand=x"}, no_device));
}

TEST(Requirements, that_hang_on_what_is_unknown_are_refused_with_the_reason) {
  const std::vector<RequirementFacts> facts = {without_brand()};
  const std::vector<std::string> requirements = {"cuda>=99 brand=tesla"};
  EXPECT_EQ(check_requirements(requirements, facts).error().full_message(),
            "undecided condition: cuda>=99: nvml error: gpu is lost; NVIDIA_DISABLE_REQUIRE=1 in "
            "the container's environment overrides this check");
  EXPECT_EQ(outcome({"cuda>=99 brand=tesla,driver>=999"}, facts),
            std::string("unsatisfied condition: cuda>=99") + advice);
}

}  // namespace
}  // namespace nvbox::plan
