#include "spec/edits.h"

#include <gtest/gtest.h>

namespace nvbox::spec {
namespace {

std::vector<std::string> paths(const std::vector<DeviceNode>& nodes) {
  std::vector<std::string> out;
  out.reserve(nodes.size());
  for (const DeviceNode& node : nodes) out.push_back(node.path);
  return out;
}

std::vector<std::string> paths(const std::vector<Mount>& mounts) {
  std::vector<std::string> out;
  out.reserve(mounts.size());
  for (const Mount& mount : mounts) out.push_back(mount.container_path);
  return out;
}

TEST(Edits, merging_appends_every_list_and_removes_nothing) {
  ContainerEdits edits = {.env = {"A=1"},
                          .nodes = {{.path = "/dev/a"}},
                          .mounts = {{"/h", "/c", {"ro"}}},
                          .hooks = {{"prestart", "/hook"}},
                          .additional_gids = {44}};
  const ContainerEdits once = edits;
  merge(edits, once);
  EXPECT_EQ(edits, (ContainerEdits{.env = {"A=1", "A=1"},
                                   .nodes = {{.path = "/dev/a"}, {.path = "/dev/a"}},
                                   .mounts = {{"/h", "/c", {"ro"}}, {"/h", "/c", {"ro"}}},
                                   .hooks = {{"prestart", "/hook"}, {"prestart", "/hook"}},
                                   .additional_gids = {44, 44}}));
  normalize(edits);
  EXPECT_EQ(edits, once);
}

TEST(Edits, merging_keeps_the_last_class_of_rdt) {
  ContainerEdits edits = {.net_devices = {{"eth0", "a"}}, .intel_rdt = IntelRdt{.clos_id = "x"}};
  merge(edits, {.net_devices = {{"eth0", "a"}}});
  EXPECT_EQ(edits.intel_rdt, IntelRdt{.clos_id = "x"});
  merge(edits, {.intel_rdt = IntelRdt{.mem_bw_schema = "y"}});
  EXPECT_EQ(edits.intel_rdt, IntelRdt{.mem_bw_schema = "y"});
  EXPECT_EQ(edits.net_devices, (std::vector<NetDevice>{{"eth0", "a"}, {"eth0", "a"}}));
  normalize(edits);
  EXPECT_EQ(edits.net_devices, (std::vector<NetDevice>{{"eth0", "a"}}));
}

TEST(Edits, nodes_and_mounts_come_by_depth_and_then_by_path) {
  ContainerEdits edits = {
      .nodes = {{.path = "/dev/dri/card0"}, {.path = "/dev/nvidia1"}, {.path = "/dev/nvidia0"}},
      .mounts = {{"", "/usr/lib/b", {}}, {"", "/z", {}}, {"", "/usr/lib/a", {}}, {"", "/a/", {}}}};
  normalize(edits);
  EXPECT_EQ(paths(edits.nodes),
            (std::vector<std::string>{"/dev/nvidia0", "/dev/nvidia1", "/dev/dri/card0"}));
  EXPECT_EQ(paths(edits.mounts),
            (std::vector<std::string>{"/a/", "/z", "/usr/lib/a", "/usr/lib/b"}));
}

TEST(Edits, entries_that_differ_in_anything_are_both_kept) {
  ContainerEdits edits = {
      .nodes = {{.path = "/dev/a", .permissions = "rw"}, {.path = "/dev/a", .permissions = "rwm"}},
      .mounts = {{"/one", "/c", {}}, {"/two", "/c", {}}}};
  const ContainerEdits before = edits;
  normalize(edits);
  EXPECT_EQ(edits, before);
}

TEST(Edits, env_and_hooks_keep_their_order_and_their_first_occurrence) {
  ContainerEdits edits = {.env = {"B=1", "A=1", "B=1", "B=2"},
                          .hooks = {{"poststop", "/z"}, {"prestart", "/a"}, {"poststop", "/z"}}};
  normalize(edits);
  EXPECT_EQ(edits.env, (std::vector<std::string>{"B=1", "A=1", "B=2"}));
  EXPECT_EQ(edits.hooks, (std::vector<Hook>{{"poststop", "/z"}, {"prestart", "/a"}}));
}

TEST(Edits, gids_are_sorted_and_unique) {
  ContainerEdits edits = {.additional_gids = {109, 44, 109, 44, 0}};
  normalize(edits);
  EXPECT_EQ(edits.additional_gids, (std::vector<gid_t>{0, 44, 109}));
}

TEST(Edits, normalizing_twice_changes_nothing_more) {
  ContainerEdits edits = {
      .env = {"A=1"}, .nodes = {{.path = "/dev/b"}, {.path = "/dev/a"}}, .additional_gids = {2, 1}};
  normalize(edits);
  const ContainerEdits once = edits;
  normalize(edits);
  EXPECT_EQ(edits, once);
}

}  // namespace
}  // namespace nvbox::spec
