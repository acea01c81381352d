#include "plan/check_core.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace nvbox::plan {
namespace {

using driver::Capabilities;
using driver::Inventory;

// What the operator is told; "" when the container may start.
std::string refusal(const Inventory& inventory, Capabilities asked) {
  const Result<> checked = check_core(inventory, asked);
  return checked ? "" : checked.error().full_message();
}

const Inventory without_cuda = {
    .core_failures = {{"libcuda.so.550.54", Capabilities::compute,
                       "open /usr/lib64/libcuda.so.550.54: Input/output error", EIO}}};

TEST(CheckCore, refuses_a_capability_whose_core_could_not_be_looked_at) {
  const std::string refused =
      "libcuda.so.550.54 cannot be given, and the driver capability compute is nothing without it: "
      "open /usr/lib64/libcuda.so.550.54: Input/output error; look into the kernel's log (dmesg) "
      "for the disk or file system that it is on";
  EXPECT_EQ(refusal(without_cuda, Capabilities::compute | Capabilities::utility), refused);
  EXPECT_EQ(refusal(without_cuda, Capabilities::all), refused);
}

TEST(CheckCore, lets_pass_what_was_not_asked_for) {
  EXPECT_EQ(refusal(without_cuda, Capabilities::utility), "");
  EXPECT_EQ(refusal(without_cuda, Capabilities::none), "");
  EXPECT_EQ(refusal(Inventory(), Capabilities::all), "");
}

TEST(CheckCore, refuses_every_container_with_a_gpu_when_the_control_node_is_out_of_reach) {
  const Inventory inventory = {
      .core_failures = {
          {"/dev/nvidiactl", Capabilities::all, "open /dev/nvidiactl: Permission denied", EACCES}}};
  for (const Capabilities asked : {Capabilities::none, Capabilities::utility, Capabilities::all}) {
    EXPECT_EQ(refusal(inventory, asked),
              "/dev/nvidiactl cannot be given, and every container with a GPU needs it: open "
              "/dev/nvidiactl: Permission denied; it has to be readable for who starts containers; "
              "SELinux and AppArmor forbid, too");
  }
}

TEST(CheckCore, says_what_to_do_about_each_cause) {
  for (const auto& [code, advice] : {std::pair(EMFILE, "LimitNOFILE"),
                                     {ENFILE, "fs.file-max"},
                                     {ENOMEM, "out of memory"},
                                     {0, "install the driver anew"},
                                     {ESTALE, "start the container again"}}) {
    Inventory inventory = without_cuda;
    inventory.core_failures.front().code = code;
    EXPECT_NE(refusal(inventory, Capabilities::compute).find(advice), std::string::npos) << code;
  }
}

}  // namespace
}  // namespace nvbox::plan
