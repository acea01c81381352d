#include "nvbox/install_callers.h"

#include <gtest/gtest.h>

#include "support/make_host.h"

namespace nvbox::applets::installation {
namespace {

using Strings = std::vector<std::string>;
using test::Host;

const std::set<std::string> gone = {"/opt/bin/nvidia-cdi-hook", "/opt/bin/nvidia-container-runtime",
                                    "/etc/systemd/system/nvidia-cdi-refresh.service"};

TEST(InstallCallers, AreWholePaths) {
  EXPECT_TRUE(names_any("path: /opt/bin/nvidia-cdi-hook\n", gone));
  EXPECT_TRUE(names_any("{\"path\":\"/opt/bin/nvidia-cdi-hook\"}", gone));
  EXPECT_TRUE(names_any("/opt/bin/nvidia-cdi-hook-2 /opt/bin/nvidia-cdi-hook", gone));
  EXPECT_FALSE(names_any("path: /host/opt/bin/nvidia-cdi-hook\n", gone));
  EXPECT_FALSE(names_any("path: /opt/bin/nvidia-cdi-hook.real\n", gone));
}

// systemd.exec(5), EnvironmentFile=: quotes around a value are taken off, and the last value
// counts.
TEST(InstallCallers, SpecificationsAreThoseOfTheUnit) {
  const Host host(R"(
f /var/run/cdi/nvidia.yaml <<EOF
path: /usr/bin/nvidia-cdi-hook
EOF
f /var/run/cdi/nvidia.coherent.yaml <<EOF
path: /opt/bin/nvidia-cdi-hook
EOF
f /etc/cdi/gpu.json <<EOF
"path": "/opt/bin/nvidia-cdi-hook"
EOF
f /etc/cdi/mine.json <<EOF
"path": "/opt/bin/nvidia-cdi-hook"
EOF
f /etc/nvidia-container-toolkit/nvidia-cdi-refresh.env <<EOF
NVIDIA_CTK_CDI_OUTPUT_FILE_PATH=/etc/cdi/mine.json
NVIDIA_CTK_CDI_OUTPUT_FILE_PATH="/etc/cdi/gpu.json"
EOF
)");
  const auto found = made_specifications(host.root(), gone);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (Strings{"/var/run/cdi/nvidia.coherent.yaml", "/etc/cdi/gpu.json"}));
}

TEST(InstallCallers, ABareNameIsOfWhoeverIsLeft) {
  const std::string configuration =
      "f /etc/docker/daemon.json <<EOF\n\"path\": \"nvidia-container-runtime\"\nEOF\n";
  const Host alone(configuration);
  const auto note = callers_note(alone.root(), gone);
  ASSERT_TRUE(note);
  EXPECT_TRUE(note->starts_with("/etc/docker/daemon.json still names programs")) << *note;
  const Host beside(configuration + "x /usr/bin/nvidia-container-runtime\n");
  const auto none = callers_note(beside.root(), gone);
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, "");
}

TEST(InstallCallers, UnitsAreNamedWhereTheyAreEnabled) {
  const std::string link =
      "l /etc/systemd/system/multi-user.target.wants/nvidia-cdi-refresh.path "
      "-> /etc/systemd/system/nvidia-cdi-refresh.path\n";
  const Host enabled(link);
  const auto note = callers_note(enabled.root(), gone);
  ASSERT_TRUE(note);
  EXPECT_EQ(*note,
            "to forget the units, too: systemctl disable nvidia-cdi-refresh.path "
            "nvidia-cdi-refresh.service\n");
  const auto none = callers_note(enabled.root(), {"/opt/bin/nvidia-ctk"});
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, "");
}

}  // namespace
}  // namespace nvbox::applets::installation
