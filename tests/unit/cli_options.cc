#include "cli/options.h"

#include <gtest/gtest.h>

namespace nvbox::cli {
namespace {

using Asks = Scanned::Asks;

constexpr Row rows[] = {
    {"device", 'd', Takes::value, "ID", "a device"},
    {"user", 'u', Takes::optional_value, "UID", "a user"},
    {"no-devbind", 0, Takes::nothing, {}, "no nodes"},
    {"no-cgroups", 0, Takes::nothing, {}, "no rules"},
    {"compute", 'c', Takes::nothing, {}, "libraries for CUDA"},
    {"video", 'v', Takes::nothing, {}, "libraries for video"},
};
constexpr size_t device = 0, user = 1, no_cgroups = 3, compute = 4, video = 5;

Scanned scanned(std::vector<std::string_view> arguments, Operands operands = Operands::anywhere) {
  const Result<Scanned> result = scan(rows, operands, arguments);
  EXPECT_TRUE(result) << result.error().full_message();
  return result ? *result : Scanned{};
}

std::string mistake(std::vector<std::string_view> arguments,
                    Operands operands = Operands::anywhere) {
  const Result<Scanned> result = scan(rows, operands, arguments);
  EXPECT_FALSE(result);
  return result ? "" : result.error().full_message();
}

TEST(Scan, understands_every_way_to_give_a_value) {
  const Scanned expected = {.options = {{device, "0"}}};
  EXPECT_EQ(scanned({"--device=0"}), expected);
  EXPECT_EQ(scanned({"--device", "0"}), expected);
  EXPECT_EQ(scanned({"-d0"}), expected);
  EXPECT_EQ(scanned({"-d", "0"}), expected);
  EXPECT_EQ(scanned({"--dev=0"}), expected);
}

TEST(Scan, a_value_may_be_empty_or_look_like_an_option) {
  EXPECT_EQ(scanned({"--device="}), (Scanned{.options = {{device, ""}}}));
  EXPECT_EQ(scanned({"--device", "--compute"}), (Scanned{.options = {{device, "--compute"}}}));
}

TEST(Scan, an_optional_value_must_be_attached) {
  EXPECT_EQ(scanned({"--user", "0"}),
            (Scanned{.options = {{user, std::nullopt}}, .operands = {"0"}}));
  EXPECT_EQ(scanned({"--user=0", "-u1", "-u"}),
            (Scanned{.options = {{user, "0"}, {user, "1"}, {user, std::nullopt}}}));
}

TEST(Scan, letters_can_be_joined_and_options_repeated) {
  EXPECT_EQ(scanned({"-cvd0", "-d1", "-c"}), (Scanned{.options = {{compute, std::nullopt},
                                                                  {video, std::nullopt},
                                                                  {device, "0"},
                                                                  {device, "1"},
                                                                  {compute, std::nullopt}}}));
}

TEST(Scan, operands_may_stand_anywhere_and_all_words_behind_two_dashes_are_operands) {
  EXPECT_EQ(
      scanned({"/rootfs", "--compute", "--", "--video", "x"}),
      (Scanned{.options = {{compute, std::nullopt}}, .operands = {"/rootfs", "--video", "x"}}));
}

TEST(Scan, a_command_keeps_its_own_options) {
  EXPECT_EQ(scanned({"-c", "list", "--foo", "-c"}, Operands::end_options),
            (Scanned{.options = {{compute, std::nullopt}}, .operands = {"list", "--foo", "-c"}}));
}

TEST(Scan, help_usage_and_version_end_the_scan) {
  EXPECT_EQ(scanned({"--help", "--foo"}).asks, Asks::help);
  EXPECT_EQ(scanned({"-?"}).asks, Asks::help);
  EXPECT_EQ(scanned({"-c?"}).asks, Asks::help);
  EXPECT_EQ(scanned({"--usage"}).asks, Asks::usage);
  EXPECT_EQ(scanned({"-V"}).asks, Asks::version);
  EXPECT_EQ(scanned({"--vers"}).asks, Asks::version);
}

TEST(Scan, tells_mistakes_in_getopts_words) {
  EXPECT_EQ(mistake({"--foo=1"}), "unrecognized option '--foo'");
  // ECMA-48: U+009B begins a control sequence as ESC [ does.
  EXPECT_EQ(mistake({"--\x1b[1m\xc2\x9b"}), "unrecognized option '--\\x1b[1m\\xc2\\x9b'");
  EXPECT_EQ(mistake({"--compte"}), "unrecognized option '--compte'; did you mean '--compute'?");
  EXPECT_EQ(mistake({"--no"}),
            "option '--no' is ambiguous; possibilities: '--no-devbind' '--no-cgroups'");
  EXPECT_EQ(mistake({"--compute=1"}), "option '--compute' doesn't allow an argument");
  EXPECT_EQ(mistake({"-c", "--device"}), "option '--device' requires an argument");
  EXPECT_EQ(mistake({"-cd"}), "option requires an argument -- 'd'");
  EXPECT_EQ(mistake({"-cz"}), "invalid option -- 'z'");
}

TEST(Scan, operands_of_a_command_without_any_are_a_mistake) {
  EXPECT_EQ(mistake({"-c", "x"}, Operands::none), "Too many arguments");
  EXPECT_EQ(scanned({"x", "--help"}, Operands::none).asks, Asks::help);
}

struct Settings {
  bool is_off = false;
  std::string last{};
  std::optional<std::string> user{};
  std::vector<std::string> devices{};
  int count = 0;
};

constexpr Option<Settings> options[] = {
    {{"off"}, &Settings::is_off},
    {{"last", 'l', Takes::value, "X"}, &Settings::last},
    {{"user", 'u', Takes::optional_value, "X"}, &Settings::user},
    {{"device", 'd', Takes::value, "X"}, &Settings::devices},
    {{"more", 'm'}, [](Settings& settings, std::string_view) { ++settings.count; }},
};

TEST(Store, puts_each_option_where_its_row_says) {
  const std::span<const Option<Settings>> table = options;
  const std::vector<std::string_view> arguments = {"--off", "-la", "-lb", "--user",
                                                   "-d0",   "-d1", "-mmm"};
  const Result<Scanned> given = scan(rows_of(table), Operands::none, arguments);
  ASSERT_TRUE(given);
  Settings settings;
  store(table, *given, settings);
  EXPECT_TRUE(settings.is_off);
  EXPECT_EQ(settings.last, "b");
  EXPECT_EQ(settings.user, "");
  EXPECT_EQ(settings.devices, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(settings.count, 3);
}

constexpr Command command = {.name = "prog cmd", .operands = "ROOTFS", .summary = "Does it."};

TEST(Help, has_a_line_for_every_option) {
  EXPECT_EQ(help_text(command, rows), R"(Usage: prog cmd [OPTION...] ROOTFS
Does it.

  -d, --device=ID             a device
  -u, --user[=UID]            a user
      --no-devbind            no nodes
      --no-cgroups            no rules
  -c, --compute               libraries for CUDA
  -v, --video                 libraries for video
  -?, --help                  give this help list
      --usage                 give a short usage message
  -V, --version               print program version
)");
}

TEST(Usage, is_a_paragraph) {
  EXPECT_EQ(usage_text(command, rows),
            R"(Usage: prog cmd [-cv?V] [-d ID] [-u[UID]] [--device=ID] [--user[=UID]]
            [--no-devbind] [--no-cgroups] [--compute] [--video] [--help]
            [--usage] [--version] ROOTFS
)");
}

}  // namespace
}  // namespace nvbox::cli
