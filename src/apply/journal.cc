#include "apply/journal.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>

#include "base/path.h"
#include "base/text.h"
#include "host/root_write.h"
#include "sys/mount.h"

namespace nvbox::apply {
namespace {

Result<sys::Fd> duplicate(int fd) {
  sys::Fd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return Error("duplicate descriptor", errno);
  return copy;
}

bool is_same_time(const timespec& one, const timespec& other) {
  return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

// Whether nobody did anything to it. A directory has changed by what was made in it.
bool is_untouched(const struct stat& then, const struct stat& now) {
  if (then.st_dev != now.st_dev || then.st_ino != now.st_ino || then.st_mode != now.st_mode) {
    return false;
  }
  return S_ISDIR(now.st_mode) ||
         (then.st_size == now.st_size && is_same_time(then.st_mtim, now.st_mtim));
}

}  // namespace

Result<> Journal::created(int directory, const std::string& name) {
  Result<Created> entry = describe(directory, name);
  if (entry) {
    entries_.emplace_back(std::move(entry).value());
    return {};
  }
  // Nobody could take it back later.
  if (files_ == Files::remove && unlinkat(directory, name.c_str(), 0) != 0) {
    unlinkat(directory, name.c_str(), AT_REMOVEDIR);
  }
  return std::move(entry).error();
}

Result<Journal::Created> Journal::describe(int directory, const std::string& name) {
  Created entry = {.directory = NVBOX_TRY(duplicate(directory)), .name = name, .status = {}};
  if (fstatat(directory, name.c_str(), &entry.status, AT_SYMLINK_NOFOLLOW) != 0) {
    return Error(cat("stat ", name), errno);
  }
  return entry;
}

Result<> Journal::replaced(int directory, const std::string& name, const std::string& former) {
  Result<sys::Fd> copy = duplicate(directory);
  if (!copy) {
    renameat(directory, former.c_str(), directory, name.c_str());
    return std::move(copy).error();
  }
  entries_.emplace_back(Replaced{std::move(copy).value(), name, former});
  return {};
}

void Journal::watch(const host::Root& root, const std::string& path) {
  const auto status = root.stat(path);
  if (status && !*status) keep(root, path);
}

void Journal::keep(const host::Root& root, const std::string& path) {
  Result<sys::Fd> directory = root.open_at(path::parent(path), O_PATH | O_DIRECTORY);
  const std::string name(path::base_name(path));
  const std::string second = cat(".", name, ".nvbox-", getpid());
  struct stat status {};
  if (!directory || fstatat(directory->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    entries_.emplace_back(Watched{&root, path});
    return;
  }
  // On another mount nothing is changed either.
  const auto leave = host::LeaveToChange::take(root, directory->get());
  if (!leave) return;
  // Whatever a process of the same number left.
  unlinkat(directory->get(), second.c_str(), 0);
  if (linkat(directory->get(), name.c_str(), directory->get(), second.c_str(), 0) != 0) return;
  entries_.emplace_back(Replaced{std::move(directory).value(), name, second});
}

void Journal::undo_entry(const Mounted& entry) {
  (void)sys::detach(entry.root.get());
}

void Journal::undo_entry(const Created& entry) const {
  struct stat now {};
  if (files_ == Files::keep) return;
  if (fstatat(entry.directory.get(), entry.name.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (!is_untouched(entry.status, now)) return;
  const auto leave = host::LeaveToChange::for_mount_target(entry.directory.get());
  // A directory that others put something into stays by itself.
  unlinkat(entry.directory.get(), entry.name.c_str(), S_ISDIR(now.st_mode) ? AT_REMOVEDIR : 0);
}

void Journal::undo_entry(const Replaced& entry) {
  const auto leave = host::LeaveToChange::for_mount_target(entry.directory.get());
  const int directory = entry.directory.get();
  // Where its name is taken by something that cannot be replaced, the file keeps the other one.
  if (renameat(directory, entry.former.c_str(), directory, entry.name.c_str()) != 0) return;
  // rename(2) does nothing with two names of one file.
  unlinkat(directory, entry.former.c_str(), 0);
}

void Journal::undo_entry(const Watched& entry) const {
  if (files_ == Files::keep) return;
  const Result<sys::Fd> directory =
      entry.root->open_at(path::parent(entry.path), O_PATH | O_DIRECTORY);
  if (!directory) return;
  const auto leave = host::LeaveToChange::take(*entry.root, directory->get());
  if (!leave) return;
  const std::string name(path::base_name(entry.path));
  if (unlinkat(directory->get(), name.c_str(), 0) == 0 || errno != EISDIR) return;
  unlinkat(directory->get(), name.c_str(), AT_REMOVEDIR);
}

void Journal::undo() {
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    std::visit([this](const auto& one) { undo_entry(one); }, *entry);
  }
  entries_.clear();
}

void Journal::commit() {
  for (const auto& entry : entries_) {
    const auto* replaced = std::get_if<Replaced>(&entry);
    if (replaced == nullptr) continue;
    const auto leave = host::LeaveToChange::for_mount_target(replaced->directory.get());
    unlinkat(replaced->directory.get(), replaced->former.c_str(), 0);
  }
  entries_.clear();
}

}  // namespace nvbox::apply
