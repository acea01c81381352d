// What a run made in a container, and how to take it back: backwards, and nothing that somebody
// else has changed or uses since.
#pragma once

#include <sys/stat.h>
#include <time.h>

#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "host/root.h"
#include "sys/fd.h"

namespace nvbox::apply {

class Journal {
 public:
  // Whether files are taken back as well as mounts. Not without the lock on a shared root file
  // system: removing a file takes what others have mounted over it with it.
  enum class Files { keep, remove };

  explicit Journal(Files files) : files_(files) {}

  void mounted(sys::Fd mount_root) { entries_.emplace_back(Mounted{std::move(mount_root)}); }

  // `name` in `directory` was made a moment ago.
  Result<> created(int directory, const std::string& name);

  // The file that was `name` has stepped aside and is called `former` now.
  Result<> replaced(int directory, const std::string& name, const std::string& former);

  // Somebody else's code may make `path` if nothing is there, and if a link there leads nowhere.
  void watch(const host::Root& root, const std::string& path);

  // Somebody else's code may make `path`, or replace what has that name. A file keeps a second name
  // until the end: what it says is never read, and it comes back with its mode and owner.
  void keep(const host::Root& root, const std::string& path);

  // Everything back, as far as possible.
  void undo();

  // Everything stays.
  void commit();

 private:
  struct Mounted {
    sys::Fd root;
  };
  struct Created {
    sys::Fd directory;
    std::string name;
    struct stat status;
  };
  struct Replaced {
    sys::Fd directory;
    std::string name;
    std::string former;
  };
  struct Watched {
    const host::Root* root;
    std::string path;
  };

  static Result<Created> describe(int directory, const std::string& name);
  static void undo_entry(const Mounted& entry);
  void undo_entry(const Created& entry) const;
  static void undo_entry(const Replaced& entry);
  void undo_entry(const Watched& entry) const;

  Files files_;
  std::vector<std::variant<Mounted, Created, Replaced, Watched>> entries_;
};

}  // namespace nvbox::apply
