// What every program of the multi-call binary is made of.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "host/environment.h"

namespace nvbox::applets {

// How one program was called.
struct Call {
  std::string_view name;                        // of the applet, as in the table
  std::span<const std::string_view> arguments;  // without the program's name
  const host::Environment& environment;
  std::string_view host_root;  // the directory that the host's GPUs are looked for below
  // Where messages go; main writes the error that an applet returns there too.
  Log& log;
  // Prints the warnings that main keeps for the end; for who becomes another program before.
  std::function<void()> tell_warnings = [] {};
};

// Returns the exit status; an error is printed by main, which then exits with 1.
using Run = Result<int> (*)(const Call& call);

// What an installation may leave out. "core" starts containers; "cdi" is called by specifications
// of the Container Device Interface, and its link makes Docker 29.2 and later prefer that
// interface; "internal" is called by nvbox only and needs no link.
enum class Group { core, cdi, internal };

// Who calls an applet, which decides where its messages go and whose word its environment is.
enum class Caller {
  host,            // people, scripts and engines
  runtime,         // a low-level runtime, for a hook outside the container's namespaces
  container_hook,  // a low-level runtime, for a hook inside the container's mount namespace
  tool,            // anybody, through command_tree.h, which has a log of its own
};

struct Applet {
  std::string_view name;
  Run run;
  Group group;
  std::string_view summary;  // one line for help
  Caller caller = Caller::host;
};

Result<int> run_nvbox(const Call& call);
Result<int> run_nvbox_hook(const Call& call);
Result<int> run_nvidia_cdi_hook(const Call& call);
Result<int> run_nvidia_container_cli(const Call& call);
Result<int> run_nvidia_container_runtime(const Call& call);
Result<int> run_nvidia_container_runtime_hook(const Call& call);
Result<int> run_nvidia_docker(const Call& call);
Result<int> run_nvidia_ctk(const Call& call);

// No applet of its own: nvbox install and nvbox uninstall.
Result<int> run_nvbox_install(const Call& call);

}  // namespace nvbox::applets
