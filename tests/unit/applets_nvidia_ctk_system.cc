#include "nvidia_ctk/system.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nvbox::applets::ctk_system {

void PrintTo(const LinkedNode& node, std::ostream* out) {
  *out << node.path << " " << node.major << ":" << node.minor;
}

namespace {

using driver::ExpectedNode;

const std::vector<ExpectedNode> loaded = {
    {.path = "/dev/nvidiactl", .major = 195, .minor = 255, .mode = 0660, .gid = 44},
    {.path = "/dev/nvidia4", .major = 195, .minor = 4},
    {.path = "/dev/nvidia-caps/nvidia-cap1", .major = 234, .minor = 1, .mode = 0400},
    {.path = "/dev/nvidia-uvm", .major = 511, .minor = 0},
    {.path = "/dev/nvidia-uvm-tools", .major = 511, .minor = 1}};

std::vector<std::string> paths_of(const std::vector<ExpectedNode>& nodes) {
  std::vector<std::string> paths;
  for (const ExpectedNode& node : nodes) paths.push_back(node.path);
  return paths;
}

TEST(ControlNodes, are_those_of_no_particular_gpu) {
  const ControlNodes control = control_nodes(loaded);
  EXPECT_EQ(paths_of(control.nodes),
            (std::vector<std::string>{"/dev/nvidiactl", "/dev/nvidia-modeset", "/dev/nvidia-uvm",
                                      "/dev/nvidia-uvm-tools"}));
  EXPECT_TRUE(control.missing_modules.empty());
}

TEST(ControlNodes, have_modeset_like_nvidiactl_even_where_its_module_is_not_loaded) {
  const ExpectedNode modeset = control_nodes(loaded).nodes[1];
  EXPECT_EQ(
      modeset,
      (ExpectedNode{
          .path = "/dev/nvidia-modeset", .major = 195, .minor = 254, .mode = 0660, .gid = 44}));
}

TEST(ControlNodes, name_the_modules_without_which_nodes_have_no_number) {
  const ControlNodes without_uvm = control_nodes(std::span(loaded).first(3));
  EXPECT_EQ(without_uvm.nodes.size(), 2U);
  EXPECT_EQ(without_uvm.missing_modules, std::vector<std::string_view>{"nvidia-uvm"});
  EXPECT_EQ(control_nodes({}).missing_modules,
            (std::vector<std::string_view>{"nvidia", "nvidia-uvm"}));
}

TEST(MknodCommand, has_every_digit_of_the_mode) {
  EXPECT_EQ(mknod_command("/run/driver/dev/nvidiactl", loaded[0]),
            "mknod -m 0660 /run/driver/dev/nvidiactl c 195 255");
}

TEST(EveryNode, is_linked_once_whoever_knows_of_it) {
  const std::vector<driver::HostDevice> existing = {
      {.path = "/dev/nvidiactl", .major = 195, .minor = 255},
      {.path = "/dev/nvidia9", .major = 195, .minor = 9}};
  EXPECT_EQ(every_node(existing, std::span(loaded).first(2), {}),
            (std::vector<LinkedNode>{
                {"/dev/nvidiactl", 195, 255}, {"/dev/nvidia9", 195, 9}, {"/dev/nvidia4", 195, 4}}));
}

TEST(EveryNode, has_the_mig_instances_that_the_gpus_could_have) {
  constexpr std::string_view minors =
      "config 1\nmonitor 2\ngpu4/gi0/access 543\ngpu4/gi0/ci0/access 544\ngpu40/gi0/access 9\n"
      "gpu5/gi0/access 10\ngpu4/\ngpu4/gi1/access x";
  EXPECT_EQ(every_node({}, std::span(loaded).subspan(1, 2), minors),
            (std::vector<LinkedNode>{{"/dev/nvidia4", 195, 4},
                                     {"/dev/nvidia-caps/nvidia-cap1", 234, 1},
                                     {"/dev/nvidia-caps/nvidia-cap543", 234, 543},
                                     {"/dev/nvidia-caps/nvidia-cap544", 234, 544}}));
}

TEST(EveryNode, has_no_mig_instances_without_the_major_of_their_nodes) {
  EXPECT_EQ(every_node({}, std::span(loaded).subspan(1, 1), "gpu4/gi0/access 543\n"),
            (std::vector<LinkedNode>{{"/dev/nvidia4", 195, 4}}));
}

TEST(CacheText, has_libraries_by_the_size_of_their_addresses) {
  const host::LdCache cache = {
      .entries = {{.name = "libcuda.so.1", .path = "/lib64/libcuda.so.1", .flags = 0x0303},
                  {.name = "libcuda.so.1", .path = "/lib32/libcuda.so.1", .flags = 0x0003},
                  {.name = "libm.so.6", .path = "/lib\n/libm.so.6", .flags = 0x0a03},
                  {.name = "libx.so.1", .path = "/libx32/libx.so.1", .flags = 0x0803}}};
  EXPECT_EQ(cache_text(cache),
            "2 32-bit libraries\n"
            "  libcuda.so.1 => /lib32/libcuda.so.1\n"
            "  libx.so.1 => /libx32/libx.so.1\n"
            "2 64-bit libraries\n"
            "  libcuda.so.1 => /lib64/libcuda.so.1\n"
            "  libm.so.6 => /lib\\x0a/libm.so.6\n");
}

}  // namespace
}  // namespace nvbox::applets::ctk_system
