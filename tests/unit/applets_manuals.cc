#include "manuals.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "nvidia_cdi_hook/nvidia_cdi_hook.h"
#include "nvidia_ctk/nvidia_ctk.h"
#include "table.h"

namespace nvbox::applets {
namespace {

TEST(Manuals, are_there_for_every_applet_and_nothing_else) {
  ASSERT_EQ(all_manuals().size(), all_applets().size());
  for (size_t at = 0; at < all_manuals().size(); ++at) {
    EXPECT_EQ(all_manuals()[at].name, all_applets()[at].name);
  }
}

TEST(Manuals, begin_with_the_name_and_summary_of_the_applet) {
  for (const Applet& applet : all_applets()) {
    const Result<std::string> text = manual_of(applet.name);
    ASSERT_TRUE(text) << applet.name;
    EXPECT_NE(text->find(cli::roff_text(applet.summary)), std::string::npos) << applet.name;
    EXPECT_NE(text->find("\n.SH SYNOPSIS\n"), std::string::npos) << applet.name;
    EXPECT_NE(text->find("\n.SH DESCRIPTION\n"), std::string::npos) << applet.name;
  }
}

TEST(Manuals, of_an_unknown_name_are_an_error) {
  EXPECT_EQ(manual_of("ls").error().full_message(),
            "no applet \"ls\"; 'nvbox --list' prints what there is");
  EXPECT_EQ(completion_for("fish").error().full_message(),
            "no completion for \"fish\"; known are bash and zsh");
}

// The command of the page, or null.
const cli::CommandPage* find_page(const cli::CommandPage& page, std::string_view name) {
  const auto found = std::ranges::find_if(page.commands, [&](const cli::CommandPage& command) {
    return command.names.front() == name;
  });
  return found == page.commands.end() ? nullptr : &*found;
}

TEST(DescribeTool, finds_the_flags_of_commands_in_groups) {
  const cli::CommandPage tool = describe_nvidia_ctk();
  const cli::CommandPage* const system = find_page(tool, "system");
  ASSERT_NE(system, nullptr);
  const cli::CommandPage* const print = find_page(*system, "print-ldcache");
  ASSERT_NE(print, nullptr);
  EXPECT_EQ(print->options,
            (std::vector<cli::OptionPage>{{.words = {"--driver-root"},
                                           .takes = cli::Takes::value,
                                           .value = "VALUE",
                                           .help = "Directory below which /etc/ld.so.cache is read",
                                           .preset = "/",
                                           .variables = {"NVIDIA_DRIVER_ROOT", "DRIVER_ROOT"}}}));
}

TEST(DescribeTool, has_every_command_that_help_shows) {
  const auto shown = [](std::span<const CommandRow> rows) {
    return std::ranges::count(rows, cli::Shown::yes, &CommandRow::shown);
  };
  EXPECT_EQ(std::ssize(describe_nvidia_ctk().commands), shown(ctk_commands()));
  EXPECT_EQ(std::ssize(describe_nvidia_cdi_hook().commands), shown(cdi_hook_commands()));
  EXPECT_EQ(find_page(describe_nvidia_cdi_hook(), "noop"), nullptr);
}

}  // namespace
}  // namespace nvbox::applets
