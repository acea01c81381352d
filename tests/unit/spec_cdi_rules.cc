#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "spec/cdi.h"

namespace nvbox::spec {
namespace {

// The smallest specification: one device "gpu0" that sets a variable.
CdiSpec minimal() {
  return {.version = "0.3.0",
          .kind = "example.com/gpu",
          .devices = {{.name = "gpu0", .edits = {.env = {"A=1"}}}}};
}

struct Change {
  std::function<void(CdiSpec&)> make;
  std::string expected;
};

std::string refusal(const Change& change) {
  CdiSpec spec = minimal();
  spec.version = "1.1.0";
  change.make(spec);
  const Result<> valid = validate_cdi(spec);
  return valid ? "" : valid.error().full_message();
}

constexpr std::string_view vendor_rule =
    "must begin with a letter, end with a letter or digit, and have only these, _, - and . between";
constexpr std::string_view name_rule =
    "must begin and end with a letter or digit, and have only these, _, -, . and : between";

TEST(ValidateCdi, names_the_place_of_what_breaks_a_rule) {
  const Change changes[] = {
      {[](CdiSpec& s) { s.version = "0.9.0"; },
       "cdiVersion: unknown version \"0.9.0\"; the newest known one is 1.1.0"},
      {[](CdiSpec& s) { s.version = ""; },
       "cdiVersion: unknown version \"\"; the newest known one is 1.1.0"},
      {[](CdiSpec& s) { s.version = "0.2.0"; },
       "cdiVersion: 0.2.0 is too old for what the specification uses; set it to 0.3.0"},
      {[](CdiSpec& s) {
         s.version = "v0.6.0";
         s.edits.additional_gids = {44};
       },
       "cdiVersion: v0.6.0 is too old for what the specification uses; set it to 0.7.0"},
      {[](CdiSpec& s) { s.kind = "gpu"; }, "kind: \"gpu\" is not a vendor, a slash and a class"},
      {[](CdiSpec& s) { s.kind = "/gpu"; }, "kind: the vendor \"\" " + std::string(vendor_rule)},
      {[](CdiSpec& s) { s.kind = "1/gpu"; }, "kind: the vendor \"1\" " + std::string(vendor_rule)},
      {[](CdiSpec& s) { s.kind = "a/b/c"; }, "kind: the class \"b/c\" " + std::string(vendor_rule)},
      {[](CdiSpec& s) { s.devices.clear(); }, "devices: there are none"},
      {[](CdiSpec& s) { s.devices[0].name = "a=b"; },
       "devices[0].name: \"a=b\" " + std::string(name_rule)},
      {[](CdiSpec& s) { s.devices.push_back(s.devices[0]); },
       "devices[1].name: \"gpu0\" is the name of devices[0] already"},
      {[](CdiSpec& s) { s.devices[0].edits = {}; }, "devices[0].containerEdits: is empty"},
      {[](CdiSpec& s) {
         s.edits.env = {"A=1", "B"};
       },
       "containerEdits.env[1]: \"B\" is not NAME=value"},
      {[](CdiSpec& s) { s.devices[0].edits.env = {"=x"}; },
       "devices[0].containerEdits.env[0]: \"=x\" is not NAME=value"},
      {[](CdiSpec& s) { s.edits.nodes = {{.path = ""}}; },
       "containerEdits.deviceNodes[0].path: is empty"},
      {[](CdiSpec& s) {
         s.edits.nodes = {{.path = "/a"}, {.path = "/b", .type = 'x'}};
       },
       "containerEdits.deviceNodes[1].type: unknown type \"x\"; it is b, c, u or p"},
      {[](CdiSpec& s) { s.edits.nodes = {{.path = "/a", .permissions = "rx"}}; },
       "containerEdits.deviceNodes[0].permissions: unknown permissions \"rx\"; they are letters "
       "of rwm, or none"},
      {[](CdiSpec& s) { s.edits.hooks = {{.stage = "preStart", .path = "/h"}}; },
       "containerEdits.hooks[0].hookName: unknown hook \"preStart\"; did you mean \"prestart\"?"},
      {[](CdiSpec& s) { s.edits.hooks = {{.stage = "", .path = "/h"}}; },
       "containerEdits.hooks[0].hookName: unknown hook \"\""},
      {[](CdiSpec& s) { s.edits.hooks = {{.stage = "poststop", .path = ""}}; },
       "containerEdits.hooks[0].path: is empty"},
      {[](CdiSpec& s) { s.edits.hooks = {{.stage = "poststop", .path = "/h", .env = {"x"}}}; },
       "containerEdits.hooks[0].env[0]: \"x\" is not NAME=value"},
      {[](CdiSpec& s) {
         s.edits.mounts = {{"", "/b", {}}};
       },
       "containerEdits.mounts[0].hostPath: is empty"},
      {[](CdiSpec& s) {
         s.edits.mounts = {{"/a", "", {}}};
       },
       "containerEdits.mounts[0].containerPath: is empty"},
      {[](CdiSpec& s) {
         s.edits.net_devices = {{"", "a"}};
       },
       "containerEdits.netDevices[0].hostInterfaceName: is empty"},
      {[](CdiSpec& s) {
         s.edits.net_devices = {{"a", ""}};
       },
       "containerEdits.netDevices[0].name: is empty"},
      {[](CdiSpec& s) {
         s.edits.net_devices = {{"a", "x"}, {"a", "y"}};
       },
       "containerEdits.netDevices[1].hostInterfaceName: \"a\" is given twice"},
      {[](CdiSpec& s) {
         s.edits.net_devices = {{"a", "x"}, {"b", "x"}};
       },
       "containerEdits.netDevices[1].name: \"x\" is given twice"},
      {[](CdiSpec& s) { s.edits.intel_rdt = IntelRdt{.clos_id = "a/b"}; },
       "containerEdits.intelRdt.closID: \"a/b\" is neither a file name nor /"},
      {[](CdiSpec& s) { s.edits.intel_rdt = IntelRdt{.clos_id = ".."}; },
       "containerEdits.intelRdt.closID: \"..\" is neither a file name nor /"},
  };
  for (const Change& change : changes) EXPECT_EQ(refusal(change), change.expected);
}

TEST(ValidateCdi, takes_what_the_specification_allows) {
  const Change changes[] = {
      {[](CdiSpec& s) { s.version = "v0.3.0"; }, ""},
      {[](CdiSpec& s) { s.kind = "v/c"; }, ""},
      {[](CdiSpec& s) { s.devices[0].name = "0:1.a_b-c"; }, ""},
      {[](CdiSpec& s) { s.edits.nodes = {{.path = "a", .type = '\0', .permissions = ""}}; }, ""},
      {[](CdiSpec& s) { s.edits.nodes = {{.path = "a", .type = 'p', .permissions = "none"}}; }, ""},
      {[](CdiSpec& s) { s.devices[0].edits = {.intel_rdt = IntelRdt{.clos_id = "/"}}; }, ""},
  };
  for (const Change& change : changes) EXPECT_EQ(refusal(change), change.expected);
}

TEST(MinimumCdiVersion, is_the_lowest_that_has_what_is_used) {
  const Change changes[] = {
      {[](CdiSpec&) {}, "0.3.0"},
      {[](CdiSpec& s) { s.edits.nodes = {{.path = "/dev/a"}}; }, "0.3.0"},
      {[](CdiSpec& s) {
         s.edits.mounts = {{"/a", "/b", {}, "tmpfs"}};
       },
       "0.4.0"},
      {[](CdiSpec& s) { s.devices[0].name = "0"; }, "0.5.0"},
      {[](CdiSpec& s) { s.devices[0].edits.nodes = {{.path = "/a", .host_path = "/b"}}; }, "0.5.0"},
      {[](CdiSpec& s) {
         s.annotations = {{"a", "b"}};
       },
       "0.6.0"},
      {[](CdiSpec& s) {
         s.devices[0].annotations = {{"a", "b"}};
       },
       "0.6.0"},
      {[](CdiSpec& s) { s.kind = "example.com/gpu.coherent"; }, "0.6.0"},
      {[](CdiSpec& s) { s.devices[0].edits.additional_gids = {44}; }, "0.7.0"},
      {[](CdiSpec& s) { s.edits.intel_rdt.emplace(); }, "0.7.0"},
      {[](CdiSpec& s) { s.edits.intel_rdt = IntelRdt{.enable_monitoring = true}; }, "1.1.0"},
      {[](CdiSpec& s) { s.edits.intel_rdt = IntelRdt{.schemata = {"x"}}; }, "1.1.0"},
      {[](CdiSpec& s) {
         s.devices[0].edits.net_devices = {{"a", "b"}};
       },
       "1.1.0"},
  };
  for (const Change& change : changes) {
    CdiSpec spec = minimal();
    change.make(spec);
    EXPECT_EQ(minimum_cdi_version(spec), change.expected);
  }
}

TEST(DowngradeCdi, takes_out_what_the_version_does_not_have) {
  CdiSpec spec = minimal();
  spec.version = "1.1.0";
  spec.annotations = {{"a", "b"}};
  spec.devices[0].annotations = {{"a", "b"}};
  spec.devices[0].edits.nodes = {{.path = "/a", .host_path = "/a", .major = 1},
                                 {.path = "/b", .host_path = "/r/b", .type = 'b', .major = 1},
                                 {.path = "/c", .host_path = "/r/c", .type = 'p'}};
  spec.devices[0].edits.additional_gids = {44};
  spec.edits.net_devices = {{"a", "b"}};
  spec.edits.intel_rdt = IntelRdt{.schemata = {"x"}, .enable_monitoring = true};
  spec.edits.mounts = {{"/a", "/b", {}, "bind"}};
  const Result<std::vector<std::string>> dropped = downgrade_cdi(spec, "v0.3.0");
  ASSERT_TRUE(dropped) << dropped.error().message();
  EXPECT_EQ(*dropped, (std::vector<std::string>{"types of mounts", "host paths of device nodes",
                                                "annotations", "additional group ids", "Intel RDT",
                                                "network devices"}));
  CdiSpec expected = minimal();
  expected.devices[0].edits.nodes = {{.path = "/a", .major = 1},
                                     {.path = "/b", .type = 'b', .major = 1},
                                     {.path = "/c", .type = 'p'}};
  expected.edits.mounts = {{"/a", "/b", {}}};
  EXPECT_EQ(spec, expected);
}

TEST(DowngradeCdi, keeps_what_the_version_has) {
  CdiSpec spec = minimal();
  spec.edits.intel_rdt = IntelRdt{.clos_id = "c", .schemata = {"x"}, .enable_monitoring = true};
  EXPECT_EQ(*downgrade_cdi(spec, "1.0.0"),
            (std::vector<std::string>{"schemata and monitoring of Intel RDT"}));
  EXPECT_EQ(spec.version, "1.0.0");
  EXPECT_EQ(spec.edits.intel_rdt, IntelRdt{.clos_id = "c"});
}

TEST(DowngradeCdi, refuses_what_cannot_be_said_and_changes_nothing) {
  const Change changes[] = {
      {[](CdiSpec& s) { s.devices[0].name = "0"; },
       "CDI 0.4.0 has no device names that begin with a digit"},
      {[](CdiSpec& s) { s.kind = "example.com/gpu.x"; }, "CDI 0.4.0 has no classes with a dot"},
      {[](CdiSpec& s) { s.edits.nodes = {{.path = "/a", .host_path = "/b", .type = '\0'}}; },
       "CDI 0.4.0 has no host paths of device nodes: device node /a: only its host path /b says "
       "which device it is"},
      {[](CdiSpec& s) { s.devices[0].edits = {.additional_gids = {44}}; },
       "in CDI 0.4.0: devices[0].containerEdits: is empty"},
  };
  for (const Change& change : changes) {
    CdiSpec spec = minimal();
    change.make(spec);
    const CdiSpec before = spec;
    const auto dropped = downgrade_cdi(spec, "0.4.0");
    ASSERT_FALSE(dropped);
    EXPECT_EQ(dropped.error().message(), change.expected);
    EXPECT_EQ(spec, before);
  }
  CdiSpec spec = minimal();
  EXPECT_EQ(downgrade_cdi(spec, "2.0").error().message(),
            "\"2.0\" is not a version of the CDI specification");
}

TEST(QualifiedName, follows_the_cdi_specification) {
  for (const char* name :
       {"nvidia.com/gpu=0", "nvidia.com/gpu=0:1", "runtime.nvidia.com/gpu=all", "v/c=d"}) {
    EXPECT_TRUE(is_qualified_name(name)) << name;
  }
  for (const char* name :
       {"0", "GPU-uuid", "gpu=0", "/nvidia.com/gpu=0", "nvidia.com/gpu=", "nvidia.com/gpu=-0",
        "nvidia.com/gpu=0-", "1vendor/gpu=0", "nvidia.com/gpu_=0", "nvidia.com/gpu=a=b"}) {
    EXPECT_FALSE(is_qualified_name(name)) << name;
  }
}

}  // namespace
}  // namespace nvbox::spec
