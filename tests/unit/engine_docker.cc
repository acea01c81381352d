#include "engine/docker.h"

#include <gtest/gtest.h>

namespace nvbox::engine {
namespace {

const RuntimeRequest plain = {.path = "nvidia-container-runtime"};
const RuntimeRequest everything = {
    .path = "nvidia-container-runtime", .set_as_default = true, .enable_cdi = true};

std::string configured(std::string_view document, const RuntimeRequest& request) {
  const auto text = configure_docker(document, request);
  return text ? *text : "error: " + text.error().message();
}

TEST(Docker, an_empty_or_missing_file_becomes_the_peers_document) {
  constexpr std::string_view document = R"({
    "runtimes": {
        "nvidia": {
            "args": [],
            "path": "nvidia-container-runtime"
        }
    }
}
)";
  EXPECT_EQ(configured("", plain), document);
  EXPECT_EQ(configured(" \n", plain), document);
  EXPECT_EQ(configured("", everything), R"({
    "default-runtime": "nvidia",
    "features": {
        "cdi": true
    },
    "runtimes": {
        "nvidia": {
            "args": [],
            "path": "nvidia-container-runtime"
        }
    }
}
)");
}

TEST(Docker, other_runtimes_and_settings_stay_as_they_are_written) {
  EXPECT_EQ(configured("{\n  \"hosts\": [\"fd://\", \"tcp://[::1]:1\"],\n  \"runtimes\": {\n"
                       "    \"crun\": { \"path\": \"crun\" }\n  }\n}",
                       plain),
            "{\n  \"hosts\": [\"fd://\", \"tcp://[::1]:1\"],\n  \"runtimes\": {\n"
            "    \"crun\": { \"path\": \"crun\" },\n    \"nvidia\": {\n      \"args\": [],\n"
            "      \"path\": \"nvidia-container-runtime\"\n    }\n  }\n}");
}

// [LIMIT] NVIDIA's toolkit replaces an existing `features`, which turns the containerd image store
// off.
TEST(Docker, other_features_stay) {
  EXPECT_EQ(configured(R"({"features": {"containerd-snapshotter": true}})", everything),
            R"({"features": {"containerd-snapshotter": true, "cdi": true}, )"
            R"("default-runtime": "nvidia", )"
            R"("runtimes": {"nvidia":{"args":[],"path":"nvidia-container-runtime"}}})");
}

// [LIMIT] NVIDIA's toolkit panics.
TEST(Docker, wrong_types_are_errors) {
  EXPECT_EQ(configured("{\n \"runtimes\": []\n}", plain),
            "error: line 2: \"runtimes\" is of type array, not an object");
  EXPECT_EQ(configured(R"({"features": true})", everything),
            "error: line 1: \"features\" is of type boolean, not an object");
  EXPECT_EQ(configured(R"({"default-runtime": 3})", everything),
            "error: line 1: \"default-runtime\" is of type number, not of type string");
  EXPECT_EQ(configured(R"({"runtimes": {"nvidia": "x"}})", plain),
            "error: line 1: \"nvidia\" is of type string, not of type object");
  EXPECT_EQ(configured("[]", plain), "error: line 1: the document is of type array, not an object");
}

// [LIMIT] NVIDIA's toolkit writes numbers as floating point.
TEST(Docker, numbers_stay_exact) {
  EXPECT_EQ(configured(R"({"shutdown-timeout": 9007199254740993})", plain),
            R"({"shutdown-timeout": 9007199254740993, )"
            R"("runtimes": {"nvidia":{"args":[],"path":"nvidia-container-runtime"}}})");
}

TEST(Docker, malformed_documents_are_errors_with_their_position) {
  EXPECT_TRUE(configured("{\n  \"a\": 1,\n}", plain)
                  .starts_with("error: invalid JSON at line 3, column 1"));
}

TEST(Docker, a_document_that_has_it_stays) {
  constexpr std::string_view document =
      R"({"runtimes":{"nvidia":{"path":"nvidia-container-runtime","runtimeArgs":["-v"]}}})";
  EXPECT_EQ(configured(document, plain), document);
  const std::string written = configured("", everything);
  EXPECT_EQ(configured(written, everything), written);
}

TEST(Docker, an_entry_of_the_name_keeps_its_options) {
  EXPECT_EQ(configured(R"({"runtimes":{"nvidia":{"path":"/old","runtimeArgs":["-v"]}}})", plain),
            R"({"runtimes":{"nvidia":{"path":"nvidia-container-runtime","runtimeArgs":["-v"]}}})");
}

TEST(Docker, an_entry_with_a_shims_type_is_replaced) {
  EXPECT_EQ(configured(R"({"runtimes":{"nvidia":{"runtimeType":"io.containerd.runc.v2"}}})", plain),
            R"({"runtimes":{"nvidia":{"args":[],"path":"nvidia-container-runtime"}}})");
}

TEST(Docker, a_default_is_never_unset) {
  const std::string written = configured("", everything);
  EXPECT_EQ(configured(written, plain), written);
}

TEST(Docker, the_name_runc_is_dockers) {
  EXPECT_EQ(configured("", {.name = "runc", .path = "x"}),
            "error: docker keeps the runtime's name runc for itself");
}

}  // namespace
}  // namespace nvbox::engine
