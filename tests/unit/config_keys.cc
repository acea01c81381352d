#include "config/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "support/vectors.h"

namespace nvbox::config {
namespace {

TEST(Keys, each_has_a_name_of_its_own_and_a_meaning) {
  std::set<std::string_view> names;
  for (const Key& key : keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_FALSE(key.meaning.empty()) << key.name;
  }
}

TEST(Keys, no_two_store_in_the_same_place) {
  Config config;
  std::set<const void*> places;
  for (const Key& key : keys()) {
    const void* place = nullptr;
    if (const auto* flag = std::get_if<FlagField>(&key.field)) place = &(*flag)(config);
    if (const auto* text = std::get_if<TextField>(&key.field)) place = &(*text)(config);
    if (const auto* list = std::get_if<ListField>(&key.field)) place = &(*list)(config);
    if (const auto* list = std::get_if<CommaField>(&key.field)) place = &list->list(config);
    if (const auto* time = std::get_if<SecondsField>(&key.field)) place = &(*time)(config);
    EXPECT_TRUE(places.insert(place).second) << key.name;
  }
}

// tests/vectors/config_words.json says where the words are from.
TEST(Keys, have_the_words_of_the_peer) {
  const data::Json facts = test::vectors("config_words.json")["words"];
  std::map<std::string, std::vector<std::string>> ours;
  for (const Key& key : keys()) {
    for (const std::string_view word : key.words.allowed) {
      ours[std::string(key.name)].emplace_back(word);
    }
  }
  EXPECT_EQ(ours, (facts.get<std::map<std::string, std::vector<std::string>>>()));
}

TEST(Keys, a_wrong_word_is_described_with_the_words_and_what_may_have_been_meant) {
  constexpr std::string_view allowed[] = {"auto", "cdi", ""};
  EXPECT_EQ(find_wrong_word({}, "anything"), std::nullopt);
  EXPECT_EQ(find_wrong_word({allowed}, "cdi"), std::nullopt);
  EXPECT_EQ(find_wrong_word({allowed}, ""), std::nullopt);
  EXPECT_EQ(find_wrong_word({allowed}, "cdii"),
            "expected auto, cdi or \"\", found \"cdii\"; did you mean cdi?");
  EXPECT_EQ(find_wrong_word({allowed}, "x"), "expected auto, cdi or \"\", found \"x\"");
  EXPECT_EQ(find_wrong_word({allowed}, "CDI"), "expected auto, cdi or \"\", found \"CDI\"");
  EXPECT_EQ(find_wrong_word({allowed, Words::Form::in_any_case}, "CDI"), std::nullopt);
  EXPECT_TRUE(find_wrong_word({allowed}, "auto,cdi"));
  EXPECT_EQ(find_wrong_word({allowed, Words::Form::several}, "auto, cdi,"), std::nullopt);
  EXPECT_EQ(find_wrong_word({allowed, Words::Form::several}, "auto,cid"),
            "expected auto, cdi or \"\", found \"cid\"; did you mean cdi?");
}

TEST(Keys, an_unknown_key_is_described_with_what_may_have_been_meant) {
  EXPECT_EQ(describe_unknown("nvidia-container-runtime.log-levle"),
            "unknown key nvidia-container-runtime.log-levle; did you mean "
            "nvidia-container-runtime.log-level?");
  EXPECT_EQ(describe_unknown("debug"),
            "unknown key debug; did you mean nvidia-container-cli.debug or "
            "nvidia-container-runtime.debug?");
  EXPECT_EQ(describe_unknown("something"), "unknown key something");
}

}  // namespace
}  // namespace nvbox::config
