#include "cli/completion.h"

#include <gtest/gtest.h>

#include <vector>

namespace nvbox::cli {
namespace {

std::vector<CommandPage> programs() {
  return {{.names = {"starter"}, .options = {{.words = {"--list"}}}},
          {.names = {"tool"},
           .summary = "it's a tool",
           .options = {{.words = {"--debug", "-d"},
                        .help = "more: a lot",
                        .reach = Reach::commands_below},
                       {.words = {"--version"}}},
           .commands = {{.names = {"list", "ls"},
                         .summary = "lists",
                         .options = {{.words = {"--format"}, .takes = Takes::value},
                                     {.words = {"--user"}, .takes = Takes::optional_value}}},
                        {.names = {"none"}, .summary = "first line\nsecond"}}}};
}

// What `case` does in the table of the script.
std::string table_of(const std::string& script) {
  const size_t begin = script.find("  case $1 in\n");
  const size_t end = script.find("  esac\n");
  return script.substr(begin, end - begin);
}

TEST(BashCompletion, knows_every_place_by_all_its_names) {
  EXPECT_EQ(table_of(bash_completion("starter", programs())), R"(  case $1 in
    'starter')
      commands='tool'
      options='--list'
      valued=''
      ;;
    'tool')
      commands='list ls none'
      options='--debug -d --version'
      valued=''
      ;;
    'tool list' | 'tool ls')
      commands=''
      options='--format --user --debug -d'
      valued='--format'
      ;;
    'tool none')
      commands=''
      options='--debug -d'
      valued=''
      ;;
)");
}

TEST(BashCompletion, is_for_all_programs) {
  const std::string script = bash_completion("starter", programs());
  EXPECT_TRUE(script.ends_with("\ncomplete -o bashdefault -o default -F _nvbox starter tool\n"));
}

TEST(ZshCompletion, describes_what_it_offers) {
  EXPECT_EQ(table_of(zsh_completion("starter", programs())), R"(  case $1 in
    'starter')
      nvbox_commands=('tool:it'\''s a tool')
      nvbox_options=('--list:')
      nvbox_valued=()
      ;;
    'tool')
      nvbox_commands=('list:lists' 'ls:lists' 'none:first line')
      nvbox_options=('--debug:more: a lot' '-d:more: a lot' '--version:')
      nvbox_valued=()
      ;;
    'tool list' | 'tool ls')
      nvbox_commands=()
      nvbox_options=('--format:' '--user:' '--debug:more: a lot' '-d:more: a lot')
      nvbox_valued=('--format')
      ;;
    'tool none')
      nvbox_commands=()
      nvbox_options=('--debug:more: a lot' '-d:more: a lot')
      nvbox_valued=()
      ;;
)");
}

TEST(ZshCompletion, begins_with_the_names_that_compinit_reads) {
  EXPECT_TRUE(zsh_completion("starter", programs()).starts_with("#compdef starter tool\n"));
}

}  // namespace
}  // namespace nvbox::cli
