#include "nvbox/install_survey.h"

#include <gtest/gtest.h>
#include <cerrno>

#include "host/root_write.h"
#include "support/make_host.h"
#include "support/open_watch.h"

namespace nvbox::applets::installation {
namespace {

using Packages = std::map<std::string, std::string>;
using test::Host;

TEST(InstallSurvey, FindsThePackageOfAPath) {
  const Host host(R"(
f /var/lib/dpkg/info/coreutils.list <<EOF
/bin/ls
EOF
f /var/lib/dpkg/info/libnvidia-container1:amd64.list <<EOF
/.
/usr/lib/x86_64-linux-gnu/libnvidia-container.so.1
EOF
f /var/lib/dpkg/info/base.postinst <<EOF
/usr/bin/nvidia-ctk
EOF
f /var/lib/dpkg/info/nvidia-container-toolkit-base.list <<EOF
/usr/bin/nvidia-ctk
/usr/bin/nvidia-ctk-more
EOF
)");
  const auto owners = package_owners(
      host.root(), {"/usr/bin/nvidia-ctk", "/usr/bin/ls", "/usr/local/bin/nvidia-ctk",
                    "/lib/x86_64-linux-gnu/libnvidia-container.so.1"});
  ASSERT_TRUE(owners);
  EXPECT_EQ(*owners,
            (Packages{{"/lib/x86_64-linux-gnu/libnvidia-container.so.1", "libnvidia-container1"},
                      {"/usr/bin/ls", "coreutils"},
                      {"/usr/bin/nvidia-ctk", "nvidia-container-toolkit-base"}}));
}

// open(2): opening a FIFO for reading lets its writer go on; opening a device can start it.
TEST(InstallSurvey, OpensNothingButRegularFiles) {
  const Host host("d /usr/bin\n");
  const std::string fifo = host.path() + "/usr/bin/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0644), 0);
  const test::OpenWatch watch(fifo);
  ASSERT_TRUE(watch.is_ready());
  EXPECT_FALSE(content_at(host.root(), "/usr/bin/fifo"));
  EXPECT_FALSE(watch.saw_an_open());
}

// proc(5): a read of /proc/kmsg takes the kernel's messages away from whoever they are for. This
// file of proc does no harm.
TEST(InstallSurvey, OpensNoFileOfProc) {
  const test::OpenWatch watch("/proc/version");
  ASSERT_TRUE(watch.is_ready());
  EXPECT_FALSE(content_at(host::Root::open("/").value(), "/proc/version"));
  EXPECT_FALSE(watch.saw_an_open());
}

TEST(InstallSurvey, NoPackagesWithoutDpkg) {
  const Host host("d /usr/bin\nf /var/lib/rpm/rpmdb.sqlite\n");
  const auto owners = package_owners(host.root(), {"/usr/bin/ls"});
  ASSERT_TRUE(owners);
  EXPECT_TRUE(owners->empty());
  EXPECT_TRUE(has_rpm_database(host.root()));
  EXPECT_FALSE(has_rpm_database(host.root("/usr")));
}

// Where dpkg and rpm have their databases: dpkg(1) and rpm's %{_dbpath}.
TEST(InstallSurvey, TellsWhatRemovesAnotherNvbox) {
  struct {
    std::string_view host;
    std::string_view lines;
  } const cases[] = {
      {"d /usr/bin\n", ""},
      {"x /usr/local/bin/nvbox\n", ""},
      {"x /usr/bin/nvbox\nf /var/lib/dpkg/info/nvbox.list <<EOF\n/usr/bin/nvbox\nEOF\n",
       "the nvbox in /usr/bin is of the package nvbox, which 'apt remove nvbox' removes\n"},
      {"x /usr/bin/nvbox\nf /var/lib/rpm/rpmdb.sqlite\n",
       "the nvbox in /usr/bin may be of a package that 'rpm -qf /usr/bin/nvbox' names\n"},
      {"x /usr/bin/nvbox\nx /opt/bin/nvbox\nf /opt/lib/nvbox/installed\n",
       "the nvbox in /usr/bin is of no package that dpkg knows, and of no 'nvbox install'\n"
       "the nvbox in /opt/bin is removed by 'nvbox uninstall --bindir=/opt/bin'\n"},
      // A link between two of the directories: they have one nvbox.
      {"x /usr/bin/nvbox\nl /usr/local/bin -> ../bin\n", ""},
      {"x /usr/bin/nvbox\nl /opt/bin -> ../usr/bin\n",
       "the nvbox in /usr/bin is of no package that dpkg knows, and of no 'nvbox install'\n"},
  };
  for (const auto& [text, lines] : cases) {
    const Host host(text);
    const auto others = other_installations(host.root(), "/usr/local/bin");
    ASSERT_TRUE(others) << text;
    EXPECT_EQ(*others, lines) << text;
  }
}

TEST(InstallSurvey, TellsWhyAnEngineUsesCdi) {
  const std::string directories[] = {"/usr/bin"};
  struct {
    std::string_view host;
    std::optional<std::string> reason;
  } const cases[] = {
      {"d /usr/bin\nd /etc/cdi\nf /etc/cdi/README\n", std::nullopt},
      {"x /usr/bin/podman\n", "podman is installed"},
      {"f /usr/bin/podman\n", std::nullopt},
      {"f /etc/docker/daemon.json <<EOF\n{\"features\": {\"cdi\": true}}\nEOF\n",
       "/etc/docker/daemon.json sets features.cdi"},
      {"f /etc/docker/daemon.json <<EOF\n{\"features\": {\"cdi\": false}}\nEOF\n", std::nullopt},
      {"f /etc/docker/daemon.json <<EOF\n{\"features\": 7\nEOF\n", std::nullopt},
      {"f /etc/cdi/nvidia.yaml\n", "/etc/cdi has a specification"},
      {"l /var/run -> /run\nf /run/cdi/nvidia.json\n", "/var/run/cdi has a specification"},
  };
  for (const auto& [text, reason] : cases) {
    const Host host(text);
    EXPECT_EQ(cdi_engine(host.root(), directories), reason) << text;
  }
}

TEST(InstallSurvey, SeesFilesLinksAndWhatWasSaved) {
  const Host host(R"(
f /b/file <<EOF
text
EOF
l /b/link -> nowhere
d /b/directory
f /b/saved
f /b/saved.nvbox-saved
f /b/same
)");
  const host::Root root = host.root();
  ASSERT_TRUE(host::keep_as(root, "/b/same", "/b/same.nvbox-saved"));
  const auto seen =
      look_at(root, {"/b/file", "/b/link", "/b/directory", "/b/saved", "/b/same", "/b/none"});
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->at("/b/file").type, Present::Type::file);
  EXPECT_EQ(seen->at("/b/file").hash, content_hash("text\n"));
  EXPECT_EQ(seen->at("/b/link").type, Present::Type::link);
  EXPECT_EQ(seen->at("/b/link").hash, content_hash("nowhere"));
  EXPECT_EQ(seen->at("/b/directory").type, Present::Type::other);
  EXPECT_EQ(seen->at("/b/saved").saved, Present::Saved::other);
  EXPECT_EQ(seen->at("/b/same").saved, Present::Saved::same);
  EXPECT_EQ(seen->at("/b/none").type, Present::Type::nothing);
}

TEST(InstallSurvey, DirectoriesThatAreMissingAreParentsFirst) {
  const Host host("d /opt\n");
  EXPECT_EQ(
      missing_directories(host.root(), {"/opt/bin/nvbox", "/opt/lib/nvbox/installed"}).value(),
      (std::vector<std::string>{"/opt/bin", "/opt/lib", "/opt/lib/nvbox"}));
}

TEST(InstallSurvey, TheUsualPlaceIsTheFirstChoice) {
  const Host host("d /usr\n");
  const auto place = default_place(host.root());
  ASSERT_TRUE(place);
  EXPECT_EQ(place->bindir, "/usr/local/bin");
  EXPECT_FALSE(place->note);
}

TEST(InstallSurvey, AFileInThePlaceOfADirectoryIsAnError) {
  const Host host("f /usr/local\n");
  const auto place = default_place(host.root());
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().code(), ENOTDIR);
}

}  // namespace
}  // namespace nvbox::applets::installation
