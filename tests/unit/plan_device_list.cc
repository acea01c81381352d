#include "plan/imex_channels.h"
#include "plan/request.h"
#include "plan/select.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace nvbox::plan {
namespace {

using driver::Gpu;
using driver::HostDevice;
using driver::Inventory;
using driver::Problem;

Gpu gpu(unsigned index) {
  return {.index = index,
          .minor = index,
          .uuid = cat("GPU-a", index, "000000-0000-0000-0000-00000000000A"),
          .bus_id = cat("0000:", index, "b:00.0"),
          .node = HostDevice{cat("/dev/nvidia", index), 195, index, 0666, 0}};
}

// Four GPUs: 1 is broken, 2 has two MIG devices.
Inventory four() {
  Inventory inventory = {.gpus = {gpu(0), gpu(1), gpu(2), gpu(3)}};
  const HostDevice cap{"/dev/nvidia-caps/nvidia-cap12", 511, 12, 0444, 0};
  inventory.gpus[1].problem = "read its information file: Input/output error";
  inventory.gpus[2].mig = {{7, 0, cap, cap}, {8, 0, cap, cap}};
  return inventory;
}

Result<Selection> select_list(const Inventory& inventory, std::string_view list) {
  return select(inventory, request_of_list(list));
}

Selection selected(std::string_view list) {
  const Result<Selection> found = select_list(four(), list);
  EXPECT_TRUE(found) << found.error().full_message();
  return found ? *found : Selection{};
}

// Behind the class of the error, which is always the same.
std::string refusal(const Inventory& inventory, std::string_view list) {
  constexpr std::string_view error_class = "device error: ";
  const Result<Selection> found = select_list(inventory, list);
  EXPECT_FALSE(found);
  if (found) return "";
  const std::string message = found.error().full_message();
  EXPECT_TRUE(message.starts_with(error_class)) << message;
  return message.substr(error_class.size());
}

std::string refusal(std::string_view list) {
  return refusal(four(), list);
}

TEST(DeviceList, understands_index_uuid_and_pci_address) {
  EXPECT_EQ(selected("3,0").gpus, (std::vector<size_t>{3, 0}));
  EXPECT_EQ(selected("gpu-A3000000-0000-0000-0000-00000000000a").gpus, std::vector<size_t>{3});
  for (const std::string_view address :
       {"0000:3b:00.0", "00000000:3B:00.0", "0:3b:0", "0:3b:0.0 and more", "0000:3b:00.7"}) {
    EXPECT_EQ(selected(address).gpus, std::vector<size_t>{3}) << address;
  }
}

TEST(DeviceList, empty_items_are_none_and_repeated_ones_are_one) {
  EXPECT_EQ(selected(""), Selection{});
  EXPECT_EQ(selected(",,0,,0000:0b:00.0,").gpus, std::vector<size_t>{0});
}

TEST(DeviceList, all_is_every_usable_gpu_and_mig_device_and_ends_the_list) {
  EXPECT_EQ(selected("ALL,nonsense"),
            (Selection{.gpus = {0, 2, 3},
                       .migs = {{2, 0}, {2, 1}},
                       .notes = {{"GPU 1 (0000:1b:00.0) cannot be used: read its information file: "
                                  "Input/output error",
                                  Problem::Kind::gpu}}}));
}

TEST(DeviceList, a_mig_device_comes_with_its_gpu) {
  EXPECT_EQ(selected("MIG-GPU-a2000000-0000-0000-0000-00000000000A/8/0"),
            (Selection{.gpus = {2}, .migs = {{2, 1}}}));
}

TEST(DeviceList, ranges_and_beginnings_of_uuids_are_names_too) {
  EXPECT_EQ(selected("3,2-3"), (Selection{.gpus = {3, 2}}));
  EXPECT_EQ(selected("GPU-a3"), (Selection{.gpus = {3}}));
}

// NVIDIA's toolkit reads an index with strtoumax and the rest with sscanf, "%x:%02x:%02x.0" and
// "%lu:%lu" (cli/common.c); those skip blanks and take a sign (C11, 7.22.1.4 and 7.21.6.2).
TEST(DeviceList, numbers_may_have_blanks_and_a_plus_sign_in_front) {
  for (const std::string_view name : {" 3", "+3", "\t\n +3", " 0000:3b:00.0", "+0:3b:0", "+2-+3"}) {
    EXPECT_EQ(selected(name).gpus.back(), 3U) << name;
  }
  Inventory numbered = four();
  numbered.gpus[2].mig[1].index = 4;
  const auto found = select_list(numbered, " 2: +4");
  ASSERT_TRUE(found) << found.error().full_message();
  EXPECT_EQ(*found, (Selection{.gpus = {2}, .migs = {{2, 1}}}));
}

// NVIDIA's toolkit looks up every item up to "all" (cli/common.c, select_devices).
TEST(DeviceList, what_stands_in_front_of_all_has_to_exist) {
  EXPECT_EQ(selected("0,all"), selected("all"));
  EXPECT_EQ(refusal("4,all"), "4: unknown device; this host has GPUs 0-3");
}

TEST(DeviceList, is_a_request_for_what_stands_in_front_of_all) {
  EXPECT_EQ(request_of_list("0:1,,All,7"),
            (Request{.ask = Ask::all, .devices = {"0:1"}, .grammar = Grammar::command_line}));
  EXPECT_EQ(
      request_of_list(",3, 1"),
      (Request{.ask = Ask::listed, .devices = {"3", " 1"}, .grammar = Grammar::command_line}));
}

TEST(DeviceList, a_gpu_or_mig_device_without_its_nodes_is_left_out_of_all_and_refused_by_name) {
  Inventory inventory = four();
  inventory.gpus[0].node.reset();
  inventory.gpus[2].mig[0].gpu_instance_node.reset();
  const std::string gpu =
      "GPU 0 (0000:0b:00.0) cannot be used: /dev/nvidia0 does not exist; create it with "
      "'nvidia-modprobe -c 0' or start nvidia-persistenced";
  EXPECT_EQ(select_list(inventory, "all").value(),
            (Selection{.gpus = {2, 3},
                       .migs = {{2, 1}},
                       .notes = {{gpu, Problem::Kind::gpu},
                                 {"GPU 1 (0000:1b:00.0) cannot be used: read its information file: "
                                  "Input/output error",
                                  Problem::Kind::gpu},
                                 {"MIG device 2 7/0 cannot be used: its nodes below "
                                  "/dev/nvidia-caps do not exist; run nvidia-smi once",
                                  Problem::Kind::mig_device}}}));
  EXPECT_EQ(refusal(inventory, "0"), "0: " + gpu);
  EXPECT_EQ(refusal(inventory, "2-3,0-0"), "0-0: unknown device; " + gpu);
}

// dockerd makes 0,1,...,N-1 of --gpus N (moby, daemon/nvidia_linux.go, countToDevices).
TEST(DeviceList, of_more_gpus_than_there_are_says_how_many_are_asked_for) {
  EXPECT_EQ(refusal("0,1,2,3,4"),
            "4: unknown device; 5 GPUs are asked for (0 to 4), and this host has 4");
  EXPECT_EQ(refusal("1,0,2,3,4").substr(0, 2), "1:") << "nobody counts like that";
}

TEST(DeviceList, a_gpu_by_itself_comes_without_its_mig_devices) {
  EXPECT_EQ(selected("2"), (Selection{.gpus = {2}}));
}

TEST(DeviceList, what_is_not_there_is_an_unknown_device) {
  EXPECT_EQ(refusal("0,4"), "4: unknown device; this host has GPUs 0-3");
  EXPECT_EQ(refusal("3c:00.0"), "3c:00.0: unknown device; this host has GPUs 0-3");
  EXPECT_EQ(refusal("GPU-b"), "GPU-b: unknown device; this host has GPUs 0-3");
  EXPECT_EQ(refusal("2-9"), "2-9: unknown device; this host has GPUs 0-3");
  EXPECT_EQ(refusal("-1"), "-1: unknown device; this host has GPUs 0-3");
  EXPECT_EQ(refusal("0 "), "0 : unknown device; this host has GPUs 0-3");
  EXPECT_EQ(refusal("+ 0"), "+ 0: unknown device; this host has GPUs 0-3");
  EXPECT_EQ(refusal("99999999999999999999"),
            "99999999999999999999: unknown device; this host has GPUs 0-3");
}

TEST(DeviceList, a_broken_gpu_is_refused_only_when_asked_for) {
  EXPECT_EQ(refusal("1"),
            "1: GPU 1 (0000:1b:00.0) cannot be used: read its information file: Input/output "
            "error");
}

TEST(DeviceList, a_masked_uuid_is_explained) {
  Inventory inventory = {.gpus = {gpu(0)}};
  inventory.gpus[0].uuid = "GPU-" + std::string(8, '?');
  EXPECT_EQ(refusal(inventory, "GPU-1"),
            "GPU-1: unknown device; the driver does not tell the UUIDs of all GPUs yet, and "
            "neither does NVML: it was not asked; run nvidia-smi once, or ask by index");
}

TEST(DeviceList, is_not_looked_at_on_a_host_without_gpus) {
  EXPECT_EQ(select_list({}, "nonsense").value(), Selection{});
  EXPECT_EQ(select_list({}, "all").value(), Selection{});
}

TEST(DeviceList, of_all_of_which_nothing_can_be_used_is_empty_with_the_reasons) {
  Inventory inventory = {.gpus = {gpu(0)}};
  inventory.gpus[0].problem = "broken";
  EXPECT_EQ(
      select_list(inventory, "all").value(),
      (Selection{.notes = {{"GPU 0 (0000:0b:00.0) cannot be used: broken", Problem::Kind::gpu}}}));
}

TEST(ImexChannels, are_numbers_below_two_to_the_twentieth) {
  EXPECT_EQ(parse_imex_channels("0,,1048575,0").value(), (std::vector<unsigned>{0, 1048575}));
  EXPECT_EQ(parse_imex_channels("1048576").error().message(),
            "unsupported IMEX channel value: 1048576");
  EXPECT_EQ(parse_imex_channels("0,all").error().message(), "unsupported IMEX channel value: all");
}

}  // namespace
}  // namespace nvbox::plan
