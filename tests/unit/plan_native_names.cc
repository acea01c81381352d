#include "plan/mode.h"

#include <gtest/gtest.h>

namespace nvbox::plan {
namespace {

using Names = std::vector<std::string>;

Request listed(Names names) {
  return {.ask = Ask::listed, .devices = std::move(names)};
}

TEST(NativeNames, kinds_of_this_host_are_taken_off) {
  config::Config config;
  config.runtime.cdi_default_kind = "example.com/accelerator";
  const auto request = with_native_names(listed({"nvidia.com/gpu=0", "runtime.nvidia.com/gpu=GPU-1",
                                                 "2", "example.com/accelerator=0000:3b:00.0"}),
                                         config);
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(*request, listed({"0", "GPU-1", "2", "0000:3b:00.0"}));
}

TEST(NativeNames, words_behind_a_kind_mean_what_they_mean_alone) {
  EXPECT_EQ(with_native_names(listed({"nvidia.com/gpu=all"}), {})->ask, Ask::all);
  EXPECT_EQ(with_native_names(listed({"nvidia.com/gpu=none"}), {})->ask, Ask::driver_only);
}

TEST(NativeNames, another_kind_is_an_error) {
  EXPECT_EQ(with_native_names(listed({"vendor.com/nic=eth0"}), {}).error().full_message(),
            "device vendor.com/nic=eth0: a hook cannot apply a CDI specification of kind "
            "vendor.com/nic; use nvidia-container-runtime in cdi mode, or an engine that knows "
            "CDI");
}

TEST(NativeNames, other_requests_stay_as_they_are) {
  for (const Ask ask : {Ask::nothing, Ask::driver_only, Ask::all}) {
    EXPECT_EQ(*with_native_names({.ask = ask}, {}), Request{.ask = ask});
  }
}

}  // namespace
}  // namespace nvbox::plan
