// Finding the libraries of a directory the way ldconfig does: which files count, what programs will
// ask for them as, and which of several versions is meant.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "host/elf.h"
#include "host/ld_so_conf.h"
#include "host/locate.h"
#include "host/root.h"
#include "sys/fd.h"

namespace nvbox::hook {

using LibraryNameSet = std::unordered_set<std::string_view>;

// The names in a directory that look like libraries', sorted.
struct LibraryNames {
  std::string directory{};
  sys::Fd fd{};
  std::vector<std::string> files{};
  std::vector<std::string> links{};

  bool contains(std::string_view name) const;
};

// Whether a file of this name can be a library or a loader.
bool is_library_name(std::string_view name);

struct FoundLibrary {
  std::string name{};  // what programs ask for
  std::string file{};  // the file in the directory that they shall get
  std::int32_t flags = 0;
  // The directory has no library called `name`.
  bool lacks_link = false;

  bool operator==(const FoundLibrary&) const = default;
};

class LibraryScanner {
 public:
  explicit LibraryScanner(const host::Root& container) : container_(container) {}

  // nullopt when there is no such directory. Beyond 100,000 names of libraries or a million others
  // in all, the rest is left out: an image can show one directory under any number of names.
  std::optional<LibraryNames> list(const std::string& directory);

  // The names in a glibc-hwcaps directory that may be directories for processors, sorted. No more
  // than 1024 in all; processors have some ten.
  std::vector<std::string> subdirectories(const std::string& directory);

  // The libraries in a directory except those with `known` names and the versioned files behind
  // known links, which are not opened.
  std::vector<FoundLibrary> scan(const LibraryNames& names, const LibraryNameSet& known);

  // What could not be looked at although it is there, and why; the first few.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  struct Library {
    std::string soname;
    std::int32_t flags;
  };

  std::optional<Library> inspect_file(const LibraryNames& names, const std::string& name);
  std::optional<Library> inspect_link(const LibraryNames& names, const std::string& name);
  Result<> visit(int directory, const host::Visit& visitor);
  std::optional<Library> look(const Result<sys::Fd>& found, const std::string& path);
  Result<std::optional<Library>> read_once(int found);
  void note(const Error& error);

  const host::Root& container_;
  size_t names_left_ = 100'000;
  size_t visits_left_ = 1'000'000;
  size_t subdirectories_left_ = 1024;
  // Most links lead to a file that was read already.
  std::map<host::DirectoryId, std::optional<Library>> read_;
  std::vector<std::string> problems_;
};

}  // namespace nvbox::hook
