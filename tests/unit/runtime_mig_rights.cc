#include "nvbox/runtime/mig_rights.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "support/make_host.h"

namespace nvbox::runtime {
namespace {

using driver::Gpu;
using driver::HostDevice;
using driver::MigControl;

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
c /dev/nvidia-caps/nvidia-cap1 511:1
c /dev/nvidia-caps/nvidia-cap2 511:2
c /dev/nvidia-caps/nvidia-cap201 511:201
c /dev/nvidia-caps/nvidia-cap202 511:202
)";

HostDevice cap(unsigned minor) {
  return {"/dev/nvidia-caps/nvidia-cap" + std::to_string(minor), 511, minor, 0666, getgid()};
}

const std::vector<Gpu> gpus = {{.index = 0, .minor = 0}, {.index = 1, .minor = 1}};

const MigControl config = {.file = "/proc/driver/nvidia/capabilities/mig/config",
                           .node = cap(1),
                           .gpus = {{1, {cap(201), cap(202)}}}};
const MigControl monitor = {.file = "/proc/driver/nvidia/capabilities/mig/monitor",
                            .node = cap(2),
                            .gpus = {{1, {cap(201), cap(202)}}}};

Result<std::vector<MigControl>> find(const test::Host& host, const MigRights& rights) {
  const host::Root root = host.root();
  return find_mig_rights(rights, {root, root, root}, gpus);
}

TEST(MigRights, are_given_when_either_is) {
  EXPECT_FALSE(MigRights{}.are_given());
  EXPECT_TRUE(MigRights{.config = "all"}.are_given());
  EXPECT_TRUE(MigRights{.monitor = "all"}.are_given());
}

TEST(MigRights, are_what_is_asked_for) {
  const test::Host host(machine);
  EXPECT_EQ(find(host, {}).value(), std::vector<MigControl>());
  EXPECT_EQ(find(host, {.config = "all"}).value(), std::vector<MigControl>{config});
  EXPECT_EQ(find(host, {.monitor = "all"}).value(), std::vector<MigControl>{monitor});
  EXPECT_EQ(find(host, {.config = "all", .monitor = "all"}).value(),
            (std::vector<MigControl>{config, monitor}));
}

TEST(MigRights, over_some_devices_only_are_refused) {
  const test::Host host(machine);
  EXPECT_EQ(find(host, {.config = "0"}).error().full_message(),
            "mig-config error: 0: only 'all' devices are currently supported");
  EXPECT_EQ(find(host, {.config = "all", .monitor = "ALL"}).error().full_message(),
            "mig-monitor error: ALL: only 'all' devices are currently supported");
  EXPECT_EQ(find(host, {.monitor = "a\nb"}).error().full_message(),
            R"(mig-monitor error: a\x0ab: only 'all' devices are currently supported)");
}

TEST(MigRights, of_a_driver_without_mig_are_an_error) {
  const test::Host host("d /proc\n");
  EXPECT_EQ(find(host, {}).value(), std::vector<MigControl>()) << "nobody asked";
  EXPECT_EQ(find(host, {.monitor = "all"}).error().full_message(),
            "mig-monitor error: open failed: /proc/driver/nvidia/capabilities/mig/monitor: no such "
            "file or directory; the loaded driver offers no MIG");
}

spec::DeviceNode node(unsigned minor, std::string host_path = "") {
  return {.path = "/dev/nvidia-caps/nvidia-cap" + std::to_string(minor),
          .host_path = std::move(host_path),
          .major = 511,
          .minor = minor,
          .file_mode = 0666};
}

TEST(MigRightNodes, are_those_of_the_rights_and_of_the_instances_each_once) {
  spec::ContainerEdits edits;
  add_nodes({config, monitor}, "/", edits);
  EXPECT_EQ(edits, (spec::ContainerEdits{.nodes = {node(1), node(201), node(202), node(2)}}));
}

TEST(MigRightNodes, come_behind_those_that_are_there_and_replace_none) {
  spec::DeviceNode given = node(201);
  given.permissions = "r";
  spec::ContainerEdits edits = {.env = {"A=1"}, .nodes = {given}};
  add_nodes({config}, "/", edits);
  EXPECT_EQ(edits, (spec::ContainerEdits{.env = {"A=1"}, .nodes = {given, node(1), node(202)}}));
}

TEST(MigRightNodes, are_below_the_dev_root_on_the_host) {
  spec::ContainerEdits edits;
  add_nodes({{.node = cap(1)}}, "/run/nvidia/driver", edits);
  EXPECT_EQ(
      edits,
      (spec::ContainerEdits{.nodes = {node(1, "/run/nvidia/driver/dev/nvidia-caps/nvidia-cap1")}}));
}

TEST(MigRightNodes, of_no_right_are_none) {
  spec::ContainerEdits edits = {.nodes = {node(1)}};
  add_nodes({}, "/", edits);
  EXPECT_EQ(edits, (spec::ContainerEdits{.nodes = {node(1)}}));
}

}  // namespace
}  // namespace nvbox::runtime
