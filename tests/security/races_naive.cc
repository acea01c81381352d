// The same attacker against programs that check a path and then use it, as the stack did before the
// fixes: each of them loses. Without this nobody knew whether the arena of races.cc can be lost.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/path.h"
#include "base/text.h"
#include "namespaced/case.h"
#include "namespaced/tree.h"
#include "security/arena.h"
#include "security/exchanger.h"

namespace nvbox::test {
namespace {

namespace fs = std::filesystem;

struct Naive {
  Place place;
  Evil evil = Evil::absolute_link;
  std::string harm;  // as in Arena::take_harm(), or "opened"
  std::function<void(const std::string& container)> work;
};

// Until it is lost, which takes a few rounds.
constexpr int most_rounds = 20'000;
constexpr int tries_per_round = 100;
constexpr unsigned most_seconds = 600;

bool is_lost(const Naive& naive, const std::string& scratch) {
  put_file(scratch + "/rootfs/etc/ld.so.conf", "/usr/lib\n");
  put_directory(scratch + "/rootfs/usr/lib");
  put_directory(scratch + "/rootfs/opt");
  Arena arena(scratch);
  EXPECT_TRUE(arena.furnish()) << std::strerror(errno);
  Trap trap(arena, naive.place, naive.evil);
  EXPECT_TRUE(trap.arm()) << std::strerror(errno);
  if (testing::Test::HasFailure()) return false;
  Exchanger attacker(trap.place(), trap.spare());
  for (int round = 0; round < most_rounds; ++round) {
    (void)trap.was_opened();
    attacker.go_on();
    for (int i = 0; i < tries_per_round; ++i) naive.work(arena.container());
    attacker.pause();
    const bool was_opened = trap.was_opened();
    const auto harm = arena.take_harm();
    const bool is_harmed = std::ranges::find(harm, naive.harm) != harm.end();
    if (is_harmed || (was_opened && naive.harm == "opened")) return true;
    EXPECT_TRUE(trap.arm()) << std::strerror(errno);
  }
  return false;
}

void expect_lost(const Naive& naive) {
  run_case({}, [&](const std::string& scratch) {
    alarm(most_seconds);
    EXPECT_TRUE(is_lost(naive, scratch));
  });
}

// NVIDIA's FollowSymlinkInScope: where a path leads is asked once, and then it is a text
// (CVE-2024-0134, CVE-2026-24260).
bool is_inside(const std::string& container, const std::string& path) {
  std::error_code ignored;
  return path::is_below(fs::weakly_canonical(path, ignored).string(), container);
}

TEST(NaiveRaces, a_file_is_made_outside_by_who_asks_first_where_its_folder_is) {
  expect_lost({.place = {"/etc"}, .harm = "changed", .work = [](const std::string& container) {
                 const std::string path = container + "/etc/made";
                 if (is_inside(container, path)) std::ofstream(path) << "made";
               }});
}

TEST(NaiveRaces, a_mode_is_changed_outside_by_who_asks_first_where_its_path_leads) {
  expect_lost({.place = {"/etc"}, .harm = "changed", .work = [](const std::string& container) {
                 const std::string path = container + "/etc/ld.so.conf";
                 if (is_inside(container, path)) (void)chmod(path.c_str(), 0755);
               }});
}

// Whoever reads text and writes it to where everybody may read it.
TEST(NaiveRaces, a_secret_is_read_by_who_looks_first_what_a_file_is) {
  expect_lost({.place = {"/etc/ld.so.conf", Kind::file},
               .harm = "read",
               .work = [](const std::string& container) {
                 const std::string path = container + "/etc/ld.so.conf";
                 struct stat info {};
                 if (lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
                 const std::string text = read_file(path);
                 if (text != "/usr/lib\n") put_file(container + "/usr/lib/copy", text);
               }});
}

TEST(NaiveRaces, a_device_is_opened_by_who_looks_first_what_a_file_is) {
  expect_lost({.place = {"/etc/ld.so.conf", Kind::file},
               .evil = Evil::device,
               .harm = "opened",
               .work = [](const std::string& container) {
                 const std::string path = container + "/etc/ld.so.conf";
                 struct stat info {};
                 if (lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode)) read_file(path);
               }});
}

// CVE-2024-0132 and, after its first fix, CVE-2025-23359: mount(2) resolves the path once more.
TEST(NaiveRaces, a_mount_lands_outside_by_who_asks_first_where_its_target_is) {
  expect_lost(
      {.place = {"/usr/lib"}, .harm = "mounted outside", .work = [](const std::string& container) {
         const std::string path = container + "/usr/lib";
         if (!is_inside(container, path)) return;
         mount(container.c_str(), path.c_str(), nullptr, MS_BIND, nullptr);
       }});
}

TEST(NaiveRaces, the_outside_is_mounted_inside_by_who_asks_first_what_its_source_is) {
  expect_lost({.place = {"/usr/lib"},
               .harm = "shows the outside",
               .work = [](const std::string& container) {
                 const std::string source = container + "/usr/lib";
                 if (!is_inside(container, source)) return;
                 mount(source.c_str(), (container + "/opt").c_str(), nullptr, MS_BIND, nullptr);
               }});
}

}  // namespace
}  // namespace nvbox::test
