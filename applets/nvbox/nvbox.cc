// The binary under its own name: what is in it. `nvbox NAME` is resolved before this runs.
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/version.h"
#include "manuals.h"
#include "sys/file.h"
#include "table.h"

namespace nvbox::applets {
namespace {

// The shells' and toybox's status for a command that does not exist.
constexpr int no_such_applet = 127;

Result<int> print(const std::string& text) {
  NVBOX_TRY(sys::write_all(STDOUT_FILENO, text).in("standard output"));
  return 0;
}

std::string list() {
  std::string text;
  for (const Applet& applet : all_applets()) {
    text += cat(applet.name, " ", name_of(applet.group), "\n");
  }
  return text;
}

std::string help() {
  std::string text =
      "Usage: nvbox NAME [ARGUMENT...]   run one of the programs below\n"
      "       nvbox cdi COMMAND          the same as nvidia-ctk cdi COMMAND\n"
      "       nvbox install | uninstall  put this binary and its links into a directory\n"
      "       nvbox --list               print their names and groups\n"
      "       nvbox --man NAME           print the manual page of one\n"
      "       nvbox --completion SHELL   print the completion script for bash or zsh\n"
      "       nvbox --version | --help\n"
      "\n"
      "A link to this file that has the name of a program is that program.\n"
      "\n";
  for (const Applet& applet : all_applets()) {
    const size_t width = 34;
    text += cat("  ", applet.name, std::string(width - std::min(width, applet.name.size()), ' '),
                applet.summary, "\n");
  }
  return text;
}

std::string version_text() {
  std::string text = cat("nvbox version ", version(), "\n");
  if (!commit().empty()) text += cat("commit: ", commit(), "\n");
  return text;
}

// --man NAME or --man=NAME; "" for what is not there.
std::pair<std::string_view, std::string_view> option_and_value(
    std::span<const std::string_view> arguments) {
  if (arguments.empty()) return {};
  const std::string_view word = arguments.front();
  const size_t equals = word.find('=');
  if (equals != std::string_view::npos) return {word.substr(0, equals), word.substr(equals + 1)};
  return {word, arguments.size() > 1 ? arguments[1] : std::string_view()};
}

int complain(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Applet& applet : all_applets()) names.push_back(applet.name);
  const auto near = did_you_mean(name, names);
  const std::string advice =
      near ? cat("did you mean ", *near, "?") : "'nvbox --list' prints what there is";
  (void)sys::write_all(STDERR_FILENO, cat("nvbox: no applet ", quote(name), "; ", advice, "\n"));
  return no_such_applet;
}

}  // namespace

Result<int> run_nvbox(const Call& call) {
  const std::string_view first = call.arguments.empty() ? "--help" : call.arguments.front();
  if (first == "--list") return print(list());
  if (first == "--version" || first == "-v") return print(version_text());
  if (first == "--help" || first == "-h") return print(help());
  // "nvbox cdi refresh" in boot scripts of hosts without links.
  if (first == "cdi") return run_nvidia_ctk(call);
  if (first == "install" || first == "uninstall") return run_nvbox_install(call);
  const auto [option, value] = option_and_value(call.arguments);
  if (option == "--man") return print(NVBOX_TRY(manual_of(value.empty() ? "nvbox" : value)));
  if (option == "--completion") return print(NVBOX_TRY(completion_for(value)));
  return complain(first);
}

}  // namespace nvbox::applets
