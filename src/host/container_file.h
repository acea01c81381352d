// The one reader of files that an image brings. A link in an image can lead to a volume or to
// procfs, and who reads here is root: what may be read is decided on a descriptor of O_PATH, before
// anything is opened for reading, because opening alone can start a device or wait for ever.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/root.h"
#include "sys/fd.h"

namespace nvbox::host {

struct ContainerFile {
  sys::Fd fd{};  // for reading; never blocks
  struct stat status {};
};

// The status of what a descriptor of O_PATH stands for; an error unless open_found_file() may open
// it. For a reader who has to open it by another way.
Result<struct stat> status_of_data(int found);

// Opens what a descriptor of O_PATH stands for, if it is a regular file of a file system that holds
// data: not of proc, sysfs, cgroup or another one whose files are the kernel's answers. On whatever
// mount it is, so not for text; of libraries, which may lie on volumes, only ELF headers are read.
Result<ContainerFile> open_found_file(int found);

// Opens a file for text: open_found_file() for what is on the mount of the root itself, links
// within it followed. nullopt when it does not exist. A file on another mount (a volume, /proc) is
// EXDEV: it is as good as absent, and worth a line in the log.
Result<std::optional<ContainerFile>> open_container_file(const Root& root, std::string_view path);

struct ContainerText {
  std::string text{};
  struct stat status {};  // of the file, behind links
};

// The whole text of open_container_file(). EFBIG beyond `limit` bytes.
Result<std::optional<ContainerText>> read_container_text(const Root& root, std::string_view path,
                                                         size_t limit);

// Makes `path` a file with `text` that nobody can read who could not read `source`: with its mode
// and owner, whatever is at `path` now. EPERM when it cannot be given that owner.
Result<> write_container_text(const Root& root, std::string_view path, std::string_view text,
                              const struct stat& source);

}  // namespace nvbox::host
