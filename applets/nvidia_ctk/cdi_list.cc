// nvidia-ctk cdi list: the devices of every specification on this host.
#include <nlohmann/json.hpp>
#include "base/text.h"
#include "config/cdi_registry.h"
#include "data/json.h"
#include "host/root.h"
#include "nvidia_ctk/cdi.h"

namespace nvbox::applets::ctk_cdi {
namespace {

struct Settings {
  std::vector<std::string> directories = default_spec_directories();
  std::string format = "text";
};

constexpr cli::Flag<Settings> flags[] = {
    {{"spec-dir", "NVIDIA_CTK_CDI_SPEC_DIRS", "Directory to look for CDI specifications in"},
     &Settings::directories},
    {{"format", "", "What is printed: text, or json with the file of each device"},
     &Settings::format},
};

Result<std::string> to_json(const config::CdiContents& contents) {
  data::Json rows = data::Json::array();
  for (const config::CdiDefinition& definition : contents.definitions) {
    rows.push_back({{"name", definition.name}, {"file", contents.files[definition.file].path}});
  }
  return cat(NVBOX_TRY(data::dump_json(rows)), "\n");
}

std::string to_text(const config::CdiContents& contents) {
  std::string text;
  for (const config::CdiDefinition& definition : contents.definitions) {
    text += cat(definition.name, "\n");
  }
  return text;
}

}  // namespace

Result<int> run_list(const Invocation& invocation) {
  const auto line = NVBOX_TRY(parse_command<Settings>(invocation, flags));
  if (line.exit_status) return *line.exit_status;
  const std::string& format = line.settings.format;
  if (format != "text" && format != "json") {
    return Error(cat("--format=", format, ": not a format")).hint("known are text and json");
  }
  const host::Root root = NVBOX_TRY(host::Root::open("/"));
  const config::CdiContents contents = config::load_all_cdi({root, line.settings.directories});
  for (const config::CdiProblem& problem : contents.problems) {
    invocation.call.log.warning(problem.text());
  }
  invocation.call.log.info(cat("Found ", contents.definitions.size(), " CDI devices"));
  const std::string text = format == "json" ? NVBOX_TRY(to_json(contents)) : to_text(contents);
  NVBOX_TRY(print(text));
  return 0;
}

}  // namespace nvbox::applets::ctk_cdi
