#include "privileges.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/text.h"

namespace nvbox::applets {
namespace {

std::string read_readme() {
  std::ifstream file(NVBOX_TESTS "/../README.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

// "CHOWN SYS_ADMIN" of "CAP_CHOWN, CAP_SYS_ADMIN".
std::string short_names(sys::CapSet capabilities) {
  const std::string names = sys::to_string(capabilities);
  std::vector<std::string> words;
  for (const std::string_view name : split(names, ',')) {
    words.emplace_back(trim(name).substr(std::string_view("CAP_").size()));
  }
  return join(words, " ");
}

std::string_view describe(Calls calls) {
  switch (calls) {
    case Calls::all:
      return "all";
    case Calls::of_hook:
      return "list";
    case Calls::of_configure:
      return "list, in the container";
  }
  return "";
}

// Rows that are about a program's circumstances begin with dots.
std::string row_of(const Privileges& row) {
  const bool is_program = !row.program.starts_with('.');
  const std::string_view quote = is_program ? "`" : "";
  return cat("| ", quote, row.program, quote, " | ", short_names(row.kept), " | ",
             describe(row.calls), " |");
}

TEST(Privileges, are_what_the_readme_says) {
  const std::string readme = read_readme();
  constexpr std::string_view header = "| program | capabilities | system calls |";
  const size_t begin = readme.find(header);
  ASSERT_NE(begin, std::string::npos);
  const std::string_view rest = std::string_view(readme).substr(begin);
  std::vector<std::string> expected = {std::string(header), "| --- | --- | --- |"};
  for (const Privileges& row : all_privileges()) expected.push_back(row_of(row));
  EXPECT_EQ(std::string(rest.substr(0, rest.find("\n\n"))), join(expected, "\n"));
}

TEST(Privileges, of_a_call_come_to_what_its_options_need) {
  const sys::CapSet all = privileges::configure.kept;
  EXPECT_EQ(kept_for(privileges::configure, {}), all);
  EXPECT_EQ(kept_for(privileges::configure, {.device_rules = false}), all.without({CAP_NET_ADMIN}));
  EXPECT_EQ(kept_for(privileges::configure, {.modules = true}),
            (all | sys::CapSet{CAP_SYS_MODULE}));
}

}  // namespace
}  // namespace nvbox::applets
