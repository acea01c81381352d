// What is an entry is NVIDIA's (v1.20.0: TestNewMountSpecFromLine and TestGetFileList of
// internal/platform-support/tegra/csv); what is told of the rest is ours.
#include "driver/tegra_csv.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "driver/discover.h"
#include "support/make_host.h"

namespace nvbox::driver {
namespace {

std::string refusal(std::string_view line) {
  const CsvList list = parse_csv(line);
  return list.entries.empty() ? list.first_skipped : "an entry";
}

TEST(Csv, has_a_type_and_a_path_in_each_line) {
  EXPECT_EQ(parse_csv("dev ,/a/path\n"
                      "dev ,/a/path,with,commas\r\n"
                      "\n"
                      "  # a comment\n"
                      "\t dir,/a/b/ \n"
                      "lib,//lib/firmware/../x\n"
                      "sym , /l"),
            (CsvList{.entries = {{CsvKind::device, "/a/path", 1},
                                 {CsvKind::device, "/a/path,with,commas", 2},
                                 {CsvKind::directory, "/a/b", 5},
                                 {CsvKind::file, "/lib/x", 6},
                                 {CsvKind::link, "/l", 7}}}));
}

// The peer looks for every device below / and below /dev (NewCharDeviceLocator of pkg/lookup).
TEST(Csv, of_a_device_may_have_its_name_alone) {
  EXPECT_EQ(parse_csv("dev, dri/card*").entries.front().path, "/dev/dri/card*");
  EXPECT_EQ(parse_csv("lib, usr/lib/x").entries.front().path, "/usr/lib/x");
}

TEST(Csv, lines_that_are_no_entry_are_counted_and_the_first_is_told) {
  EXPECT_EQ(refusal(","), "line 1: unknown type \"\"");
  EXPECT_EQ(refusal("dev,"), "line 1: not a path: \"\"");
  EXPECT_EQ(refusal("not-dev ,/a/path"), "line 1: unknown type \"not-dev\"");
  EXPECT_EQ(refusal("DEV, /a"), "line 1: unknown type \"DEV\"");
  EXPECT_EQ(refusal("\n\nlib"), "line 3: not a type and a path with a comma between");
  EXPECT_EQ(refusal("lib, /a\x01"), "line 1: not a path: \"/a\\x01\"");
  EXPECT_EQ(refusal("lib, /a::/b"), "line 1: not a path: \"/a::/b\"") << "a hook could not tell it";
  EXPECT_EQ(refusal("dir, /x/../"), "line 1: the root directory is given to nobody");
  EXPECT_EQ(parse_csv("x\nlib, /a\ny\nz").skipped, 3);
}

TEST(Csv, of_any_length_has_an_end) {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += "lib,/x\n";
  const CsvList list = parse_csv(text);
  EXPECT_EQ(list.entries.size(), most_csv_entries);
  EXPECT_EQ(list.skipped, 1);
  EXPECT_EQ(list.first_skipped, "line 8193: more entries than any board has; the rest is left out");
}

class CsvFiles : public testing::Test {
 protected:
  // The names of the files that are read, or the beginning of the error.
  std::string read(std::string_view text, const Search& search, const Need& need) {
    const test::Host host(text);
    const host::Root root = host.root();
    const host::Root driver = host.root(driver_root_);
    const Roots roots = {root, driver, driver};
    problems_.clear();
    const Context context = {roots, search, need, problems_, failures_};
    const auto files = read_csv_files(context);
    if (!files) return files.error().full_message().substr(0, 50);
    std::vector<std::string> names;
    for (const CsvFile& file : *files) names.push_back(file.path.substr(host.path().size()));
    return join(names, " ");
  }

  std::string driver_root_{};
  std::vector<Problem> problems_{};
  std::vector<CoreFailure> failures_{};
};

constexpr std::string_view three = R"(
f /c/l4t.csv <<EOF
lib, /a
EOF
f /c/Other.CSV <<EOF
lib, /b
EOF
f /c/devices.csv <<EOF
dev, /c
EOF
f /c/drivers.csv
f /c/.csv <<EOF
lib, /d
EOF
f /c/notes.txt <<EOF
lib, /e
EOF
)";

TEST_F(CsvFiles, are_the_base_ones_unless_all_are_asked_for) {
  const Search search = {.csv = {.directory = "/c"}};
  EXPECT_EQ(read(three, search, {}), "/c/devices.csv /c/l4t.csv");
  EXPECT_EQ(read(three, search, {.all_csv_files = true}), "/c/Other.CSV /c/devices.csv /c/l4t.csv");
  EXPECT_TRUE(problems_.empty());
}

TEST_F(CsvFiles, are_those_that_are_named_in_their_order) {
  const Search search = {.csv = {.files = {"/c/notes.txt", "/c/nowhere", "/c/l4t.csv"}}};
  EXPECT_EQ(read(three, search, {}), "/c/notes.txt /c/l4t.csv");
  ASSERT_EQ(problems_.size(), 1);
  EXPECT_TRUE(problems_[0].text.ends_with("/c/nowhere does not exist"));
}

TEST_F(CsvFiles, are_below_the_driver_root_where_the_host_has_none) {
  driver_root_ = "/r";
  EXPECT_EQ(read("f /r/etc/nvidia-container-runtime/host-files-for-container.d/l4t.csv <<EOF\nlib, "
                 "/a\nEOF\n",
                 {}, {}),
            "/r/etc/nvidia-container-runtime/host-files-for-container.d/l4t.csv");
}

TEST_F(CsvFiles, without_an_entry_are_an_error) {
  constexpr std::string_view wanted = "nothing says what containers get of this Tegra's d";
  EXPECT_EQ(read("d /x", {}, {}), wanted);
  EXPECT_EQ(read("f /c/l4t.csv <<EOF\n# nothing\nEOF\n", {.csv = {.directory = "/c"}}, {}), wanted);
}

}  // namespace
}  // namespace nvbox::driver
