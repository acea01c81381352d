#include "runtime/prestart.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace nvbox::runtime {
namespace {

using Words = std::vector<std::string>;

class Prestart : public testing::Test {
 protected:
  Prestart() {
    char name[] = "/tmp/nvbox-prestart-XXXXXX";
    directory_ = mkdtemp(name);
    log_.set_level(Level::warning);
    log_.add(LogFormat::plain, [this](std::string_view line) { warnings_ += line; });
    config_.cli.load_kmods = false;
    config_.cli.ldconfig = "/ldconfig";
  }
  ~Prestart() override { std::filesystem::remove_all(directory_); }

  void write(std::string_view text) const { std::ofstream(directory_ + "/config.json") << text; }

  // A config.json with these members besides the ones that it must have.
  void write_container(std::string_view env, std::string_view more = "",
                       std::string_view root = "rootfs") const {
    write(cat(R"({"ociVersion":"1.0.2","root":{"path":")", root, R"("},"process":{"env":[)", env,
              "]", R"(,"capabilities":{"bounding":["CAP_SYS_ADMIN"]}})", more, "}"));
  }

  Result<std::optional<Words>> arguments() const {
    const auto call = NVBOX_TRY(
        prestart_call({.pid = 7, .bundle = directory_}, config_, HookDebug::off, by_, log_));
    return call ? std::optional(to_arguments(*call)) : std::nullopt;
  }

  std::string refusal() const {
    const auto words = arguments();
    return words ? "no error" : words.error().full_message();
  }

  std::string directory_;
  ConfiguredBy by_ = ConfiguredBy::nvbox;
  config::Config config_;
  Log log_;
  std::string warnings_;
};

TEST_F(Prestart, a_container_without_a_request_has_nothing_to_do) {
  write_container(R"("PATH=/bin")");
  const auto words = arguments();
  ASSERT_TRUE(words) << words.error().message();
  EXPECT_EQ(*words, std::nullopt);
}

TEST_F(Prestart, a_request_becomes_a_command_line) {
  write_container(R"("NVIDIA_VISIBLE_DEVICES=0,2")");
  const auto words = arguments();
  ASSERT_TRUE(words) << words.error().message();
  EXPECT_EQ(*words,
            (Words{"configure", "--cuda-compat-mode=ldconfig", "--ldconfig=/ldconfig",
                   "--device=0,2", "--compute", "--utility", "--pid=7", directory_ + "/rootfs"}));
}

TEST_F(Prestart, an_absolute_root_is_left_alone) {
  write_container(R"("NVIDIA_VISIBLE_DEVICES=all")", "", "/var/lib/x");
  EXPECT_EQ((*arguments())->back(), "/var/lib/x");
}

TEST_F(Prestart, the_old_name_of_the_bundle_is_read_elsewhere_but_an_absent_one_is_an_error) {
  const auto words = prestart_call({.pid = 7}, config_, HookDebug::off, by_, log_);
  EXPECT_EQ(words.error().message(), "container state: bundle is missing");
  EXPECT_EQ(prestart_call({.bundle = "/b"}, config_, HookDebug::off, by_, log_).error().message(),
            "container state: pid is missing");
}

TEST_F(Prestart, what_is_wrong_with_the_specification_is_said) {
  const std::string path = directory_ + "/config.json";
  EXPECT_EQ(refusal(), cat("open ", path, ": No such file or directory"));
  const std::pair<std::string, std::string> rows[] = {
      {"{", "unexpected end of input; expected string literal"},
      {"[]", "expected a JSON object, found array"},
      {"{}", "ociVersion is missing; it is not the specification of an OCI container"},
      {R"({"ociVersion":"1.0.2"})",
       "process is missing; it is not the specification of an OCI container"},
      {R"({"ociVersion":"1.0.2","process":{}})",
       "root is missing; it is not the specification of an OCI container"},
      {R"({"ociVersion":"1.0.2","process":{},"root":{}})",
       "root.path is missing; it is not the specification of an OCI container"},
  };
  for (const auto& [text, message] : rows) {
    write(text);
    EXPECT_TRUE(refusal().starts_with(cat(path, ": "))) << refusal();
    EXPECT_TRUE(refusal().ends_with(message)) << refusal();
  }
}

TEST_F(Prestart, a_cgroup_of_systemd_gives_one_warning_when_another_program_configures) {
  by_ = ConfiguredBy::another_program;
  for (const std::string_view cgroup :
       {"system.slice:docker:4a", "/user.slice/user-0.slice/session.scope/c"}) {
    warnings_.clear();
    write_container(R"("NVIDIA_VISIBLE_DEVICES=0")",
                    cat(R"(,"linux":{"cgroupsPath":")", cgroup, R"("})"));
    ASSERT_TRUE(arguments());
    EXPECT_TRUE(warnings_.starts_with("warning: the container's cgroup")) << warnings_;
    // Both lose the device rules on kernel 7.2 with systemd 262, cgroup v2 and Docker 28.5.
    EXPECT_TRUE(warnings_.contains("daemon-reload or docker update")) << warnings_;
  }
}

TEST_F(Prestart, no_warning_when_nvbox_configures) {
  write_container(R"("NVIDIA_VISIBLE_DEVICES=0")", R"(,"linux":{"cgroupsPath":"s.slice:d:4a"})");
  ASSERT_TRUE(arguments());
  EXPECT_EQ(warnings_, "");
}

TEST_F(Prestart, no_warning_where_the_specification_has_the_nodes_or_the_cgroup_is_nobodys) {
  by_ = ConfiguredBy::another_program;
  for (const std::string_view linux_part :
       {R"("cgroupsPath":"s.slice:d:4a","devices":[{"path":"/dev/nvidia0","type":"c"}])",
        R"("cgroupsPath":"/docker/4a")"}) {
    write_container(R"("NVIDIA_VISIBLE_DEVICES=0")", cat(R"(,"linux":{)", linux_part, "}"));
    ASSERT_TRUE(arguments());
    EXPECT_EQ(warnings_, "");
  }
}

TEST_F(Prestart, every_mode_is_served_unless_the_operator_is_strict) {
  write_container(R"("NVIDIA_VISIBLE_DEVICES=nvidia.com/gpu=0")");
  for (const char* mode : {"auto", "legacy", "cdi", "jit-cdi", "csv"}) {
    config_.runtime.mode = mode;
    EXPECT_TRUE(arguments()) << mode;
  }
  config_.hook.strict_mode_detection = true;
  config_.runtime.mode = "legacy";
  EXPECT_TRUE(arguments());
  config_.runtime.mode = "auto";
  EXPECT_TRUE(refusal().starts_with("the mode is cdi, and strict-mode-detection")) << refusal();
  config_.hook.skip_mode_detection = true;
  EXPECT_TRUE(arguments());
}

TEST_F(Prestart, mig_rights_are_for_privileged_containers) {
  write(R"({"ociVersion":"1.0.2","root":{"path":"r"},"process":{"env":)"
        R"(["NVIDIA_VISIBLE_DEVICES=0","NVIDIA_MIG_CONFIG_DEVICES=all"]}})");
  EXPECT_TRUE(refusal().contains("NVIDIA_MIG_CONFIG_DEVICES")) << refusal();
  write_container(R"("NVIDIA_VISIBLE_DEVICES=0","NVIDIA_MIG_CONFIG_DEVICES=all")");
  EXPECT_TRUE(arguments());
}

}  // namespace
}  // namespace nvbox::runtime
