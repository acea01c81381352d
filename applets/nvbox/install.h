// The commands of nvbox itself, besides those of its programs.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "command_tree.h"
#include "nvbox/install_plan.h"

namespace nvbox::applets::installation {

Result<int> run_install(const Invocation& invocation);
Result<int> run_uninstall(const Invocation& invocation);

// The value of an option for a directory of programs, without "..": an absolute path, on one line.
Result<std::string> checked_directory(std::string_view option, std::string_view given);

// Answers from what was seen before; `present` must live as long.
Look in_map(const std::map<std::string, Present>& present);

}  // namespace nvbox::applets::installation
