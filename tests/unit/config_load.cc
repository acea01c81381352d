#include "config/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace nvbox::config {
namespace {

using Strings = std::vector<std::string>;

// What NVIDIA's `nvidia-ctk config default` prints.
constexpr std::string_view default_document = R"(
#accept-nvidia-visible-devices-as-volume-mounts = false
#accept-nvidia-visible-devices-envvar-when-unprivileged = true
disable-require = false
supported-driver-capabilities = "compat32,compute,display,graphics,ngx,utility,video"
#swarm-resource = "DOCKER_RESOURCE_GPU"

[nvidia-container-cli]
#debug = "/var/log/nvidia-container-toolkit.log"
environment = []
#ldcache = "/etc/ld.so.cache"
ldconfig = "@/sbin/ldconfig"
load-kmods = true
#no-cgroups = false
#path = "/usr/bin/nvidia-container-cli"
#root = "/run/nvidia/driver"
#user = "root:video"

[nvidia-container-runtime]
#debug = "/var/log/nvidia-container-runtime.log"
log-level = "info"
mode = "auto"
runtimes = ["runc", "crun"]

[nvidia-container-runtime.modes]

[nvidia-container-runtime.modes.cdi]
annotation-prefixes = ["cdi.k8s.io/"]
default-kind = "nvidia.com/gpu"
spec-dirs = ["/etc/cdi", "/var/run/cdi"]

[nvidia-container-runtime.modes.csv]
mount-spec-path = "/etc/nvidia-container-runtime/host-files-for-container.d"

[nvidia-container-runtime.modes.legacy]
cuda-compat-mode = "ldconfig"

[nvidia-container-runtime-hook]
path = "nvidia-container-runtime-hook"
skip-mode-detection = false

[nvidia-ctk]
path = "nvidia-ctk"
)";

TEST(ParseConfig, an_empty_document_gives_the_defaults) {
  EXPECT_EQ(*parse_config(""), Config{});
}

TEST(ParseConfig, the_default_document_gives_the_defaults) {
  Config expected;
  expected.cli.ldconfig = "@/sbin/ldconfig";
  EXPECT_EQ(*parse_config(default_document), expected);
}

TEST(ParseConfig, every_key_is_read) {
  const auto config = parse_config(R"(
disable-require = true
swarm-resource = "DOCKER_RESOURCE_GPU, ,OTHER"
accept-nvidia-visible-devices-envvar-when-unprivileged = false
accept-nvidia-visible-devices-as-volume-mounts = true
supported-driver-capabilities = "all"
nvidia-ctk.path = "/ctk"
nvidia-container-runtime-hook = { path = "/hook", skip-mode-detection = true }

[nvidia-container-cli]
root = "/driver"
path = "/cli"
environment = ["A=1", "B=2"]
debug = "/cli.log"
ldcache = "/cache"
load-kmods = false
no-pivot = true
no-cgroups = true
user = "root:video"
ldconfig = "@/sbin/ldconfig.real"

[nvidia-container-runtime]
debug = "/runtime.log"
log-level = "debug"
runtimes = ["crun"]
mode = "cdi"
modes.csv.mount-spec-path = "/csv"
modes.csv.compat-container-root = "/compat"
modes.cdi.spec-dirs = []
modes.cdi.default-kind = "example.com/gpu"
modes.cdi.annotation-prefixes = ["a/", "b/"]
modes.jit-cdi.nvcdi-feature-flags = ["disable-ipc-discoverer"]
modes.jit-cdi.nvcdi-disable-hooks = ["all"]
modes.jit-cdi.ignore-driver-capabilities = true
modes.legacy.cuda-compat-mode = "mount"
experimental.runtime-path = "youki"

[features]
allow-cuda-compat-libs-from-container = true
allow-ldconfig-from-container = true
allow-unknown-oci-spec-fields = true
disable-cuda-compat-lib-hook = true
disable-imex-channel-creation = true
ignore-imex-channel-requests = true
no-additional-gids-for-device-nodes = true
)");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(*config, (Config{.disable_require = true,
                             .swarm_resource = {"DOCKER_RESOURCE_GPU", "OTHER"},
                             .accept_env_when_unprivileged = false,
                             .accept_volume_mounts = true,
                             .supported_driver_capabilities = "all",
                             .cli = {.root = "/driver",
                                     .path = "/cli",
                                     .environment = {"A=1", "B=2"},
                                     .debug = "/cli.log",
                                     .ldcache = "/cache",
                                     .load_kmods = false,
                                     .no_pivot = true,
                                     .no_cgroups = true,
                                     .user = "root:video",
                                     .ldconfig = "@/sbin/ldconfig.real"},
                             .runtime = {.debug = "/runtime.log",
                                         .log_level = "debug",
                                         .runtimes = {"crun"},
                                         .mode = "cdi",
                                         .csv_mount_spec_path = "/csv",
                                         .csv_compat_container_root = "/compat",
                                         .cdi_spec_dirs = {},
                                         .cdi_default_kind = "example.com/gpu",
                                         .cdi_annotation_prefixes = {"a/", "b/"},
                                         .jit_feature_flags = {"disable-ipc-discoverer"},
                                         .jit_disabled_hooks = {"all"},
                                         .jit_ignore_driver_capabilities = true,
                                         .legacy_cuda_compat_mode = "mount",
                                         .experimental_runtime_path = "youki"},
                             .hook = {.path = "/hook", .skip_mode_detection = true},
                             .ctk_path = "/ctk",
                             .features = {.allow_cuda_compat_libs_from_container = true,
                                          .allow_ldconfig_from_container = true,
                                          .allow_unknown_oci_spec_fields = true,
                                          .disable_cuda_compat_lib_hook = true,
                                          .disable_imex_channel_creation = true,
                                          .ignore_imex_channel_requests = true,
                                          .no_additional_gids_for_device_nodes = true}}));
}

TEST(ParseConfig, unknown_keys_and_tables_are_ignored_with_a_warning) {
  const auto config = parse_config(
      "disable-requires = true\n"
      "[nvidia-container-runtime]\nlog-levle = 3\n"
      "[nvidia-container-runtime.modes.new]\nkey = 1\n"
      "[other]\nkey = 1\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->warnings,
            (Strings{"unknown key disable-requires; did you mean disable-require?",
                     "unknown key nvidia-container-runtime.log-levle; did you mean "
                     "nvidia-container-runtime.log-level?",
                     "unknown key nvidia-container-runtime.modes.new; did you mean "
                     "nvidia-container-runtime.mode?",
                     "unknown key other"}));
}

// NVIDIA's loader takes any word (mode = "not-auto" in its config_test.go), and what uses it
// refuses it or goes on.
TEST(ParseConfig, wrong_words_are_kept_with_a_warning) {
  const auto config = parse_config(
      "supported-driver-capabilities = 'compute,none'\n"
      "[nvidia-container-runtime]\nmode = 'cdii'\nlog-level = 'WARN'\n"
      "modes.legacy.cuda-compat-mode = 'ldconfg'\n"
      "modes.jit-cdi.nvcdi-disable-hooks = [\n'all',\n'chmode']\n");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->runtime.mode, "cdii");
  EXPECT_EQ(
      config->warnings,
      (Strings{"line 1: supported-driver-capabilities: expected all, compat32, compute, display, "
               "graphics, ngx, utility or video, found \"none\"",
               "line 3: nvidia-container-runtime.mode: expected auto, legacy, csv, cdi or jit-cdi, "
               "found \"cdii\"; did you mean cdi?",
               "line 5: nvidia-container-runtime.modes.legacy.cuda-compat-mode: expected "
               "ldconfig, mount, hook, disabled or \"\", found \"ldconfg\"; did you mean "
               "ldconfig?",
               "line 8: nvidia-container-runtime.modes.jit-cdi.nvcdi-disable-hooks: expected all, "
               "chmod, create-symlinks, disable-device-node-modification, enable-cuda-compat, "
               "update-application-profile or update-ldcache, found \"chmode\"; did you mean "
               "chmod?"}));
}

// Toolkit 1.9: without `experimental = true` the mode was legacy and discover-mode not read, with
// it discover-mode decided, which was "auto" unless set. 1.10 has `mode` in their place.
TEST(ParseConfig, the_older_names_of_the_mode_count_where_mode_is_not_set) {
  struct Row {
    std::string_view text;
    std::string_view mode;
    bool is_warned_of;
  };
  constexpr Row rows[] = {
      {"", "auto", false},
      {"experimental = true", "auto", false},
      {"experimental = true\ndiscover-mode = 'legacy'", "legacy", false},
      {"discover-mode = 'csv'\nexperimental = true", "csv", false},
      {"experimental = false", "auto", true},
      {"experimental = false\ndiscover-mode = 'csv'", "auto", true},
      {"discover-mode = 'csv'", "auto", true},
      {"mode = 'cdi'\nexperimental = true\ndiscover-mode = 'legacy'", "cdi", true},
      {"experimental.runtime-path = 'crun'", "auto", false},
  };
  for (const Row& row : rows) {
    const auto config = parse_config(cat("[nvidia-container-runtime]\n", row.text));
    ASSERT_TRUE(config) << row.text << config.error().message();
    EXPECT_EQ(config->runtime.mode, row.mode) << row.text;
    EXPECT_EQ(config->warnings.size(), row.is_warned_of ? 1U : 0U) << row.text;
  }
  EXPECT_EQ(parse_config("nvidia-container-runtime.discover-mode = 'csv'")->warnings,
            (Strings{"line 1: nvidia-container-runtime: experimental and discover-mode of older "
                     "versions have no effect; set nvidia-container-runtime.mode"}));
}

TEST(ParseConfig, experimental_is_a_flag_or_a_table) {
  EXPECT_EQ(parse_config("[nvidia-container-runtime.experimental]\nruntime-path = '/r'\n")
                ->runtime.experimental_runtime_path,
            "/r");
  EXPECT_TRUE(parse_config("nvidia-container-runtime.experimental = true\n")->runtime.experimental);
  EXPECT_EQ(parse_config("nvidia-container-runtime.experimental = 1\n").error().message(),
            "line 1: nvidia-container-runtime.experimental: expected a boolean, found an integer");
}

struct ErrorVector {
  std::string_view text;
  std::string_view message;
};

TEST(ParseConfig, errors_name_the_line_and_the_key) {
  constexpr ErrorVector vectors[] = {
      {"\n[nvidia-container-runtime]\nruntimes = \"runc\"",
       "line 3: nvidia-container-runtime.runtimes: expected a list of strings, found a string"},
      {"nvidia-container-runtime.runtimes = [\n\"runc\",\n7]",
       "line 3: nvidia-container-runtime.runtimes: expected a list of strings, found an integer "
       "in it"},
      {"disable-require = \"true\"", "line 1: disable-require: expected a boolean, found a string"},
      {"disable-require = 1", "line 1: disable-require: expected a boolean, found an integer"},
      {"nvidia-ctk.path = 1.5", "line 1: nvidia-ctk.path: expected a string, found a number"},
      {"nvidia-ctk.path = 1979-05-27", "line 1: nvidia-ctk.path: expected a string, found a date"},
      {"swarm-resource = [\"A\"]", "line 1: swarm-resource: expected a string, found a list"},
      {"[nvidia-ctk.path]", "line 1: nvidia-ctk.path: expected a string, found a table"},
      {"\nfeatures = true", "line 2: features: expected a table, found a boolean"},
      {"[[nvidia-container-cli]]", "line 1: nvidia-container-cli: expected a table, found a list"},
      {"[nvidia-container-cli]\nldconfig = /sbin/ldconfig",
       "line 2, column 12: not a value: \"/sbin/ldconfig\""},
      {"mode = auto", "line 1, column 8: not a value: \"auto\""},
  };
  for (const ErrorVector& vector : vectors) {
    const auto config = parse_config(vector.text);
    ASSERT_FALSE(config) << vector.text;
    EXPECT_EQ(config.error().message(), vector.message) << vector.text;
  }
}

TEST(ParseConfig, an_ldconfig_of_the_container_needs_a_feature) {
  constexpr std::string_view path = "[nvidia-container-cli]\nldconfig = \"/sbin/ldconfig\"\n";
  const auto refused = parse_config(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().full_message(),
            "line 2: nvidia-container-cli.ldconfig: expected @ before the path, found "
            "\"/sbin/ldconfig\"; put @ before a path of the host, or set "
            "features.allow-ldconfig-from-container");
  EXPECT_FALSE(parse_config("nvidia-container-cli.ldconfig = \"\""));
  const auto allowed = parse_config(cat(path, "[features]\nallow-ldconfig-from-container = true"));
  ASSERT_TRUE(allowed);
  EXPECT_EQ(allowed->cli.ldconfig, "/sbin/ldconfig");
}

TEST(ConfigPath, the_variables_decide) {
  EXPECT_EQ(config_path({}), "/etc/nvidia-container-runtime/config.toml");
  EXPECT_EQ(config_path({.xdg_config_home = "/x"}), "/x/nvidia-container-runtime/config.toml");
  EXPECT_EQ(config_path({.explicit_path = "c.toml", .xdg_config_home = "/x"}), "c.toml");
}

TEST(ConfigPath, comes_from_the_command_line_or_the_environment) {
  std::string entries[] = {"XDG_CONFIG_HOME_X=no", "XDG_CONFIG_HOME=/x",
                           "NVIDIA_CTK_CONFIG_FILE_PATH=/c"};
  char* variables[] = {entries[0].data(), entries[1].data(), entries[2].data(), nullptr};
  const Lookup both = lookup_from(host::Environment(variables));
  EXPECT_EQ(both.explicit_path, "/c");
  EXPECT_EQ(both.xdg_config_home, "/x");
  EXPECT_EQ(lookup_from(host::Environment(variables), "/d").explicit_path, "/d");
  const Lookup none = lookup_from(host::Environment(variables + 3));
  EXPECT_EQ(none.explicit_path, "");
  EXPECT_EQ(none.xdg_config_home, "");
}

class LoadConfig : public testing::Test {
 protected:
  LoadConfig() {
    char name[] = "/tmp/nvbox-config-XXXXXX";
    directory_ = mkdtemp(name);
    path_ = cat(directory_, "/config.toml");
  }
  ~LoadConfig() override { std::filesystem::remove_all(directory_); }

  Result<Config> load() const { return load_config({.explicit_path = path_}); }
  std::string error() const { return load().error().message(); }

  std::string directory_;
  std::string path_;
};

// The hook of NVIDIA's toolkit does so (getConfigFilePath in its hook_config.go): a file that
// -config or the variable names is required, that of XDG_CONFIG_HOME is not.
TEST_F(LoadConfig, a_missing_file_is_an_error_where_somebody_named_it) {
  EXPECT_EQ(load().error().full_message(),
            cat("open ", path_,
                ": No such file or directory; an option or NVIDIA_CTK_CONFIG_FILE_PATH names it; "
                "nvidia-ctk config default --output makes one"));
  EXPECT_EQ(*load_config({.xdg_config_home = directory_}), Config{});
  EXPECT_EQ(*load_config({.xdg_config_home = directory_}, {.disable_require = true}),
            Config{.disable_require = true});
}

TEST_F(LoadConfig, links_and_relative_paths_are_followed) {
  std::ofstream(path_) << "disable-require = true\n";
  std::filesystem::create_symlink(path_, cat(directory_, "/link.toml"));
  const std::string before = std::filesystem::current_path();
  std::filesystem::current_path(directory_);
  const auto config = load_config({.explicit_path = "./link.toml"});
  std::filesystem::current_path(before);
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(*config, Config{.disable_require = true});
}

TEST_F(LoadConfig, errors_name_the_file) {
  std::ofstream(path_) << "disable-require = 1\n";
  EXPECT_EQ(error(), cat(path_, ": line 1: disable-require: expected a boolean, found an integer"));
  EXPECT_EQ(load_config({.explicit_path = directory_}).error().message(),
            cat("read ", directory_, ": Is a directory"));
}

TEST_F(LoadConfig, a_file_that_may_not_be_read_is_an_error) {
  std::ofstream(path_) << "";
  chmod(path_.c_str(), 0);
  // root may read every file, so it becomes somebody else for a moment.
  const uid_t user = geteuid();
  if (user == 0) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const auto config = load();
  ASSERT_EQ(seteuid(user), 0);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message(), cat("open ", path_, ": Permission denied"));
}

TEST_F(LoadConfig, a_file_beyond_the_limit_is_an_error) {
  std::ofstream(path_) << std::string(size_t{1024} * 1024 + 1, '\n');
  EXPECT_EQ(error(), cat(path_, ": TOML document of 1048577 bytes is over the limit of 1048576"));
}

}  // namespace
}  // namespace nvbox::config
