// What a container engine asks of an OCI runtime, read from the arguments the way runc and crun
// read them. Nothing is checked that the low-level runtime checks itself.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nvbox::runtime {

struct CommandLine {
  // The first word that is neither a global option nor its value: "create", "start", ...
  std::optional<std::string> command{};

  // From here on only filled for commands that create a container.
  std::optional<std::string> bundle{};  // the last --bundle
  std::optional<std::string> config{};  // crun's --config: the specification's file
  std::string container_id{};
  // A --bundle or --config, as written, that came last and without its value.
  std::optional<std::string> incomplete_option{};

  std::string log_path{};  // empty when there is no log file
  bool log_json = false;
  bool debug = false;
  bool version = false;
  bool help = false;

  // Whether the low-level runtime will read the bundle's specification to make a container of it.
  // `restore` does not count: its container was created, and edited, before.
  bool creates_container() const {
    return (command == "create" || command == "run") && !help && !version;
  }

  // The specification's file, relative to the current directory if its parts are. An error when an
  // option that decides it has no value.
  Result<std::string> spec_path() const;

  bool operator==(const CommandLine&) const = default;
};

// `arguments` are without the program's name. Never fails, so that whatever goes wrong later can be
// reported to the log file that the arguments name.
CommandLine parse_command_line(std::span<const std::string_view> arguments);

}  // namespace nvbox::runtime
