#include "engine/bundled_containerd.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace nvbox::engine {
namespace {

namespace fs = std::filesystem;

class BundledContainerdTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "nvbox-bundled-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  void write(const std::string& path, std::string_view text) const {
    fs::create_directories((directory_ / path).parent_path());
    std::ofstream(directory_ / path) << text;
  }
  Result<std::optional<BundledContainerd>> found() const {
    return find_bundled_containerd(host::Root::open(directory_).value());
  }

 private:
  fs::path directory_;
};

TEST_F(BundledContainerdTest, most_hosts_have_none) {
  EXPECT_FALSE(found().value());
}

TEST_F(BundledContainerdTest, k3s_that_imports_a_directory_gets_a_drop_in_there) {
  write("var/lib/rancher/k3s/agent/etc/containerd/config.toml",
        "version = 3\nimports = ['/x/*.toml', "
        "'/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/*.toml']\n");
  const auto k3s = found().value();
  ASSERT_TRUE(k3s);
  EXPECT_EQ(k3s->name, "k3s");
  EXPECT_EQ(k3s->config, "/var/lib/rancher/k3s/agent/etc/containerd/config.toml");
  EXPECT_EQ(k3s->drop_in,
            "/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/99-nvidia.toml");
}

TEST_F(BundledContainerdTest, rke2_that_imports_nothing_is_an_error_with_the_way_out) {
  write("var/lib/rancher/rke2/agent/etc/containerd/config.toml", "version = 2\n");
  const auto rke2 = found();
  ASSERT_FALSE(rke2);
  EXPECT_EQ(rke2.error().full_message(),
            "rke2 writes /var/lib/rancher/rke2/agent/etc/containerd/config.toml anew at each start "
            "and imports nothing into it; restart rke2, which adds nvidia-container-runtime by "
            "itself when it is in its PATH, and use the runtime class nvidia; --config names "
            "another file");
}

TEST_F(BundledContainerdTest, the_template_of_microk8s_is_changed_itself) {
  write("var/snap/microk8s/current/args/containerd-template.toml", "root = \"${SNAP_COMMON}\"\n");
  const auto microk8s = found().value();
  ASSERT_TRUE(microk8s);
  EXPECT_EQ(microk8s->config, "/var/snap/microk8s/current/args/containerd-template.toml");
  EXPECT_FALSE(microk8s->drop_in);
}

TEST(BundledContainerd, files_are_known_by_their_place) {
  EXPECT_EQ(maker_of("/var/lib/rancher/k3s/agent/etc/containerd/config.toml"), "k3s");
  EXPECT_EQ(maker_of("/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl"), std::nullopt);
  EXPECT_TRUE(is_bundled("/var/snap/microk8s/current/args/containerd-template.toml"));
  EXPECT_FALSE(is_bundled("/etc/containerd/config.toml"));
}

}  // namespace
}  // namespace nvbox::engine
