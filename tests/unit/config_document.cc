#include "config/document.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "config/config.h"
#include "config/keys.h"

namespace nvbox::config {
namespace {

using Texts = std::vector<std::string>;

constexpr DocumentHost ubuntu = {.ldconfig = DocumentHost::Ldconfig::wrapped};
constexpr DocumentHost suse = {.family = DocumentHost::Family::suse};

std::string changed(std::string_view text, const Texts& settings) {
  auto done = change_document({"f", std::string(text)}, {.each = settings});
  return done ? *done : done.error().full_message();
}

Texts lines_of(const std::string& text) {
  Texts lines;
  for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
  return lines;
}

TEST(DefaultDocument, means_the_defaults) {
  Config expected;
  expected.cli.ldconfig = "@/sbin/ldconfig";
  EXPECT_EQ(*parse_config(default_document({})), expected);
  expected.cli.ldconfig = "@/sbin/ldconfig.real";
  EXPECT_EQ(*parse_config(default_document(ubuntu)), expected);
  expected.cli.ldconfig = "@/sbin/ldconfig";
  expected.cli.user = "root:video";
  EXPECT_EQ(*parse_config(default_document(suse)), expected);
}

// "suse config" and "suse config overrides user" in NVIDIA's config_test.go: root:video is a
// default of the host, which holds without a file as well.
TEST(DefaultConfig, is_made_for_the_host) {
  EXPECT_EQ(default_config({}), Config{});
  EXPECT_EQ(default_config(suse), (Config{.cli = {.user = "root:video"}}));
  EXPECT_EQ(parse_config("", default_config(suse))->cli.user, "root:video");
  EXPECT_EQ(parse_config("nvidia-container-cli.user = ''", default_config(suse))->cli.user, "");
}

TEST(DefaultDocument, has_ten_comments_which_are_keys) {
  std::string text = default_document({});
  EXPECT_EQ(std::ranges::count(text, '#'), 10);
  std::erase(text, '#');
  const auto read = parse_config(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_TRUE(read->warnings.empty());
}

TEST(DefaultDocument, is_made_for_the_host) {
  struct Case {
    std::string_view release;
    DocumentHost expected;
  };
  const Case cases[] = {
      {"ID=debian\n", {}},
      {"ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n", suse},
      {"ID_LIKE='suse'\n", suse},
      {"ID_LIKE=susething\n", {}},
  };
  const auto directory = std::filesystem::temp_directory_path() / cat("nvbox-document-", getpid());
  std::filesystem::create_directories(directory / "etc");
  std::filesystem::create_directories(directory / "sbin");
  const auto host = host::Root::open(directory);
  ASSERT_TRUE(host);
  EXPECT_EQ(document_host(*host), DocumentHost());
  for (const Case& row : cases) {
    std::ofstream(directory / "etc/os-release") << row.release;
    EXPECT_EQ(document_host(*host), row.expected) << row.release;
  }
  std::ofstream(directory / "etc/os-release") << "";
  std::ofstream(directory / "sbin/ldconfig.real") << "";
  EXPECT_EQ(document_host(*host), ubuntu);
  std::filesystem::remove_all(directory);
}

TEST(SplitSettings, takes_a_comma_in_front_of_a_key_for_another_setting) {
  struct Case {
    std::string_view text;
    Texts expected;
  };
  const Case cases[] = {
      {"disable-require", {"disable-require"}},
      {"nvidia-container-runtime.runtimes=crun,runc",
       {"nvidia-container-runtime.runtimes=crun,runc"}},
      {"disable-require,swarm-resource=A,B", {"disable-require", "swarm-resource=A,B"}},
      {"unknown=1,disable-require=true", {"unknown=1", "disable-require=true"}},
      {"", {""}},
  };
  for (const Case& row : cases) EXPECT_EQ(split_settings(row.text), row.expected) << row.text;
}

struct ChangeCase {
  std::string_view before;
  Texts settings;
  std::string_view after;
};

const ChangeCase change_cases[] = {
    {"", {}, ""},
    {"# mine\nx = 'y'\n", {}, "# mine\nx = 'y'\n"},
    {"", {"disable-require"}, "disable-require = true\n"},
    {"", {"disable-require=F"}, "disable-require = false\n"},
    {"", {"swarm-resource=A,B"}, "swarm-resource = \"A,B\"\n"},
    {"", {"swarm-resource="}, "swarm-resource = \"\"\n"},
    {"", {"nvidia-ctk.path=a=b"}, "[nvidia-ctk]\npath = \"a=b\"\n"},
    {"",
     {"nvidia-container-cli.environment=A=1,B=2"},
     "[nvidia-container-cli]\nenvironment = [\"A=1\", \"B=2\"]\n"},
    {"",
     {"nvidia-container-cli.environment=A=1,2:B=2"},
     "[nvidia-container-cli]\nenvironment = [\"A=1,2\", \"B=2\"]\n"},
    {"", {"nvidia-container-cli.environment="}, "[nvidia-container-cli]\nenvironment = []\n"},
    {"[features]\n# why\nignore-imex-channel-requests = true\n",
     {"features.ignore-imex-channel-requests=nil"},
     "[features]\n# why\n"},
    {"[features]\n", {"features.ignore-imex-channel-requests=nil"}, "[features]\n"},
    {"[nvidia-container-cli]\n#debug = \"/var/log/x\"\nno-cgroups = true\n",
     {"nvidia-container-cli.debug=/log"},
     "[nvidia-container-cli]\ndebug = \"/log\"\nno-cgroups = true\n"},
    // A wrong file can be put right.
    {"disable-require = 1\n", {"disable-require=true"}, "disable-require = true\n"},
};

TEST(ChangeDocument, makes_the_settings_and_keeps_the_rest) {
  for (const ChangeCase& row : change_cases)
    EXPECT_EQ(changed(row.before, row.settings), row.after);
}

const ChangeCase refused_cases[] = {
    {"a = \n", {}, "f: line 1, column 5: expected a value"},
    {"\ndisable-require = 1\n",
     {},
     "f: line 2: disable-require: expected a boolean, found an integer"},
    {"", {"disable-require=maybe"}, "disable-require: expected true or false, found \"maybe\""},
    {"", {"nvidia-ctk.path"}, "nvidia-ctk.path: no value given; write nvidia-ctk.path=VALUE"},
    {"",
     {"nvidia-container-runtime.runtimes"},
     "nvidia-container-runtime.runtimes: no value given; write "
     "nvidia-container-runtime.runtimes=VALUE"},
    {"", {"disable-require.x=1"}, "unknown key disable-require.x; did you mean disable-require?"},
    {"",
     {"features=1"},
     "features is a table and has no value; config --explain features lists its keys"},
    {"", {""}, "unknown key "},
    {"nvidia-ctk = 1\n", {"nvidia-ctk.path=x"}, "f: line 1: nvidia-ctk is an integer, not a table"},
    {"",
     {"nvidia-container-cli.ldconfig=/x"},
     "f: line 2: nvidia-container-cli.ldconfig: expected @ before the path, found \"/x\"; put @ "
     "before a path of the host, or set features.allow-ldconfig-from-container"},
};

TEST(ChangeDocument, refuses) {
  for (const ChangeCase& row : refused_cases)
    EXPECT_EQ(changed(row.before, row.settings), row.after);
  EXPECT_EQ(change_document({"f", ""}, {.separator = ""}).error().message(),
            "the separator of lists is empty");
}

TEST(ChangeDocument, splits_lists_at_the_separator) {
  const auto done = change_document(
      {"f", ""}, {.each = {"nvidia-container-runtime.runtimes=a:b;;c,d"}, .separator = ";;"});
  EXPECT_EQ(*done, "[nvidia-container-runtime]\nruntimes = [\"a:b\", \"c,d\"]\n");
}

// A value of the key's type that is not its default.
struct Other {
  Config& defaults;
  const Words& words;

  std::string operator()(FlagField field) const { return field(defaults) ? "false" : "true"; }
  std::string operator()(TextField /*field*/) const { return word("@/other"); }
  std::string operator()(ListField /*field*/) const { return word("other,more"); }
  std::string operator()(CommaField /*field*/) const { return "OTHER,MORE"; }
  std::string operator()(SecondsField field) const { return cat(field(defaults) + 1); }

  std::string word(std::string_view any) const {
    return std::string(words.allowed.empty() ? any : words.allowed[1]);
  }
};

// The document sets the mode, so the older names of it have no effect.
bool is_older_name_of_mode(const Key& key) {
  return key.name == "nvidia-container-runtime.experimental" ||
         key.name == "nvidia-container-runtime.discover-mode";
}

TEST(ChangeDocument, sets_each_key_of_the_default_document_on_one_line) {
  const std::string before = default_document({});
  for (const Key& key : keys()) {
    SCOPED_TRACE(key.name);
    Config defaults;
    const std::string setting =
        cat(key.name, "=", std::visit(Other{defaults, key.words}, key.field));
    const std::string after = changed(before, {setting});
    const auto read = parse_config(after);
    ASSERT_TRUE(read) << after;
    EXPECT_NE(*read, *parse_config(before));
    EXPECT_EQ(read->warnings.size(), is_older_name_of_mode(key) ? 1U : 0U);
    // Only lines of this key, and of a table for it, are new.
    Texts old_lines = lines_of(before);
    for (const std::string& line : lines_of(after)) {
      const auto old = std::ranges::find(old_lines, line);
      if (old != old_lines.end()) {
        old_lines.erase(old);
        continue;
      }
      const std::string_view last = key.name.substr(key.name.rfind('.') + 1);
      EXPECT_TRUE(line.starts_with(cat(last, " = ")) || line.starts_with("[") || line.empty())
          << line;
    }
    EXPECT_LE(old_lines.size(), 1U);
  }
}

TEST(Profiles, consist_of_settings_that_can_be_made) {
  for (const Profile& profile : profiles()) {
    const auto settings = profile_settings(profile.name);
    ASSERT_TRUE(settings);
    const std::string text = changed(default_document({}), *settings);
    const auto read = parse_config(text);
    ASSERT_TRUE(read) << text;
    EXPECT_FALSE(profile.meaning.empty());
    EXPECT_NE(*read, *parse_config(default_document({})));
  }
  EXPECT_EQ(profile_settings("kubernets").error().full_message(),
            "unknown profile \"kubernets\"; there is kubernetes");
}

TEST(Profiles, kubernetes_takes_devices_from_mounts_only) {
  const auto read = parse_config(changed("", *profile_settings("kubernetes")));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->accept_env_when_unprivileged);
  EXPECT_TRUE(read->accept_volume_mounts);
}

std::string explained(std::string_view name, std::string_view text = "") {
  auto done = explain(name, {"f", std::string(text)});
  return done ? *done : done.error().message();
}

// TOML 1.0 bounds integers and says nothing of a float that 64 bits cannot hold: ours is infinite,
// as Python's tomllib has it, and toml++ refuses it. Whoever is right: nobody writes on one
// reader's word.
TEST(ChangeDocument, is_left_alone_when_two_readers_disagree) {
  const std::string told = changed("x = 1e400\n", {"disable-require"});
  EXPECT_TRUE(told.starts_with("f: toml++, which reads it as a second opinion, refuses line "))
      << told;
}

TEST(Explain, tells_type_default_and_meaning) {
  EXPECT_EQ(explained("nvidia-container-runtime.runtimes"),
            "nvidia-container-runtime.runtimes\n  list of strings, default [\"runc\", \"crun\"]\n"
            "  low-level runtimes, by name or path; the first that exists is used\n");
  EXPECT_TRUE(explained("disable-require").contains("\n  boolean, default false\n"));
  EXPECT_TRUE(explained("swarm-resource").contains("\n  string, default \"\"\n"));
  EXPECT_EQ(explained("moed"), "unknown key moed; did you mean nvidia-container-runtime.mode?");
}

TEST(Explain, tells_what_the_document_says) {
  constexpr std::string_view text = "swarm-resource = 'A, B'\n[nvidia-container-cli]\nroot='/x'\n";
  EXPECT_TRUE(
      explained("nvidia-container-cli.root", text).ends_with("\n  \"/x\" on line 3 of f\n"));
  EXPECT_TRUE(explained("swarm-resource", text).ends_with("\n  \"A,B\" on line 1 of f\n"));
  EXPECT_FALSE(explained("disable-require", text).contains(" of f"));
  EXPECT_EQ(explained("", "a =\n"), "f: line 1, column 4: expected a value");
}

TEST(Explain, lists_the_keys_of_a_table_or_all) {
  const std::string all = explained("");
  for (const Key& key : keys()) EXPECT_TRUE(all.contains(cat(key.name, "\n  "))) << key.name;
  const std::string hook = explained("nvidia-container-runtime-hook");
  EXPECT_TRUE(hook.starts_with("nvidia-container-runtime-hook.path\n"));
  EXPECT_FALSE(hook.contains("\nnvidia-container-runtime.mode\n"));
}

}  // namespace
}  // namespace nvbox::config
