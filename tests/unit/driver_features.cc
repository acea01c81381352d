#include "driver/features.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "driver/device_nodes.h"
#include "support/make_host.h"

namespace nvbox::driver {
namespace {

struct Found {
  std::vector<Feature> features{};
  std::vector<Problem> problems{};
  std::vector<CoreFailure> core_failures{};
};

Found features_of(const Roots& roots, Features wanted) {
  Found out;
  const Search search;
  const Need need = {.gpus = false, .files = Capabilities::none, .features = wanted};
  out.features = find_features({roots, search, need, out.problems, out.core_failures});
  return out;
}

HostDevice node(std::string path, unsigned major, unsigned minor) {
  return {std::move(path), major, minor, 0666, getgid()};
}

constexpr std::string_view machine = R"(
c /dev/nvidia0 195:0
c /dev/nvidiactl 195:255
c /dev/nvidia-caps/nvidia-cap2 511:2
c /dev/nvidia-caps/nvidia-cap10 511:10
c /dev/nvidia-caps-imex-channels/channel0 509:0
c /dev/nvidia-fs0 506:0
c /dev/nvidia-fs10 506:10
c /dev/nvidia-fs2 506:2
c /dev/nvidia-nvlink 507:0
c /dev/nvidia-nvswitch0 508:0
c /dev/nvidia-nvswitchctl 508:255
c /dev/infiniband/uverbs0 231:192
c /dev/infiniband/umad0 231:0
c /dev/infiniband/rdma_cm 10:123
c /dev/gdrdrv 505:0
d /dev/nvidia-fs-statistics
l /dev/nvidia-fs1 -> nvidia-fs0
d /run/udev/data
f /usr/local/gds/cufile.json
l /etc/cufile.json -> ../usr/local/gds/cufile.json
)";

TEST(Features, are_those_asked_for_in_the_peers_order_and_by_number) {
  const test::Host host(machine);
  const host::Root root = host.root();
  const Found found = features_of({root, root, root}, Features::all);
  const std::vector<Feature> expected = {
      {Features::gds,
       {node("/dev/nvidia-fs0", 506, 0), node("/dev/nvidia-fs2", 506, 2),
        node("/dev/nvidia-fs10", 506, 10)},
       {{FileKind::directory, "/run/udev", "/run/udev"},
        {FileKind::data, "/usr/local/gds/cufile.json", "/etc/cufile.json"}}},
      {Features::mofed,
       {node("/dev/infiniband/uverbs0", 231, 192), node("/dev/infiniband/rdma_cm", 10, 123)},
       {}},
      {Features::gdrcopy, {node("/dev/gdrdrv", 505, 0)}, {}},
      {Features::nvswitch,
       {node("/dev/nvidia-nvswitchctl", 508, 255), node("/dev/nvidia-nvswitch0", 508, 0)},
       {}}};
  EXPECT_EQ(found.features, expected);
  EXPECT_EQ(found.problems, std::vector<Problem>{});
}

TEST(Features, that_are_not_asked_for_are_not_looked_at) {
  const test::Host host("c /dev/gdrdrv 505:0\nc /dev/nvidia-fs0 506:0\n");
  const host::Root root = host.root();
  const Found found = features_of({root, root, root}, Features::gdrcopy);
  EXPECT_EQ(found.features,
            (std::vector<Feature>{{Features::gdrcopy, {node("/dev/gdrdrv", 505, 0)}, {}}}));
  EXPECT_EQ(found.problems, std::vector<Problem>{}) << "the host has no NVSwitch";
}

TEST(Features, that_the_host_lacks_are_problems_and_gds_has_no_files_then) {
  const test::Host host("d /run/udev\nf /etc/cufile.json\nc /dev/infiniband/umad0 231:0\n");
  const host::Root root = host.root();
  const Found found = features_of({root, root, root}, Features::gds | Features::mofed);
  EXPECT_EQ(found.features, std::vector<Feature>{});
  EXPECT_EQ(found.problems,
            (std::vector<Problem>{
                {"gds is asked for, but " + host.path() +
                 "/dev/nvidia-fs* does not exist; it is made by the kernel module nvidia-fs"},
                {"mofed is asked for, but " + host.path() +
                 "/dev/infiniband/uverbs* does not exist; it is made by the kernel module "
                 "ib_uverbs"},
                {"mofed is asked for, but " + host.path() +
                 "/dev/infiniband/rdma_cm does not exist; it is made by the kernel module "
                 "rdma_ucm"}}));
}

TEST(Features, have_nodes_below_the_dev_root_and_files_below_the_driver_root) {
  const test::Host host(
      "c /nodes/dev/nvidia-fs0 506:0\nf /driver/etc/cufile.json\nd /run/udev\n"
      "f /etc/cufile.json\nc /dev/nvidia-fs1 506:1\n");
  const host::Root root = host.root();
  const host::Root driver = host.root("/driver");
  const host::Root dev = host.root("/nodes");
  const Found found = features_of({root, driver, dev}, Features::gds);
  EXPECT_EQ(found.features,
            (std::vector<Feature>{{Features::gds,
                                   {node("/dev/nvidia-fs0", 506, 0)},
                                   {{FileKind::data, "/etc/cufile.json", "/etc/cufile.json"}}}}));
}

std::vector<std::string> paths_of(const ManagementNodes& found) {
  std::vector<std::string> paths;
  for (const HostDevice& device : found.nodes) paths.push_back(device.path);
  return paths;
}

TEST(ManagementNodes, are_the_drivers_without_those_of_features_by_depth_and_path) {
  const test::Host host(machine);
  const host::Root root = host.root();
  const ManagementNodes found = discover_management_nodes({root, root, root});
  EXPECT_EQ(paths_of(found),
            (std::vector<std::string>{
                "/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-caps-imex-channels/channel0",
                "/dev/nvidia-caps/nvidia-cap10", "/dev/nvidia-caps/nvidia-cap2"}));
  EXPECT_EQ(found.problems, std::vector<Problem>{});
}

TEST(ManagementNodes, of_a_host_without_any_are_none) {
  const test::Host host("c /dev/null 1:3\n");
  const host::Root root = host.root();
  EXPECT_EQ(paths_of(discover_management_nodes({root, root, root})), std::vector<std::string>{});
}

}  // namespace
}  // namespace nvbox::driver
