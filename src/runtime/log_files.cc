#include "runtime/log_files.h"

#include <algorithm>
#include <utility>

#include "sys/log_sinks.h"

namespace nvbox::runtime {
namespace {

using Warnings = std::vector<std::string>;

// A word that is no level is a warning of the configuration.
Level level_of(const config::Config::Runtime& settings, const CommandLine& line) {
  return line.debug ? Level::debug : parse_level(settings.log_level).value_or(Level::info);
}

std::vector<std::string> paths_of(const config::Config::Runtime& settings,
                                  const CommandLine& line) {
  std::vector<std::string> paths;
  for (const std::string& path : {settings.debug, line.log_path}) {
    if (path.empty() || path == "/dev/null") continue;
    if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
  }
  return paths;
}

}  // namespace

RuntimeLog open_log(Log base, const config::Config::Runtime& settings, const CommandLine& line) {
  const auto warnings = std::make_shared<Warnings>();
  RuntimeLog out{.log = std::move(base), .warnings = warnings};
  if (line.version) return out;
  const Level level = level_of(settings, line);
  const LogFormat format = line.log_json ? LogFormat::json : LogFormat::text;
  for (std::string& path : paths_of(settings, line)) {
    out.log.add(format, level, sys::log_file(std::move(path), [warnings](const Error& error) {
                  warnings->push_back(error.message());
                }));
  }
  return out;
}

}  // namespace nvbox::runtime
