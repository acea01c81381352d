// A log is a value that main makes and hands down: a level and the places that lines go to.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nvbox {

enum class Level { error, warning, info, debug, trace };

// logrus' names, which config.toml and --log-level use: error fatal panic, warn warning, info, ...
// Unknown words give nullopt.
std::optional<Level> parse_level(std::string_view word);

enum class LogFormat {
  text,
  json,
  plain,  // "level: message", for people
};

// One line for a record, with its newline; the layouts of text and json are logrus' (time, level,
// msg), because engines parse the file given by --log. `time` is RFC 3339.
std::string log_line(LogFormat format, Level level, std::string_view time,
                     std::string_view message);

// The current time as RFC 3339 in UTC, to the second.
std::string rfc3339_now();

class Log {
 public:
  // Receives whole lines. A sink that cannot write drops them: logging never fails a start.
  using Sink = std::function<void(std::string_view line)>;

  // How much the sinks get that have no level of their own.
  void set_level(Level level) { level_ = level; }
  void add(LogFormat format, Sink sink) {
    outputs_.push_back({.format = format, .sink = std::move(sink)});
  }
  void add(LogFormat format, Level level, Sink sink) {
    outputs_.push_back({.format = format, .least = level, .sink = std::move(sink)});
  }
  // Records of this level alone.
  void add_only(LogFormat format, Level level, Sink sink) {
    outputs_.push_back({format, level, level, std::move(sink)});
  }

  // Whether a sink wants records of the level.
  bool enabled(Level level) const;
  void write(Level level, std::string_view message) const;
  void error(std::string_view message) const { write(Level::error, message); }
  void warning(std::string_view message) const { write(Level::warning, message); }
  void info(std::string_view message) const { write(Level::info, message); }
  void debug(std::string_view message) const { write(Level::debug, message); }

 private:
  struct Output {
    LogFormat format;
    Level worst = Level::error;
    std::optional<Level> least{};
    Sink sink{};
  };

  bool wants(const Output& output, Level level) const {
    return level >= output.worst && level <= output.least.value_or(level_);
  }

  Level level_ = Level::info;
  std::vector<Output> outputs_;
};

}  // namespace nvbox
