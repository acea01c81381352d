#include "driver/library_scan.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>

#include <algorithm>
#include <optional>

#include "base/path.h"
#include "base/text.h"
#include "driver/kernel_module.h"

namespace nvbox::driver {
namespace {

using host::EntryKind;

// /opt/nvidia may hold anything, developer tools of thousands of directories too.
constexpr int deepest = 3;
constexpr size_t most_directories = 256;

bool is_searched_below(Below below, int depth, std::string_view name) {
  switch (below) {
    case Below::none:
      return false;
    case Below::nvidia:
      if (depth == 0) return name.starts_with("nvidia");
      return depth == 1 && (name == "current" || name == "tesla");
    case Below::all:
      return depth < deepest;
  }
  return false;
}

// Behind the stem: nothing, ".4" or ".1.1.0".
bool is_version_ending(std::string_view ending) {
  return ending.empty() || (ending[0] == '.' && (is_version(ending.substr(1)) ||
                                                 parse_number<unsigned>(ending.substr(1))));
}

// What is open at a path below the root, and which directory that is.
struct OpenDirectory {
  sys::Fd fd;
  std::pair<dev_t, ino_t> identity;
};

Result<std::optional<OpenDirectory>> open_directory(const host::Root& root,
                                                    const std::string& path) {
  Result<sys::Fd> fd = root.open_at(path, O_RDONLY | O_DIRECTORY);
  if (!fd && host::is_absence(fd.error())) return std::nullopt;
  if (!fd) return std::move(fd).error();
  struct stat info {};
  if (fstat(fd->get(), &info) != 0) return Error(cat("stat ", path), errno);
  return std::optional(OpenDirectory{std::move(fd).value(), {info.st_dev, info.st_ino}});
}

}  // namespace

LibraryScan::LibraryScan(const Context& context, std::string_view version,
                         std::vector<LibraryRow> own_numbered)
    : context_(context),
      version_(version),
      suffix_(cat(".so.", version)),
      own_numbered_(std::move(own_numbered)) {}

std::optional<Error> LibraryScan::mismatch() const {
  if (other_versions_.empty()) return std::nullopt;
  const std::vector<std::string> others(other_versions_.begin(), other_versions_.end());
  return Error(cat("kernel module ", version_, " is loaded but libraries ", join(others, " and "),
                   " are installed"))
      .hint("reboot, or reload the modules (rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia)");
}

void LibraryScan::note_failure(Error error) {
  context_.problem(error.full_message());
  if (!failure_) failure_ = std::move(error);
}

void LibraryScan::note_other_version(std::string_view name) {
  for (const std::string_view stem : {"libcuda.so.", "libnvidia-ml.so."}) {
    if (!name.starts_with(stem)) continue;
    const std::string_view ending = name.substr(stem.size());
    if (is_version(ending)) other_versions_.emplace(ending);
  }
}

void LibraryScan::sort_in(std::string_view name, EntryKind kind, ScannedDirectory& directory) {
  if (kind == EntryKind::directory && name == "vdpau") directory.has_vdpau = true;
  const bool is_link = kind == EntryKind::link;
  if (!name.starts_with("lib") || (kind != EntryKind::file && !is_link)) return;
  if (name.ends_with(suffix_)) {
    directory.versioned.push_back({std::string(name), is_link});
    return;
  }
  note_other_version(name);
  for (size_t row = 0; row < own_numbered_.size(); ++row) {
    const std::string_view stem = own_numbered_[row].stem;
    if (!name.starts_with(stem) || !is_version_ending(name.substr(stem.size()))) continue;
    directory.own_numbered.emplace_back(row, ScannedName{std::string(name), is_link});
  }
}

const ScannedDirectory* LibraryScan::scan(const Pending& wanted, std::vector<Pending>& below) {
  const auto asked = std::ranges::find(asked_, wanted.path, &decltype(asked_)::value_type::first);
  if (asked != asked_.end()) return asked->second;
  asked_.emplace_back(wanted.path, nullptr);
  const host::Root& root = context_.roots.driver;
  auto opened = open_directory(root, wanted.path);
  if (!opened) note_failure(opened.error());
  if (!opened || !*opened) return nullptr;
  const OpenDirectory* const open = &**opened;
  const auto known =
      std::ranges::find(known_, open->identity, &decltype(known_)::value_type::first);
  if (known != known_.end()) return asked_.back().second = known->second;
  ScannedDirectory directory;
  const auto visit = [&](std::string_view name, EntryKind kind) {
    sort_in(name, kind, directory);
    if (kind == EntryKind::directory && is_searched_below(wanted.below, wanted.depth, name)) {
      below.push_back({path::join(wanted.path, name), wanted.below, wanted.depth + 1});
    }
  };
  const Result<> listed = host::visit_entries(open->fd.get(), visit);
  Result<std::string> real = host::path_below(root, open->fd.get());
  if (!listed) note_failure(Error(listed.error()).in(wanted.path));
  directory.path = real ? std::move(real).value() : wanted.path;
  directory.fd = std::move(opened.value()->fd);
  directories_.push_back(std::move(directory));
  known_.emplace_back(open->identity, &directories_.back());
  return asked_.back().second = &directories_.back();
}

void LibraryScan::add(const std::vector<LibraryDirectory>& directories) {
  std::vector<Pending> pending;
  pending.reserve(directories.size());
  for (const LibraryDirectory& row : directories) pending.push_back({row.path, row.below, 0});
  for (size_t i = 0; i < pending.size() && i < most_directories; ++i) {
    const Pending wanted = pending[i];
    std::vector<Pending> below;
    scan(wanted, below);
    std::ranges::sort(below, {}, &Pending::path);
    std::ranges::move(below, std::back_inserter(pending));
  }
}

Result<bool> ScannedDirectory::has_link(const std::string& name) const {
  // A SONAME is a word of a file, and no directory has a name with a slash.
  if (name.contains('/') || !fd) return false;
  struct stat info {};
  if (fstatat(fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return S_ISLNK(info.st_mode);
  }
  Error error(cat("stat ", path::join(path, name)), errno);
  if (host::is_absence(error)) return false;
  return error;
}

const ScannedDirectory* LibraryScan::directory(const std::string& path) {
  std::vector<Pending> none;
  return scan({path, Below::none, 0}, none);
}

}  // namespace nvbox::driver
