#include "cli/pages.h"

#include <gtest/gtest.h>

namespace nvbox::cli {
namespace {

struct Settings {
  bool loud = false;
  std::string format = "text";
  std::optional<std::string> user{};
  std::vector<std::string> folders = {"/a", "/b"};
};

constexpr Flag<Settings> flags[] = {
    {{"loud l", "LOUD VERY_LOUD", "Say more"}, &Settings::loud},
    {{"format", {}, "text or json"}, &Settings::format},
    {{"hidden", {}, "", Split::at_commas, Shown::no}, &Settings::user},
    {{"folder"}, &Settings::folders},
};

TEST(OptionPages, are_what_help_shows_of_flags) {
  EXPECT_EQ(option_pages(std::span<const Flag<Settings>>(flags), Reach::commands_below),
            (std::vector<OptionPage>{{.words = {"--loud", "-l"},
                                      .help = "Say more",
                                      .variables = {"LOUD", "VERY_LOUD"},
                                      .reach = Reach::commands_below},
                                     {.words = {"--format"},
                                      .takes = Takes::value,
                                      .value = "VALUE",
                                      .help = "text or json",
                                      .preset = "text",
                                      .reach = Reach::commands_below},
                                     {.words = {"--folder"},
                                      .takes = Takes::value,
                                      .value = "VALUE",
                                      .preset = "/a,/b",
                                      .reach = Reach::commands_below}}));
}

TEST(CommandPages, have_the_last_word_of_the_commands_name) {
  constexpr Row rows[] = {{"user", 'u', Takes::optional_value, "UID", "who"}};
  EXPECT_EQ(command_page({.name = "tool list", .operands = "ROOT", .summary = "Lists."}, rows),
            (CommandPage{.names = {"list"},
                         .summary = "Lists.",
                         .operands = "ROOT",
                         .options = {{.words = {"--user", "-u"},
                                      .takes = Takes::optional_value,
                                      .value = "UID",
                                      .help = "who"}}}));
}

}  // namespace
}  // namespace nvbox::cli
