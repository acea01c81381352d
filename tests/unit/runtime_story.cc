// The story of a start on a machine that is a directory: the host with one T4 as it was recorded
// (tests/hosts), and what its containers got from NVIDIA's programs there.
#include "runtime/story.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/list.h"
#include "base/text.h"
#include "driver/fingerprint.h"
#include "support/make_host.h"
#include "support/own_machine.h"

namespace nvbox::runtime {
namespace {

using data::Json;
using Words = std::vector<std::string>;

constexpr std::string_view t4x1 =
#include "hosts/t4x1.host"
    ;

constexpr std::string_view orin =
#include "hosts/jetson-orin.host"
    ;

// The nodes of a container with compute and utility.
const Words compute_nodes = {"/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia0",
                             "/dev/nvidiactl"};

class Story : public testing::Test {
 protected:
  Story() {
    log_.add(LogFormat::text, [this](std::string_view line) { logged_ += line; });
  }

  // A container with these variables, started in this mode.
  Result<Injected> start(std::string_view mode, const Words& env) {
    Json process = {{"env", env}};
    document_ = Json{{"ociVersion", "1.0.2"},
                     {"process", process},
                     {"root", {{"path", "rootfs"}}},
                     {"linux", Json::object()}};
    spec::OciSpec spec = NVBOX_TRY(spec::OciSpec::parse(document_.dump()));
    const machine::Directories directories = {.host = root_, .nodes = host::Nodes::written};
    const Injected injected = NVBOX_TRY(inject_gpus(spec,
                                                    {.config = config_,
                                                     .mode = mode,
                                                     .program = "/usr/local/bin/nvbox",
                                                     .environment = environment_,
                                                     .directories = directories},
                                                    log_));
    document_ = spec.document();
    return injected;
  }

  std::string refusal(std::string_view mode, const Words& env) {
    const auto injected = start(mode, env);
    return injected ? "" : injected.error().full_message();
  }

  Words nodes() const {
    Words paths;
    for (const Json& node : document_["linux"].value("devices", Json::array())) {
      paths.push_back(node["path"]);
    }
    std::ranges::sort(paths);
    return paths;
  }

  Words mounted() const {
    Words paths;
    for (const Json& mount : document_.value("mounts", Json::array())) {
      paths.push_back(mount["destination"]);
    }
    return paths;
  }

  Json hooks(const std::string& stage) const {
    return document_.value("hooks", Json::object()).value(stage, Json::array());
  }

  test::Host host_{test::own(t4x1), test::own_kind};
  std::string root_ = host_.path();
  config::Config config_{};
  char* no_variables_[1] = {nullptr};
  host::Environment environment_{no_variables_};
  Log log_{};
  std::string logged_{};
  Json document_;
};

TEST_F(Story, of_a_container_that_asks_for_nothing_looks_at_no_host) {
  root_ = "/no-such-directory";
  for (const std::string_view mode : {"auto", "legacy", "cdi", "jit-cdi"}) {
    const auto injected = start(mode, {"PATH=/bin"});
    ASSERT_TRUE(injected) << mode << ": " << injected.error().full_message();
    EXPECT_EQ(*injected, Injected::nothing) << mode;
  }
}

TEST_F(Story, in_jit_cdi_mode_puts_everything_into_the_specification) {
  const auto injected = start(
      "jit-cdi", {"NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=compute,utility"});
  ASSERT_TRUE(injected) << injected.error().full_message();
  EXPECT_EQ(*injected, Injected::edits);
  EXPECT_EQ(nodes(), compute_nodes);
  const Words files = mounted();
  for (const std::string_view file :
       {"/usr/bin/nvidia-smi", "/usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03",
        "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.535.261.03"}) {
    EXPECT_TRUE(contains(files, test::own(file))) << file;
  }
  EXPECT_FALSE(contains(files, test::own("/usr/lib/x86_64-linux-gnu/libGLX_nvidia.so.535.261.03")));
  ASSERT_EQ(hooks("createContainer").size(), 1U);
  EXPECT_EQ(hooks("createContainer")[0]["path"], "/usr/local/bin/nvbox");
  EXPECT_TRUE(hooks("prestart").empty());
}

// A board with this machine's libraries: NVIDIA's toolkit gives the same in both modes.
TEST_F(Story, of_a_jetson_is_the_same_in_csv_and_auto_mode) {
  std::string text(orin);
  const std::string kind = cat(" ", test::own_kind, "\n");
  constexpr std::string_view board_kind = " aarch64\n";
  for (size_t at = 0; (at = text.find(board_kind, at)) != std::string::npos; at += kind.size()) {
    text.replace(at, board_kind.size(), kind);
  }
  const test::Host board(text);
  root_ = board.path();
  for (const std::string_view mode : {"csv", "auto"}) {
    for (const char* device : {"NVIDIA_VISIBLE_DEVICES=0", "NVIDIA_VISIBLE_DEVICES=all"}) {
      const auto injected = start(mode, {device});
      ASSERT_TRUE(injected) << injected.error().full_message();
      EXPECT_EQ(nodes(), (Words{"/dev/nvgpu/igpu0/as", "/dev/nvgpu/igpu0/channel", "/dev/nvidia0",
                                "/dev/nvidiactl", "/dev/nvmap"}));
      EXPECT_TRUE(contains(mounted(), "/usr/sbin/nvidia-smi"));
      ASSERT_EQ(hooks("createContainer").size(), 1U);
      EXPECT_TRUE(
          hooks("createContainer")[0]["args"].dump().contains("\"--cuda-compat-cuda\",\"12.6\""));
    }
  }
  EXPECT_EQ(refusal("csv", {"NVIDIA_VISIBLE_DEVICES=1"}), "device 1: this host has GPU 0");
  EXPECT_TRUE(refusal("csv", {"NVIDIA_VISIBLE_DEVICES=acme.com/x=1"})
                  .starts_with("device acme.com/x=1: a hook cannot apply"));
}

TEST_F(Story, in_csv_mode_on_another_host_says_what_is_missing) {
  EXPECT_TRUE(refusal("csv", {"NVIDIA_VISIBLE_DEVICES=0"})
                  .starts_with("nothing says what containers get of this Tegra's driver"));
}

TEST_F(Story, in_legacy_mode_leaves_files_to_the_hook_and_gives_the_nodes) {
  const auto injected =
      start("legacy", {"NVIDIA_VISIBLE_DEVICES=0", "NVIDIA_DRIVER_CAPABILITIES=compute,utility"});
  ASSERT_TRUE(injected) << injected.error().full_message();
  EXPECT_EQ(nodes(), compute_nodes);
  EXPECT_FALSE(contains(mounted(), test::own("/usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03")));
  ASSERT_EQ(hooks("prestart").size(), 1U);
  EXPECT_EQ(hooks("prestart")[0]["args"],
            Json::array({"nvidia-container-runtime-hook", "prestart"}));
}

// A specification that restricts what there is is an administrator's word.
TEST_F(Story, in_cdi_mode_is_what_the_specifications_say) {
  std::filesystem::create_directories(root_ + "/etc/cdi");
  std::ofstream(root_ + "/etc/cdi/some.json")
      << R"({"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [
           {"name": "one", "containerEdits": {"env": ["GPU=one"],
             "deviceNodes": [{"path": "/dev/gpu", "hostPath": "/dev/nvidia0"}]}}]})";
  const auto injected = start("cdi", {"NVIDIA_VISIBLE_DEVICES=one"});
  ASSERT_TRUE(injected) << injected.error().full_message();
  EXPECT_EQ(nodes(), Words{"/dev/gpu"});
  EXPECT_EQ(document_["linux"]["devices"][0]["major"], 195);
  EXPECT_EQ(refusal("cdi", {"NVIDIA_VISIBLE_DEVICES=0"}),
            "unresolvable CDI devices nvidia.com/gpu=0; nvidia.com/gpu has one");
}

TEST_F(Story, describes_a_specification_of_another_driver_anew_for_its_own_names) {
  std::filesystem::create_directories(root_ + "/etc/cdi");
  std::ofstream(root_ + "/etc/cdi/nvidia.yaml")
      << "---\n# nvbox: driver=535.183.01 devices=0123456789abcdef\ncdiVersion: 0.5.0\n"
         "kind: nvidia.com/gpu\ndevices:\n- name: \"0\"\n  containerEdits:\n    deviceNodes:\n"
         "    - path: /dev/nvidia0\n";
  const auto injected = start("cdi", {"NVIDIA_VISIBLE_DEVICES=0"});
  ASSERT_TRUE(injected) << injected.error().full_message();
  EXPECT_TRUE(contains(mounted(), test::own("/usr/lib/x86_64-linux-gnu/libcuda.so.535.261.03")));
  EXPECT_TRUE(logged_.contains("/etc/cdi/nvidia.yaml is stale: it was made for driver 535.183.01"))
      << logged_;
  EXPECT_FALSE(start("cdi", {"NVIDIA_VISIBLE_DEVICES=1"})) << "the file has no such name";
}

TEST_F(Story, with_a_device_that_is_not_there_says_what_there_is_and_changes_nothing) {
  EXPECT_EQ(refusal("jit-cdi", {"NVIDIA_VISIBLE_DEVICES=3"}), "device 3: this host has GPU 0");
  EXPECT_EQ(nodes(), Words());
}

TEST_F(Story, refuses_what_the_image_demands_and_the_host_does_not_have) {
  EXPECT_TRUE(refusal("jit-cdi", {"NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_REQUIRE_CUDA=cuda>=99"})
                  .starts_with("requirement error: unsatisfied condition: cuda>=99"));
}

TEST_F(Story, without_a_driver_ends_with_what_is_missing) {
  const test::Host empty("d /proc\nd /dev\n");
  root_ = empty.path();
  for (const std::string_view mode : {"legacy", "jit-cdi"}) {
    EXPECT_TRUE(refusal(mode, {"NVIDIA_VISIBLE_DEVICES=all"}).contains("driver")) << mode;
  }
}

}  // namespace
}  // namespace nvbox::runtime
