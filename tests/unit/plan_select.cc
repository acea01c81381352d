#include "plan/select.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace nvbox::plan {
namespace {

using driver::Gpu;
using driver::HostDevice;
using driver::Inventory;

Gpu healthy(unsigned index) {
  return {.index = index,
          .minor = index,
          .uuid = cat("GPU-a", index, "000000-0000-0000-0000-000000000000"),
          .bus_id = cat("0000:", index, "7:00.0"),
          .node = HostDevice{cat("/dev/nvidia", index), 195, index, 0666, 0}};
}

Gpu broken(unsigned index) {
  Gpu gpu = healthy(index);
  gpu.problem = "read its information file: Input/output error";
  return gpu;
}

Gpu with_mig(unsigned index) {
  Gpu gpu = healthy(index);
  const HostDevice node{"/dev/nvidia-caps/nvidia-cap12", 511, 12, 0444, 0};
  gpu.mig = {{3, 0, node, node}, {5, 0, node, std::nullopt}};
  return gpu;
}

Inventory of(std::vector<Gpu> gpus) {
  return {.gpus = std::move(gpus)};
}

const Inventory eight = of({healthy(0), healthy(1), healthy(2), healthy(3), healthy(4), healthy(5),
                            healthy(6), healthy(7)});

Request listed(std::vector<std::string> devices) {
  return {.ask = Ask::listed, .devices = std::move(devices)};
}

std::vector<size_t> gpus(const Inventory& inventory, std::vector<std::string> devices) {
  const Result<Selection> selection = select(inventory, listed(std::move(devices)));
  EXPECT_TRUE(selection) << selection.error().message();
  return selection ? selection->gpus : std::vector<size_t>{};
}

std::string refusal(const Inventory& inventory, std::vector<std::string> devices) {
  const Result<Selection> selection = select(inventory, listed(std::move(devices)));
  EXPECT_FALSE(selection);
  return selection ? "" : selection.error().full_message();
}

TEST(Select, understands_every_way_to_name_a_gpu) {
  EXPECT_EQ(gpus(eight, {"3"}), (std::vector<size_t>{3}));
  EXPECT_EQ(gpus(eight, {"0-3", "7"}), (std::vector<size_t>{0, 1, 2, 3, 7}));
  EXPECT_EQ(gpus(eight, {"GPU-a5000000-0000-0000-0000-000000000000"}), (std::vector<size_t>{5}));
  EXPECT_EQ(gpus(eight, {"gpu-A5000000-0000-0000-0000-000000000000"}), (std::vector<size_t>{5}));
  EXPECT_EQ(gpus(eight, {"GPU-a6"}), (std::vector<size_t>{6}));
  EXPECT_EQ(gpus(eight, {"0000:47:00.0"}), (std::vector<size_t>{4}));
  EXPECT_EQ(gpus(eight, {"00000000:47:00.0"}), (std::vector<size_t>{4}));
  EXPECT_EQ(gpus(eight, {"47:00.0"}), (std::vector<size_t>{4}));
}

// NVIDIA's generator for WSL takes no ids (v1.20.0: pkg/nvcdi/lib-wsl.go); that none is no device
// is this project's own.
TEST(Select, on_wsl_every_name_is_all_that_windows_has) {
  const Inventory windows = {.driver = {.kind = driver::DriverKind::wsl},
                             .gpus = {{.node = HostDevice{"/dev/dxg", 10, 125, 0666, 0}}}};
  for (const char* name : {"0", "7", "GPU-5f2c", "0:1", "nonsense"}) {
    EXPECT_EQ(gpus(windows, {name}), (std::vector<size_t>{0})) << name;
  }
  EXPECT_EQ(gpus(windows, {"0", "1"}), (std::vector<size_t>{0}));
  EXPECT_EQ(select(windows, {.ask = Ask::all}).value().gpus, (std::vector<size_t>{0}));
  EXPECT_EQ(select(windows, {.ask = Ask::driver_only}).value().gpus, (std::vector<size_t>{}));
}

TEST(Select, takes_a_gpu_once_however_often_it_is_named) {
  EXPECT_EQ(gpus(eight, {"GPU-a2", "2", "1-2"}), (std::vector<size_t>{2, 1}));
}

TEST(Select, an_unknown_device_says_what_there_is) {
  EXPECT_EQ(refusal(eight, {"9"}), "device 9: this host has GPUs 0-7");
  EXPECT_EQ(refusal(of({healthy(0)}), {"1"}), "device 1: this host has GPU 0");
  EXPECT_EQ(refusal(of({}), {"0"}), "device 0: this host has no GPUs");
  EXPECT_EQ(refusal(eight, {"6-9"}), "device 6-9: this host has GPUs 0-7");
  EXPECT_EQ(refusal(eight, {"5-2"}), "device 5-2: the range runs backwards");
  EXPECT_EQ(refusal(eight, {"GPU-f"}),
            "device GPU-f: no GPU has this UUID; this host has GPUs 0-7");
  EXPECT_EQ(refusal(eight, {"0000:ff:00.0"}),
            "device 0000:ff:00.0: no GPU has this PCI address; this host has GPUs 0-7");
  EXPECT_EQ(refusal(eight, {"banana"}),
            "device \"banana\": not an index, a UUID or a PCI address; this host has GPUs 0-7");
}

TEST(Select, a_uuid_prefix_must_fit_one_gpu_only) {
  EXPECT_EQ(refusal(eight, {"GPU-a"}), "device GPU-a: the UUIDs of GPUs 0 and 1 both start so");
}

TEST(Select, a_uuid_that_the_driver_does_not_tell_yet_is_explained) {
  Gpu cold = healthy(0);
  cold.uuid = cat("GPU-", std::string(8, '?'));
  EXPECT_EQ(refusal(of({cold}), {"GPU-a0000000-0000-0000-0000-000000000000"}),
            "device GPU-a0000000-0000-0000-0000-000000000000: the driver does not tell the UUIDs "
            "of all GPUs yet, and neither does NVML: it was not asked; run nvidia-smi once or "
            "enable persistence mode, or ask by index or "
            "PCI address");
}

TEST(Select, a_gpu_that_cannot_be_read_is_refused_only_when_asked_for) {
  const Inventory two = of({healthy(0), broken(1)});
  EXPECT_EQ(gpus(two, {"0"}), (std::vector<size_t>{0}));
  EXPECT_EQ(refusal(two, {"1"}),
            "device 1: GPU 1 (0000:17:00.0) cannot be used: read its information file: "
            "Input/output error");
}

TEST(Select, all_leaves_out_a_broken_gpu_and_says_so) {
  const Result<Selection> selection = select(of({healthy(0), broken(1)}), {.ask = Ask::all});
  ASSERT_TRUE(selection);
  EXPECT_EQ(*selection, (Selection{.gpus = {0},
                                   .notes = {{"GPU 1 (0000:17:00.0) cannot be used: read its "
                                              "information file: Input/output error",
                                              driver::Problem::Kind::gpu}}}));
}

TEST(Select, all_of_nothing_is_an_error) {
  EXPECT_EQ(select(of({}), {.ask = Ask::all}).error().message(),
            "all devices are asked for, and this host has none");
}

TEST(Select, a_gpu_without_its_node_cannot_be_used) {
  Gpu gpu = healthy(0);
  gpu.node.reset();
  EXPECT_EQ(refusal(of({gpu}), {"0"}),
            "device 0: GPU 0 (0000:07:00.0) cannot be used: /dev/nvidia0 does not exist; create it "
            "with 'nvidia-modprobe -c 0' or start nvidia-persistenced");
}

TEST(Select, driver_only_selects_no_gpu) {
  const Result<Selection> selection = select(eight, {.ask = Ask::driver_only});
  ASSERT_TRUE(selection);
  EXPECT_EQ(*selection, Selection{});
}

TEST(Select, all_is_every_gpu_without_mig_and_every_complete_mig_device) {
  const Result<Selection> selection = select(of({healthy(0), with_mig(1)}), {.ask = Ask::all});
  ASSERT_TRUE(selection);
  EXPECT_EQ(*selection, (Selection{.gpus = {0},
                                   .migs = {{1, 0}},
                                   .notes = {{"MIG device 1 5/0 cannot be used: its nodes below "
                                              "/dev/nvidia-caps do not exist; run nvidia-smi once",
                                              driver::Problem::Kind::mig_device}}}));
}

TEST(Select, finds_a_mig_device_by_its_instances) {
  const Result<Selection> selection = select(
      of({healthy(0), with_mig(1)}), listed({"MIG-GPU-a1000000-0000-0000-0000-000000000000/3/0"}));
  ASSERT_TRUE(selection) << selection.error().message();
  EXPECT_EQ(*selection, (Selection{.migs = {{1, 0}}}));
}

// NVML numbers them in the order in which they were made.
Gpu with_named_mig(unsigned index) {
  Gpu gpu = with_mig(index);
  gpu.mig[1].compute_instance_node = gpu.mig[0].compute_instance_node;
  gpu.mig[0].index = 4;
  gpu.mig[0].uuid = "MIG-c7384736-0000-5000-8000-000000000000";
  gpu.mig[1].index = 0;
  gpu.mig[1].uuid = "MIG-c7aaaaaa-0000-5000-8000-000000000000";
  return gpu;
}

std::vector<Selection::MigDevice> migs(const Inventory& inventory, std::string device) {
  const Result<Selection> selection = select(inventory, listed({std::move(device)}));
  EXPECT_TRUE(selection) << selection.error().message();
  return selection ? selection->migs : std::vector<Selection::MigDevice>{};
}

TEST(Select, finds_a_mig_device_by_number_and_uuid) {
  const Inventory host = of({healthy(0), with_named_mig(1)});
  using Devices = std::vector<Selection::MigDevice>;
  EXPECT_EQ(migs(host, "1:0"), (Devices{{1, 1}}));
  EXPECT_EQ(migs(host, "1:4"), (Devices{{1, 0}}));
  EXPECT_EQ(migs(host, "MIG-c7384736-0000-5000-8000-000000000000"), (Devices{{1, 0}}));
  EXPECT_EQ(migs(host, "mig-C7A"), (Devices{{1, 1}}));
}

TEST(Select, tells_which_mig_devices_there_are) {
  const Inventory host = of({healthy(0), with_named_mig(1)});
  EXPECT_EQ(refusal(host, {"1:1"}),
            "device 1:1: GPU 1 (0000:17:00.0) has no such MIG device; it has 0 and 4");
  EXPECT_EQ(refusal(host, {"0:0"}), "device 0:0: GPU 0 (0000:07:00.0) has no MIG devices");
  EXPECT_EQ(refusal(host, {"2:0"}), "device 2:0: this host has GPUs 0-1");
  EXPECT_EQ(refusal(host, {"MIG-c7"}), "device MIG-c7: the UUIDs of 2 MIG devices start so");
  EXPECT_EQ(refusal(host, {"MIG-d"}), "device MIG-d: no MIG device has this UUID; this host has 2");
}

TEST(Select, does_not_guess_at_what_nvml_did_not_tell) {
  Inventory host = of({with_mig(0)});
  EXPECT_EQ(refusal(host, {"0:1"}),
            "device 0:1: only NVML numbers the MIG devices of GPU 0 (0000:07:00.0), and it does "
            "not: it was not asked");
  host.unanswered = "NVML did not answer within 10 s";
  EXPECT_EQ(refusal(host, {"MIG-c7"}),
            "device MIG-c7: only NVML knows the UUIDs of the MIG devices of GPU 0 (0000:07:00.0), "
            "and it does not tell: NVML did not answer within 10 s");
  host.gpus[0].unanswered = "nvml error: gpu is lost";
  EXPECT_TRUE(refusal(host, {"0:1"}).ends_with("nvml error: gpu is lost"));
}

TEST(Select, gives_a_mig_device_without_nodes_where_the_driver_has_none) {
  Inventory host = of({with_mig(0)});
  EXPECT_TRUE(refusal(host, {"MIG-GPU-a0000000-0000-0000-0000-000000000000/5/0"})
                  .contains("its nodes below /dev/nvidia-caps do not exist"));
  host.gpus[0].mig[1].is_guarded_by_files = true;
  EXPECT_EQ(migs(host, "MIG-GPU-a0000000-0000-0000-0000-000000000000/5/0"),
            (std::vector<Selection::MigDevice>{{0, 1}}));
}

TEST(Select, leaves_gpus_for_screens_only_out_of_all) {
  Inventory host = of({healthy(0), healthy(1)});
  host.gpus[1].model = "NVIDIA DGX Display";
  EXPECT_EQ(select(host, {.ask = Ask::all})->gpus, (std::vector<size_t>{0}));
  EXPECT_EQ(gpus(host, {"1"}), (std::vector<size_t>{1}));
}

TEST(Select, finds_imex_channels_by_number) {
  Inventory inventory = of({healthy(0)});
  inventory.imex_channels = {{"/dev/nvidia-caps-imex-channels/channel0", 234, 0, 0666, 0},
                             {"/dev/nvidia-caps-imex-channels/channel5", 234, 5, 0666, 0}};
  Request request = listed({"0"});
  request.imex_channels = {"channel5"};
  EXPECT_EQ(select(inventory, request)->imex_channels, (std::vector<size_t>{1}));
  request.imex_channels = {"1"};
  EXPECT_EQ(select(inventory, request).error().message(),
            "IMEX channel 1: /dev/nvidia-caps-imex-channels/channel1 does not exist");
  request.imex_channels = {"1048576"};
  EXPECT_EQ(select(inventory, request).error().message(),
            "IMEX channel \"1048576\": expected a number from 0 to 1048575");
}

// dockerd makes 0,1,...,N-1 of --gpus N (moby, daemon/nvidia_linux.go, countToDevices).
TEST(Select, of_more_gpus_than_there_are_says_how_many_are_asked_for) {
  const Request three = listed({"0", "1", "2"});
  EXPECT_EQ(select(of({healthy(0)}), three).error().full_message(),
            "3 GPUs are asked for (0 to 2), and this host has 1");
  EXPECT_EQ(select(of({}), three).error().full_message(),
            "3 GPUs are asked for (0 to 2), and this host has none");
  EXPECT_EQ(select(of({}), listed({"0"})).error().full_message(),
            "device 0: this host has no GPUs");
}

}  // namespace
}  // namespace nvbox::plan
