#include "machine/modules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nvbox::machine {
namespace {

constexpr std::string_view modules_dep =
    "kernel/drivers/gpu/drm/drm.ko.xz: kernel/drivers/i2c/i2c-core.ko.xz\n"
    "updates/dkms/nvidia-uvm.ko: updates/dkms/nvidia.ko\n"
    "updates/dkms/nvidia.ko:\n"
    "updates/dkms/nvidia_modeset.ko.zst: updates/dkms/nvidia.ko.zst "
    "kernel/drivers/video/backlight.ko.zst\n";

TEST(FilesToLoad, begin_with_what_the_module_needs) {
  EXPECT_EQ(files_to_load(modules_dep, "nvidia-uvm"),
            (std::vector<std::string>{"updates/dkms/nvidia.ko", "updates/dkms/nvidia-uvm.ko"}));
}

TEST(FilesToLoad, are_in_the_reverse_order_of_the_list) {
  EXPECT_EQ(files_to_load(modules_dep, "nvidia-modeset"),
            (std::vector<std::string>{"kernel/drivers/video/backlight.ko.zst",
                                      "updates/dkms/nvidia.ko.zst",
                                      "updates/dkms/nvidia_modeset.ko.zst"}));
}

TEST(FilesToLoad, of_a_module_that_needs_none_are_its_own) {
  EXPECT_EQ(files_to_load(modules_dep, "nvidia"),
            std::vector<std::string>{"updates/dkms/nvidia.ko"});
}

TEST(FilesToLoad, of_an_unknown_module_are_none) {
  EXPECT_TRUE(files_to_load(modules_dep, "nvidia-drm").empty());
  EXPECT_TRUE(files_to_load("", "nvidia").empty());
}

}  // namespace
}  // namespace nvbox::machine
