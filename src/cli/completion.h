// Completion scripts for shells: what a command line may go on with, as tables in the shell's words
// and one function that finds its place in them.
#pragma once

#include <span>
#include <string>

#include "cli/pages.h"

namespace nvbox::cli {

// One that may be sourced or put into bash-completion's directory. The program called `starter`
// takes the names of the others as its first word: "nvbox nvidia-ctk cdi".
std::string bash_completion(std::string_view starter, std::span<const CommandPage> programs);

// The same as a file of zsh's fpath, or to be sourced behind compinit.
std::string zsh_completion(std::string_view starter, std::span<const CommandPage> programs);

}  // namespace nvbox::cli
