#include "nvidia_ctk/cdi.h"

#include <gtest/gtest.h>

namespace nvbox::applets::ctk_cdi {
namespace {

std::string path_of(std::string_view path, std::optional<SpecFormat> chosen = std::nullopt) {
  return output_for(path, chosen, "/here").path;
}

TEST(Output, is_called_as_engines_look_for_it) {
  EXPECT_EQ(path_of(""), "");
  EXPECT_EQ(path_of("/etc/cdi/nvidia.yaml"), "/etc/cdi/nvidia.yaml");
  EXPECT_EQ(path_of("nvidia"), "/here/nvidia.yaml");
  EXPECT_EQ(path_of("nvidia", SpecFormat::json), "/here/nvidia.json");
  EXPECT_EQ(path_of("a.txt"), "/here/a.txt.yaml");
  EXPECT_EQ(path_of("a.yml"), "/here/a.yml");
}

TEST(Output, is_written_as_its_name_says) {
  EXPECT_EQ(output_for("a.json", std::nullopt, "/").format, SpecFormat::json);
  EXPECT_EQ(output_for("a.yml", std::nullopt, "/").format, SpecFormat::yaml);
  EXPECT_EQ(output_for("", SpecFormat::json, "/").format, SpecFormat::json);
  EXPECT_EQ(output_for("a.json", SpecFormat::json, "/").warnings, std::vector<std::string>{});
}

TEST(Output, warns_of_what_the_caller_cannot_have_meant) {
  const Output contrary = output_for("/a.json", SpecFormat::yaml, "/");
  EXPECT_EQ(contrary.format, SpecFormat::json);
  EXPECT_EQ(contrary.warnings,
            std::vector<std::string>{
                "/a.json is written as json because of its name; --format=yaml has no effect"});
  EXPECT_EQ(output_for("/a.yml", std::nullopt, "/").warnings,
            std::vector<std::string>{
                "/a.yml: container engines read *.yaml and *.json only; call it .yaml"});
}

TEST(Format, is_known_in_either_case) {
  EXPECT_EQ(parse_format("JSON"), SpecFormat::json);
  EXPECT_EQ(parse_format("Yaml"), SpecFormat::yaml);
  EXPECT_EQ(parse_format("toml"), std::nullopt);
}

const spec::CdiStamp stamp = {.driver_version = "535.1", .devices = "0123456789abcdef"};

spec::CdiSpec spec_of(std::string version) {
  return {.version = std::move(version),
          .kind = "a.com/b",
          .devices = {{.name = "x", .edits = {.env = {"A=b"}}}}};
}

TEST(Encoding, of_the_stamp_never_needs_a_newer_version) {
  EXPECT_TRUE(encode(spec_of("0.5.0"), SpecFormat::yaml, stamp)
                  .value()
                  .starts_with("---\n# nvbox: driver=535.1 devices=0123456789abcdef\n"
                               "cdiVersion: 0.5.0\n"));
  EXPECT_EQ(encode(spec_of("0.5.0"), SpecFormat::json, stamp).value(),
            R"({"cdiVersion":"0.5.0","kind":"a.com/b","devices":[{"name":"x",)"
            R"("containerEdits":{"env":["A=b"]}}]})");
  EXPECT_EQ(encode(spec_of("0.6.0"), SpecFormat::yaml, stamp).value().find("# nvbox"),
            std::string::npos);
  EXPECT_EQ(spec::read_stamp(encode(spec_of("0.7.0"), SpecFormat::json, stamp).value()), stamp);
}

TEST(Encoding, without_a_stamp_has_none) {
  EXPECT_EQ(spec::read_stamp(encode(spec_of("0.7.0"), SpecFormat::yaml, std::nullopt).value()),
            std::nullopt);
}

}  // namespace
}  // namespace nvbox::applets::ctk_cdi
