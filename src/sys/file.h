// Whole files, through descriptors of directories that the caller has already resolved.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/fd.h"

namespace nvbox::sys {

// Opens `path` for reading; O_CLOEXEC is always added. For paths of the host that are nobody's
// below a root (configuration named by the operator, /proc/self/...).
Result<Fd> open_path(const std::string& path, int flags, mode_t mode = 0);

// Opens for reading what a descriptor of O_PATH stands for and `status` describes; waits for
// nothing. Empty with errno where that fails: ESTALE when /proc/self/fd leads to another file,
// because in a container's mount namespace /proc is what its runtime put there.
Fd reopen(int found, const struct stat& status);

// Everything from the current position on; EFBIG when there is more than `limit`.
Result<std::string> read_all(int fd, size_t limit);

Result<> write_all(int fd, std::string_view text);

// The text of the link `name` (one component) in `directory`; nullopt when it is not a link or
// cannot be read, and then errno says which.
std::optional<std::string> link_text(int directory, const std::string& name);

// Whether a new file is on the disk before it gets its name, so that a machine that loses its power
// has the old content or the new one. That takes milliseconds, tens of them on a busy disk.
enum class Flushed { yes, no };

// A file under construction beside its final place. Until commit() nobody sees it, and dropping it
// removes it; the old file stays whole on every failure.
class NewFile {
 public:
  // Creates a temporary file in `directory`; `name` is what it will become (one component).
  // `mode` is set exactly, whatever the umask.
  static Result<NewFile> create(int directory, std::string_view name, mode_t mode);
  NewFile(NewFile&&) noexcept = default;
  NewFile& operator=(NewFile&&) noexcept = default;
  ~NewFile();

  int fd() const { return file_.get(); }

  // Renames over `name`.
  Result<> commit(Flushed flushed = Flushed::yes);

 private:
  NewFile(Fd directory, std::string name, std::string temporary, Fd file);

  Fd directory_;
  std::string name_;
  std::string temporary_;
  Fd file_;
};

// `directory`/`name` := `text`, by a NewFile. Owner and mode of a file that is replaced are kept;
// otherwise `mode`.
Result<> replace_file(int directory, std::string_view name, std::string_view text, mode_t mode,
                      Flushed flushed = Flushed::yes);

}  // namespace nvbox::sys
