#include "spec/fold_hooks.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace nvbox::spec {
namespace {

using Words = std::vector<std::string>;

const Words quiet = {"NVIDIA_CTK_DEBUG=false"};

Hook links(std::string link) {
  return {.stage = "createContainer",
          .path = "/usr/bin/nvidia-cdi-hook",
          .args = {"nvidia-cdi-hook", "create-symlinks", "--link", std::move(link)},
          .env = quiet};
}

Hook cache(std::string folder) {
  return {.stage = "createContainer",
          .path = "/usr/bin/nvidia-cdi-hook",
          .args = {"nvidia-cdi-hook", "update-ldcache", "--folder", std::move(folder)},
          .env = quiet};
}

// What a call of ours says: the applet, which the program's path does not, and the work.
Hook one(Words work) {
  Words args = {"nvbox-hook"};
  args.insert(args.end(), work.begin(), work.end());
  return {.stage = "createContainer", .path = "/nvbox", .args = args, .env = quiet, .timeout = 60};
}

Hook made(const ContainerWork& work) {
  return one(to_arguments(work));
}

std::vector<Hook> folded(std::vector<Hook> hooks) {
  return fold_hooks(
      std::move(hooks), [](const Hook& hook) { return hook.path != "/other"; }, made);
}

TEST(FoldHooks, calls_behind_each_other_become_one) {
  EXPECT_EQ(folded({links("a::/a"), links("b::/b"), cache("/l")}),
            std::vector{one({"--link", "a::/a", "--link", "b::/b", "--folder", "/l"})});
}

TEST(FoldHooks, one_alone_stays_what_it_is) {
  EXPECT_EQ(folded({links("a::/a")}), std::vector{links("a::/a")});
}

TEST(FoldHooks, those_of_others_keep_their_place) {
  const Hook other = {.stage = "createContainer", .path = "/bin/other", .args = {"other"}};
  EXPECT_EQ(folded({links("a::/a"), links("b::/b"), other, links("c::/c"), cache("/l")}),
            (std::vector{one({"--link", "a::/a", "--link", "b::/b"}), other,
                         one({"--link", "c::/c", "--folder", "/l"})}));
}

TEST(FoldHooks, those_of_another_stage_do_not_separate) {
  const Hook other = {.stage = "poststop", .path = "/bin/other"};
  EXPECT_EQ(folded({links("a::/a"), other, links("b::/b")}),
            (std::vector{other, one({"--link", "a::/a", "--link", "b::/b"})}));
}

TEST(FoldHooks, another_program_of_the_name_is_called) {
  std::vector<Hook> hooks = {links("a::/a"), cache("/l")};
  for (Hook& hook : hooks) hook.path = "/other";
  EXPECT_EQ(folded(hooks), hooks);
}

TEST(FoldHooks, what_was_folded_is_folded_again) {
  EXPECT_EQ(
      folded({one({"--link", "a::/a", "--mask-params"}), cache("/l"), one({"--folder", "/m"})}),
      std::vector{one({"--link", "a::/a", "--folder", "/l", "--folder", "/m", "--mask-params"})});
}

// update-ldcache may have been disabled on purpose.
TEST(FoldHooks, compatibility_libraries_alone_bring_no_cache) {
  Hook compat = links("x::/x");
  compat.args = {"nvidia-cdi-hook", "enable-cuda-compat", "--host-driver-version=1"};
  EXPECT_EQ(folded({links("a::/a"), compat}), (std::vector{links("a::/a"), compat}));
  EXPECT_EQ(folded({links("a::/a"), compat, cache("/l")}),
            std::vector{one({"--link", "a::/a", "--folder", "/l", "--cuda-compat-driver", "1"})});
}

TEST(FoldHooks, variables_and_times_of_somebody_s_own_are_kept) {
  std::vector<Hook> hooks = {links("a::/a"), cache("/l")};
  hooks[1].env = {"NVIDIA_CTK_DEBUG=true"};
  EXPECT_EQ(folded(hooks), hooks);
  hooks[1].env = quiet;
  hooks[1].timeout = 5;
  EXPECT_EQ(folded(hooks), hooks);
}

TEST(FoldHooks, two_drivers_are_two_calls) {
  std::vector<Hook> hooks = {cache("/l")};
  for (const std::string_view version : {"1", "2"}) {
    hooks.push_back(links(cat(version, "::/", version)));
    hooks.push_back(links("x::/x"));
    hooks.back().args = {"nvidia-cdi-hook", "enable-cuda-compat",
                         cat("--host-driver-version=", version)};
  }
  EXPECT_EQ(folded(hooks), (std::vector{one({"--link", "1::/1", "--link", "2::/2", "--folder", "/l",
                                             "--cuda-compat-driver", "1"}),
                                        hooks.back()}));
}

}  // namespace
}  // namespace nvbox::spec
