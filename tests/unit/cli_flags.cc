#include "cli/flags.h"

#include <gtest/gtest.h>

#include <map>

namespace nvbox::cli {
namespace {

using Strings = std::vector<std::string>;

struct Settings {
  bool debug = false;
  std::string mode = "auto";
  std::optional<std::string> output{};
  Strings names = {"index", "uuid"};
  Strings links{};
};

constexpr Flag<Settings> table[] = {
    {{"debug d", "FIRST_DEBUG SECOND_DEBUG", "say more"}, &Settings::debug},
    {{"mode discovery-mode", "MODE", "how"}, &Settings::mode},
    {{"output", "OUTPUT", "where"}, &Settings::output},
    {{"name", "NAMES", "names"}, &Settings::names},
    {{"link", {}, "links", Split::never, Shown::no}, &Settings::links},
};
constexpr std::span<const Flag<Settings>> flags(table);

using Environment = std::map<std::string, std::string, std::less<>>;

Result<ParsedFlags<Settings>> parse(std::vector<std::string_view> arguments,
                                    const Environment& environment = {},
                                    Dialect dialect = Dialect::mixed) {
  const Variables variables = [&](std::string_view name) -> std::optional<std::string_view> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  };
  return parse_flags(flags, arguments, variables, dialect);
}

ParsedFlags<Settings> parsed(std::vector<std::string_view> arguments,
                             const Environment& environment = {},
                             Dialect dialect = Dialect::mixed) {
  auto result = parse(std::move(arguments), environment, dialect);
  EXPECT_TRUE(result) << result.error().full_message();
  return result ? std::move(result).value() : ParsedFlags<Settings>{};
}

std::string mistake(std::vector<std::string_view> arguments, const Environment& environment = {}) {
  const auto result = parse(std::move(arguments), environment);
  EXPECT_FALSE(result);
  return result ? "" : result.error().full_message();
}

TEST(Flags, OneDashIsTwoAndEqualsIsABlank) {
  for (const std::vector<std::string_view>& words : {std::vector<std::string_view>{"--mode", "csv"},
                                                     {"--mode=csv"},
                                                     {"-mode", "csv"},
                                                     {"-mode=csv"},
                                                     {"--discovery-mode", "csv"}}) {
    EXPECT_EQ(parsed(words).settings.mode, "csv") << words[0];
  }
  EXPECT_EQ(parsed({"--mode", "-x"}).settings.mode, "-x");
  EXPECT_EQ(parsed({"--mode="}).settings.mode, "");
  EXPECT_EQ(parsed({"--mode=a=b"}).settings.mode, "a=b");
}

TEST(Flags, BooleansTakeAValueOnlyBehindEquals) {
  EXPECT_TRUE(parsed({"-d"}).settings.debug);
  EXPECT_TRUE(parsed({"--d"}).settings.debug);
  EXPECT_TRUE(parsed({"--debug=T"}).settings.debug);
  EXPECT_FALSE(parsed({"--debug", "--debug=false"}).settings.debug);
  const auto line = parsed({"--debug", "false"});
  EXPECT_TRUE(line.settings.debug);
  EXPECT_EQ(line.line.positionals, Strings{"false"});
}

TEST(Flags, TheFirstValueReplacesADefaultListAndLaterOnesAreAppended) {
  EXPECT_EQ(parsed({}).settings.names, (Strings{"index", "uuid"}));
  EXPECT_EQ(parsed({"--name", "a, b", "--name=c"}).settings.names, (Strings{"a", "b", "c"}));
  EXPECT_EQ(parsed({"--link", "a,b::c", "--link= d"}).settings.links, (Strings{"a,b::c", " d"}));
}

TEST(Flags, PositionalsMixUnlessTheyEndTheFlags) {
  EXPECT_EQ(parsed({"a", "-d", "b", "--", "-c", "--"}).line.positionals,
            (Strings{"a", "b", "-c", "--"}));
  EXPECT_EQ(parsed({"-", "-d"}).line.positionals, Strings{"-"});
  const auto line = parsed({"-d", "a", "--mode", "csv"}, {}, Dialect::until_positional);
  EXPECT_TRUE(line.settings.debug);
  EXPECT_EQ(line.settings.mode, "auto");
  EXPECT_EQ(line.line.positionals, (Strings{"a", "--mode", "csv"}));
}

TEST(Flags, TheFirstVariableThatIsSetCounts) {
  EXPECT_TRUE(parsed({}, {{"SECOND_DEBUG", "true"}}).settings.debug);
  EXPECT_FALSE(parsed({}, {{"FIRST_DEBUG", ""}, {"SECOND_DEBUG", "true"}}).settings.debug);
  EXPECT_EQ(parsed({}, {{"MODE", ""}}).settings.mode, "");
  EXPECT_EQ(parsed({}, {{"OUTPUT", ""}}).settings.output, "");
  EXPECT_EQ(parsed({}, {{"NAMES", ""}}).settings.names, (Strings{"index", "uuid"}));
  EXPECT_EQ(parsed({}, {{"NAMES", "a,b"}}).settings.names, (Strings{"a", "b"}));
  EXPECT_EQ(parsed({"--mode=csv"}, {{"MODE", "nvml"}}).settings.mode, "csv");
  EXPECT_EQ(parsed({"--name=c"}, {{"NAMES", "a,b"}}).settings.names, Strings{"c"});
}

TEST(Flags, TellWhatWasGiven) {
  const auto line = parsed({"--discovery-mode", "auto"}, {{"OUTPUT", "x"}}).line;
  EXPECT_TRUE(line.is_set("mode"));
  EXPECT_TRUE(line.is_set("output"));
  EXPECT_FALSE(line.is_set("name"));
  EXPECT_EQ(parsed({}).settings.output, std::nullopt);
}

TEST(Flags, HelpEndsTheLine) {
  for (const std::string_view word : {"--help", "-help", "-h", "--h"}) {
    EXPECT_EQ(parsed({word, "--nonsense"}).line.asks, FlagLine::Asks::help) << word;
  }
  EXPECT_EQ(parsed({"--", "--help"}).line.asks, FlagLine::Asks::nothing);
  Settings settings;
  FlagSet program(CommonFlags::help_and_version);
  program.add(flags, settings);
  const std::string_view word = "-v";
  const auto line = program.parse(
      {&word, 1}, [](std::string_view) { return std::nullopt; }, Dialect::mixed);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->asks, FlagLine::Asks::version);
}

TEST(Flags, MistakesAreToldInThePeersWords) {
  EXPECT_EQ(mistake({"--foo"}), "flag provided but not defined: -foo");
  EXPECT_EQ(mistake({"-foo=x"}), "flag provided but not defined: -foo");
  EXPECT_EQ(mistake({"-v"}), "flag provided but not defined: -v");
  EXPECT_EQ(mistake({"--ouput", "x"}),
            "flag provided but not defined: -ouput; did you mean --output?");
  EXPECT_EQ(mistake({"--mode"}), "flag needs an argument: --mode");
  EXPECT_EQ(mistake({"--debug=x"}),
            "invalid value \"x\" for flag -debug: parse error; use true or false");
  EXPECT_EQ(mistake({}, {{"FIRST_DEBUG", "x"}}),
            "could not parse \"x\" as bool value from environment variable \"FIRST_DEBUG\" for "
            "flag debug: parse error; use true or false");
}

struct Globals {
  bool debug = false;
  std::string mode{};
};

constexpr Flag<Globals> global_table[] = {
    {{"debug d", "FIRST_DEBUG", "root's"}, &Globals::debug},
    {{"mode", {}, "taken"}, &Globals::mode},
};

struct Leaf {
  std::string mode = "auto";
};

constexpr Flag<Leaf> leaf_table[] = {{{"mode", "MODE", "how"}, &Leaf::mode}};

TEST(Flags, ACommandAcceptsTheProgramsFlagsExceptThoseItHasItself) {
  Leaf leaf;
  Globals globals;
  FlagSet set;
  set.add(std::span<const Flag<Leaf>>(leaf_table), leaf);
  set.inherit(std::span<const Flag<Globals>>(global_table), globals);
  const std::vector<std::string_view> words = {"--mode", "csv", "x", "-d"};
  const auto variables = [](std::string_view) { return std::optional<std::string_view>("false"); };
  const auto line = set.parse(words, variables, Dialect::mixed);
  ASSERT_TRUE(line);
  EXPECT_EQ(leaf.mode, "csv");
  EXPECT_EQ(globals.mode, "");
  EXPECT_TRUE(globals.debug);
  // What the program's own parsing found is not overruled by the variable.
  ASSERT_TRUE(set.parse({}, variables, Dialect::mixed));
  EXPECT_TRUE(globals.debug);
}

TEST(Flags, HelpHasThePeersLayout) {
  Settings settings;
  FlagSet program(CommonFlags::help_and_version);
  program.add(flags, settings);
  const CommandSummary commands[] = {{"cdi", "about CDI"}, {"help h", "shows help"}};
  EXPECT_EQ(flag_help({.name = "Program", .summary = "does", .version = "1", .commands = commands},
                      program),
            "NAME:\n"
            "   Program - does\n"
            "\n"
            "USAGE:\n"
            "   Program [global options] [command [command options]]\n"
            "\n"
            "VERSION:\n"
            "   1\n"
            "\n"
            "COMMANDS:\n"
            "   cdi      about CDI\n"
            "   help, h  shows help\n"
            "\n"
            "GLOBAL OPTIONS:\n"
            "   --debug, -d                             say more [$FIRST_DEBUG, $SECOND_DEBUG]\n"
            "   --mode string, --discovery-mode string  how (default: \"auto\") [$MODE]\n"
            "   --output string                         where [$OUTPUT]\n"
            "   --name string                           names (default: \"index\", \"uuid\") "
            "[$NAMES]\n"
            "   --help, -h                              show help\n"
            "   --version, -v                           print the version\n");
  Leaf leaf;
  Globals globals;
  FlagSet set;
  set.add(std::span<const Flag<Leaf>>(leaf_table), leaf);
  set.inherit(std::span<const Flag<Globals>>(global_table), globals);
  EXPECT_EQ(flag_help({.name = "Program cdi", .summary = "about CDI", .operands = "[FILE]"}, set),
            "NAME:\n"
            "   Program cdi - about CDI\n"
            "\n"
            "USAGE:\n"
            "   Program cdi [options] [FILE]\n"
            "\n"
            "OPTIONS:\n"
            "   --mode string  how (default: \"auto\") [$MODE]\n"
            "   --help, -h     show help\n"
            "\n"
            "GLOBAL OPTIONS:\n"
            "   --debug, -d  root's [$FIRST_DEBUG]\n");
}

}  // namespace
}  // namespace nvbox::cli
