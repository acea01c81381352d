// The decision; the mount itself is tested in tests/namespaced/mask_params.cc.
#include "hook/mask_params.h"

#include <gtest/gtest.h>

namespace nvbox::hook {
namespace {

TEST(MaskedParams, one_becomes_zero_and_the_rest_stays) {
  EXPECT_EQ(
      masked_params("ResmanDebugLevel: 4294967295\nModifyDeviceFiles: 1\nDeviceFileMode: 438\n"),
      "ResmanDebugLevel: 4294967295\nModifyDeviceFiles: 0\nDeviceFileMode: 438\n");
}

TEST(MaskedParams, the_last_line_gets_its_newline) {
  EXPECT_EQ(masked_params("ModifyDeviceFiles: 1"), "ModifyDeviceFiles: 0\n");
  EXPECT_EQ(masked_params("ModifyDeviceFiles: 1\n\n  kept"), "ModifyDeviceFiles: 0\n\n  kept\n");
}

TEST(MaskedParams, nothing_changes_where_it_does_not_say_one) {
  for (const std::string_view text :
       {"", "Other: 1\n", "ModifyDeviceFiles: 0\n", "  ModifyDeviceFiles: 1\n",
        "ModifyDeviceFiles: 1  \n", "ModifyDeviceFiles: 11\n", "NotModifyDeviceFiles: 1\n"}) {
    EXPECT_EQ(masked_params(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace nvbox::hook
