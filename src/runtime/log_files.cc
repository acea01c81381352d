#include "nvbox/runtime/log_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>

#include <algorithm>
#include <optional>
#include <utility>

#include "nvbox/base/path.h"
#include "nvbox/base/text.h"
#include "nvbox/sys/fd.h"
#include "nvbox/sys/file.h"

namespace nvbox::runtime {
namespace {

using Warnings = std::vector<std::string>;

Result<> make_parents(std::string_view file) {
  const std::string_view directory = path::parent(file);
  if (mkdir(std::string(directory).c_str(), 0755) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT || directory == path::parent(directory)) {
    return Error(cat("create directory ", directory), errno);
  }
  NVBOX_TRY(make_parents(directory));
  if (mkdir(std::string(directory).c_str(), 0755) == 0 || errno == EEXIST) return {};
  return Error(cat("create directory ", directory), errno);
}

Result<sys::Fd> open_log_file(const std::string& path) {
  // O_NONBLOCK: a FIFO that nobody reads must not hold up a container.
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK;
  Result<sys::Fd> file = sys::open_path(path, flags, 0644);
  if (file || file.error().code() != ENOENT) return file;
  NVBOX_TRY(make_parents(path));
  return sys::open_path(path, flags, 0644);
}

// A file that the first line opens. A failure is told once and ends the writing.
class LazyFile {
 public:
  LazyFile(std::string path, std::shared_ptr<Warnings> warnings)
      : path_(std::move(path)), warnings_(std::move(warnings)) {}

  void write(std::string_view line) {
    if (!tried_) open();
    if (!file_) return;
    const Result<> written = sys::write_all(file_.get(), line);
    if (!written) give_up(written.error());
  }

 private:
  void open() {
    tried_ = true;
    Result<sys::Fd> file = open_log_file(path_);
    if (!file) return give_up(file.error());
    file_ = std::move(file).value();
  }

  void give_up(const Error& error) {
    file_.reset();
    warnings_->push_back(cat("log file ", path_, " is not written: ", error.message()));
  }

  std::string path_;
  std::shared_ptr<Warnings> warnings_;
  sys::Fd file_;
  bool tried_ = false;
};

Level level_of(const config::Config::Runtime& settings, const CommandLine& line,
               Warnings& warnings) {
  if (line.debug) return Level::debug;
  if (const std::optional<Level> level = parse_level(settings.log_level)) return *level;
  warnings.push_back(cat("nvidia-container-runtime.log-level: unknown level ",
                         quote(settings.log_level), ", using info"));
  return Level::info;
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

RuntimeLog open_log(const config::Config::Runtime& settings, const CommandLine& line) {
  const auto warnings = std::make_shared<Warnings>();
  RuntimeLog out{.log = {}, .warnings = warnings};
  if (line.version) return out;
  out.log.set_level(level_of(settings, line, *warnings));
  const LogFormat format = line.log_json ? LogFormat::json : LogFormat::text;
  for (std::string& path : paths_of(settings, line)) {
    const auto file = std::make_shared<LazyFile>(std::move(path), warnings);
    out.log.add(format, [file](std::string_view text) { file->write(text); });
  }
  return out;
}

}  // namespace nvbox::runtime
