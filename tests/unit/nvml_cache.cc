#include "nvml/cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "nvml/answer.h"
#include "support/make_host.h"

namespace nvbox::nvml {
namespace {

using data::Json;

constexpr std::string_view machine = R"(
f /proc/sys/kernel/random/boot_id <<EOF
1b4e28ba-2fa1-11d2-883f-0016d3cca427
EOF
d /proc/driver/nvidia/capabilities/gpu1/mig/gi3/ci0
d /proc/driver/nvidia/capabilities/gpu1/mig/gi5/ci0
d /run
)";

const std::string first_gpu = "0000:07:00.0";
const std::string second_gpu = "0000:86:00.0";

// GPU 1 has two MIG devices.
driver::Inventory inventory_of_machine() {
  return {.driver = {.version = "550.163.01"},
          .gpus = {{.index = 0, .minor = 0, .bus_id = first_gpu},
                   {.index = 1, .minor = 1, .bus_id = second_gpu, .mig = {{3, 0}, {5, 0}}}}};
}

Json json(std::string_view text) {
  return data::parse_json(text).value();
}

const Json about_first = json(R"({"cudaVersion": 12040, "gpus": [
    {"busId": "0000:07:00.0", "uuid": "GPU-07a1"}]})");
const Json about_second = json(R"({"cudaVersion": 12040, "gpus": [
    {"busId": "0000:86:00.0", "uuid": "GPU-86a1", "mig": [
      {"index": 0, "gpuInstance": 3, "computeInstance": 0, "uuid": "MIG-1"},
      {"index": 1, "gpuInstance": 5, "computeInstance": 0, "uuid": "MIG-2"}]}]})");

using Found = std::optional<Json>;

class AnswerCacheOfRoot : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root's file is trusted, and this user is not root";
  }

  // What a later start of the program finds.
  Found find(const std::vector<std::string>& bus_ids) const { return find(bus_ids, inventory_); }
  Found find(const std::vector<std::string>& bus_ids, const driver::Inventory& inventory) const {
    const host::Root root = host_.root();
    return AnswerCache(root, inventory).find(bus_ids);
  }

  void keep(const Json& answer) const {
    const host::Root root = host_.root();
    AnswerCache(root, inventory_).keep(answer);
  }

  std::string path(std::string_view below) const { return cat(host_.path(), below); }
  std::string directory() const { return path("/run/nvbox"); }
  std::string file() const { return path("/run/nvbox/nvml.json"); }

  std::string content() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void write(std::string_view text) const { std::ofstream(file(), std::ios::binary) << text; }

  const test::Host host_{machine};
  const driver::Inventory inventory_ = inventory_of_machine();
};

TEST_F(AnswerCacheOfRoot, finds_what_was_kept) {
  EXPECT_EQ(find({first_gpu}), Found()) << "nothing was kept yet";
  keep(about_first);
  EXPECT_EQ(find({first_gpu}), about_first);
  EXPECT_EQ(find({}), about_first) << "for the CUDA version alone";
}

TEST_F(AnswerCacheOfRoot, finds_nothing_where_one_of_the_gpus_is_not_in_it) {
  keep(about_first);
  EXPECT_EQ(find({second_gpu}), Found());
  EXPECT_EQ(find({first_gpu, second_gpu}), Found());
}

TEST_F(AnswerCacheOfRoot, adds_answers_to_each_other) {
  keep(about_first);
  keep(about_second);
  const Json both = json(R"({"cudaVersion": 12040, "gpus": [
    {"busId": "0000:86:00.0", "uuid": "GPU-86a1", "mig": [
      {"index": 0, "gpuInstance": 3, "computeInstance": 0, "uuid": "MIG-1"},
      {"index": 1, "gpuInstance": 5, "computeInstance": 0, "uuid": "MIG-2"}]},
    {"busId": "0000:07:00.0", "uuid": "GPU-07a1"}]})");
  EXPECT_EQ(find({first_gpu, second_gpu}), both);
}

TEST_F(AnswerCacheOfRoot, has_the_later_answer_about_a_gpu) {
  keep(about_first);
  const Json later = json(R"({"cudaVersion": 12080, "gpus": [
      {"busId": "0000:07:00.0", "uuid": "GPU-new"}]})");
  keep(later);
  EXPECT_EQ(find({first_gpu}), later);
}

TEST_F(AnswerCacheOfRoot, finds_nothing_after_a_boot) {
  keep(about_first);
  std::ofstream(path("/proc/sys/kernel/random/boot_id")) << "another\n";
  EXPECT_EQ(find({first_gpu}), Found());
  keep(about_second);
  EXPECT_EQ(find({second_gpu}), about_second) << "without what was known before the boot";
}

TEST_F(AnswerCacheOfRoot, keeps_nothing_where_boots_cannot_be_told_apart) {
  std::filesystem::remove(path("/proc/sys/kernel/random/boot_id"));
  keep(about_first);
  EXPECT_FALSE(std::filesystem::exists(directory()));
  EXPECT_EQ(find({first_gpu}), Found());
}

TEST_F(AnswerCacheOfRoot, finds_nothing_for_another_driver) {
  keep(about_first);
  driver::Inventory newer = inventory_;
  newer.driver.version = "550.163.02";
  EXPECT_EQ(find({first_gpu}, newer), Found());
  driver::Inventory elsewhere = inventory_;
  elsewhere.driver.root = "/run/nvidia/driver";
  EXPECT_EQ(find({first_gpu}, elsewhere), Found());
}

TEST_F(AnswerCacheOfRoot, finds_nothing_for_other_gpus_or_mig_devices) {
  keep(about_first);
  driver::Inventory fewer = inventory_;
  fewer.gpus[1].mig.pop_back();
  EXPECT_EQ(find({first_gpu}, fewer), Found());
  driver::Inventory other = inventory_;
  other.gpus[1].mig[1].gpu_instance = 4;
  EXPECT_EQ(find({first_gpu}, other), Found());
  driver::Inventory without = inventory_;
  without.gpus.pop_back();
  EXPECT_EQ(find({first_gpu}, without), Found());
}

// As of an instance that was made before the others.
void make_old(const std::string& path) {
  const timespec times[] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

TEST_F(AnswerCacheOfRoot, finds_nothing_when_an_instance_was_made_anew_with_the_numbers_of_old) {
  const std::string instance = path("/proc/driver/nvidia/capabilities/gpu1/mig/gi5/ci0");
  make_old(instance);
  keep(about_second);
  ASSERT_EQ(find({second_gpu}), about_second);
  std::filesystem::remove(instance);
  std::filesystem::create_directory(instance);
  EXPECT_EQ(find({second_gpu}), Found());
}

TEST_F(AnswerCacheOfRoot, finds_nothing_when_the_new_instance_differs_in_its_time_only) {
  keep(about_second);
  make_old(path("/proc/driver/nvidia/capabilities/gpu1/mig/gi5/ci0"));
  EXPECT_EQ(find({second_gpu}), Found());
}

TEST_F(AnswerCacheOfRoot, finds_nothing_when_the_new_instance_differs_in_its_inode_only) {
  const std::string instance = path("/proc/driver/nvidia/capabilities/gpu1/mig/gi5/ci0");
  make_old(instance);
  keep(about_second);
  std::filesystem::rename(instance, path("/removed"));
  std::filesystem::create_directory(instance);
  make_old(instance);
  EXPECT_EQ(find({second_gpu}), Found());
}

TEST_F(AnswerCacheOfRoot, does_not_trust_what_others_may_write) {
  keep(about_first);
  for (const mode_t mode : {0664U, 0646U, 0666U}) {
    ASSERT_EQ(chmod(file().c_str(), mode), 0);
    EXPECT_EQ(find({first_gpu}), Found()) << octal_mode(mode);
  }
  ASSERT_EQ(chmod(file().c_str(), 0644), 0);
  for (const mode_t mode : {0775U, 0757U, 01777U}) {
    ASSERT_EQ(chmod(directory().c_str(), mode), 0);
    EXPECT_EQ(find({first_gpu}), Found()) << octal_mode(mode);
  }
  ASSERT_EQ(chmod(directory().c_str(), 0755), 0);
  EXPECT_EQ(find({first_gpu}), about_first) << "it was for the mode only";
}

TEST_F(AnswerCacheOfRoot, does_not_trust_what_belongs_to_somebody_else) {
  constexpr uid_t nobody = 65534;
  keep(about_first);
  ASSERT_EQ(chown(file().c_str(), nobody, 0), 0);
  EXPECT_EQ(find({first_gpu}), Found());
  ASSERT_EQ(chown(file().c_str(), 0, nobody), 0);
  EXPECT_EQ(find({first_gpu}), about_first) << "a group that may not write does no harm";
  ASSERT_EQ(chown(directory().c_str(), nobody, 0), 0);
  EXPECT_EQ(find({first_gpu}), Found());
}

TEST_F(AnswerCacheOfRoot, writes_nothing_into_a_directory_of_somebody_else) {
  std::filesystem::create_directory(directory());
  ASSERT_EQ(chown(directory().c_str(), 65534, 65534), 0);
  keep(about_first);
  EXPECT_TRUE(std::filesystem::is_empty(directory()));
}

TEST_F(AnswerCacheOfRoot, does_not_trust_links) {
  keep(about_first);
  std::filesystem::rename(file(), path("/run/nvbox/real"));
  std::filesystem::create_symlink("real", file());
  EXPECT_EQ(find({first_gpu}), Found());
  keep(about_second);
  EXPECT_FALSE(std::filesystem::is_symlink(file())) << "a link is replaced, not followed";
  EXPECT_EQ(find({second_gpu}), about_second);
  std::filesystem::rename(directory(), path("/run/real"));
  std::filesystem::create_directory_symlink("real", directory());
  EXPECT_EQ(find({second_gpu}), Found());
}

TEST_F(AnswerCacheOfRoot, does_not_trust_what_is_no_file) {
  keep(about_first);
  std::filesystem::remove(file());
  std::filesystem::create_directory(file());
  EXPECT_EQ(find({first_gpu}), Found());
  std::filesystem::remove(file());
  ASSERT_EQ(mkfifo(file().c_str(), 0644), 0);
  EXPECT_EQ(find({first_gpu}), Found());
}

TEST_F(AnswerCacheOfRoot, does_not_trust_garbage) {
  keep(about_first);
  const std::string good = content();
  for (const std::string& text :
       {std::string(), std::string("\0\xff", 2), std::string("nonsense"), std::string("{"),
        std::string("null"), std::string("7"), std::string("[]"), std::string("{}"),
        std::string(R"({"key": 7})"), std::string(R"({"key": 7, "answer": {}})"),
        std::string(R"({"key": [], "answer": []})"), good.substr(0, good.size() / 2), good + "}",
        cat(good, std::string(answer_limits.bytes, ' '))}) {
    write(text);
    EXPECT_EQ(find({first_gpu}), Found()) << excerpt(text);
  }
  write(good);
  EXPECT_EQ(find({first_gpu}), about_first);
}

TEST_F(AnswerCacheOfRoot, does_not_trust_an_answer_that_is_none) {
  keep(about_first);
  const Json good = json(content());
  for (const std::string_view answer :
       {"null", "7", "[]", R"("text")", R"({"gpus": 7})", R"({"gpus": [7]})", R"({"gpus": {}})",
        R"({"gpus": [{"busId": "0000:07:00.0", "uuid": 7}]})",
        R"({"gpus": [{"busId": "0000:07:00.0", "uuid": "GPU 1"}]})",
        R"({"gpus": [{"busId": "0000:07:00.0", "mig": [{}]}]})",
        R"({"gpus": [{"busId": "0000:07:00.0", "more": [[[[[[[]]]]]]]}]})"}) {
    Json bad = good;
    bad["answer"] = json(answer);
    write(data::dump_json(bad).value());
    EXPECT_EQ(find({first_gpu}), Found()) << answer;
  }
  write(data::dump_json(good).value());
  EXPECT_EQ(find({first_gpu}), about_first);
}

TEST_F(AnswerCacheOfRoot, replaces_garbage) {
  std::filesystem::create_directory(directory());
  write("nonsense");
  keep(about_first);
  EXPECT_EQ(find({first_gpu}), about_first);
}

TEST_F(AnswerCacheOfRoot, replaces_its_file_in_one_step_and_leaves_nothing_beside_it) {
  keep(about_first);
  const std::string before = content();
  std::ifstream old(file(), std::ios::binary);
  keep(about_second);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(old), {}), before)
      << "whoever had it open still reads the whole old one";
  EXPECT_NE(content(), before);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory())) {
    names.push_back(entry.path().filename());
  }
  EXPECT_EQ(names, std::vector<std::string>{"nvml.json"});
  struct stat status {};
  ASSERT_EQ(stat(file().c_str(), &status), 0);
  EXPECT_EQ(octal_mode(status.st_mode & 07777), "0644");
}

TEST(AnswerCache, of_somebody_else_than_root_is_not_written) {
  const test::Host host(machine);
  ASSERT_EQ(chmod(host.path().c_str(), 0777), 0);
  ASSERT_EQ(chmod((host.path() + "/run").c_str(), 0777), 0);
  const host::Root root = host.root();
  const AnswerCache cache(root, inventory_of_machine());
  const uid_t user = geteuid();
  if (user == 0) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  cache.keep(about_first);
  ASSERT_EQ(seteuid(user), 0);
  EXPECT_TRUE(std::filesystem::is_empty(host.path() + "/run"));
}

TEST_F(AnswerCacheOfRoot, adds_to_answers_that_lack_what_others_have) {
  for (const std::string_view odd :
       {"{}", R"({"gpus": null})", R"({"gpus": [{}]})", R"({"gpus": [{"busId": null}]})"}) {
    keep(json(odd));
    keep(about_first);
    EXPECT_TRUE(find({first_gpu})) << odd;
  }
}

}  // namespace
}  // namespace nvbox::nvml
