#include "engine/containerd.h"

#include <gtest/gtest.h>

namespace nvbox::engine {
namespace {

const std::string program = "/usr/bin/nvidia-container-runtime";
const RuntimeRequest plain = {.path = program};
const RuntimeRequest everything = {.path = program, .set_as_default = true, .enable_cdi = true};

constexpr std::string_view import_line = "imports = [\"/etc/containerd/conf.d/*.toml\"]\n";

ContainerdFiles with_drop_in(std::string config) {
  return {.config_path = "/etc/containerd/config.toml",
          .config = std::move(config),
          .drop_in_path = "/etc/containerd/conf.d/99-nvidia.toml"};
}

ContainerdFiles alone(std::string config) {
  ContainerdFiles files = with_drop_in(std::move(config));
  files.drop_in_path.reset();
  return files;
}

ContainerdTexts configured(const ContainerdFiles& files, const RuntimeRequest& request) {
  auto texts = configure_containerd(files, request);
  if (!texts) return {.config = "error: " + texts.error().message(), .drop_in = {}};
  return std::move(texts).value();
}

std::string error_of(const ContainerdFiles& files) {
  return configured(files, plain).config;
}

constexpr std::string_view empty_drop_in = R"(version = 2

[plugins]

  [plugins."io.containerd.grpc.v1.cri"]

    [plugins."io.containerd.grpc.v1.cri".containerd]

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes]

        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia]
          privileged_without_host_devices = false
          runtime_type = "io.containerd.runc.v2"

          [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia.options]
            BinaryName = "/usr/bin/nvidia-container-runtime"
)";

// NVIDIA's, but for runtime_engine and runtime_root, which containerd 2.0 no longer has
// (containerd's RELEASES.md, "Deprecated config properties"): it warns of each.
TEST(Containerd, an_empty_file_becomes_two_documents) {
  const ContainerdTexts texts = configured(with_drop_in(""), plain);
  EXPECT_EQ(texts.config, "version = 2\n" + std::string(import_line));
  EXPECT_EQ(texts.drop_in, empty_drop_in);
  // Comments say nothing about the version.
  EXPECT_EQ(configured(with_drop_in("# only a comment\n"), plain).drop_in, empty_drop_in);
}

// Debian's file; the drop-in is NVIDIA's, without what containerd 2 does not know.
TEST(Containerd, the_drop_in_holds_the_whole_section_of_the_plugin) {
  const std::string stock =
      "version = 2\n\n[plugins]\n  [plugins.\"io.containerd.grpc.v1.cri\"]\n"
      "    [plugins.\"io.containerd.grpc.v1.cri\".cni]\n      bin_dir = \"/usr/lib/cni\" # here\n"
      "  [plugins.\"io.containerd.internal.v1.opt\"]\n    path = \"/var/lib/containerd/opt\"\n";
  const ContainerdTexts texts = configured(with_drop_in(stock), everything);
  EXPECT_EQ(texts.config, "version = 2\n" + std::string(import_line) + stock.substr(12));
  EXPECT_EQ(texts.drop_in, R"(version = 2

[plugins]

  [plugins."io.containerd.grpc.v1.cri"]
    enable_cdi = true

    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"

    [plugins."io.containerd.grpc.v1.cri".containerd]
      default_runtime_name = "nvidia"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes]

        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia]
          privileged_without_host_devices = false
          runtime_type = "io.containerd.runc.v2"

          [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia.options]
            BinaryName = "/usr/bin/nvidia-container-runtime"
)");
}

TEST(Containerd, options_are_inherited_from_the_default_runtime_then_runc_then_crun) {
  const std::string runtimes =
      "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes]\n"
      "runc.options.SystemdCgroup = true\nrunc.runtime_type = ''\n"
      "crun.runtime_type = 'io.containerd.runc.v2'\ncrun.options.BinaryName = 'crun'\n"
      "own.snapshotter = 'x'\n";
  EXPECT_TRUE(configured(with_drop_in(runtimes), plain)
                  .drop_in->ends_with(
                      "runtimes.nvidia]\n          runtime_type = \"io.containerd.runc.v2\"\n\n"
                      "          [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes."
                      "nvidia.options]\n            BinaryName = \"" +
                      program +
                      "\"\n            SystemdCgroup = true\n\n        "
                      "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes."
                      "own]\n          snapshotter = \"x\"\n\n        "
                      "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes."
                      "runc]\n          runtime_type = \"\"\n\n          "
                      "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes."
                      "runc.options]\n            SystemdCgroup = true\n"));
  const std::string with_default = runtimes +
                                   "[plugins.'io.containerd.cri.v1.runtime'.containerd]\n"
                                   "default_runtime_name = 'own'\n";
  EXPECT_TRUE(configured(with_drop_in(with_default), plain)
                  .drop_in->contains("runtimes.nvidia]\n          runtime_type = "
                                     "\"io.containerd.runc.v2\"\n          snapshotter = \"x\"\n"));
}

TEST(Containerd, a_default_of_this_name_goes_when_it_is_not_asked_for) {
  const std::string before =
      "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd]\n"
      "default_runtime_name = 'nvidia'\n";
  EXPECT_EQ(configured(with_drop_in(before), plain).drop_in, empty_drop_in);
}

TEST(Containerd, what_containerd_says_is_in_force_is_the_source) {
  ContainerdFiles files = with_drop_in("version = 3\n");
  files.dump = "version = 3\n[plugins.'io.containerd.cri.v1.runtime']\nx = 1\n";
  const ContainerdTexts texts = configured(files, plain);
  EXPECT_TRUE(texts.drop_in->starts_with(
      "version = 3\n\n[plugins]\n\n  [plugins.\"io.containerd.cri.v1.runtime\"]\n    x = 1\n"));
  EXPECT_EQ(texts.config, "version = 3\n" + std::string(import_line));
}

// "drop-in config version 3 higher than root config version 2" is an error of containerd 2.3
// (LoadConfigWithPlugins in cmd/containerd/server/config/config.go), whose dump is of version 4.
TEST(Containerd, a_drop_in_is_never_of_a_newer_version_than_the_file) {
  ContainerdFiles files = with_drop_in("version = 2\n");
  files.dump =
      "version = 4\n[plugins.'io.containerd.cri.v1.runtime']\ncdi_spec_dirs = ['/etc/cdi']\n"
      "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n"
      "runtime_type = 'io.containerd.runc.v2'\noptions.SystemdCgroup = true\n";
  EXPECT_EQ(configured(files, plain).drop_in, R"(version = 2

[plugins]

  [plugins."io.containerd.grpc.v1.cri"]

    [plugins."io.containerd.grpc.v1.cri".containerd]

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes]

        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia]
          runtime_type = "io.containerd.runc.v2"

          [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia.options]
            BinaryName = "/usr/bin/nvidia-container-runtime"
            SystemdCgroup = true
)");
}

// The beginning of the example in containerd's docs/man/containerd-config.toml.5.md.
TEST(Containerd, a_document_of_version_4_has_its_server_in_plugins_as_well) {
  const std::string example = R"(version = 4

root = "/var/lib/containerd"
imports = ["/etc/containerd/runtime_*.toml", "./debug.toml"]

[plugins."io.containerd.server.v1.grpc"]
  address = "/run/containerd/containerd.sock"
)";
  const ContainerdTexts texts = configured(with_drop_in(example), everything);
  EXPECT_TRUE(
      texts.config.contains("\nimports = [\"/etc/containerd/runtime_*.toml\", \"./debug.toml\", "
                            "\"/etc/containerd/conf.d/*.toml\"]\n"));
  // Without enable_cdi, which containerd 2.2 deprecates because CDI is on.
  EXPECT_EQ(texts.drop_in, R"(version = 4

[plugins]

  [plugins."io.containerd.cri.v1.runtime"]

    [plugins."io.containerd.cri.v1.runtime".containerd]
      default_runtime_name = "nvidia"

      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes]

        [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.nvidia]
          privileged_without_host_devices = false
          runtime_type = "io.containerd.runc.v2"

          [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.nvidia.options]
            BinaryName = "/usr/bin/nvidia-container-runtime"
)");
  const std::string off = example + "[plugins.'io.containerd.cri.v1.runtime']\nenable_cdi=false\n";
  EXPECT_TRUE(configured(alone(off), everything).config.contains("enable_cdi=true\n"));
}

// The entry of runc in containerd's integration/client/testdata/default-1.7.toml, shortened.
TEST(Containerd, empty_options_that_containerd_2_does_not_know_are_not_inherited) {
  const std::string stock = R"(version = 2

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  privileged_without_host_devices = false
  runtime_engine = ""
  runtime_path = ""
  runtime_root = ""
  runtime_type = "io.containerd.runc.v2"
)";
  EXPECT_EQ(configured(alone(stock), plain).config, stock + R"(
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia]
privileged_without_host_devices = false
runtime_path = ""
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia.options]
BinaryName = "/usr/bin/nvidia-container-runtime"
)");
  // Those of somebody who still has runtime v1.
  const std::string used =
      "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\n"
      "runtime_type = 'io.containerd.runtime.v1.linux'\nruntime_root = '/r'\n";
  EXPECT_TRUE(
      configured(with_drop_in(used), plain)
          .drop_in->contains("runtimes.nvidia]\n          runtime_root = \"/r\"\n"
                             "          runtime_type = \"io.containerd.runtime.v1.linux\""));
}

// NVIDIA's AddRuntime replaces an entry of the name by a copy of runc's.
TEST(Containerd, the_type_of_an_older_entry_does_not_stay) {
  const std::string entry =
      "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.nvidia]\n"
      "runtime_type = 'io.containerd.runtime.v1.linux'\n";
  const std::string runc =
      "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\nsnapshotter = 'x'\n";
  for (const std::string& before : {entry, entry + runc}) {
    EXPECT_FALSE(configured(with_drop_in(before), plain).drop_in->contains("v1.linux"));
    EXPECT_TRUE(configured(with_drop_in(before), plain).drop_in->contains("io.containerd.runc.v2"));
  }
}

TEST(Containerd, imports_that_name_the_drop_in_already_stay) {
  for (const std::string_view import :
       {"/etc/containerd/conf.d/*.toml", "/etc/containerd/conf.d/99-nvidia.toml", "conf.d/*.toml",
        "/etc/containerd/../containerd/conf.d/*.toml"}) {
    const std::string config = "imports = ['/a', '" + std::string(import) + "']\nversion = 2\n";
    EXPECT_EQ(configured(with_drop_in(config), plain).config, config);
  }
  EXPECT_EQ(configured(with_drop_in("version = 2\nimports = ['/a'] # b\n"), plain).config,
            "version = 2\nimports = [\"/a\", \"/etc/containerd/conf.d/*.toml\"] # b\n");
}

TEST(Containerd, a_drop_in_that_the_directorys_pattern_does_not_fit_is_imported_itself) {
  for (const std::string drop_in : {"/etc/containerd/nvidia.toml", "/x/nvidia.conf"}) {
    ContainerdFiles files = with_drop_in("");
    files.drop_in_path = drop_in;
    EXPECT_EQ(configured(files, plain).config, "version = 2\nimports = [\"" + drop_in + "\"]\n");
  }
}

TEST(Containerd, a_second_time_changes_nothing) {
  const ContainerdTexts first = configured(with_drop_in(""), everything);
  ContainerdFiles files = with_drop_in(first.config);
  files.drop_in = *first.drop_in;
  const ContainerdTexts second = configured(files, everything);
  EXPECT_EQ(second.config, first.config);
  EXPECT_EQ(second.drop_in, first.drop_in);
}

// [LIMIT] NVIDIA's toolkit loses comments.
TEST(Containerd, comments_and_order_of_the_file_stay) {
  EXPECT_EQ(
      configured(with_drop_in("# mine\nversion = 2 # two\n\n[debug]\n# loud\nlevel='x'\n"), plain)
          .config,
      "# mine\nversion = 2 # two\n" + std::string(import_line) + "\n[debug]\n# loud\nlevel='x'\n");
}

// [LIMIT] NVIDIA's toolkit writes the document of version 1 to the drop-in's path, where nothing
// reads it.
TEST(Containerd, a_document_of_version_1_is_changed_itself) {
  const std::string before = "[plugins.cri.containerd.runtimes.runc]\nruntime_type = \"x\"\n";
  const ContainerdTexts texts = configured(with_drop_in(before), everything);
  EXPECT_EQ(texts.drop_in, std::nullopt);
  EXPECT_EQ(texts.config, before + R"(
[plugins.cri]
enable_cdi = true

[plugins.cri.containerd]
default_runtime_name = "nvidia"

[plugins.cri.containerd.runtimes.nvidia]
runtime_type = "x"

[plugins.cri.containerd.runtimes.nvidia.options]
Runtime = "/usr/bin/nvidia-container-runtime"
BinaryName = "/usr/bin/nvidia-container-runtime"
)");
}

// [LIMIT] NVIDIA's toolkit exits with 0 and nothing takes effect.
TEST(Containerd, a_disabled_plugin_is_an_error) {
  EXPECT_EQ(error_of(with_drop_in("disabled_plugins = [\"cri\"]\n")),
            "error: /etc/containerd/config.toml: disabled_plugins disables cri, so a runtime would "
            "have no effect");
  EXPECT_EQ(
      error_of(with_drop_in("version = 3\ndisabled_plugins = ['x', "
                            "'io.containerd.cri.v1.runtime']\n")),
      "error: /etc/containerd/config.toml: disabled_plugins disables io.containerd.cri.v1.runtime, "
      "so a runtime would have no effect");
}

// [LIMIT] NVIDIA's toolkit writes the file twice, and the second time loses the runtime.
TEST(Containerd, without_a_drop_in_everything_goes_into_the_file) {
  const std::string before = "version = 2\n# mine\n[grpc]\naddress = \"x\"\n";
  const ContainerdTexts texts = configured(alone(before), plain);
  EXPECT_EQ(texts.drop_in, std::nullopt);
  EXPECT_TRUE(texts.config.starts_with(before));
  EXPECT_TRUE(texts.config.ends_with(
      "\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.nvidia.options]\n"
      "BinaryName = \"/usr/bin/nvidia-container-runtime\"\n"));
  EXPECT_EQ(configured(alone(texts.config), plain).config, texts.config);
}

TEST(Containerd, options_of_an_entry_of_the_name_stay) {
  const std::string before =
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.nvidia]\n"
      "pod_annotations = [\"a*\"]\noptions.BinaryName = \"/old\"\n";
  const std::string after = configured(alone(before), plain).config;
  EXPECT_TRUE(after.contains("pod_annotations = [\"a*\"]\n"));
  EXPECT_TRUE(after.contains("options.BinaryName = \"" + program + "\"\n"));
}

// [LIMIT] NVIDIA's toolkit crashes on a malformed file with --config-source=command.
TEST(Containerd, malformed_documents_are_errors_with_their_position) {
  ContainerdFiles files = with_drop_in("version = 2\n[plugins\n");
  files.dump = "version = 2\n";
  EXPECT_TRUE(error_of(files).starts_with("error: /etc/containerd/config.toml: line 2, column"));
  files.config = "version = 2\n";
  files.dump = "?";
  EXPECT_TRUE(error_of(files).starts_with("error: containerd config dump: line 1, column"));
}

TEST(Containerd, wrong_types_are_errors_with_their_line) {
  EXPECT_EQ(error_of(with_drop_in("version = \"2\"\n")),
            "error: /etc/containerd/config.toml: line 1: version is a string, not 1, 2, 3, ...");
  EXPECT_EQ(error_of(with_drop_in("version = 2\nimports = \"a\"\n")),
            "error: /etc/containerd/config.toml: line 2: imports is a string, not a list of "
            "strings");
  EXPECT_EQ(error_of(with_drop_in("version = 2\n\nplugins = 1\n")),
            "error: /etc/containerd/config.toml: line 3: plugins is an integer, not a table");
  EXPECT_EQ(
      error_of(with_drop_in("version = 2\n[plugins]\n'io.containerd.grpc.v1.cri' = []\n")),
      "error: /etc/containerd/config.toml: line 3: plugins.\"io.containerd.grpc.v1.cri\" is a "
      "list, not a table");
}

TEST(Containerd, a_drop_in_with_other_settings_is_left_alone) {
  ContainerdFiles files = with_drop_in("version = 2\n");
  files.drop_in = "version = 2\n[debug]\nlevel = 'x'\n";
  EXPECT_EQ(error_of(files),
            "error: /etc/containerd/conf.d/99-nvidia.toml: line 2: has other settings than the CRI "
            "plugin's, \"debug\"");
}

// See ChangeDocument.is_left_alone_when_two_readers_disagree.
TEST(Containerd, a_document_that_two_readers_read_differently_is_left_alone) {
  const std::string odd = "version = 2\n[a]\nx = 1e400\n";
  for (const ContainerdFiles& files : {with_drop_in(odd), alone(odd)}) {
    const std::string error = error_of(files);
    EXPECT_TRUE(error.starts_with("error: /etc/containerd/config.toml: toml++, which reads it"))
        << error;
  }
}

}  // namespace
}  // namespace nvbox::engine
