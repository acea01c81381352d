#include "apply/target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>

#include <optional>

#include "base/path.h"
#include "base/text.h"
#include "host/root_write.h"
#include "sys/file.h"

namespace nvbox::apply {
namespace {

using host::LeaveToChange;

constexpr mode_t permission_bits = 0777;

// A directory of a path, and the one component in it that the path means.
struct Place {
  sys::Fd directory;
  std::string name;
  std::string where;  // for messages
};

Result<Place> place_of(const host::Root& root, const std::string& path, Purpose purpose,
                       Journal& journal) {
  std::string where = path::join(root.path(), path);
  std::string name(path::base_name(path));
  if (name.empty() || name == "." || name == "..") {
    return Error(cat("file creation failed: ", where), EINVAL);
  }
  sys::Fd directory = NVBOX_TRY(make_directories(root, path::parent(path), purpose, journal));
  return Place{std::move(directory), std::move(name), std::move(where)};
}

Result<LeaveToChange> leave_for(Purpose purpose, const host::Root& root, const sys::Fd& directory,
                                const std::string& where) {
  if (purpose == Purpose::mount_target) return LeaveToChange::for_mount_target(directory.get());
  return LeaveToChange::take(root, directory.get()).in(cat("file creation failed: ", where));
}

Error explain(const Place& place, std::string_view what) {
  return Error(cat("file creation failed: ", place.where, " is ", what, " in the image"), EEXIST)
      .hint(
          "the image brings driver files of its own; build it without them, or remove this one "
          "from the container");
}

Result<sys::Fd> checked_file(const Place& place, sys::Fd target) {
  struct stat info {};
  if (fstat(target.get(), &info) != 0) return Error(cat("stat failed: ", place.where), errno);
  if (S_ISLNK(info.st_mode)) {
    return explain(place,
                   cat("a symbolic link to ",
                       quote(sys::link_text(place.directory.get(), place.name).value_or(""))));
  }
  if (S_ISDIR(info.st_mode)) return explain(place, "a directory");
  return target;
}

// nullopt when there is nothing.
Result<std::optional<sys::Fd>> open_place(const Place& place) {
  sys::Fd fd(openat(place.directory.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (fd) return std::optional(std::move(fd));
  if (errno == ENOENT) return std::nullopt;
  return Error(cat("open failed: ", place.where), errno);
}

// Somebody else may make the same file, or remove it, between a look and the next.
constexpr int most_attempts = 16;

std::string temporary_name(const std::string& name) {
  return cat(".", name, ".nvbox-", getpid());
}

// Puts a new link in the place of a file; the file gets the name that is returned.
Result<std::string> exchange_link(const Place& place, const std::string& target) {
  std::string former = temporary_name(place.name);
  const int directory = place.directory.get();
  unlinkat(directory, former.c_str(), 0);
  if (symlinkat(target.c_str(), directory, former.c_str()) != 0) {
    return Error(cat("link ", place.where), errno);
  }
  if (renameat2(directory, former.c_str(), directory, place.name.c_str(), RENAME_EXCHANGE) == 0) {
    struct stat info {};
    const bool was_directory =
        fstatat(directory, former.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(info.st_mode);
    if (!was_directory) return former;
    if (renameat2(directory, former.c_str(), directory, place.name.c_str(), RENAME_EXCHANGE) != 0) {
      return Error(cat("put back ", place.where), errno);
    }
    unlinkat(directory, former.c_str(), 0);
    return explain(place, "a directory");
  }
  // File systems that cannot exchange: the old file is lost, as with any program that replaces it.
  const bool is_unknown = errno == EINVAL || errno == ENOSYS;
  if (is_unknown && renameat(directory, former.c_str(), directory, place.name.c_str()) == 0) {
    return std::string();
  }
  const int failure = errno;
  unlinkat(directory, former.c_str(), 0);
  return Error(cat("link ", place.where), failure);
}

struct Node {
  mode_t mode;
  dev_t device;
  uid_t uid;
  gid_t gid;
};

Result<> set_access(const Place& place, const std::string& name, const Node& node) {
  const sys::Fd made(openat(place.directory.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!made || fstat(made.get(), &info) != 0) return Error("look at the new node", errno);
  if (info.st_rdev != node.device || (info.st_mode & S_IFMT) != (node.mode & S_IFMT)) {
    return Error("look at the new node", ESTALE);
  }
  // The umask took bits away, and the node may belong to a group.
  if (fchownat(made.get(), "", node.uid, node.gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0 ||
      chmod(sys::proc_path(made.get()).c_str(), node.mode & permission_bits) != 0) {
    return Error("set its access", errno);
  }
  return {};
}

// The node gets its name when it has its access: one that is there is taken as it is, by the next
// run too.
Result<> put_node(const Place& place, const Node& node) {
  const int directory = place.directory.get();
  const std::string temporary = temporary_name(place.name);
  unlinkat(directory, temporary.c_str(), 0);
  if (mknodat(directory, temporary.c_str(), node.mode, node.device) != 0) {
    return Error("make the node", errno);
  }
  Result<> done = set_access(place, temporary, node);
  if (done && renameat(directory, temporary.c_str(), directory, place.name.c_str()) != 0) {
    done = Error("rename the new node", errno);
  }
  if (!done) unlinkat(directory, temporary.c_str(), 0);
  return done;
}

}  // namespace

Result<sys::Fd> make_directories(const host::Root& root, std::string_view directory,
                                 Purpose purpose, Journal& journal) {
  const std::string where = path::join(root.path(), directory);
  const auto make = [&](const sys::Fd& parent, const std::string& name,
                        const std::string&) -> Result<> {
    const auto leave = NVBOX_TRY(leave_for(purpose, root, parent, where));
    const bool made = mkdirat(parent.get(), name.c_str(), host::directory_mode) == 0;
    if (!made && errno != EEXIST) return Error(cat("file creation failed: ", where), errno);
    return made ? journal.created(parent.get(), name) : Result<>();
  };
  return host::make_directories(root, directory, make);
}

Result<sys::Fd> file_target(const host::Root& root, const std::string& path, mode_t mode,
                            Journal& journal) {
  const Place place = NVBOX_TRY(place_of(root, path, Purpose::mount_target, journal));
  const auto leave = LeaveToChange::for_mount_target(place.directory.get());
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    std::optional<sys::Fd> existing = NVBOX_TRY(open_place(place));
    if (existing) return checked_file(place, *std::move(existing));
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const sys::Fd made(
        openat(place.directory.get(), place.name.c_str(), flags, mode & permission_bits));
    if (!made && errno != EEXIST) {
      return Error(cat("file creation failed: ", place.where), errno);
    }
    if (made) NVBOX_TRY(journal.created(place.directory.get(), place.name));
  }
  return Error(cat("file creation failed: ", place.where), EEXIST);
}

Result<sys::Fd> directory_target(const host::Root& root, const std::string& path,
                                 Journal& journal) {
  Result<sys::Fd> directory = make_directories(root, path, Purpose::mount_target, journal);
  if (directory || directory.error().code() != ENOTDIR) return directory;
  return std::move(directory).hint("the image has something else at the place of a directory");
}

Result<> make_link(const host::Root& root, const std::string& target, const std::string& link,
                   Journal& journal) {
  const Place place = NVBOX_TRY(place_of(root, link, Purpose::content, journal));
  const int directory = place.directory.get();
  if (sys::link_text(directory, place.name) == target) return {};
  const auto leave = NVBOX_TRY(leave_for(Purpose::content, root, place.directory, place.where));
  if (symlinkat(target.c_str(), directory, place.name.c_str()) == 0) {
    return journal.created(directory, place.name);
  }
  if (errno != EEXIST) return Error(cat("link ", place.where), errno);
  const std::string former = NVBOX_TRY(exchange_link(place, target));
  return former.empty() ? Result<>() : journal.replaced(directory, place.name, former);
}

Result<> make_container_node(const host::Root& root, const std::string& path, mode_t mode,
                             dev_t device, uid_t uid, gid_t gid, Journal& journal) {
  const Place place = NVBOX_TRY(place_of(root, path, Purpose::content, journal));
  const std::optional<sys::Fd> existing = NVBOX_TRY(open_place(place));
  struct stat info {};
  if (existing && fstat(existing->get(), &info) == 0 && info.st_rdev == device &&
      (info.st_mode & S_IFMT) == (mode & S_IFMT)) {
    return {};
  }
  if (existing) return Error(cat("file creation failed: ", place.where), EEXIST);
  const auto leave = NVBOX_TRY(leave_for(Purpose::content, root, place.directory, place.where));
  const Node node = {mode, device, uid, gid};
  NVBOX_TRY(put_node(place, node).in(cat("file creation failed: ", place.where)));
  return journal.created(place.directory.get(), place.name);
}

}  // namespace nvbox::apply
