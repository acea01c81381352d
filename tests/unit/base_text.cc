#include "base/text.h"

#include <cerrno>

#include <gtest/gtest.h>

#include <limits>

namespace nvbox {
namespace {

using Pieces = std::vector<std::string_view>;

TEST(Text, cat_joins_text_characters_and_integers) {
  EXPECT_EQ(cat("a", std::string("b"), 'c', 1, -2, size_t{3}), "abc1-23");
  EXPECT_EQ(cat(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(cat(), "");
}

TEST(Text, split_keeps_empty_pieces) {
  EXPECT_EQ(split("a,b", ','), (Pieces{"a", "b"}));
  EXPECT_EQ(split(",a,,", ','), (Pieces{"", "a", "", ""}));
  EXPECT_EQ(split("", ','), (Pieces{""}));
}

TEST(Text, join_puts_the_separator_between) {
  EXPECT_EQ(join(std::vector<std::string>{}, ", "), "");
  EXPECT_EQ(join(std::vector<std::string>{"a"}, ", "), "a");
  EXPECT_EQ(join(std::vector<std::string>{"a", "", "a"}, ", "), "a, , a");
}

TEST(Text, keep_first_takes_repetitions_away_and_keeps_the_order) {
  std::vector<std::string> list = {"b", "a", "b", "", "c", "a", ""};
  keep_first(list);
  EXPECT_EQ(list, (std::vector<std::string>{"b", "a", "", "c"}));
}

TEST(Text, trim_takes_blanks_from_both_ends) {
  EXPECT_EQ(trim(" \t\r\n\v\f a b \n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, quote_makes_any_text_one_visible_line) {
  EXPECT_EQ(quote("a \"b\" \\ \n\x01\x7f \xc3\xa9"),
            "\"a \\\"b\\\" \\\\ \\x0a\\x01\\x7f \xc3\xa9\"");
  EXPECT_EQ(quote(""), "\"\"");
}

TEST(Text, excerpt_quotes_the_beginning_of_a_long_text) {
  const std::string x79(79, 'x');
  EXPECT_EQ(excerpt("a\n"), "\"a\\x0a\"");
  EXPECT_EQ(excerpt(x79 + "y"), "\"" + x79 + "y\"");
  EXPECT_EQ(excerpt(x79 + "yz"), "\"" + x79 + "y\"...");
  EXPECT_EQ(excerpt(x79 + "\xc3\xa9"), "\"" + x79 + "\"...");
}

TEST(Text, shortened_keeps_the_beginning_and_the_end) {
  EXPECT_EQ(shortened("0123456789012345678901", 22), "0123456789012345678901");
  EXPECT_EQ(shortened("0123456789012345678901", 21), "0123456 [...] 5678901");
  // U+00E9 is C3 A9 in UTF-8: no half of it is left.
  EXPECT_EQ(shortened("012345\xc3\xa9"
                      "0123456\xc3\xa9"
                      "678901",
                      21),
            "012345 [...] 678901");
}

TEST(Text, lower_changes_ascii_letters_only) {
  EXPECT_EQ(lower("GPU-5F[@`{\xc3\x89"), "gpu-5f[@`{\xc3\x89");
}

TEST(Text, parse_number_takes_a_whole_number_and_nothing_else) {
  EXPECT_EQ(parse_number<int>("-12"), -12);
  EXPECT_EQ(parse_number<unsigned>("ff", 16), 255U);
  EXPECT_EQ(parse_number<std::uint8_t>("255"), 255);
  for (const std::string_view text : {"", "x", "1x", " 1", "1 ", "+1", "0x1", "256", "-1"}) {
    EXPECT_EQ(parse_number<std::uint8_t>(text), std::nullopt) << text;
  }
}

TEST(Text, parse_bool_takes_the_spellings_of_go) {
  for (const std::string_view text : {"1", "t", "T", "TRUE", "true", "True"}) {
    EXPECT_EQ(parse_bool(text), true) << text;
  }
  for (const std::string_view text : {"0", "f", "F", "FALSE", "false", "False"}) {
    EXPECT_EQ(parse_bool(text), false) << text;
  }
  for (const std::string_view text : {"", "yes", "tRUE", "2", " 1"}) {
    EXPECT_EQ(parse_bool(text), std::nullopt) << text;
  }
}

TEST(Text, did_you_mean_finds_typing_mistakes_only) {
  constexpr std::string_view words[] = {"compute", "graphics", "utility", "video"};
  EXPECT_EQ(did_you_mean("comptue", words), "compute");
  EXPECT_EQ(did_you_mean("vide", words), "video");
  EXPECT_EQ(did_you_mean("graphic", words), "graphics");
  EXPECT_EQ(did_you_mean("display", words), std::nullopt);
  EXPECT_EQ(did_you_mean("video", {}), std::nullopt);
}

TEST(Text, errno_text_is_the_kernels_word) {
  EXPECT_EQ(errno_text(EACCES), "Permission denied");
  EXPECT_EQ(errno_text(-1), "Unknown error");
}

TEST(Printable, keeps_everything_on_one_line) {
  EXPECT_EQ(printable("a\nb\x1b[31m \"c\\"), "a\\x0ab\\x1b[31m \"c\\");
}

// ECMA-48, 5.3 and 8.3.16: U+009B is the control sequence introducer, as ESC [ is. U+00A0 is none.
TEST(Printable, escapes_the_controls_of_the_second_set_as_well) {
  EXPECT_EQ(printable("a\xc2\x9b"
                      "31m\xc2\x80\xc2\x9f"),
            "a\\xc2\\x9b31m\\xc2\\x80\\xc2\\x9f");
  EXPECT_EQ(quote("\xc2\x9d"), "\"\\xc2\\x9d\"");
  EXPECT_EQ(printable("\xc2\xa0 \xc3\x9b \xc2"), "\xc2\xa0 \xc3\x9b \xc2");
}

TEST(OctalMode, has_four_digits) {
  EXPECT_EQ(octal_mode(0660), "0660");
  EXPECT_EQ(octal_mode(04755), "4755");
  EXPECT_EQ(octal_mode(0100644), "0644");
}

}  // namespace
}  // namespace nvbox
