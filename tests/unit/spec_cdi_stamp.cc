#include "spec/cdi_stamp.h"

#include <gtest/gtest.h>

namespace nvbox::spec {
namespace {

const CdiStamp stamp = {.driver_version = "535.261.03", .devices = "0123456789abcdef"};

TEST(Stamp, is_a_comment_behind_the_start_of_the_document) {
  EXPECT_EQ(add_stamp_comment("---\ncdiVersion: 0.5.0\n", stamp),
            "---\n# nvbox: driver=535.261.03 devices=0123456789abcdef\ncdiVersion: 0.5.0\n");
  EXPECT_EQ(add_stamp_comment("cdiVersion: 0.5.0\n", stamp),
            "# nvbox: driver=535.261.03 devices=0123456789abcdef\ncdiVersion: 0.5.0\n");
}

TEST(Stamp, is_read_back_from_a_comment) {
  EXPECT_EQ(read_stamp(add_stamp_comment("---\nkind: a/b\n", stamp)), stamp);
  EXPECT_EQ(read_stamp("# by hand\n---\n" + stamp_comment(stamp) + "kind: a/b\n"), stamp);
}

TEST(Stamp, is_read_back_from_annotations_of_either_format) {
  EXPECT_EQ(read_stamp(R"({"annotations":{"io.nvbox.driver-version":"535.261.03",)"
                       R"("io.nvbox.devices":"0123456789abcdef"}})"),
            stamp);
  EXPECT_EQ(read_stamp("annotations:\n    io.nvbox.driver-version: 535.261.03\n"
                       "    io.nvbox.devices: \"0123456789abcdef\"\n"),
            stamp);
  EXPECT_EQ(stamp_annotations(stamp), (CdiAnnotations{{"io.nvbox.driver-version", "535.261.03"},
                                                      {"io.nvbox.devices", "0123456789abcdef"}}));
}

TEST(Stamp, of_other_files_is_none) {
  EXPECT_EQ(read_stamp(""), std::nullopt);
  EXPECT_EQ(read_stamp("---\n# made by hand\nkind: a/b\n"), std::nullopt);
  EXPECT_EQ(read_stamp("# nvbox: driver=535.261.03\n"), std::nullopt) << "half of one";
  EXPECT_EQ(read_stamp("---\nkind: a/b\n" + stamp_comment(stamp)), std::nullopt)
      << "a comment further down is not about the file";
  EXPECT_EQ(read_stamp("# nvbox: driver= devices="), std::nullopt);
  EXPECT_EQ(read_stamp("#"), std::nullopt);
}

}  // namespace
}  // namespace nvbox::spec
