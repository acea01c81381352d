#include "plan/request.h"

#include <gtest/gtest.h>

namespace nvbox::plan {
namespace {

using driver::Capabilities;

constexpr std::string_view everything = "compat32,compute,display,graphics,ngx,utility,video";

TEST(DriverCapabilities, default_to_utility_and_compute) {
  constexpr Capabilities expected = Capabilities::utility | Capabilities::compute;
  EXPECT_EQ(*driver_capabilities(std::nullopt, everything, false), expected);
  EXPECT_EQ(*driver_capabilities("", everything, false), expected);
  EXPECT_EQ(*driver_capabilities(std::nullopt, "compute", false), Capabilities::compute);
}

TEST(DriverCapabilities, of_a_legacy_image_are_all_that_is_supported) {
  EXPECT_EQ(*driver_capabilities(std::nullopt, everything, true), Capabilities::all);
  EXPECT_EQ(*driver_capabilities(std::nullopt, "utility", true), Capabilities::utility);
}

TEST(DriverCapabilities, all_means_what_is_supported) {
  EXPECT_EQ(*driver_capabilities("all", "compute,video", false),
            Capabilities::compute | Capabilities::video);
  EXPECT_EQ(*driver_capabilities("all", "all", false), Capabilities::all);
}

TEST(DriverCapabilities, are_what_the_list_says) {
  EXPECT_EQ(*driver_capabilities("graphics, utility", everything, false),
            Capabilities::graphics | Capabilities::utility);
}

TEST(DriverCapabilities, that_are_not_supported_are_named) {
  EXPECT_EQ(driver_capabilities("compute,video,bogus", "compute", false).error().message(),
            "unsupported capabilities found in 'compute,video,bogus' (allowed 'compute'): "
            "video,bogus");
}

TEST(DriverCapabilities, reports_a_wrong_word_in_the_configuration) {
  EXPECT_EQ(driver_capabilities("compute", "compute,gpu", false).error().message(),
            "supported-driver-capabilities: \"gpu\" is not a capability");
}

}  // namespace
}  // namespace nvbox::plan
