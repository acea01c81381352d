#include "engine/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string_view>

#include "base/path.h"
#include "base/text.h"
#include "host/root.h"
#include "host/root_write.h"
#include "sys/file.h"

namespace nvbox::engine {
namespace {

constexpr size_t largest = size_t{64} * 1024;  // XATTR_SIZE_MAX and XATTR_LIST_MAX

void copy_extended(const std::string& path, int new_file) {
  std::string names(largest, '\0');
  const ssize_t length = listxattr(path.c_str(), names.data(), names.size());
  if (length <= 0) return;
  names.resize(static_cast<size_t>(length) - 1);
  std::string value(largest, '\0');
  for (const std::string_view name : split(names, '\0')) {
    const std::string text(name);
    const ssize_t size = getxattr(path.c_str(), text.c_str(), value.data(), value.size());
    if (size < 0) continue;
    (void)fsetxattr(new_file, text.c_str(), value.data(), static_cast<size_t>(size), 0);
  }
}

// Gives the new file what the file at `path` has: owner, mode, and extended attributes, among them
// SELinux' label and access control lists. Nothing when there is no such file. An attribute that
// may not be set is left out; another owner is an error.
Result<> copy_attributes(const std::string& path, int new_file) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  const bool is_others = info.st_uid != geteuid() || info.st_gid != getegid();
  if (is_others && fchown(new_file, info.st_uid, info.st_gid) != 0) {
    return Error("keep the owner", errno);
  }
  if (fchmod(new_file, info.st_mode & mode_t{07777}) != 0) return Error("keep the mode", errno);
  copy_extended(path, new_file);
  return {};
}

constexpr mode_t new_file_mode = 0644;
constexpr std::string_view before_suffix = ".nvbox-before";
constexpr std::string_view absent_suffix = ".nvbox-absent";

// Of a file that does not exist the path itself: its directories are made later.
Result<std::string> without_links(const std::string& path) {
  char real[PATH_MAX];
  if (realpath(path.c_str(), real) != nullptr) return std::string(real);
  if (errno != ENOENT) return Error(path, errno);
  char target[PATH_MAX];
  const ssize_t length = readlink(path.c_str(), target, sizeof target);
  if (length < 0) return path;
  return Error(cat(path, " is a link to ", quote({target, static_cast<size_t>(length)}),
                   ", which does not exist"))
      .hint("make that file or remove the link");
}

Result<std::optional<std::string>> read_file(const std::string& path) {
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  return host.read(path).in(path);
}

// Where what was there before is kept.
std::string kept_path(const std::string& path, std::string_view suffix) {
  const std::string_view directory = path::parent(path);
  if (!directory.ends_with(".d")) return cat(path, suffix);
  return cat(directory, "-", path::base_name(path), suffix);
}

Result<> remove_file(const std::string& path) {
  const host::Root host = NVBOX_TRY(host::Root::open("/"));
  NVBOX_TRY(host::remove_file(host, path).in(cat("remove ", path)));
  return {};
}

// What an operator can do about a directory that takes no file.
std::string_view way_out(int errno_value) {
  if (errno_value == EROFS) return "name a file elsewhere with --config or --drop-in-config";
  if (errno_value == EACCES || errno_value == EPERM) return "run the command as root";
  return "";
}

// Mode, owner and label are those of the file `like`, if that exists.
Result<> write_like(const std::string& path, std::string_view text, const std::string& like) {
  const auto write = [&]() -> Result<> {
    const host::Root host = NVBOX_TRY(host::Root::open("/"));
    const sys::Fd directory = NVBOX_TRY(host::make_directories(host, path::parent(path)));
    sys::NewFile file =
        NVBOX_TRY(sys::NewFile::create(directory.get(), path::base_name(path), new_file_mode));
    NVBOX_TRY(copy_attributes(like, file.fd()));
    NVBOX_TRY(sys::write_all(file.fd(), text));
    return file.commit();
  };
  Result<> written = write();
  if (written) return {};
  const int reason = written.error().code();
  return std::move(written).in(cat("write ", path)).hint(way_out(reason));
}

Result<> put(const std::string& path, const std::optional<std::string>& text) {
  if (!text) return remove_file(path);
  return write_like(path, *text, path);
}

Result<> check_unchanged(const ConfigurationFile& file) {
  const std::optional<std::string> now = NVBOX_TRY(read_file(file.real_path));
  if (now == file.text) return {};
  return Error(cat(file.path, " was changed by somebody else meanwhile, so it is left alone"))
      .hint("run the command again");
}

// A change that is being made, and how to take it back.
class Step {
 public:
  explicit Step(const FileChange& change) : change_(change) {}

  Result<> make(Keep keep) {
    const ConfigurationFile& file = change_.file;
    NVBOX_TRY(check_unchanged(file));
    if (keep == Keep::first) NVBOX_TRY(keep_original());
    NVBOX_TRY(put(file.real_path, change_.text));
    is_made_ = true;
    return {};
  }

  Result<> undo() const {
    if (is_made_) NVBOX_TRY(put(change_.file.real_path, change_.file.text));
    if (!kept_.empty()) NVBOX_TRY(remove_file(kept_));
    return {};
  }

 private:
  // What an earlier call has kept is older, so it stays.
  Result<> keep_original() {
    const ConfigurationFile& file = change_.file;
    for (const std::string_view suffix : {before_suffix, absent_suffix}) {
      if (NVBOX_TRY(read_file(kept_path(file.real_path, suffix)))) return {};
    }
    const std::string path = kept_path(file.real_path, file.text ? before_suffix : absent_suffix);
    NVBOX_TRY(write_like(path, file.text.value_or(""), file.real_path));
    kept_ = path;
    return {};
  }

  const FileChange& change_;
  std::string kept_{};
  bool is_made_ = false;
};

// The first failure, with what could not be taken back.
Error undo(std::span<const Step> steps, Error failure) {
  for (size_t i = steps.size(); i > 0; --i) {
    const Result<> undone = steps[i - 1].undo();
    if (!undone) return std::move(failure).in(cat("not taken back: ", undone.error().message()));
  }
  return failure;
}

}  // namespace

Result<ConfigurationFile> read_configuration(std::string_view path) {
  ConfigurationFile file{.path = NVBOX_TRY(host::absolute_path(std::string(path)))};
  file.real_path = NVBOX_TRY(without_links(file.path));
  file.text = NVBOX_TRY(read_file(file.real_path));
  return file;
}

Result<> make_changes(std::span<const FileChange> changes, Keep keep,
                      const std::function<Result<>()>& check) {
  std::vector<Step> steps;
  for (const FileChange& change : changes) {
    if (!change.changes()) continue;
    Result<> made = steps.emplace_back(change).make(keep);
    if (!made) return undo(steps, std::move(made).error());
  }
  if (steps.empty()) return {};
  Result<> checked = check();
  if (!checked) return undo(steps, std::move(checked).error());
  return {};
}

Result<std::optional<FileChange>> restored(const ConfigurationFile& file) {
  std::optional<std::string> before =
      NVBOX_TRY(read_file(kept_path(file.real_path, before_suffix)));
  if (before) return std::optional(FileChange{file, std::move(before)});
  if (NVBOX_TRY(read_file(kept_path(file.real_path, absent_suffix)))) {
    return std::optional(FileChange{file, std::nullopt});
  }
  return std::optional<FileChange>();
}

Result<> forget(const ConfigurationFile& file) {
  for (const std::string_view suffix : {before_suffix, absent_suffix}) {
    NVBOX_TRY(remove_file(kept_path(file.real_path, suffix)));
  }
  return {};
}

}  // namespace nvbox::engine
