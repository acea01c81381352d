#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "nvbox/install_items.h"
#include "nvbox/install_manifest.h"
#include "nvbox/install_plan.h"

namespace nvbox::applets::installation {
namespace {

using Saved = Present::Saved;
using Type = Present::Type;
using What = Step::What;

const Item binary = {.path = "/opt/bin/nvbox", .text = "new", .mode = 0755, .claim = Claim::ours};
const Item link = {.kind = Kind::link, .path = "/opt/bin/nvidia-ctk", .text = "nvbox"};
const Item config = {.path = "/etc/c/config.toml", .text = "x = 1\n", .claim = Claim::absent};

Present file(std::string_view text, mode_t mode = 0755) {
  return {.type = Type::file, .hash = content_hash(text), .mode = mode};
}

Present link_to(std::string_view text) {
  return {.type = Type::link, .hash = content_hash(text)};
}

Look with(const Present& present) {
  return [present](const std::string&) { return present; };
}

InstallPlan plan_one(const Item& item, const Present& present, const Manifest& installed = {},
                     Foreign foreign = Foreign::refuse) {
  return plan_installation({&item, 1}, installed, foreign, with(present));
}

What step_of(const InstallPlan& plan) {
  EXPECT_TRUE(plan.obstacles.empty());
  return plan.steps.at(0).what;
}

TEST(InstallManifest, ComesBackAsItWasWritten) {
  const Manifest manifest = {{Kind::directory, 0, "/opt/my bin"},
                             {Kind::file, 0xfedcba9876543210, "/opt/my bin/nvbox"},
                             {Kind::link, 7, "/opt/my bin/nvidia-ctk"},
                             {Kind::saved, 0, "/opt/my bin/nvidia-ctk"}};
  const auto read = parse_manifest(manifest_text(manifest));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, manifest);
}

TEST(InstallManifest, RefusesWhatIsNoRecord) {
  for (const std::string_view line : {"file", "file 12", "file 12 relative", "thing 12 /a",
                                      "file 0xfg /a", "file 12345678123456789 /a"}) {
    const auto read = parse_manifest(std::string("# comment\n") + std::string(line) + "\n");
    ASSERT_FALSE(read) << line;
    EXPECT_TRUE(read.error().message().starts_with("line 2: ")) << read.error().message();
  }
}

TEST(InstallManifest, JoinsWithoutRepeating) {
  const Record one = {Kind::file, 1, "/a"};
  const Record two = {Kind::file, 2, "/a"};
  EXPECT_EQ(join_manifests({one}, Manifest{one, two}), (Manifest{one, two}));
}

TEST(InstallPlan, MakesWhatIsNotThere) {
  for (const Item& item : {binary, link, config}) {
    EXPECT_EQ(step_of(plan_one(item, {})), What::make) << item.path;
  }
}

TEST(InstallPlan, KeepsWhatIsThereAlready) {
  EXPECT_EQ(step_of(plan_one(binary, file("new"))), What::keep);
  EXPECT_EQ(step_of(plan_one(link, link_to("nvbox"))), What::keep);
  EXPECT_TRUE(plan_one(link, link_to("nvbox")).is_done());
  EXPECT_FALSE(plan_one(link, {}).is_done());
}

TEST(InstallPlan, ReplacesItsOwnOldVersionAndMode) {
  EXPECT_EQ(step_of(plan_one(binary, file("old"))), What::replace);
  EXPECT_EQ(step_of(plan_one(binary, file("new", 0644))), What::replace);
  const Manifest installed = {{Kind::link, content_hash("older"), link.path}};
  EXPECT_EQ(step_of(plan_one(link, link_to("older"), installed)), What::replace);
}

TEST(InstallPlan, RefusesFilesOfOthersAndNamesTheirPackage) {
  Present peer = file("peer");
  InstallPlan plan = plan_one(link, peer);
  EXPECT_TRUE(plan.steps.empty());
  EXPECT_EQ(plan.obstacles,
            (std::vector<Obstacle>{{link.path, "is not of an nvbox that was installed"}}));
  peer.package = "nvidia-container-toolkit-base";
  plan = plan_one(link, peer);
  EXPECT_EQ(
      plan.obstacles,
      (std::vector<Obstacle>{{link.path, "belongs to the package nvidia-container-toolkit-base"}}));
}

TEST(InstallPlan, YieldsALinkOfAnEarlierRunToWhoHasTakenItsPlace) {
  Item remembered = link;
  remembered.claim = Claim::yielding;
  Present peer = file("peer");
  peer.package = "nvidia-container-toolkit-base";
  const InstallPlan plan = plan_one(remembered, peer);
  EXPECT_TRUE(plan.steps.empty());
  EXPECT_TRUE(plan.obstacles.empty());
  EXPECT_EQ(
      plan.left_out,
      (std::vector<Obstacle>{{link.path, "belongs to the package nvidia-container-toolkit-base"}}));
  EXPECT_EQ(step_of(plan_one(remembered, {})), What::make);
}

TEST(InstallPlan, RefusesToAdoptWhatAPackageInstalled) {
  Present present = file("new");
  present.package = "nvbox";
  EXPECT_EQ(plan_one(binary, present).obstacles.size(), 1U);
  // The second run of an installation by force.
  const Manifest installed = {{Kind::file, content_hash("new"), binary.path}};
  EXPECT_EQ(step_of(plan_one(binary, present, installed)), What::keep);
}

TEST(InstallPlan, AFileThatWasChangedSinceIsSomebodyElses) {
  const Manifest installed = {{Kind::link, content_hash("nvbox"), link.path}};
  EXPECT_EQ(plan_one(link, file("nvbox"), installed).obstacles.size(), 1U);
}

TEST(InstallPlan, SavesByForceWhatIsInTheWay) {
  EXPECT_EQ(step_of(plan_one(link, file("peer"), {}, Foreign::save)), What::save_and_replace);
  Present again = file("peer");
  again.saved = Saved::same;
  EXPECT_EQ(step_of(plan_one(link, again, {}, Foreign::save)), What::save_and_replace);
  again.saved = Saved::other;
  EXPECT_EQ(plan_one(link, again, {}, Foreign::save).obstacles.size(), 1U);
}

TEST(InstallPlan, NeverReplacesADirectory) {
  const Present directory = {.type = Type::other};
  for (const Item& item : {binary, link}) {
    EXPECT_EQ(plan_one(item, directory, {}, Foreign::save).obstacles.size(), 1U) << item.path;
  }
}

TEST(InstallPlan, LeavesAConfigurationThatExists) {
  const InstallPlan plan = plan_one(config, file("people's", 0600));
  EXPECT_EQ(step_of(plan), What::leave);
  EXPECT_TRUE(records_of(plan.steps).empty());
}

TEST(InstallPlan, RecordsWhatWasSavedAndWhatWasMade) {
  const InstallPlan plan = plan_one(link, file("peer"), {}, Foreign::save);
  EXPECT_EQ(records_of(plan.steps), (Manifest{{Kind::saved, 0, link.path},
                                              {Kind::link, content_hash("nvbox"), link.path}}));
}

const Manifest both = {{Kind::directory, 0, "/opt"},
                       {Kind::saved, 0, link.path},
                       {Kind::file, content_hash("old"), binary.path},
                       {Kind::file, content_hash("new"), binary.path},
                       {Kind::link, content_hash("nvbox"), link.path}};

std::vector<Removal> removal(const Present& at_binary, const Present& at_link) {
  const std::map<std::string, Present> present = {{binary.path, at_binary}, {link.path, at_link}};
  return plan_removal(both, [&](const std::string& path) { return present.at(path); });
}

TEST(InstallRemoval, TakesTheBinaryLastAndEitherContentOfIt) {
  const std::vector<Removal> expected = {{Removal::What::remove, link.path},
                                         {Removal::What::remove, binary.path}};
  EXPECT_EQ(removal(file("old"), link_to("nvbox")), expected);
  EXPECT_EQ(removal(file("new"), link_to("nvbox")), expected);
}

TEST(InstallRemoval, LeavesWhatWasChanged) {
  const std::vector<Removal> removals = removal(file("mine"), {});
  EXPECT_EQ(removals, (std::vector<Removal>{{Removal::What::gone, link.path},
                                            {Removal::What::changed, binary.path}}));
}

TEST(InstallRemoval, RestoresWhatWasSaved) {
  Present ours = link_to("nvbox");
  ours.saved = Saved::other;
  EXPECT_EQ(removal(file("new"), ours)[0], (Removal{Removal::What::restore, link.path}));
  Present nothing;
  nothing.saved = Saved::other;
  EXPECT_EQ(removal(file("new"), nothing)[0], (Removal{Removal::What::restore, link.path}));
  // Killed between saving and replacing.
  Present theirs = file("peer");
  theirs.saved = Saved::same;
  EXPECT_EQ(removal(file("new"), theirs)[0], (Removal{Removal::What::restore, link.path}));
  theirs.saved = Saved::other;
  EXPECT_EQ(removal(file("new"), theirs)[0], (Removal{Removal::What::changed, link.path}));
}

TEST(InstallLeftovers, AreTemporaryNamesOfWhatIsMade) {
  EXPECT_TRUE(is_leftover(".nvbox.nvbox-0123456789abcdef", "nvbox"));
  EXPECT_TRUE(is_leftover(".nvidia-ctk.nvbox-4711", "nvidia-ctk"));
  EXPECT_FALSE(is_leftover(".nvidia-ctk.nvbox-4711", "nvidia"));
  EXPECT_FALSE(is_leftover("nvidia-ctk.nvbox-saved", "nvidia-ctk"));
  EXPECT_FALSE(is_leftover(".nvidia-ctk.nvbox-", "nvidia-ctk"));
  EXPECT_FALSE(is_leftover(".nvidia-ctk.nvbox-saved", "nvidia-ctk"));
}

TEST(InstallItems, AreTheBinaryAndLinksBesideIt) {
  const std::vector<Item> items = programs("/opt/bin", "bytes", CdiHook::no);
  EXPECT_EQ(items.at(0).path, "/opt/bin/nvbox");
  EXPECT_EQ(items.at(0).mode, mode_t{0755});
  const auto has = [](const std::vector<Item>& all, std::string_view path) {
    return std::ranges::find(all, path, &Item::path) != all.end();
  };
  EXPECT_TRUE(has(items, "/opt/bin/nvidia-container-runtime"));
  EXPECT_FALSE(has(items, "/opt/bin/nvbox-hook"));
  EXPECT_FALSE(has(items, "/opt/bin/nvidia-cdi-hook"));
  EXPECT_TRUE(has(programs("/opt/bin", "bytes", CdiHook::yes), "/opt/bin/nvidia-cdi-hook"));
}

TEST(InstallItems, UnitsCallTheProgramWhereItIs) {
  const std::vector<Item> items = units("/opt/bin");
  ASSERT_EQ(items.size(), 3U);
  for (const Item& item : items) {
    EXPECT_FALSE(item.text.contains("/usr/bin/nvidia-ctk")) << item.path;
    if (item.path == "/etc/systemd/system/nvidia-cdi-refresh.service") {
      EXPECT_TRUE(item.text.contains("\nExecStart=/opt/bin/nvidia-ctk cdi refresh\n"));
    }
  }
}

}  // namespace
}  // namespace nvbox::applets::installation
