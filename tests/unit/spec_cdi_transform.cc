#include "spec/cdi_transform.h"

#include <gtest/gtest.h>

namespace nvbox::spec {
namespace {

ContainerEdits edits() {
  return {.nodes = {{.path = "/dev/nvidia0"}, {.path = "/dev/x", .host_path = "/driver/dev/x"}},
          .mounts = {{"/driver/lib/a", "/lib/a", {}},
                     {"/driver-x/lib/b", "/lib/b", {}},
                     {"/driver", "/lib/c", {}},
                     {"tmpfs", "/scratch", {}, "tmpfs"}},
          .hooks = {{.stage = "createContainer",
                     .path = "/driver/bin/hook",
                     .args = {"hook", "--link", "x::/lib/x", "/driver/y"}},
                    {.stage = "startContainer", .path = "/driver/z", .args = {"/driver/z"}},
                    {.stage = "prestart", .path = "/driver/p", .args = {"/driver/p"}}}};
}

CdiSpec spec_of(ContainerEdits edits) {
  return {.version = "0.3.0", .kind = "a.com/b", .devices = {{.name = "all", .edits = edits}}};
}

TEST(Transform, of_the_host_moves_whole_components_below_the_root) {
  CdiSpec spec = spec_of(edits());
  transform_root(spec, "/driver/", "/host", PathsOf::host);
  const ContainerEdits& moved = spec.devices[0].edits;
  EXPECT_EQ(moved.nodes[0].host_path, "/dev/nvidia0") << "explicit, but not below the root";
  EXPECT_EQ(moved.nodes[1].host_path, "/host/dev/x");
  EXPECT_EQ(moved.nodes[1].path, "/dev/x");
  EXPECT_EQ(moved.mounts[0].host_path, "/host/lib/a");
  EXPECT_EQ(moved.mounts[1].host_path, "/driver-x/lib/b");
  EXPECT_EQ(moved.mounts[2].host_path, "/host");
  EXPECT_EQ(moved.mounts[3].host_path, "tmpfs");
  EXPECT_EQ(moved.mounts[0].container_path, "/lib/a");
}

TEST(Transform, of_the_host_leaves_what_hooks_are_told_about_the_container) {
  CdiSpec spec = spec_of(edits());
  transform_root(spec, "/driver", "/", PathsOf::host);
  const std::vector<Hook>& hooks = spec.devices[0].edits.hooks;
  EXPECT_EQ(hooks[0].path, "/bin/hook");
  EXPECT_EQ(hooks[0].args, edits().hooks[0].args);
  EXPECT_EQ(hooks[1], edits().hooks[1]);
  EXPECT_EQ(hooks[2].args, std::vector<std::string>{"/p"});
}

TEST(Transform, of_the_container_moves_both_halves_of_links) {
  CdiSpec spec = spec_of(edits());
  spec.devices[0].edits.hooks[0].args.emplace_back("/driver/t::/driver/l");
  transform_root(spec, "/driver", "/new", PathsOf::container);
  const ContainerEdits& moved = spec.devices[0].edits;
  EXPECT_EQ(moved.hooks[0].path, "/driver/bin/hook");
  EXPECT_EQ(moved.hooks[0].args,
            (std::vector<std::string>{"hook", "--link", "x::/lib/x", "/new/y", "/new/t::/new/l"}));
  EXPECT_EQ(moved.hooks[1].path, "/new/z");
  EXPECT_EQ(moved.hooks[2], edits().hooks[2]);
  EXPECT_EQ(moved.mounts[0].host_path, "/driver/lib/a");
  EXPECT_EQ(moved.nodes[0].host_path, "");
}

TEST(Transform, raises_the_version_for_paths_of_nodes_on_the_host) {
  CdiSpec spec = spec_of({.nodes = {{.path = "/dev/nvidia0"}}});
  transform_root(spec, "", "/host", PathsOf::host);
  EXPECT_EQ(spec.devices[0].edits.nodes[0].host_path, "/host/dev/nvidia0");
  EXPECT_EQ(spec.version, "0.5.0");
  spec.version = "1.0.0";
  transform_root(spec, "/host", "/", PathsOf::host);
  EXPECT_EQ(spec.version, "1.0.0") << "never lowered";
}

TEST(Transform, between_equal_roots_changes_nothing) {
  const CdiSpec before = spec_of(edits());
  CdiSpec spec = before;
  transform_root(spec, "/a", "/a", PathsOf::host);
  EXPECT_EQ(spec, before);
}

}  // namespace
}  // namespace nvbox::spec
