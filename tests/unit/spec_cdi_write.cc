#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "spec/cdi.h"

namespace nvbox::spec {
namespace {

CdiSpec everything() {
  return {.version = "1.1.0",
          .kind = "example.com/gpu",
          .annotations = {{"z", "1"}, {"a", "<b> & c"}},
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
                               .args = {"true"},
                               .env = {"B=2"},
                               .timeout = 0}},
                    .additional_gids = {44, 0},
                    .intel_rdt = IntelRdt{"c", "l", "m", {"s"}, true}}};
}

TEST(CdiText, is_yaml_in_the_order_and_layout_of_the_peer) {
  EXPECT_EQ(*cdi_text(everything(), CdiFormat::yaml), R"yaml(---
cdiVersion: 1.1.0
kind: example.com/gpu
annotations:
    a: <b> & c
    z: "1"
devices:
    - name: "0"
      annotations:
        note: first
      containerEdits:
        deviceNodes:
            - path: /dev/a
              hostPath: /host/a
              type: b
              major: 8
              minor: 1
              fileMode: 416
              permissions: rw
              uid: 0
              gid: 44
            - path: /dev/b
        netDevices:
            - hostInterfaceName: eth1
              name: net0
containerEdits:
    env:
        - A=1
    hooks:
        - hookName: prestart
          path: /bin/true
          args:
            - "true"
          env:
            - B=2
          timeout: 0
    mounts:
        - hostPath: /a
          containerPath: /b
          options:
            - ro
            - nosuid
          type: bind
    intelRdt:
        closID: c
        l3CacheSchema: l
        memBwSchema: m
        schemata:
            - s
        enableMonitoring: true
    additionalGids:
        - 44
        - 0
)yaml");
}

TEST(CdiText, is_json_as_go_escapes_it) {
  const CdiSpec spec = {.version = "0.3.0",
                        .kind = "v/c",
                        .annotations = {{"a", "<b> & \"c\"\u2028"}},
                        .devices = {{.name = "d", .edits = {.intel_rdt = IntelRdt{}}}}};
  EXPECT_EQ(*cdi_text(spec, CdiFormat::json),
            R"({"cdiVersion":"0.3.0","kind":"v/c",)"
            R"("annotations":{"a":"\u003cb\u003e \u0026 \"c\"\u2028"},)"
            R"("devices":[{"name":"d","containerEdits":{"intelRdt":{}}}]})");
}

TEST(CdiText, is_read_back_as_what_was_written) {
  CdiSpec sorted = everything();
  std::ranges::sort(sorted.annotations);
  for (const CdiFormat format : {CdiFormat::yaml, CdiFormat::json}) {
    const Result<CdiSpec> read = parse_cdi_text(*cdi_text(everything(), format));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, sorted);
  }
}

TEST(CdiText, refuses_text_that_is_not_utf_8) {
  const CdiSpec spec = {.version = "0.3.0", .kind = "\xff", .devices = {}};
  EXPECT_FALSE(cdi_text(spec, CdiFormat::yaml));
  EXPECT_FALSE(cdi_text(spec, CdiFormat::json));
}

}  // namespace
}  // namespace nvbox::spec
