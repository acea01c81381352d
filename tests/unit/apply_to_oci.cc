#include "apply/to_oci.h"

#include <gtest/gtest.h>

namespace nvbox::apply {
namespace {

spec::OciSpec parse(std::string_view text) {
  Result<spec::OciSpec> spec = spec::OciSpec::parse(text);
  EXPECT_TRUE(spec);
  return std::move(spec).value();
}

std::string edited(std::string_view text, const spec::ContainerEdits& edits) {
  spec::OciSpec spec = parse(text);
  const Result<> added = add_edits(spec, edits);
  EXPECT_TRUE(added) << added.error().message();
  return *spec.dump();
}

std::string refusal(std::string_view text, const spec::ContainerEdits& edits) {
  spec::OciSpec spec = parse(text);
  const Result<> added = add_edits(spec, edits);
  EXPECT_FALSE(added);
  return added ? "" : added.error().message();
}

TEST(AddEdits, replaces_a_variable_in_place_and_appends_a_new_one) {
  EXPECT_EQ(edited(R"({"process":{"env":["A=1","B=2"],"cwd":"/"}})", {.env = {"A=3", "C=4"}}),
            "{\"process\":{\"env\":[\"A=3\",\"B=2\",\"C=4\"],\"cwd\":\"/\"}}\n");
}

TEST(AddEdits, keeps_the_request_before_the_void_that_hides_it) {
  EXPECT_EQ(edited(R"({"process":{"env":["NVIDIA_VISIBLE_DEVICES=all"]}})",
                   {.env = {"NVIDIA_VISIBLE_DEVICES=void"}}),
            "{\"process\":{\"env\":[\"NVIDIA_VISIBLE_DEVICES=all\","
            "\"NVIDIA_VISIBLE_DEVICES=void\"]}}\n");
}

TEST(AddEdits, puts_a_node_in_the_device_list_and_in_the_cgroup_rules) {
  EXPECT_EQ(edited(R"({"linux":{"resources":{"devices":[{"allow":false,"access":"rwm"}]}}})",
                   {.nodes = {{.path = "/dev/nvidia0", .major = 195, .file_mode = 0666}}}),
            "{\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},"
            "{\"allow\":true,\"type\":\"c\",\"major\":195,\"minor\":0,\"access\":\"rwm\"}]},"
            "\"devices\":[{\"path\":\"/dev/nvidia0\",\"type\":\"c\",\"major\":195,\"minor\":0,"
            "\"fileMode\":438}]}}\n");
}

TEST(AddEdits, allows_a_device_without_a_node_in_the_cgroup_rules_alone) {
  EXPECT_EQ(edited("{}", {.allowed = {{511, 3}, {511, 4}}}),
            "{\"linux\":{\"resources\":{\"devices\":["
            "{\"allow\":true,\"type\":\"c\",\"major\":511,\"minor\":3,\"access\":\"rwm\"},"
            "{\"allow\":true,\"type\":\"c\",\"major\":511,\"minor\":4,\"access\":\"rwm\"}]}}}\n");
}

TEST(AddEdits, replaces_a_node_of_the_same_path) {
  EXPECT_EQ(edited(R"({"linux":{"devices":[{"path":"/dev/nvidia0","type":"c","major":1,"minor":3},
                                           {"path":"/dev/fuse","type":"c","major":10,"minor":229}],
                                "resources":{"devices":[{"allow":true,"type":"c","major":195,
                                                         "minor":0,"access":"rwm"}]}}})",
                   {.nodes = {{.path = "/dev/nvidia0", .major = 195}}}),
            "{\"linux\":{\"devices\":[{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,"
            "\"minor\":229},{\"path\":\"/dev/nvidia0\",\"type\":\"c\",\"major\":195,\"minor\":0}],"
            "\"resources\":{\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":195,\"minor\":0,"
            "\"access\":\"rwm\"}]}}}\n");
}

TEST(AddEdits, takes_the_last_of_nodes_with_one_path_and_each_rule_once) {
  EXPECT_EQ(
      edited("{}", {.nodes = {{.path = "/dev/a", .major = 1, .minor = 3},
                              {.path = "/dev/b", .major = 1, .minor = 3},
                              {.path = "/dev/a", .major = 1, .minor = 5},
                              {.path = "/dev/c", .major = 1, .minor = 3, .permissions = "r"}}}),
      "{\"linux\":{\"resources\":{\"devices\":["
      "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"rwm\"},"
      "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":5,\"access\":\"rwm\"},"
      "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"r\"}]},"
      "\"devices\":[{\"path\":\"/dev/b\",\"type\":\"c\",\"major\":1,\"minor\":3},"
      "{\"path\":\"/dev/a\",\"type\":\"c\",\"major\":1,\"minor\":5},"
      "{\"path\":\"/dev/c\",\"type\":\"c\",\"major\":1,\"minor\":3}]}}\n");
}

TEST(AddEdits, gives_a_node_to_the_user_of_the_container_unless_it_says_whose_it_is) {
  EXPECT_EQ(
      edited(R"({"process":{"user":{"uid":1000,"gid":0}}})",
             {.nodes = {{.path = "/dev/a", .major = 1, .gid = 44}}}),
      "{\"process\":{\"user\":{\"uid\":1000,\"gid\":0}},\"linux\":{\"resources\":{\"devices\":"
      "[{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":0,\"access\":\"rwm\"}]},"
      "\"devices\":[{\"path\":\"/dev/a\",\"type\":\"c\",\"major\":1,\"minor\":0,\"uid\":1000,"
      "\"gid\":44}]}}\n");
}

TEST(AddEdits, gives_cgroup_rules_to_character_and_block_devices_only) {
  EXPECT_EQ(edited("{}", {.nodes = {{.path = "/dev/b", .type = 'b', .major = 8, .permissions = ""},
                                    {.path = "/dev/c", .major = 1, .permissions = "none"},
                                    {.path = "/dev/u", .type = 'u', .major = 1, .minor = 3},
                                    {.path = "/dev/p", .type = 'p', .permissions = "r"}}}),
            "{\"linux\":{\"resources\":{\"devices\":["
            "{\"allow\":true,\"type\":\"b\",\"major\":8,\"minor\":0,\"access\":\"rwm\"},"
            "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":0,\"access\":\"\"}]},"
            "\"devices\":[{\"path\":\"/dev/b\",\"type\":\"b\",\"major\":8,\"minor\":0},"
            "{\"path\":\"/dev/c\",\"type\":\"c\",\"major\":1,\"minor\":0},"
            "{\"path\":\"/dev/u\",\"type\":\"u\",\"major\":1,\"minor\":3},"
            "{\"path\":\"/dev/p\",\"type\":\"p\"}]}}\n");
}

TEST(AddEdits, refuses_a_node_whose_type_nobody_knows) {
  EXPECT_EQ(refusal("{}", {.nodes = {{.path = "/dev/a", .type = '\0'}}}),
            "device node /dev/a: its type is not known");
}

TEST(AddEdits, puts_network_devices_under_their_name_on_the_host) {
  EXPECT_EQ(edited(R"({"linux":{"netDevices":{"eth0":{"name":"a"},"eth1":{"name":"b"}}}})",
                   {.net_devices = {{"eth1", "c"}, {"eth2", "d"}}}),
            "{\"linux\":{\"netDevices\":{\"eth0\":{\"name\":\"a\"},\"eth1\":{\"name\":\"c\"},"
            "\"eth2\":{\"name\":\"d\"}}}}\n");
}

TEST(AddEdits, replaces_the_class_of_service) {
  EXPECT_EQ(edited(R"({"linux":{"intelRdt":{"closID":"old","memBwSchema":"x"}}})",
                   {.intel_rdt = spec::IntelRdt{.clos_id = "new"}}),
            "{\"linux\":{\"intelRdt\":{\"closID\":\"new\"}}}\n");
  EXPECT_EQ(
      edited("{}", {.intel_rdt = spec::IntelRdt{"c", "l", "m", {"s"}, true}}),
      "{\"linux\":{\"intelRdt\":{\"closID\":\"c\",\"schemata\":[\"s\"],\"l3CacheSchema\":\"l\","
      "\"memBwSchema\":\"m\",\"enableMonitoring\":true}}}\n");
}

TEST(AddEdits, replaces_a_mount_of_the_same_place_and_sorts_by_depth) {
  EXPECT_EQ(edited(R"({"mounts":[{"destination":"/a/b/c"},{"destination":"/x/"},
                                 {"destination":"/p"}]})",
                   {.mounts = {{.host_path = "/h", .container_path = "/x", .options = {"ro"}},
                               {.host_path = "/i", .container_path = "/a/b", .options = {}}}}),
            "{\"mounts\":[{\"destination\":\"/p\"},{\"destination\":\"/x\",\"source\":\"/h\","
            "\"options\":[\"ro\"]},{\"destination\":\"/a/b\",\"source\":\"/i\",\"options\":[]},"
            "{\"destination\":\"/a/b/c\"}]}\n");
}

TEST(AddEdits, appends_hooks_to_their_stage) {
  EXPECT_EQ(edited(R"({"hooks":{"createContainer":[{"path":"/first"}]}})",
                   {.hooks = {{.stage = "createContainer",
                               .path = "/second",
                               .args = {"second", "x"},
                               .env = {"A=1"},
                               .timeout = 5},
                              {.stage = "prestart", .path = "/third"}}}),
            "{\"hooks\":{\"createContainer\":[{\"path\":\"/first\"},{\"path\":\"/second\","
            "\"args\":[\"second\",\"x\"],\"env\":[\"A=1\"],\"timeout\":5}],"
            "\"prestart\":[{\"path\":\"/third\"}]}}\n");
}

TEST(AddEdits, adds_group_ids_once_and_never_group_zero) {
  EXPECT_EQ(
      edited(R"({"process":{"user":{"additionalGids":[44]}}})", {.additional_gids = {0, 44, 105}}),
      "{\"process\":{\"user\":{\"additionalGids\":[44,105]}}}\n");
  EXPECT_EQ(edited("{}", {.additional_gids = {0}}), "{}\n");
}

TEST(AddEdits, of_nothing_changes_nothing) {
  EXPECT_EQ(edited(R"({"linux":{},"x":[]})", {}), "{\"linux\":{},\"x\":[]}\n");
}

TEST(AddEdits, refuses_a_document_with_another_type_in_the_way) {
  EXPECT_EQ(refusal(R"({"mounts":"x"})",
                    {.mounts = {{.host_path = "/h", .container_path = "/c", .options = {}}}}),
            "mounts: expected array, found string");
}

TEST(RemoveNvidiaHooks, removes_them_by_name_and_an_empty_list_with_them) {
  spec::OciSpec spec = parse(
      R"({"hooks":{"prestart":[{"path":"/usr/bin/nvidia-container-runtime-hook"},
                               {"path":"/usr/bin/nvidia-container-toolkit"}],"poststop":[]}})");
  EXPECT_EQ(*remove_nvidia_hooks(spec), 2U);
  EXPECT_EQ(*spec.dump(), "{\"hooks\":{\"poststop\":[]}}\n");
}

TEST(RemoveNvidiaHooks, keeps_other_hooks) {
  spec::OciSpec spec = parse(R"({"hooks":{"prestart":[{"path":"/bin/other"}]}})");
  EXPECT_EQ(*remove_nvidia_hooks(spec), 0U);
  EXPECT_EQ(*spec.dump(), "{\"hooks\":{\"prestart\":[{\"path\":\"/bin/other\"}]}}\n");
}

TEST(RemoveNvidiaHooks, does_not_mind_that_there_are_none) {
  spec::OciSpec spec = parse(R"({"hooks":null})");
  EXPECT_EQ(*remove_nvidia_hooks(spec), 0U);
}

}  // namespace
}  // namespace nvbox::apply
