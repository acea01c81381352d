#include <gtest/gtest.h>

#include <string_view>

#include "base/text.h"
#include "config/config.h"

namespace nvbox::config {
namespace {

struct Refusal {
  std::string_view text;
  std::string_view message;
};

TEST(NvmlTimeout, is_ten_seconds_where_nothing_is_said) {
  EXPECT_EQ(Config().cli.nvml_timeout, 10U);
  EXPECT_EQ(*parse_config("[nvidia-container-cli]\n"), Config{});
}

TEST(NvmlTimeout, is_between_a_second_and_an_hour) {
  for (const unsigned seconds : {1U, 10U, 60U, 3600U}) {
    const auto config = parse_config(cat("[nvidia-container-cli]\nnvml-timeout = ", seconds, "\n"));
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(*config, (Config{.cli = {.nvml_timeout = seconds}}));
  }
}

TEST(NvmlTimeout, of_another_value_is_refused_with_line_and_key) {
  constexpr Refusal refusals[] = {
      {"[nvidia-container-cli]\nnvml-timeout = 0\n",
       "line 2: nvidia-container-cli.nvml-timeout: expected 1 to 3600, found 0"},
      {"\n\n[nvidia-container-cli]\nnvml-timeout = -1\n",
       "line 4: nvidia-container-cli.nvml-timeout: expected 1 to 3600, found -1"},
      {"nvidia-container-cli.nvml-timeout = 3601\n",
       "line 1: nvidia-container-cli.nvml-timeout: expected 1 to 3600, found 3601"},
      {"nvidia-container-cli.nvml-timeout = 4294967306\n",
       "line 1: nvidia-container-cli.nvml-timeout: expected 1 to 3600, found 4294967306"},
      {"[nvidia-container-cli]\nnvml-timeout = \"x\"\n",
       "line 2: nvidia-container-cli.nvml-timeout: expected a whole number, found a string"},
      {"[nvidia-container-cli]\nnvml-timeout = \"10\"\n",
       "line 2: nvidia-container-cli.nvml-timeout: expected a whole number, found a string"},
      {"[nvidia-container-cli]\nnvml-timeout = true\n",
       "line 2: nvidia-container-cli.nvml-timeout: expected a whole number, found a boolean"},
  };
  for (const Refusal& refusal : refusals) {
    const auto config = parse_config(refusal.text);
    ASSERT_FALSE(config) << refusal.text;
    EXPECT_EQ(config.error().message(), refusal.message);
  }
  EXPECT_FALSE(parse_config("nvidia-container-cli.nvml-timeout = 1.5\n"));
}

}  // namespace
}  // namespace nvbox::config
