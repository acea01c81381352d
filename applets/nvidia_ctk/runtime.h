// nvidia-ctk runtime: makes an engine know nvidia-container-runtime.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "command_tree.h"
#include "engine/files.h"

namespace nvbox::applets {

std::span<const CommandRow> runtime_commands();

}  // namespace nvbox::applets

namespace nvbox::applets::runtime_configure {

inline constexpr std::string_view runtime_name = "nvidia-container-runtime";

// The command line.
struct Settings {
  std::string engine = "docker";
  std::optional<std::string> config{};
  std::optional<std::string> drop_in{};
  std::string source = "file";
  std::string executable{};
  std::string mode{};
  std::string oci_hook_path{};
  std::string name = "nvidia";
  std::string runtime_path{runtime_name};
  std::string hook_path = "/usr/bin/nvidia-container-runtime-hook";
  bool set_as_default = false;
  bool enable_cdi = false;
  bool dry_run = false;
  bool rollback = false;
};

struct Engine;

// The files of this call: config and, where there is one, the drop-in.
struct Place {
  const Engine& engine;
  std::string config;
  std::optional<std::string> drop_in;
};

using Changes = std::vector<engine::FileChange>;

// What an engine needs.
struct Engine {
  std::string_view name;  // of its program, too
  std::string_view config;
  std::string_view drop_in;  // empty: it has none
  // Command lines, in which CONFIG stands for the file's path. The first of these that is installed
  // says what is in force; empty: only the files do.
  std::string_view source_commands[2];
  // In their place where there is no file, which they would miss; may be empty.
  std::string_view default_command;
  // Checks the files; empty: nothing does.
  std::string_view validator;
  // The CDI specification that --cdi.enabled writes for an engine that needs no switch for it.
  std::string_view specification;
  Result<Changes> (*configure)(const Place&, const Settings&, const Call&);
};

Result<const Engine*> find_engine(std::string_view name);

// Where the files are: what the command line says, or the engine's usual places, also of a
// containerd that k3s, RKE2 or MicroK8s brings.
Result<Place> find_place(const Engine& engine, const Settings& settings, const Call& call);

// The runtime's program for engines that want a path: NVIDIA's, or the one in PATH where that
// does not exist. On machines that are only prepared neither does.
std::string default_runtime_path(const Call& call);

// The newest cdiVersion that the Podman in PATH reads; empty for the current one.
std::string newest_cdi_version_of_podman(const Call& call);

// What is in force by the engine's own word; nullopt when only its files are asked for.
Result<std::optional<std::string>> ask_engine(const Place& place, const Settings& settings,
                                              const Call& call);

// Asks the engine whether it takes the files; no answer is a yes.
Result<> validate(const Place& place, const Settings& settings, const Call& call);

}  // namespace nvbox::applets::runtime_configure
