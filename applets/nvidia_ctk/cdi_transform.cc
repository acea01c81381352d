// nvidia-ctk cdi transform root.
#include <unistd.h>

#include "base/text.h"
#include "nvidia_ctk/cdi.h"
#include "spec/cdi_transform.h"
#include "sys/file.h"

namespace nvbox::applets::ctk_cdi {
namespace {

struct Settings {
  std::string input = "-";
  std::string output{};
  std::string from{};
  std::string to{};
  std::string relative_to = "host";
};

constexpr cli::Flag<Settings> flags[] = {
    {{"input", "", "File to read the CDI specification from; - is standard input"},
     &Settings::input},
    {{"output", "", "File to write it to; standard output if empty"}, &Settings::output},
    {{"from", "", "Root that paths lie below now"}, &Settings::from},
    {{"to", "", "Root that they are to lie below"}, &Settings::to},
    {{"relative-to", "", "Whose paths are transformed: host or container"}, &Settings::relative_to},
};

Result<spec::PathsOf> side_of(std::string_view word) {
  if (word == "host") return spec::PathsOf::host;
  if (word == "container") return spec::PathsOf::container;
  return Error(cat("invalid --relative-to value: ", excerpt(word))).hint("it is host or container");
}

Result<std::string> read_input(const std::string& path) {
  if (path == "-") return sys::read_all(STDIN_FILENO, most_bytes).in("standard input");
  const std::string here = NVBOX_TRY(working_directory());
  auto text = NVBOX_TRY(read_file(path.starts_with('/') ? path : cat(here, "/", path)));
  if (!text) return Error(cat(path, " does not exist"));
  return *std::move(text);
}

}  // namespace

Result<int> run_transform_root(const Invocation& invocation) {
  const auto line = NVBOX_TRY(parse_command<Settings>(invocation, flags));
  if (line.exit_status) return *line.exit_status;
  const Settings& settings = line.settings;
  const spec::PathsOf side = NVBOX_TRY(side_of(settings.relative_to));
  const std::string here = NVBOX_TRY(working_directory());
  const Output output = output_for(settings.output, std::nullopt, here);
  const std::string text = NVBOX_TRY(read_input(settings.input));
  spec::CdiSpec spec = NVBOX_TRY(parse_text(text).in(settings.input));
  spec::transform_root(spec, settings.from, settings.to, side);
  NVBOX_TRY(spec::validate_cdi(spec));
  const std::string transformed =
      NVBOX_TRY(encode(std::move(spec), output.format, spec::read_stamp(text)));
  NVBOX_TRY(write_output(output, transformed));
  return 0;
}

}  // namespace nvbox::applets::ctk_cdi
