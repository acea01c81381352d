// Finding files below a root with few system calls: names and their kinds come from one listing,
// and a directory that several names are looked up in is opened once.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/root.h"
#include "sys/fd.h"

namespace nvbox::host {

enum class EntryKind { file, directory, link, other };

// Calls `visit` with every name in an open directory but "." and "..", in the kernel's order. The
// name is valid during the call only.
using Visit = std::function<void(std::string_view name, EntryKind kind)>;
Result<> visit_entries(int directory, const Visit& visit);

// What a descriptor that was opened below the root is called there, every link resolved.
Result<std::string> path_below(const Root& root, int fd);

// Where programs are on a host, in the order of a usual PATH.
inline constexpr std::string_view usual_program_directories[] = {
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};

// The absolute directories of a PATH, and behind them the usual ones that it lacks: engines start
// runtimes with a short PATH. Each once.
std::vector<std::string> program_directories(std::string_view search_path);

// A program is a regular file with an execute bit.
enum class Sought { file, program, socket, directory };

struct Found {
  std::string place;  // directory and name as they were asked for
  std::string path;   // what that is, every link resolved

  bool operator==(const Found&) const = default;
};

class Locator {
 public:
  // `root` must outlive the locator.
  explicit Locator(const Root& root) : root_(root) {}

  // `name` (one component) in `directory` if it is what is sought, links followed below the root.
  // What a plain user may not look at counts as absent.
  Result<std::optional<Found>> find(std::string_view directory, std::string_view name,
                                    Sought sought);

  // The first of the directories that has it.
  Result<std::optional<Found>> find_first(std::span<const std::string> directories,
                                          std::string_view name, Sought sought);

 private:
  struct Folder {
    std::string name;  // as asked for
    sys::Fd fd;        // empty when there is no such directory
    std::string path;  // links resolved; empty until it is needed
  };

  Result<Folder*> folder(std::string_view directory);

  const Root& root_;
  std::vector<Folder> folders_;
};

}  // namespace nvbox::host
