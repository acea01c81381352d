#include "runtime/low_level.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "sys/process.h"

namespace nvbox::runtime {
namespace {

class LowLevelTest : public testing::Test {
 protected:
  LowLevelTest() {
    char name[] = "/tmp/nvbox-low-level-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~LowLevelTest() override { std::filesystem::remove_all(directory_); }

  std::string at(std::string_view name) const { return cat(directory_, "/", name); }

  std::string make_file(std::string_view name, mode_t mode) const {
    std::filesystem::create_directories(std::filesystem::path(at(name)).parent_path());
    std::ofstream(at(name)) << "#!/bin/sh\n";
    chmod(at(name).c_str(), mode);
    return at(name);
  }

  std::string directory_;
};

using Names = std::vector<std::string>;

TEST_F(LowLevelTest, the_first_candidate_on_the_path_is_used) {
  make_file("one/second", 0755);
  make_file("two/first", 0755);
  make_file("two/second", 0755);
  const std::string path = cat(at("one"), ":", at("two"));
  EXPECT_EQ(*find_low_level(Names{"first", "second"}, path), (LowLevel{at("two/first")}));
  EXPECT_EQ(*find_low_level(Names{"second", "first"}, path), (LowLevel{at("one/second")}));
}

TEST_F(LowLevelTest, the_usual_directories_come_after_the_path) {
  make_file("sh", 0755);
  EXPECT_EQ(*find_low_level(Names{"sh"}, directory_), (LowLevel{at("sh")}));
  // Which of /usr/bin and /bin it is depends on the host.
  EXPECT_TRUE(find_low_level(Names{"sh"}, "")->path.ends_with("/bin/sh"));
}

TEST_F(LowLevelTest, a_candidate_with_a_slash_is_taken_as_it_is) {
  make_file("runtime", 0755);
  EXPECT_EQ(*find_low_level(Names{at("absent"), at("runtime")}, ""), (LowLevel{at("runtime")}));
}

TEST_F(LowLevelTest, relative_and_empty_path_entries_are_left_out) {
  make_file("bin/nvbox-test-runtime", 0755);
  const std::string before = std::filesystem::current_path();
  std::filesystem::current_path(directory_);
  const bool found = find_low_level(Names{"nvbox-test-runtime"}, "bin::.").has_value();
  std::filesystem::current_path(before);
  EXPECT_FALSE(found);
}

TEST_F(LowLevelTest, files_that_cannot_be_run_are_passed_over) {
  make_file("one/runtime", 0644);
  std::filesystem::create_directories(at("two/runtime"));
  make_file("three/runtime", 0755);
  EXPECT_EQ(*find_low_level(Names{"runtime"}, cat(at("one"), ":", at("two"), ":", at("three"))),
            (LowLevel{at("three/runtime")}));
}

TEST_F(LowLevelTest, this_program_is_passed_over_under_any_name) {
  make_file("runc", 0755);
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  std::filesystem::create_symlink(self, at("alias"));
  EXPECT_EQ(
      *find_low_level(Names{self, at("alias"), "alias", "runc"}, directory_),
      (LowLevel{
          .path = at("runc"),
          .notes = {cat("low-level runtime ", self, " is nvbox itself, passed over"),
                    cat("low-level runtime ", at("alias"), " is nvbox itself, passed over"),
                    cat("low-level runtime ", at("alias"), " is nvbox itself, passed over")}}));
}

TEST_F(LowLevelTest, this_program_first_on_the_path_does_not_hide_a_runtime_of_the_same_name) {
  std::filesystem::create_directories(at("one"));
  std::filesystem::create_symlink(std::filesystem::read_symlink("/proc/self/exe"), at("one/runc"));
  make_file("two/runc", 0755);
  EXPECT_EQ(find_low_level(Names{"runc"}, cat(at("one"), ":", at("two")))->path, at("two/runc"));
}

TEST_F(LowLevelTest, the_error_says_what_became_of_each_candidate) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  make_file("plain", 0644);
  const auto found = find_low_level(Names{"nvbox-absent", at("plain"), self}, "");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().full_message(), cat("no low-level runtime: nvbox-absent not found, ",
                                              at("plain"), " is not an executable file, ", self,
                                              " is nvbox itself; install runc or crun, or set "
                                              "nvidia-container-runtime.runtimes"));
}

// README.md and config/environment.go of cmd/nvidia-container-runtime.experimental in NVIDIA's
// branch "experimental": the variable goes before the file, blanks alone are no value, and what is
// named is not replaced by another program.
TEST_F(LowLevelTest, the_experimental_runtime_has_one_of_its_own) {
  make_file("one", 0755);
  make_file("two", 0755);
  make_file("runc", 0755);
  const auto found = [&](std::string variable, const std::string& path) -> std::string {
    std::string search_path = cat("PATH=", directory_);
    variable.insert(0, "NVIDIA_CONTAINER_RUNTIME_PATH=");
    char* variables[] = {search_path.data(), variable.data(), nullptr};
    const auto low_level = find_experimental_low_level(
        {.runtimes = {"runc"}, .experimental_runtime_path = path}, host::Environment(variables));
    return low_level ? low_level->path : low_level.error().full_message();
  };
  EXPECT_EQ(found("", ""), at("runc"));
  EXPECT_EQ(found("", "one"), at("one"));
  EXPECT_EQ(found("", at("two")), at("two"));
  EXPECT_EQ(found("two", "one"), at("two"));
  EXPECT_EQ(found(" ", "one"), at("one"));
  EXPECT_EQ(found(at("absent"), "one"),
            cat("no low-level runtime: ", at("absent"),
                " not found; install runc or crun, or set NVIDIA_CONTAINER_RUNTIME_PATH"));
  EXPECT_EQ(found("", at("absent")), cat("no low-level runtime: ", at("absent"),
                                         " not found; install runc or crun, or set "
                                         "nvidia-container-runtime.experimental.runtime-path"));
}

TEST(LowLevel, no_candidates_are_an_error_of_their_own) {
  EXPECT_EQ(find_low_level({}, "").error().message(),
            "no low-level runtime: nvidia-container-runtime.runtimes is empty");
}

TEST_F(LowLevelTest, the_runtime_gets_its_path_and_the_untouched_arguments_and_environment) {
  const std::string script = make_file("runtime", 0755);
  std::ofstream(script) << "#!/bin/sh\nprintf '%s|' \"$0\" \"$@\" \"$NVBOX_TEST\" > "
                        << at("output") << "\n";
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    char variable[] = "NVBOX_TEST=a b";
    char* const environment[] = {variable, nullptr};
    const std::vector<std::string_view> arguments = {"--log", "", "create", "--bundle=/ b"};
    _exit(sys::exec_program(script, arguments, environment) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  std::string output;
  std::getline(std::ifstream(at("output")), output);
  EXPECT_EQ(output, cat(script, "|--log||create|--bundle=/ b|a b|"));
}

TEST(LowLevel, a_runtime_that_cannot_be_run_is_an_error) {
  const Result<> ran = sys::exec_program("/nvbox/absent", {}, environ);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().message(), "run /nvbox/absent: No such file or directory");
}

}  // namespace
}  // namespace nvbox::runtime
