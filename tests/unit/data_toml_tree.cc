#include "data/toml_write.h"

#include <gtest/gtest.h>

namespace nvbox::data {
namespace {

std::string rewritten(std::string_view text) {
  const auto parsed = parse_toml(text);
  return parsed ? toml_document_text(*parsed) : parsed.error().message();
}

TEST(TomlTree, is_laid_out_as_the_peer_does) {
  EXPECT_EQ(rewritten("a = \"\\\"\"\n[b.'x.y']\nz = 1\n[b]\nq = [ [1], {k = 2.0} ]\n"),
            "a = \"\\\"\"\n"
            "\n"
            "[b]\n"
            "  q = [[1], { k = 2.0 }]\n"
            "\n"
            "  [b.\"x.y\"]\n"
            "    z = 1\n");
}

TEST(TomlTree, values_of_every_type_come_back) {
  constexpr std::string_view text =
      "a = 1e300\nb = inf\nc = -inf\nd = 1979-05-27T07:32:00Z\ne = [\"x\\ty\", {}]\nf = false\n";
  EXPECT_EQ(rewritten(rewritten(text)), rewritten(text));
  EXPECT_EQ(rewritten(text),
            "a = 1e+300\nb = inf\nc = -inf\nd = 1979-05-27T07:32:00Z\ne = [\"x\\ty\", {}]\nf = "
            "false\n");
}

TEST(TomlTree, arrays_of_tables_become_lists) {
  EXPECT_EQ(rewritten("[[a.b]]\nx = 1\n[[a.b]]\ny = \"\"\n"),
            "[a]\n  b = [{ x = 1 }, { y = \"\" }]\n");
}

TEST(TomlTree, an_empty_document_is_empty) {
  EXPECT_EQ(rewritten("# nothing\n"), "");
}

}  // namespace
}  // namespace nvbox::data
