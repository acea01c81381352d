#include "runtime/inject.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/text.h"
#include "host/environment.h"
#include "plan/mode.h"
#include "support/make_host.h"

namespace nvbox::runtime {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view specifications = R"(
f /cdi/gpu.yaml <<EOF
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
- {name: "0", containerEdits: {env: [GPU=0]}}
- {name: all, containerEdits: {env: [GPU=all]}}
- {name: none, containerEdits: {env: [GPU=none]}}
EOF
f /cdi/other.json <<EOF
{"cdiVersion": "0.5.0", "kind": "acme.com/null",
 "devices": [{"name": "x", "containerEdits": {"deviceNodes": [{"path": "/dev/acme", "hostPath": "/dev/null"}]}}]}
EOF
c /dev/null 1:3
f /cdi/broken.json <<EOF
{"kind": "nvidia.com/gpu"]
EOF
)";

class AnswerByCdi : public testing::Test {
 protected:
  AnswerByCdi() {
    config_.runtime.cdi_spec_dirs = {"/cdi"};
    log_.add(LogFormat::text, [this](std::string_view line) { logged_ += line; });
  }

  Result<CdiAnswer> answer(const plan::Request& request) {
    return answer_by_cdi(plan::cdi_names(request, plan::Mode::cdi, config_), request,
                         {.config = config_,
                          .mode = "cdi",
                          .program = "/nvbox",
                          .environment = environment_,
                          .directories = {.host = root_, .nodes = host::Nodes::written}},
                         log_);
  }

  // Of what is asked for, or the error.
  Words env_of(const Words& devices) {
    const auto result = answer({.ask = plan::Ask::listed, .devices = devices});
    if (!result) return {result.error().full_message()};
    return std::get<spec::ContainerEdits>(*result).env;
  }

  bool logged(std::string_view text) const { return logged_.find(text) != std::string::npos; }

  test::Host host_{specifications};
  std::string root_ = host_.path();
  config::Config config_{};
  char* no_variables_[1] = {nullptr};
  host::Environment environment_{no_variables_};
  Log log_{};
  std::string logged_{};
};

TEST_F(AnswerByCdi, names_without_a_kind_are_the_default_kind_s_and_count_once) {
  EXPECT_EQ(env_of({"0", "nvidia.com/gpu=all", "nvidia.com/gpu=0"}), (Words{"GPU=0", "GPU=all"}));
}

TEST_F(AnswerByCdi, all_and_none_are_names) {
  const auto all = answer({.ask = plan::Ask::all});
  ASSERT_TRUE(all);
  EXPECT_EQ(std::get<spec::ContainerEdits>(*all).env, Words{"GPU=all"});
  const auto none = answer({.ask = plan::Ask::driver_only});
  ASSERT_TRUE(none);
  EXPECT_EQ(std::get<spec::ContainerEdits>(*none).env, Words{"GPU=none"});
}

TEST_F(AnswerByCdi, what_a_node_leaves_open_is_the_host_s) {
  const auto result = answer({.ask = plan::Ask::listed, .devices = {"acme.com/null=x"}});
  ASSERT_TRUE(result);
  const std::vector<spec::DeviceNode> nodes = std::get<spec::ContainerEdits>(*result).nodes;
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0].path, "/dev/acme");
  EXPECT_EQ(nodes[0].type, 'c');
  EXPECT_EQ(nodes[0].major, 1U);
  EXPECT_EQ(nodes[0].minor, 3U);
}

TEST_F(AnswerByCdi, only_problems_that_may_concern_the_request_are_logged) {
  ASSERT_TRUE(answer({.ask = plan::Ask::listed, .devices = {"acme.com/null=x"}}));
  EXPECT_EQ(logged_, "");
  ASSERT_TRUE(answer({.ask = plan::Ask::all}));
  EXPECT_TRUE(logged("/cdi/broken.json: line 1, column ")) << logged_;
}

TEST_F(AnswerByCdi, with_an_unknown_device_nothing_is_applied_and_every_problem_is_logged) {
  EXPECT_EQ(env_of({"0", "acme.com/null=y"}).at(0).substr(0, 63),
            "unresolvable CDI devices acme.com/null=y; acme.com/null has x; ");
  EXPECT_TRUE(logged("/cdi/broken.json: line 1, column ")) << logged_;
}

// As a file of NVIDIA's, or of an administrator who left devices out on purpose.
constexpr std::string_view not_of_this_host = R"(
f /cdi/gpu.yaml <<EOF
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
- name: "1"
  containerEdits: {mounts: [{hostPath: /no-such-directory/libcuda.so.1, containerPath: /x}]}
- {name: "2", containerEdits: {env: [GPU=2]}}
EOF
)";

TEST_F(AnswerByCdi, a_file_that_is_missing_is_told_instead_of_everything_the_host_has) {
  const test::Host host(not_of_this_host);
  root_ = host.path();
  EXPECT_EQ(env_of({"1"}),
            Words{"/cdi/gpu.yaml: /no-such-directory/libcuda.so.1 does not exist on this host; the "
                  "specification is stale or of another host; for one of NVIDIA's GPUs run "
                  "'nvidia-ctk cdi generate --output=/cdi/gpu.yaml'"});
}

TEST_F(AnswerByCdi, a_file_that_is_missing_concerns_who_asks_for_it) {
  const test::Host host(not_of_this_host);
  root_ = host.path();
  EXPECT_EQ(env_of({"2"}), Words{"GPU=2"});
}

TEST_F(AnswerByCdi, a_name_that_no_specification_has_is_nobody_s) {
  const test::Host host(not_of_this_host);
  root_ = host.path();
  for (const std::string name : {"0", "all", "GPU-1234"}) {
    EXPECT_EQ(env_of({name}), Words{cat("unresolvable CDI devices nvidia.com/gpu=", name,
                                        "; nvidia.com/gpu has 1, 2")});
  }
}

}  // namespace
}  // namespace nvbox::runtime
