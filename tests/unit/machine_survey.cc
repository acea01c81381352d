#include "plan/mig_rights.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "machine/survey.h"
#include "support/make_host.h"

namespace nvbox::machine {
namespace {

using driver::Gpu;
using driver::HostDevice;
using driver::MigControl;
using plan::Ask;
using plan::MigRights;

// GPU 0 cannot do MIG, and GPU 1 has one instance.
constexpr std::string_view machine = R"(
f /proc/driver/nvidia/capabilities/mig/config <<EOF
DeviceFileMinor: 1
EOF
f /proc/driver/nvidia/capabilities/mig/monitor <<EOF
DeviceFileMinor: 2
EOF
d /proc/driver/nvidia/capabilities/gpu1/mig
f /proc/driver/nvidia-caps/mig-minors <<EOF
config 1
monitor 2
gpu0/gi0/access 3
gpu1/gi7/access 201
gpu1/gi7/ci0/access 202
EOF
f /proc/devices <<EOF
Character devices:
511 nvidia-caps
EOF
c /dev/nvidia-caps/nvidia-cap1 511:1
c /dev/nvidia-caps/nvidia-cap2 511:2
c /dev/nvidia-caps/nvidia-cap201 511:201
c /dev/nvidia-caps/nvidia-cap202 511:202
)";

HostDevice cap(unsigned minor) {
  return {"/dev/nvidia-caps/nvidia-cap" + std::to_string(minor), 511, minor, 0666, getgid()};
}

const driver::Inventory inventory = {
    .gpus = {{.index = 0, .minor = 0}, {.index = 1, .minor = 1, .mig = {{.gpu_instance = 7}}}}};

const MigControl config = {.file = "/proc/driver/nvidia/capabilities/mig/config",
                           .node = cap(1),
                           .gpus = {{1, {cap(201), cap(202)}}}};
const MigControl monitor = {.file = "/proc/driver/nvidia/capabilities/mig/monitor",
                            .node = cap(2),
                            .gpus = {{1, {cap(201), cap(202)}}}};

Result<std::vector<MigControl>> find(const test::Host& host, const MigRights& rights,
                                     const plan::Selection& selection, Ask ask = Ask::listed) {
  const Place place = Place::open({.host = host.path(), .nodes = host::Nodes::written}).value();
  driver::Inventory found = inventory;
  NVBOX_TRY(find_mig_rights(place, {.ask = ask, .mig = rights}, selection, found));
  return std::move(found.mig_controls);
}

Result<> check_mig_rights(const MigRights& rights) {
  NVBOX_TRY(plan::given_rights(rights));
  return {};
}

TEST(MigRights, are_given_when_either_is) {
  EXPECT_FALSE(MigRights{}.are_asked_for());
  EXPECT_TRUE(MigRights{.config = "all"}.are_asked_for());
  EXPECT_TRUE(MigRights{.monitor = "all"}.are_asked_for());
}

TEST(MigRights, are_what_is_asked_for) {
  const test::Host host(machine);
  const plan::Selection both = {.gpus = {0, 1}};
  EXPECT_EQ(find(host, {}, both).value(), std::vector<MigControl>());
  EXPECT_EQ(find(host, {.config = "all"}, both).value(), std::vector<MigControl>{config});
  EXPECT_EQ(find(host, {.monitor = "all"}, both).value(), std::vector<MigControl>{monitor});
  EXPECT_EQ(find(host, {.config = "all", .monitor = "all"}, both).value(),
            (std::vector<MigControl>{config, monitor}));
}

TEST(MigRights, without_a_gpu_that_can_do_mig_are_nothing) {
  const test::Host host(machine);
  EXPECT_EQ(find(host, {.config = "all"}, {}).value(), std::vector<MigControl>());
  EXPECT_EQ(find(host, {.config = "all"}, {.gpus = {0}}).value(), std::vector<MigControl>());
  EXPECT_EQ(find(test::Host("d /proc\n"), {.monitor = "all"}, {.gpus = {1}}).value(),
            std::vector<MigControl>())
      << "a driver without MIG";
}

// NVIDIA's rule (cli/common.c, select_mig_config_devices), which looks at the list as at those of
// devices.
TEST(MigRights, are_all_in_any_case_and_nothing_behind_it_counts) {
  const test::Host host(machine);
  for (const char* list : {"ALL", ",,all,0", "All,"}) {
    EXPECT_TRUE(check_mig_rights({.config = list})) << list;
    EXPECT_EQ(find(host, {.config = list}, {.gpus = {1}}).value(), std::vector<MigControl>{config})
        << list;
  }
  EXPECT_EQ(find(host, {.config = ","}, {.gpus = {1}}).value(), std::vector<MigControl>());
}

TEST(MigRights, over_some_devices_only_are_refused) {
  EXPECT_EQ(check_mig_rights({.config = "0"}).error().full_message(),
            "mig-config error: 0: only 'all' devices are currently supported");
  EXPECT_EQ(check_mig_rights({.config = "all", .monitor = "1,all"}).error().full_message(),
            "mig-monitor error: 1: only 'all' devices are currently supported");
  EXPECT_EQ(check_mig_rights({.monitor = "a\nb"}).error().full_message(),
            R"(mig-monitor error: a\x0ab: only 'all' devices are currently supported)");
}

TEST(MigRights, beside_mig_devices_that_are_asked_for_by_name_are_refused) {
  const test::Host host(machine);
  const plan::Selection single = {.migs = {{1, 0}}};
  EXPECT_EQ(
      find(host, {.config = "all"}, single).error().full_message(),
      "mig-config error: cannot enable mig-config with specific MIG devices selected; ask for "
      "whole GPUs, or for all");
  EXPECT_EQ(find(host, {.config = "all"}, single, Ask::all).value(),
            std::vector<MigControl>{config});
  EXPECT_EQ(find(host, {}, single).value(), std::vector<MigControl>()) << "nobody asked";
}

}  // namespace
}  // namespace nvbox::machine
