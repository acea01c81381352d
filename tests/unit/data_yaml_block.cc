// The reader of simple documents must never say anything else than libyaml does.
#include "data/yaml_block.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace nvbox::data {
namespace {

std::optional<Json> read(std::string_view text) {
  return read_block_yaml(text, {});
}

// The end of a document, when it is said, is none of the simple reader's, and changes nothing.
Result<Json> read_by_libyaml(std::string text) {
  if (!text.ends_with('\n')) text += '\n';
  return parse_yaml(text + "...\n");
}

constexpr std::string_view specification = R"(---
# Made by a program.
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
  # The first.
    - name: "0"
      containerEdits:
        deviceNodes:
            - path: /dev/nvidia0
              major: 195
              fileMode: 0666
              permissions: rwm
        hooks:
            - hookName: createContainer
              path: /usr/bin/nvidia-cdi-hook
              args:
                - nvidia-cdi-hook
                - --link
                - ../card0::/dev/dri/by-path/pci-0000:3b:00.0-card
    - name: all
containerEdits:
    env:
    - NVIDIA_VISIBLE_DEVICES=void
    - 'A=b c'
    additionalGids:
        - 44
        - -1
        - 1.5
    nothing:
)";

TEST(BlockYaml, a_specification_as_programs_write_it_is_read) {
  const std::optional<Json> value = read(specification);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, read_by_libyaml(std::string(specification)).value());
  EXPECT_EQ((*value)["devices"][0]["containerEdits"]["deviceNodes"][0]["fileMode"], 0666);
  EXPECT_EQ((*value)["containerEdits"]["env"][1], "A=b c");
}

TEST(BlockYaml, everything_else_is_left_to_libyaml) {
  for (const std::string_view text : {"",
                                      "\n",
                                      "text\n",
                                      "a: {}\n",
                                      "a: [b]\n",
                                      "a: &x b\n",
                                      "a: *x\n",
                                      "a: !!str b\n",
                                      "a: |\n  b\n",
                                      "a: >-\n  b\n",
                                      "a: b # c\n",

                                      "a: b\n\nc: d\n",
                                      "a: \"\\n\"\n",
                                      "a: 'it''s'\n",
                                      "a: b\n  c\n",
                                      "a:\n  b\n",
                                      "? a\n",
                                      "a: b\na: c\n",
                                      "<<: a\n",
                                      "a:\tb\n",
                                      "a: b\r\n",
                                      "a: \xc3\xa4\n",
                                      "\xef\xbb\xbf"
                                      "a: b\n",
                                      "%YAML 1.2\n---\na: b\n",
                                      "a: b\n...\n",
                                      "a: b\n---\nc: d\n",
                                      "- - a\n",
                                      "-\n  a: b\n",
                                      "a: - b\n",
                                      "a: b: c\n",
                                      "a: b:\n",
                                      "a : b\n",
                                      "  a: b\n",
                                      "a:\n    b: c\n  d: e\n",
                                      "- a\n  - b\n",
                                      "a: \n",
                                      "a: @b\n",
                                      "a: `b\n",
                                      "a: %b\n",
                                      "a: ,b\n",
                                      "'a': b\n"}) {
    EXPECT_EQ(read(text), std::nullopt) << text;
  }
}

TEST(BlockYaml, documents_beyond_the_limits_are_left_to_libyaml) {
  EXPECT_TRUE(read_block_yaml("a:\n  b: c\n", {.depth = 2}));
  EXPECT_FALSE(read_block_yaml("a:\n  b: c\n", {.depth = 1}));
  EXPECT_FALSE(read_block_yaml("a:\n  - b: c\n", {.depth = 2}));
  EXPECT_FALSE(read_block_yaml("a: b\n", {.bytes = 4}));
  EXPECT_FALSE(read_block_yaml("a: b\n", {.nodes = 4}));
}

// Mutations of the specification: whatever this reader still takes, libyaml has to take for the
// same value.
TEST(BlockYaml, agrees_with_libyaml_on_every_document_that_it_takes) {
  constexpr std::string_view alphabet = "  \n\n:-a1.\"'#,[]{}&*!|>%@?~_/\\\t0x";
  std::mt19937 random(1);
  const auto below = [&](size_t limit) { return random() % limit; };
  size_t taken = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string text(specification.substr(0, 1 + below(specification.size())));
    for (size_t edits = 1 + below(3); edits > 0; --edits) {
      const size_t place = below(text.size());
      const char character = alphabet[below(alphabet.size())];
      switch (below(3)) {
        case 0:
          text[place] = character;
          break;
        case 1:
          text.insert(place, 1, character);
          break;
        default:
          text.insert(place, text.substr(below(text.size()), below(12)));
      }
    }
    const std::optional<Json> value = read(text);
    if (!value) continue;
    ++taken;
    const Result<Json> expected = read_by_libyaml(text);
    ASSERT_TRUE(expected) << text << expected.error().message();
    ASSERT_EQ(*value, *expected) << text;
  }
  EXPECT_GT(taken, 5000U);
}

}  // namespace
}  // namespace nvbox::data
