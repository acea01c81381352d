// Directories of libraries, each listed once: the names in them that can matter to a driver.
#pragma once

#include <sys/types.h>

#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "driver/context.h"
#include "driver/driver_files.h"
#include "driver/library_directories.h"
#include "host/locate.h"
#include "sys/fd.h"

namespace nvbox::driver {

struct ScannedName {
  std::string name;
  bool is_link = false;
};

struct ScannedDirectory {
  std::string path;                      // below the driver root, links resolved
  std::vector<ScannedName> versioned{};  // lib*.so.VERSION
  // Names that fit a row of the scan's own-numbered ones, with the row's position.
  std::vector<std::pair<size_t, ScannedName>> own_numbered{};
  bool has_vdpau = false;  // a directory of that name
  sys::Fd fd{};

  // Whether there is a link of this name. Asked of the directory: it has hundreds, of which a few
  // are looked for. One that could not be opened has none.
  Result<bool> has_link(const std::string& name) const;
};

class LibraryScan {
 public:
  // `context` must outlive it.
  LibraryScan(const Context& context, std::string_view version,
              std::vector<LibraryRow> own_numbered);

  // Lists these directories and those below them, as far as that was not done before.
  void add(const std::vector<LibraryDirectory>& directories);

  // The directory at this path below the driver root; listed now where add() did not come by it.
  // Null when there is no such directory.
  const ScannedDirectory* directory(const std::string& path);

  // In the order in which they were listed. A deque, because directory() hands out pointers into
  // it.
  const std::deque<ScannedDirectory>& directories() const { return directories_; }

  const std::vector<LibraryRow>& own_numbered() const { return own_numbered_; }

  // Why the first directory that could not be listed could not; null when all were.
  const Error* first_failure() const { return failure_ ? &*failure_ : nullptr; }

  // That libcuda or libnvidia-ml are there of other versions than the wanted one; nullopt when they
  // are not.
  std::optional<Error> mismatch() const;

 private:
  struct Pending {
    std::string path;
    Below below;
    int depth;
  };

  const ScannedDirectory* scan(const Pending& wanted, std::vector<Pending>& below);
  void sort_in(std::string_view name, host::EntryKind kind, ScannedDirectory& directory);
  void note_failure(Error error);
  void note_other_version(std::string_view name);

  const Context& context_;
  std::string version_;
  std::string suffix_;  // ".so.VERSION"
  std::vector<LibraryRow> own_numbered_;
  std::deque<ScannedDirectory> directories_;
  std::vector<std::pair<std::string, const ScannedDirectory*>> asked_;
  // The same directory has several names where /lib is a link to /usr/lib.
  std::vector<std::pair<std::pair<dev_t, ino_t>, const ScannedDirectory*>> known_;
  std::set<std::string> other_versions_;
  std::optional<Error> failure_;
};

}  // namespace nvbox::driver
