#include "spec/oci.h"

#include <gtest/gtest.h>

namespace nvbox::spec {
namespace {

ContainerView view_of(std::string_view text) {
  const Result<OciSpec> spec = OciSpec::parse(text);
  EXPECT_TRUE(spec);
  const Result<ContainerView> view = spec->view();
  EXPECT_TRUE(view) << view.error().message();
  return *view;
}

std::string refusal(std::string_view text) {
  const Result<OciSpec> spec = OciSpec::parse(text);
  if (!spec) return spec.error().message();
  const Result<ContainerView> view = spec->view();
  EXPECT_FALSE(view);
  return view.error().message();
}

TEST(OciSpec, keeps_unknown_members_order_and_numbers) {
  const std::string text =
      R"({"z":1,"ociVersion":"1.0.2","future":{"b":18446744073709551615,"a":[null,true,-1]},"a":1.5})";
  EXPECT_EQ(*OciSpec::parse(text)->dump(), text + "\n");
}

// As Go's encoding/json reads it.
TEST(OciSpec, has_a_replacement_for_what_is_not_utf_8) {
  const auto spec = OciSpec::parse("{\"process\":{\"env\":[\"A=\xff\"]}}");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(*spec->dump(), "{\"process\":{\"env\":[\"A=\uFFFD\"]}}\n");
}

TEST(OciSpec, shows_what_decides_about_gpus) {
  EXPECT_EQ(view_of(R"({"process":{"env":["A=1","B=x=y"],
                        "capabilities":{"bounding":["CAP_KILL","CAP_SYS_ADMIN"]}},
                        "mounts":[{"destination":"/d","source":"/s","type":"bind"},
                                  {"destination":"/proc","type":"proc"}],
                        "annotations":{"k":"v"}})"),
            (ContainerView{.env = {{"A", "1"}, {"B", "x=y"}},
                           .mounts = {{"/s", "/d"}, {"", "/proc"}},
                           .annotations = {{"k", "v"}},
                           .privileged = true}));
}

TEST(OciSpec, takes_the_last_value_of_a_repeated_variable) {
  EXPECT_EQ(view_of(R"({"process":{"env":["A=1","B=2","A=3"]}})").env,
            (std::vector<std::pair<std::string, std::string>>{{"B", "2"}, {"A", "3"}}));
}

TEST(OciSpec, reads_the_capabilities_of_early_specifications) {
  EXPECT_TRUE(view_of(R"({"process":{"capabilities":["CAP_SYS_ADMIN"]}})").privileged);
}

TEST(OciSpec, without_a_process_has_no_env_and_is_not_privileged) {
  EXPECT_EQ(view_of("{}"), ContainerView{});
}

TEST(OciSpec, names_the_place_of_a_wrong_type) {
  EXPECT_EQ(refusal(R"({"process":{"env":["A=1",2]}})"),
            "process.env[1]: expected a string, found number");
  EXPECT_EQ(refusal(R"({"process":{"env":["A=1","B"]}})"), "process.env: entry \"B\" has no '='");
  EXPECT_EQ(refusal(R"({"mounts":{}})"), "mounts: expected an array, found object");
  EXPECT_EQ(refusal("[]"), "expected a JSON object, found array");
}

}  // namespace
}  // namespace nvbox::spec
