// The manual pages of the programs, and what shells complete of their command lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/man.h"
#include "cli/pages.h"

namespace nvbox::applets {

// What the table of applets cannot tell about one of them.
struct Manual {
  std::string_view name;  // of the applet
  // Its options and commands; names and summary are the applet's.
  cli::CommandPage (*describe)();
  cli::ManualPage page;
};

// Of every applet, sorted by name.
std::span<const Manual> all_manuals();

// In the tables of their own files.
cli::CommandPage describe_nvidia_cdi_hook();
cli::CommandPage describe_nvidia_container_cli();
cli::CommandPage describe_nvidia_ctk();
cli::CommandPage describe_nvbox_install();

// An error when no applet has the name.
Result<std::string> manual_of(std::string_view applet);

// Its place below the directory of manual pages: "man1/nvbox.1".
std::string manual_file(const Manual& manual);

// An error when the shell is neither bash nor zsh.
Result<std::string> completion_for(std::string_view shell);

}  // namespace nvbox::applets
