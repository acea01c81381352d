#include "nvidia_docker/host.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "support/make_host.h"

namespace nvbox::applets::docker {
namespace {

// An environment of "NAME=value" texts.
class Variables {
 public:
  Variables(std::initializer_list<const char*> texts) : texts_(texts.begin(), texts.end()) {
    for (std::string& text : texts_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
  }
  host::Environment environment() const { return host::Environment(pointers_.data()); }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

TEST(DaemonOf, follows_dockers_order) {
  const std::pair<Route, Daemon> cases[] = {
      {{}, Daemon::system},
      {{.docker_host = "unix:///var/run/docker.sock"}, Daemon::system},
      {{.docker_host = "unix:///run/user/1000/docker.sock"}, Daemon::rootless},
      {{.docker_host = "unix:///srv/docker.sock"}, Daemon::other},
      {{.docker_host = "tcp://127.0.0.1:2375"}, Daemon::elsewhere},
      {{.docker_host = "ssh://gpu"}, Daemon::elsewhere},
      {{.docker_context = "gpu"}, Daemon::elsewhere},
      {{.chosen_context = "gpu"}, Daemon::elsewhere},
      {{.chosen_context = "rootless"}, Daemon::rootless},
      {{.docker_context = "default", .chosen_context = "gpu"}, Daemon::system},
      {{.docker_host = "unix:///run/docker.sock", .chosen_context = "gpu"}, Daemon::system},
      {{.globals = {.host = "unix:///run/docker.sock"}, .docker_host = "tcp://h"}, Daemon::system},
      {{.globals = {.host = "h:1"}}, Daemon::elsewhere},
      {{.globals = {.context = "gpu"}, .docker_host = "unix:///run/docker.sock"},
       Daemon::elsewhere},
      {{.globals = {.context = "default"}, .docker_host = "tcp://h", .chosen_context = "gpu"},
       Daemon::elsewhere},
  };
  for (size_t i = 0; i < std::size(cases); ++i) {
    EXPECT_EQ(daemon_of(cases[i].first), cases[i].second) << "case " << i;
  }
}

TEST(ChosenContext, is_in_dockers_configuration) {
  const test::Host host(R"(
f /home/u/.docker/config.json <<EOF
{"auths": {}, "currentContext": "gpu"}
EOF
f /other/config.json <<EOF
{"currentContext": "far"}
EOF
f /broken/config.json <<EOF
{
EOF
)");
  const host::Root root = host.root();
  const Variables home{"HOME=/home/u"};
  const Variables other{"HOME=/home/u", "DOCKER_CONFIG=/other"};
  const Variables nothing{};
  EXPECT_EQ(chosen_context(root, {}, home.environment()), "gpu");
  EXPECT_EQ(chosen_context(root, {}, other.environment()), "far");
  EXPECT_EQ(chosen_context(root, {.config = "/home/u/.docker"}, other.environment()), "gpu");
  EXPECT_EQ(chosen_context(root, {.config = "/broken"}, home.environment()), "");
  EXPECT_EQ(chosen_context(root, {.config = "other"}, home.environment()), "");
  EXPECT_EQ(chosen_context(root, {}, nothing.environment()), "");
}

// A line of a host's text: a file with one line in it.
std::string file(std::string_view path, std::string_view content) {
  return cat("f ", path, " <<EOF\n", content, "\nEOF\n");
}

Choice choose(std::string_view text, Daemon daemon = Daemon::system) {
  const test::Host host(text);
  const Variables variables{"HOME=/home/u", "PATH=here:/usr/bin"};
  return choose_mode(host.root(), daemon, variables.environment());
}

constexpr std::string_view hook_program = "x /usr/bin/nvidia-container-runtime-hook\n";
const std::string specification = file("/etc/cdi/nvidia.yaml", "kind: nvidia.com/gpu");

TEST(ChooseMode, prefers_a_runtime_that_the_daemon_knows) {
  const std::string knows =
      file("/etc/docker/daemon.json", R"({"runtimes": {"nvidia": {"path": "x"}}})");
  EXPECT_EQ(choose(knows + specification), Choice{});
  const std::string knows_another =
      file("/etc/docker/daemon.json", R"({"runtimes": {"runsc": {"path": "x"}}})");
  EXPECT_EQ(choose(knows_another + specification).mode, Injection::cdi);
}

TEST(ChooseMode, takes_cdi_where_there_is_no_runtime) {
  EXPECT_EQ(choose(file("/var/run/cdi/a.json", R"({"kind":"nvidia.com/gpu"})")),
            (Choice{Injection::cdi,
                    "/etc/docker/daemon.json has no runtime nvidia, /var/run/cdi/a.json is a CDI "
                    "specification"}));
}

TEST(ChooseMode, takes_the_hook_where_there_is_no_cdi) {
  const Choice hook = {Injection::gpus,
                       "/etc/docker/daemon.json has no runtime nvidia, there is "
                       "/usr/bin/nvidia-container-runtime-hook"};
  EXPECT_EQ(choose(hook_program), hook);
  const std::string not_ours[] = {
      file("/etc/cdi/a.json", R"({"kind":"k8s.device-plugin.nvidia.com/gpu"})"),
      file("/etc/cdi/a.yaml", "kind: nvidia.com/gpu-net"),
      file("/etc/cdi/nvidia.txt", "kind: nvidia.com/gpu"),
      specification + file("/etc/docker/daemon.json", R"({"features": {"cdi": false}})"),
  };
  for (const std::string& text : not_ours) EXPECT_EQ(choose(cat(hook_program, text)), hook) << text;
}

TEST(ChooseMode, stays_with_the_runtime_where_nothing_is_known) {
  EXPECT_EQ(choose(""), Choice{});
  EXPECT_EQ(choose(specification, Daemon::elsewhere), Choice{});
  EXPECT_EQ(choose(specification, Daemon::other), Choice{});
  EXPECT_EQ(choose(specification + file("/etc/docker/daemon.json", "{")), Choice{});
}

TEST(ChooseMode, reads_the_rootless_daemons_own_file) {
  const std::string knows =
      file("/home/u/.config/docker/daemon.json", R"({"runtimes": {"nvidia": {"path": "x"}}})");
  EXPECT_EQ(choose(knows + specification, Daemon::rootless), Choice{});
  EXPECT_EQ(choose(knows + specification, Daemon::system).mode, Injection::cdi);
}

}  // namespace
}  // namespace nvbox::applets::docker
