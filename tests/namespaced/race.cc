// CVE-2026-24260 and CVE-2024-0132: while the hook works, another process keeps exchanging a
// directory of the container for a link out of it. Nothing outside may ever change.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "namespaced/case.h"
#include "namespaced/exchanger.h"
#include "namespaced/tree.h"
#include "nvbox/base/text.h"
#include "nvbox/hook/create_symlinks.h"
#include "nvbox/hook/update_ld_cache.h"
#include "nvbox/host/root.h"
#include "nvbox/host/root_write.h"

namespace nvbox::test {
namespace {

constexpr int enough = 2000;
constexpr auto most_time = std::chrono::seconds(3);

// Where the exchange happens, and what the link says.
struct Swap {
  std::string component;
  std::string link;
};

struct Victim {
  std::string name;
  std::function<bool(const host::Root& root, int round)> work;
};

const std::vector<Victim> victims = {
    {"make_link",
     [](const host::Root& root, int round) {
       const std::vector<spec::Link> links = {{cat("target", round), "/a/b/c/made/link"}};
       return hook::create_symlinks(root, links).has_value();
     }},
    {"write_file",
     [](const host::Root& root, int round) {
       return host::write_file(root, "/a/b/c/file", cat("text ", round)).has_value();
     }},
    {"make_directories",
     [](const host::Root& root, int round) {
       return host::make_directories(root, cat("/a/b/c/d", round, "/e")).has_value();
     }},
    {"open_for_writing",
     [](const host::Root& root, int round) {
       return root.open_at(cat("/a/b/c/f", round), O_WRONLY | O_CREAT | O_TRUNC, 0644).has_value();
     }},
};

// Works while `swap` goes on, until there was enough of both; how many rounds succeeded.
int race(const Victim& victim, const std::string& root_path, const Swap& swap) {
  const host::Root root = host::Root::open(root_path).value();
  put_link(root_path + "/evil", swap.link);
  const Exchanger exchanger(root_path + swap.component, root_path + "/evil");
  const auto end = std::chrono::steady_clock::now() + most_time;
  int succeeded = 0;
  const auto is_enough = [&](int round) {
    return round >= enough && exchanger.count() >= enough && succeeded >= enough / 10;
  };
  for (int round = 0; !is_enough(round) && std::chrono::steady_clock::now() < end; ++round) {
    succeeded += victim.work(root, round) ? 1 : 0;
  }
  EXPECT_GT(exchanger.count(), 0);
  return succeeded;
}

// A canary outside that has all the names that the container's tree has, so that every step out
// would find something to change.
void put_canary(const std::string& directory) {
  for (const char* below : {"/b/c/made", "/c/made", "/made"}) put_directory(directory + below);
  for (const char* below : {"/b/c/file", "/c/file", "/file", "/ld.so.cache", "/ld.so.conf"}) {
    put_file(directory + below, "canary");
  }
}

class Race : public testing::TestWithParam<Denial> {};
INSTANTIATE_TEST_SUITE_P(Denied, Race, testing::ValuesIn(each_denied({"openat2"})), name_of);

TEST_P(Race, exchanging_a_directory_for_a_link_leads_nobody_out) {
  for (const Victim& victim : victims) {
    for (const std::string component : {"/a", "/a/b", "/a/b/c"}) {
      for (const bool climbs : {false, true}) {
        SCOPED_TRACE(cat(victim.name, " with ", component, climbs ? " climbing" : ""));
        run_case(GetParam(), [&](const std::string& scratch) {
          const std::string canary = scratch + "/canary";
          const std::string root = scratch + "/root";
          put_canary(canary);
          put_directory(root + "/a/b/c");
          const std::vector<std::string> before = describe_tree(canary);
          const std::string link = climbs ? "../../../../../../../.." + canary : canary;
          const int succeeded = race(victim, root, {component, link});
          EXPECT_GT(succeeded, 0);
          EXPECT_EQ(describe_tree(canary), before);
        });
      }
    }
  }
}

TEST_P(Race, exchanging_etc_while_the_loaders_cache_is_written_leads_nobody_out) {
  for (const std::string component : {"/etc", "/etc/ld.so.conf.d"}) {
    SCOPED_TRACE(component);
    run_case(GetParam(), [&](const std::string& scratch) {
      const std::string canary = scratch + "/canary";
      const std::string root = scratch + "/root";
      put_canary(canary);
      put_file(root + "/lib64/ld-linux-x86-64.so.2", "");
      put_directory(root + "/usr/lib/x86_64-linux-gnu");
      put_directory(root + "/etc/ld.so.conf.d");
      const std::vector<std::string> before = describe_tree(canary);
      const Victim victim = {
          "update_ld_cache", [](const host::Root& container, int round) {
            const std::vector<std::string> folders = {round % 2 == 0 ? "/usr/lib/x86_64-linux-gnu"
                                                                     : "/lib64"};
            return hook::update_ld_cache(container, folders, "", Log()).has_value();
          }};
      EXPECT_GT(race(victim, root, {component, canary}), 0);
      EXPECT_EQ(describe_tree(canary), before);
    });
  }
}

}  // namespace
}  // namespace nvbox::test
