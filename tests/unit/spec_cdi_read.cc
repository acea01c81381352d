#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "spec/cdi.h"

namespace nvbox::spec {
namespace {

std::string refusal(std::string_view text) {
  const Result<CdiSpec> spec = parse_cdi_text(text);
  return spec ? "" : spec.error().full_message();
}

constexpr std::string_view everything = R"yaml(
cdiVersion: 1.1.0
kind: example.com/gpu
annotations: {z: 1, a: "two"}
devices:
  - name: 0
    annotations: {note: first}
    containerEdits:
      deviceNodes:
        - {path: /dev/a, hostPath: /host/a, type: b, major: 8, minor: 1, fileMode: 0640,
           permissions: rw, uid: 0, gid: 44}
        - path: /dev/b
      netDevices:
        - {hostInterfaceName: eth1, name: net0}
containerEdits:
  env: [A=1]
  mounts:
    - {hostPath: /a, containerPath: /b, options: [ro, nosuid], type: bind}
  hooks:
    - {hookName: prestart, path: /bin/true, args: ["true", 5, true], env: [B=2], timeout: 0}
  intelRdt: {closID: c, l3CacheSchema: l, memBwSchema: m, schemata: [s], enableMonitoring: true}
  additionalGids: [44, 0]
)yaml";

TEST(ParseCdi, reads_every_member) {
  const Result<CdiSpec> spec = parse_cdi_text(everything);
  ASSERT_TRUE(spec) << spec.error().message();
  const CdiSpec expected = {
      .version = "1.1.0",
      .kind = "example.com/gpu",
      .annotations = {{"z", "1"}, {"a", "two"}},
      .devices = {{.name = "0",
                   .annotations = {{"note", "first"}},
                   .edits = {.nodes = {{.path = "/dev/a",
                                        .host_path = "/host/a",
                                        .type = 'b',
                                        .major = 8,
                                        .minor = 1,
                                        .file_mode = 0640,
                                        .permissions = "rw",
                                        .uid = 0,
                                        .gid = 44},
                                       {.path = "/dev/b", .type = '\0', .permissions = ""}},
                             .net_devices = {{"eth1", "net0"}}}}},
      .edits = {.env = {"A=1"},
                .mounts = {{"/a", "/b", {"ro", "nosuid"}, "bind"}},
                .hooks = {{.stage = "prestart",
                           .path = "/bin/true",
                           .args = {"true", "5", "true"},
                           .env = {"B=2"},
                           .timeout = 0}},
                .additional_gids = {44, 0},
                .intel_rdt = IntelRdt{"c", "l", "m", {"s"}, true}}};
  EXPECT_EQ(*spec, expected);
}

TEST(ParseCdi, reads_json_the_same_way) {
  EXPECT_EQ(*parse_cdi_text(R"({"cdiVersion": "v0.3.0", "kind": "v/c",
                                "devices": [{"name": "d", "containerEdits": {"env": ["A="]}}],
                                "containerEdits": null})"),
            (CdiSpec{.version = "v0.3.0",
                     .kind = "v/c",
                     .devices = {{.name = "d", .edits = {.env = {"A="}}}}}));
}

struct Sample {
  std::string_view text;
  std::string_view message;
};

TEST(ParseCdi, names_the_place_of_what_has_the_wrong_form) {
  constexpr Sample samples[] = {
      {"", "document: expected an object, found null"},
      {"[]", "document: expected an object, found array"},
      {"cdiVersion: [",
       "line 2, column 1: did not find expected node content while parsing a flow node"},
      {"kind: a\nkind: b", "line 2, column 1: duplicate key \"kind\""},
      {"{kind: a, devises: []}", "document: unknown member \"devises\"; did you mean \"devices\"?"},
      {"{x-vendor: 1}", "document: unknown member \"x-vendor\""},
      {"Kind: a", "document: unknown member \"Kind\"; did you mean \"kind\"?"},
      {"kind: {}", "kind: expected a string, found object"},
      {"kind: \"a\\0b\"", "kind: contains a NUL character"},
      {"annotations: []", "annotations: expected an object, found array"},
      {"annotations: {\"a\\nb\": []}", "annotations[\"a\\x0ab\"]: expected a string, found array"},
      {"devices: {}", "devices: expected an array, found object"},
      {"devices: [null]", "devices[0]: expected an object, found null"},
      {"devices: [{}, {edits: {}}]", "devices[1]: unknown member \"edits\""},
      {"devices: [{containerEdits: []}]",
       "devices[0].containerEdits: expected an object, found array"},
      {"containerEdits: {env: A=1}", "containerEdits.env: expected an array, found string"},
      {"containerEdits: {env: [null]}", "containerEdits.env[0]: expected a string, found null"},
      {"containerEdits: {env: [[]]}", "containerEdits.env[0]: expected a string, found array"},
      {"containerEdits: {devicenodes: []}",
       "containerEdits: unknown member \"devicenodes\"; did you mean \"deviceNodes\"?"},
      {"containerEdits: {deviceNodes: [{type: char}]}",
       "containerEdits.deviceNodes[0].type: unknown type \"char\""},
      {"containerEdits: {deviceNodes: [{major: -1}]}",
       "containerEdits.deviceNodes[0].major: expected a number from 0 to 4294967295"},
      {"containerEdits: {deviceNodes: [{minor: 4294967296}]}",
       "containerEdits.deviceNodes[0].minor: expected a number from 0 to 4294967295"},
      {"containerEdits: {deviceNodes: [{minor: 18446744073709551615}]}",
       "containerEdits.deviceNodes[0].minor: expected a number from 0 to 4294967295"},
      {"containerEdits: {deviceNodes: [{uid: 1.5}]}",
       "containerEdits.deviceNodes[0].uid: expected an integer, found number"},
      {"containerEdits: {deviceNodes: [{gid: \"0\"}]}",
       "containerEdits.deviceNodes[0].gid: expected an integer, found string"},
      {"containerEdits: {hooks: [{timeout: 2147483648}]}",
       "containerEdits.hooks[0].timeout: expected a number from 0 to 2147483647"},
      {"containerEdits: {hooks: [{args: x}]}",
       "containerEdits.hooks[0].args: expected an array, found string"},
      {"containerEdits: {mounts: [{source: /a}]}",
       "containerEdits.mounts[0]: unknown member \"source\""},
      {"containerEdits: {intelRdt: {enableMonitoring: 1}}",
       "containerEdits.intelRdt.enableMonitoring: expected true or false, found number"},
      {"containerEdits: {additionalGids: [video]}",
       "containerEdits.additionalGids[0]: expected an integer, found string"},
      {"cdiVersion: 0.3.0\nkind: v/c\n", "devices: there are none"},
  };
  for (const Sample& sample : samples) EXPECT_EQ(refusal(sample.text), sample.message);
}

TEST(ParseCdi, many_annotations_do_not_take_long) {
  std::string text =
      "cdiVersion: 0.6.0\nkind: v/c\ndevices: [{name: d, containerEdits: {env: [A=]}}]\n";
  text += "annotations:\n";
  for (int i = 0; i < 300'000; ++i) text += cat(" k", i, ": v\n");
  const Result<CdiSpec> spec = parse_cdi_text(text);
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->annotations.size(), 300'000U);
}

TEST(ParseCdi, a_name_of_a_megabyte_is_not_repeated_in_the_message) {
  const std::string name(1'000'000, 'x');
  const std::string start(80, 'x');
  EXPECT_EQ(refusal(cat("? ", name, "\n: 1\n")),
            cat("document: unknown member \"", start, "\"..."));
  EXPECT_EQ(refusal(cat("cdiVersion: ", name)),
            cat("cdiVersion: unknown version \"", start, "\"...; the newest known one is 1.1.0"));
  EXPECT_EQ(refusal(cat("a: !<", name, "> b")),
            cat("line 1, column 4: the tag \"", start, "\"... is not supported"));
}

TEST(ParseCdi, no_damaged_byte_is_fatal) {
  const std::string whole(everything);
  for (size_t offset = 0; offset < whole.size(); ++offset) {
    for (const char damage : {'\xff', '-', '*', ':', '\n', '"', '[', '}', '0', ' '}) {
      std::string damaged = whole;
      damaged[offset] = damage;
      const Result<CdiSpec> spec = parse_cdi_text(damaged);
      if (!spec) {
        EXPECT_EQ(spec.error().full_message().find('\n'), std::string::npos);
        continue;
      }
      const Result<std::string> text = cdi_text(*spec, CdiFormat::yaml);
      ASSERT_TRUE(text);
      EXPECT_TRUE(parse_cdi_text(*text)) << *text;
    }
  }
}

}  // namespace
}  // namespace nvbox::spec
