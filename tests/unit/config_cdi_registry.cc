#include "config/cdi_registry.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "support/make_host.h"

namespace nvbox::config {
namespace {

using testing::Test;

// A host with specifications, and what is read of it.
class CdiRegistry : public Test {
 protected:
  void put(const std::string& path, const std::string& text) const {
    const std::filesystem::path place = host_.path() + path;
    std::filesystem::create_directories(place.parent_path());
    std::ofstream(place, std::ios::binary) << text;
  }

  CdiMatch find(const std::vector<std::string>& names) const {
    return find_cdi({root_, directories_}, names);
  }
  CdiContents all() const { return load_all_cdi({root_, directories_}); }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const CdiDefinition& definition : all().definitions) out.push_back(definition.name);
    return out;
  }

  std::string explain(const std::vector<std::string>& names) const {
    return unresolved_cdi(find(names), {root_, directories_}, all()).full_message();
  }

  std::vector<std::string> directories_ = {"/etc/cdi", "/var/run/cdi"};
  test::Host host_{""};
  host::Root root_ = host_.root();
};

// A device that sets the variable FROM to `from`.
std::string device(std::string_view name, std::string_view from) {
  return cat(R"({"name": ")", name, R"(", "containerEdits": {"env": ["FROM=)", from, R"("]}})");
}

std::string spec(std::string_view kind, const std::vector<std::string>& devices) {
  return cat(R"({"cdiVersion": "0.5.0", "kind": ")", kind, R"(", "devices": [)", join(devices, ","),
             "]}");
}

std::string spec(std::string_view kind, std::string_view name, std::string_view from) {
  return spec(kind, std::vector<std::string>{device(name, from)});
}

std::vector<std::string> texts(const std::vector<CdiProblem>& problems) {
  std::vector<std::string> out;
  for (const CdiProblem& problem : problems) out.push_back(problem.text());
  return out;
}

using Words = std::vector<std::string>;

TEST_F(CdiRegistry, directories_that_do_not_exist_are_empty) {
  EXPECT_TRUE(all().files.empty());
  EXPECT_TRUE(all().problems.empty());
  EXPECT_EQ(find({"a.com/b=c"}).unresolved, Words{"a.com/b=c"});
}

TEST_F(CdiRegistry, json_and_yaml_of_any_vendor_are_read_and_nothing_else) {
  put("/etc/cdi/b.json", spec("acme.com/nic", "eth0", "json"));
  put("/etc/cdi/a.yaml",
      "cdiVersion: 0.5.0\nkind: beta.org/fpga\ndevices:\n- name: x\n  containerEdits:\n    env: "
      "[FROM=yaml]\n");
  put("/etc/cdi/c.yml", spec("acme.com/other", "yml", "yml"));
  put("/etc/cdi/notes.txt", "text");
  put("/etc/cdi/below/d.json", spec("acme.com/other", "below", "below"));
  put("/etc/cdi/folder.json/d.json", spec("acme.com/other", "below", "below"));
  EXPECT_EQ(names(), (Words{"acme.com/nic=eth0", "beta.org/fpga=x"}));
  EXPECT_TRUE(all().problems.empty());
  const CdiMatch match = find({"beta.org/fpga=x", "acme.com/nic=eth0"});
  EXPECT_EQ(match.edits.env, (Words{"FROM=yaml", "FROM=json"}));
}

TEST_F(CdiRegistry, common_edits_come_once_before_the_first_device_of_each_specification) {
  put("/etc/cdi/one.json", R"({"cdiVersion": "0.5.0", "kind": "a.com/one",
    "containerEdits": {"env": ["COMMON=one"]}, "devices": [)" +
                               device("x", "one-x") + "," + device("y", "one-y") + "]}");
  put("/etc/cdi/two.json", R"({"cdiVersion": "0.5.0", "kind": "a.com/two",
    "containerEdits": {"env": ["COMMON=two"]}, "devices": [)" +
                               device("x", "two-x") + "]}");
  const CdiMatch match = find({"a.com/one=y", "a.com/two=x", "a.com/one=x"});
  EXPECT_EQ(match.edits.env,
            (Words{"COMMON=one", "FROM=one-y", "COMMON=two", "FROM=two-x", "FROM=one-x"}));
  ASSERT_EQ(match.files.size(), 2U);
  EXPECT_EQ(match.files[0].path, "/etc/cdi/one.json");
  EXPECT_EQ(match.files[1].path, "/etc/cdi/two.json");
}

TEST_F(CdiRegistry, the_later_directory_wins) {
  put("/etc/cdi/x.json", spec("a.com/b", {device("0", "low"), device("1", "low")}));
  put("/var/run/cdi/x.json", spec("a.com/b", "0", "high"));
  EXPECT_EQ(find({"a.com/b=0"}).edits.env, Words{"FROM=high"});
  EXPECT_EQ(find({"a.com/b=0", "a.com/b=1"}).edits.env, (Words{"FROM=high", "FROM=low"}));
  EXPECT_TRUE(all().problems.empty());
  ASSERT_EQ(all().definitions.size(), 2U);
  EXPECT_EQ(all().files[all().definitions[0].file].path, "/var/run/cdi/x.json");
}

TEST_F(CdiRegistry, a_name_that_two_files_of_a_directory_define_is_neither_s) {
  put("/etc/cdi/x.json", spec("a.com/b", {device("0", "x"), device("1", "x"), device("2", "x")}));
  put("/etc/cdi/y.json", spec("a.com/b", {device("1", "y"), device("2", "y"), device("3", "y")}));
  EXPECT_EQ(names(), (Words{"a.com/b=0", "a.com/b=3"}));
  const Words problems = {
      "/etc/cdi/x.json: a.com/b=1, a.com/b=2 also defined by /etc/cdi/y.json: of equal priority, "
      "so neither is used"};
  EXPECT_EQ(texts(all().problems), problems);
  const CdiMatch match = find({"a.com/b=0", "a.com/b=1"});
  EXPECT_EQ(match.unresolved, Words{"a.com/b=1"});
  EXPECT_EQ(texts(match.problems), problems);
  EXPECT_TRUE(match.edits.env.empty());
}

TEST_F(CdiRegistry, a_conflict_in_a_low_directory_does_not_touch_a_high_one) {
  put("/etc/cdi/x.json", spec("a.com/b", "0", "x"));
  put("/etc/cdi/y.json", spec("a.com/b", "0", "y"));
  put("/var/run/cdi/z.json", spec("a.com/b", "0", "z"));
  EXPECT_EQ(find({"a.com/b=0"}).edits.env, Words{"FROM=z"});
  EXPECT_EQ(names(), Words{"a.com/b=0"});
}

TEST_F(CdiRegistry, a_conflict_in_a_high_directory_does_not_fall_back_to_a_low_one) {
  put("/etc/cdi/z.json", spec("a.com/b", "0", "z"));
  put("/var/run/cdi/x.json", spec("a.com/b", "0", "x"));
  put("/var/run/cdi/y.json", spec("a.com/b", "0", "y"));
  EXPECT_EQ(find({"a.com/b=0"}).unresolved, Words{"a.com/b=0"});
  EXPECT_EQ(names(), Words{});
}

TEST_F(CdiRegistry, files_that_cannot_be_used_are_told_and_do_not_stop_the_others) {
  put("/etc/cdi/good.json", spec("a.com/b", "0", "good"));
  put("/etc/cdi/text.json", "{\n  \"kind\": \"a.com/b\",\n  ]\n}");
  put("/etc/cdi/empty.json", "");
  put("/etc/cdi/large.json", "");
  std::filesystem::resize_file(host_.path() + "/etc/cdi/large.json", 100U << 20);
  mkfifo((host_.path() + "/etc/cdi/fifo.json").c_str(), 0666);
  std::filesystem::create_symlink("/nowhere.json", host_.path() + "/etc/cdi/link.json");
  const CdiContents contents = all();
  ASSERT_EQ(contents.definitions.size(), 1U);
  ASSERT_EQ(contents.problems.size(), 5U);
  EXPECT_EQ(contents.problems[0].file, "/etc/cdi/empty.json");
  EXPECT_EQ(contents.problems[1].text(),
            "/etc/cdi/fifo.json: is a FIFO, not a regular file; remove it");
  EXPECT_EQ(contents.problems[2].text(), "/etc/cdi/large.json: is larger than 8 MiB");
  EXPECT_EQ(contents.problems[3].text(),
            "/etc/cdi/link.json: is a link to \"/nowhere.json\", which does not exist");
  EXPECT_EQ(contents.problems[4].file, "/etc/cdi/text.json");
  EXPECT_NE(contents.problems[4].message.find("line 3"), std::string::npos);
  EXPECT_EQ(find({"a.com/b=0"}).edits.env, Words{"FROM=good"});
}

TEST_F(CdiRegistry, a_file_that_may_not_be_read_is_a_problem) {
  put("/etc/cdi/good.json", spec("a.com/b", "0", "good"));
  put("/etc/cdi/secret.json", spec("a.com/b", "1", "secret"));
  chmod((host_.path() + "/etc/cdi/secret.json").c_str(), 0);
  chmod(host_.path().c_str(), 0755);
  // root may read every file, so it becomes somebody else for a moment.
  const uid_t user = geteuid();
  if (user == 0) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const CdiMatch match = find({"a.com/b=0"});
  ASSERT_EQ(seteuid(user), 0);
  EXPECT_EQ(match.edits.env, Words{"FROM=good"});
  EXPECT_EQ(texts(match.problems),
            Words{"/etc/cdi/secret.json: cannot be read: Permission denied"});
}

TEST_F(CdiRegistry, links_to_files_and_to_directories_are_followed) {
  put("/opt/acme/acme.json", spec("a.com/b", "0", "link"));
  std::filesystem::create_directories(host_.path() + "/etc");
  std::filesystem::create_directories(host_.path() + "/etc/cdi");
  std::filesystem::create_symlink("/opt/acme/acme.json", host_.path() + "/etc/cdi/x.json");
  EXPECT_EQ(find({"a.com/b=0"}).edits.env, Words{"FROM=link"});
  directories_ = {"/linked"};
  std::filesystem::create_symlink("/opt/acme", host_.path() + "/linked");
  EXPECT_EQ(find({"a.com/b=0"}).files.at(0).path, "/linked/acme.json");
}

TEST_F(CdiRegistry, a_search_reads_no_more_than_the_names_need) {
  put("/etc/cdi/low.json", "broken, a.com/b");
  put("/var/run/cdi/other.json", "broken, other.com/b");
  put("/var/run/cdi/x.json", spec("a.com/b", "0", "x"));
  EXPECT_TRUE(find({"a.com/b=0"}).problems.empty());
  EXPECT_EQ(find({"a.com/b=0", "a.com/b=1"}).problems.size(), 1U);
  EXPECT_EQ(all().problems.size(), 2U);
}

TEST_F(CdiRegistry, a_kind_that_is_written_with_escapes_is_found) {
  put("/etc/cdi/x.json",
      R"({"cdiVersion": "0.5.0", "kind": "a.co\u006d\/b", "devices": [)" + device("0", "x") + "]}");
  EXPECT_EQ(find({"a.com/b=0"}).edits.env, Words{"FROM=x"});
}

TEST_F(CdiRegistry, what_a_specification_was_made_for_comes_with_it) {
  put("/etc/cdi/x.yaml", "---\n# nvbox: driver=550.163.01 devices=0123456789abcdef\n" +
                             spec("nvidia.com/gpu", "0", "x"));
  put("/etc/cdi/y.json", spec("a.com/b", "0", "y"));
  const CdiMatch match = find({"nvidia.com/gpu=0", "a.com/b=0"});
  ASSERT_EQ(match.files.size(), 2U);
  EXPECT_EQ(match.files[0].stamp, (spec::CdiStamp{"550.163.01", "0123456789abcdef"}));
  EXPECT_EQ(match.files[1].stamp, std::nullopt);
}

TEST(MayDefine, only_a_text_that_cannot_name_the_kind_is_passed_over) {
  const Words kinds = {"a.com/b", "c.com/d"};
  EXPECT_TRUE(may_define("kind: c.com/d", kinds));
  EXPECT_TRUE(may_define("kind: !!str 'a.com/b'", kinds));
  EXPECT_TRUE(may_define(R"(kind: "a.c\x6fm/b")", kinds));
  EXPECT_TRUE(may_define(std::string_view("\xff\xfek\0i\0n\0d\0", 10), kinds));
  EXPECT_FALSE(may_define("kind: a.com/c", kinds));
  EXPECT_FALSE(may_define("", kinds));
}

TEST_F(CdiRegistry, an_unknown_device_names_those_that_there_are) {
  put("/etc/cdi/x.json",
      spec("nvidia.com/gpu", {device("10", "x"), device("all", "x"), device("9", "x")}));
  EXPECT_EQ(explain({"nvidia.com/gpu=9", "nvidia.com/gpu=2", "nvidia.com/gpu=3"}),
            "unresolvable CDI devices nvidia.com/gpu=2, nvidia.com/gpu=3; nvidia.com/gpu has 9, "
            "10, all");
}

TEST_F(CdiRegistry, a_name_cannot_forge_lines_of_the_error) {
  EXPECT_EQ(explain({"a.com/b\nlevel=fatal=x"}),
            "unresolvable CDI devices a.com/b\\x0alevel=fatal=x; no specification in /etc/cdi, "
            "/var/run/cdi has the kind \"a.com/b\\x0alevel\"");
}

TEST_F(CdiRegistry, of_many_candidates_only_some_are_named) {
  Words many;
  for (int i = 0; i < 30; ++i) many.push_back(device(cat(i), "x"));
  put("/etc/cdi/x.json", spec("a.com/b", many));
  EXPECT_EQ(explain({"a.com/b=x"}),
            "unresolvable CDI devices a.com/b=x; a.com/b has 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, "
            "12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, and 6 more");
}

TEST_F(CdiRegistry, an_unknown_kind_names_the_one_that_is_spelled_alike) {
  put("/etc/cdi/x.json", spec("acme.com/net", "0", "x"));
  EXPECT_EQ(explain({"acme.com/nets=0"}),
            "unresolvable CDI devices acme.com/nets=0; no specification in /etc/cdi, /var/run/cdi "
            "has the kind \"acme.com/nets\", did you mean acme.com/net?");
}

TEST_F(CdiRegistry, a_missing_specification_of_gpus_names_the_command_that_makes_it) {
  EXPECT_EQ(explain({"nvidia.com/gpu=0"}),
            "unresolvable CDI devices nvidia.com/gpu=0; no specification in /etc/cdi, /var/run/cdi "
            "has the kind \"nvidia.com/gpu\": make one with 'nvidia-ctk cdi generate "
            "--output=/var/run/cdi/nvidia.yaml'");
}

TEST_F(CdiRegistry, files_that_may_have_defined_a_device_are_named) {
  put("/etc/cdi/unrelated.json", "broken");
  put("/etc/cdi/x.json", "{\n\"kind\": \"a.com/b\",\n]");
  const std::string text = explain({"a.com/b=0"});
  EXPECT_NE(text.find("; /etc/cdi/x.json: "), std::string::npos) << text;
  EXPECT_NE(text.find("line 3"), std::string::npos) << text;
  EXPECT_EQ(text.find("unrelated"), std::string::npos) << text;
}

}  // namespace
}  // namespace nvbox::config
