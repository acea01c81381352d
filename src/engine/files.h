// The files that configure an engine: read, changed all or none, and restored.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nvbox::engine {

// A file as it was when it was read.
struct ConfigurationFile {
  std::string path{};                 // absolute, as it was named
  std::string real_path{};            // behind symbolic links: this is what is replaced
  std::optional<std::string> text{};  // nullopt when there is no such file
};

// A link to nothing is an error: what it is for is known to whoever made it only.
Result<ConfigurationFile> read_configuration(std::string_view path);

struct FileChange {
  ConfigurationFile file;
  std::optional<std::string> text;  // nullopt: no such file

  bool changes() const { return text != file.text; }
};

// Whether what was there before the first change is kept for restored(), in a file beside the
// one that is changed: NAME.nvbox-before, or an empty NAME.nvbox-absent when there was none. Some
// engines read every file of a directory DIR.d, so there it is beside the directory: DIR.d-NAME.*.
enum class Keep { first, nothing };

// Makes the changes, in this order, and asks `check`. When one of them fails, or when a file is no
// longer what was read, everything is as it was before.
Result<> make_changes(std::span<const FileChange> changes, Keep keep,
                      const std::function<Result<>()>& check);

// The change that brings back what was kept; nullopt when nothing was.
Result<std::optional<FileChange>> restored(const ConfigurationFile& file);

// Removes what was kept, after it was restored.
Result<> forget(const ConfigurationFile& file);

}  // namespace nvbox::engine
