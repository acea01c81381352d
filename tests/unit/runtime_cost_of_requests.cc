// What a container writes into its own specification must not cost root more than it costs the
// container: reading twice as much takes twice as long, not four times.
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <string>

#include "apply/to_oci.h"
#include "base/text.h"
#include "config/cdi_registry.h"
#include "plan/mode.h"
#include "plan/request.h"
#include "spec/oci.h"
#include "support/make_host.h"

namespace {

size_t comparisons = 0;

}  // namespace

// In place of the C library's, for this whole program: texts of equal length are compared by it and
// by nothing else. A count, unlike a time, is the same on every machine.
extern "C" int memcmp(const void* left, const void* right, size_t size) {
  ++comparisons;
  const auto* a = static_cast<const unsigned char*>(left);
  const auto* b = static_cast<const unsigned char*>(right);
  for (size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

namespace nvbox::runtime {
namespace {

// Comparisons of text for `few` and for ten times as many of something: as many times ten, and a
// bit where something is sorted. Those of each with each would be a hundred times as many.
double growth(const std::function<void(size_t)>& work, size_t few) {
  comparisons = 0;
  work(few);
  const size_t once = comparisons;
  comparisons = 0;
  work(10 * few);
  // One comparison or none would make any growth large.
  return static_cast<double>(comparisons) / static_cast<double>(once + few);
}

constexpr double linear = 15;

plan::Request request_in(const std::string& members) {
  const auto spec = spec::OciSpec::parse(cat("{", members, "}"));
  const auto view = spec->view();
  return plan::request_of(*view, {}, plan::Annotations::honour).value();
}

std::string variables(size_t count) {
  std::string out = R"("process": {"env": ["NVIDIA_VISIBLE_DEVICES=all")";
  for (size_t i = 0; i < count; ++i) out += cat(",\"VARIABLE_", 100000 + i, "=value\"");
  return out + "]}";
}

TEST(CostOfARequest, grows_with_the_number_of_variables) {
  EXPECT_LT(growth([](size_t count) { request_in(variables(count)); }, 500), linear);
}

std::string names(size_t count) {
  std::string out = "nvidia.com/gpu=0";
  for (size_t i = 1; i < count; ++i) out += cat(",nvidia.com/gpu=", 100000 + i);
  return out;
}

TEST(CostOfARequest, grows_with_the_number_of_names_in_a_variable) {
  const auto read = [](size_t count) {
    const auto request =
        request_in(cat(R"("process": {"env": ["NVIDIA_VISIBLE_DEVICES=)", names(count), R"("]})"));
    plan::cdi_names(request, plan::Mode::cdi, {});
  };
  EXPECT_LT(growth(read, 500), linear);
}

TEST(CostOfARequest, grows_with_the_number_of_names_in_annotations) {
  const auto read = [](size_t count) {
    request_in(cat(R"("annotations": {"cdi.k8s.io/x": ")", names(count), R"("})"));
  };
  EXPECT_LT(growth(read, 500), linear);
}

TEST(CostOfARequest, grows_with_the_number_of_annotations) {
  const auto read = [](size_t count) {
    std::string members = "\"a\": \"\"";
    for (size_t i = 0; i < count; ++i) members += cat(",\"", 100000 + i, "\": \"\"");
    request_in(cat(R"("annotations": {)", members, "}"));
  };
  EXPECT_LT(growth(read, 500), linear);
}

// They are kept in order, in a list that is searched for each that is wanted, and so their number
// is limited.
TEST(CostOfARequest, is_limited_by_the_number_of_annotations) {
  std::string members = "\"a\": \"\"";
  for (size_t i = 1; i < 10'000; ++i) members += cat(",\"", i, "\": \"\"");
  EXPECT_TRUE(spec::OciSpec::parse(cat(R"({"annotations": {)", members, "}}")));
  const auto refused = spec::OciSpec::parse(cat(R"({"annotations": {)", members, R"(,"b": ""}})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "JSON object has more than 10000 members");
}

// A host may have 16 GPUs of seven MIG devices, each with two nodes.
TEST(CostOfAnAnswer, grows_with_the_number_of_nodes) {
  const auto add = [](size_t count) {
    auto spec = spec::OciSpec::parse("{}");
    spec::ContainerEdits edits;
    for (unsigned i = 0; i < count; ++i) {
      edits.nodes.push_back({.path = cat("/dev/", 100000 + i), .major = 511, .minor = i});
    }
    EXPECT_TRUE(apply::add_edits(*spec, edits));
  };
  EXPECT_LT(growth(add, 200), linear);
}

TEST(CostOfARequest, grows_with_the_number_of_mounts) {
  const auto read = [](size_t count) {
    config::Config config;
    config.accept_volume_mounts = true;
    spec::ContainerView view;
    for (size_t i = 0; i < count; ++i) {
      view.mounts.push_back({"/dev/null", cat("/var/run/nvidia-container-devices/", 100000 + i)});
    }
    EXPECT_TRUE(plan::request_of(view, config, plan::Annotations::ignore));
  };
  EXPECT_LT(growth(read, 500), linear);
}

TEST(CostOfARequest, grows_with_the_number_of_names_that_specifications_are_searched_for) {
  const test::Host host(R"(
f /cdi/gpu.yaml <<EOF
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
- {name: "0", containerEdits: {env: [GPU=0]}}
EOF
)");
  const host::Root root = host.root();
  const std::vector<std::string> directories = {"/cdi"};
  for (const bool same_kind : {true, false}) {
    const auto read = [&](size_t count) {
      std::vector<std::string> wanted;
      for (size_t i = 0; i < count; ++i) {
        wanted.push_back(same_kind ? cat("nvidia.com/gpu=", 100000 + i)
                                   : cat("v", 100000 + i, ".com/gpu=0"));
      }
      const config::CdiMatch match = config::find_cdi({root, directories}, wanted);
      const auto contents = config::load_all_cdi({root, directories});
      EXPECT_FALSE(Result<>(config::unresolved_cdi(match, {root, directories}, contents)));
    };
    EXPECT_LT(growth(read, 200), linear) << same_kind;
  }
}

}  // namespace
}  // namespace nvbox::runtime
