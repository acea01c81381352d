#include "spec/oci.h"

#include <gtest/gtest.h>

namespace nvbox::spec {
namespace {

TEST(OciState, runc_names_the_bundle) {
  const Result<OciState> state = parse_oci_state(
      R"({"ociVersion":"1.0.2-dev","id":"web","status":"creating","pid":1,"bundle":"/b"})");
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(*state, (OciState{.id = "web", .pid = 1, .bundle = "/b"}));
}

TEST(OciState, crun_adds_the_root_as_the_specification_spells_it) {
  const Result<OciState> state = parse_oci_state(
      R"({"ociVersion":"1.0","id":"web","pid":0,"root":"rootfs","bundle":"/b","status":"created"})");
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(*state, (OciState{.id = "web", .pid = 0, .bundle = "/b", .root = "rootfs"}));
}

TEST(OciState, bundle_path_is_the_old_name_of_bundle) {
  EXPECT_EQ(parse_oci_state(R"({"bundlePath":"/old"})")->bundle, "/old");
  EXPECT_EQ(parse_oci_state(R"({"bundlePath":"/old","bundle":"/new"})")->bundle, "/new");
}

TEST(OciState, absent_and_null_members_are_empty) {
  EXPECT_EQ(*parse_oci_state("{}"), OciState{});
  EXPECT_EQ(*parse_oci_state(R"({"id":null,"pid":null,"bundle":null,"root":null})"), OciState{});
}

TEST(OciState, annotations_and_unknown_members_are_ignored) {
  EXPECT_EQ(parse_oci_state(R"({"id":"a","annotations":{"k":"v"},"new":[1]})")->id, "a");
}

TEST(OciState, a_member_of_another_type_is_named) {
  EXPECT_EQ(parse_oci_state(R"({"pid":"1"})").error().message(),
            "container state: pid: expected an integer, found string");
  EXPECT_EQ(parse_oci_state(R"({"bundle":{}})").error().message(),
            "container state: bundle: expected a string, found object");
  EXPECT_EQ(parse_oci_state("[]").error().message(),
            "container state: document: expected an object, found array");
}

TEST(OciState, what_is_no_json_is_an_error_of_one_line) {
  for (const std::string_view text : {"", "{", "\xff\n\n", "{\"id\":\n}"}) {
    const Result<OciState> state = parse_oci_state(text);
    ASSERT_FALSE(state);
    EXPECT_TRUE(state.error().message().starts_with("container state: ")) << text;
    EXPECT_FALSE(state.error().message().contains('\n'));
  }
}

TEST(OciState, a_state_beyond_the_limit_is_refused) {
  const std::string padding(oci_state_limit, ' ');
  EXPECT_TRUE(parse_oci_state(padding.substr(2) + "{}"));
  EXPECT_FALSE(parse_oci_state(padding + "{}"));
}

}  // namespace
}  // namespace nvbox::spec
