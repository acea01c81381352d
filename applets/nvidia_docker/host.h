// Which docker daemon a command goes to, and what this host's files tell about it. The daemon is
// not asked: that would take longer than everything else that nvidia-docker does.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/environment.h"
#include "host/root.h"
#include "nvidia_docker/command.h"

namespace nvbox::applets::docker {

// `other` runs on this host with an unknown configuration, `elsewhere` perhaps not even here.
enum class Daemon { system, rootless, other, elsewhere };

// What says which daemon docker talks to; "" is unset, as it is to docker.
struct Route {
  DockerOptions globals{};       // of the command line, or of NV_DOCKER
  std::string docker_host{};     // DOCKER_HOST
  std::string docker_context{};  // DOCKER_CONTEXT
  std::string chosen_context{};  // by "docker context use"
};

// In docker's order: --context, -H, DOCKER_HOST, DOCKER_CONTEXT, the chosen context.
Daemon daemon_of(const Route& route);

// The context in docker's own config.json; "" when there is none or the file cannot be read.
std::string chosen_context(const host::Root& host, const DockerOptions& globals,
                           const host::Environment& environment);

struct Choice {
  Injection mode = Injection::runtime;
  std::string reason{};  // why it is not Injection::runtime

  bool operator==(const Choice&) const = default;
};

// How to ask the daemon for GPUs: by the runtime when it knows it, else by CDI when there is a
// specification, else by --gpus when the hook is in PATH. When nothing of that is known the
// runtime, as nvidia-docker 2 does always.
Choice choose_mode(const host::Root& host, Daemon daemon, const host::Environment& environment);

}  // namespace nvbox::applets::docker
