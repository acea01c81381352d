// An image may bring CUDA libraries that are newer than the host's driver (NVIDIA's "forward
// compatibility"). They work only on some combinations of GPU driver branches, which newer ones
// list in an ELF note; using them anywhere else breaks CUDA.

#include "hook/cuda_compat.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "hook/loader_folders.h"
#include "host/container_file.h"
#include "host/elf.h"
#include "host/root_write.h"
#include "sys/fd.h"

namespace nvbox::hook {
namespace {

constexpr std::string_view note_section = ".note.cuda.fwd_compatibility";
constexpr size_t most_note_bytes = size_t{64} * 1024;
constexpr std::string_view library_prefix = "libcuda.so.";

// Numbers of a version like 570.211.01, of which leading zeros do not count.
using Version = std::vector<std::uint32_t>;

std::optional<Version> parse_version(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  Version version;
  for (const std::string_view piece : split(text, '.')) {
    const auto number = parse_number<std::uint32_t>(piece);
    if (!number) return std::nullopt;
    version.push_back(*number);
  }
  // 12.0 and 12.0.0 are the same version.
  while (version.size() > 1 && version.back() == 0) version.pop_back();
  return version;
}

// What the note says.
struct Note {
  std::string cuda_version{};
  std::vector<std::int64_t> driver_branches{};
};

Result<std::vector<std::int64_t>> integers(const data::JsonPlace& place) {
  std::vector<std::int64_t> out;
  if (place.value().is_null()) return out;
  for (const data::JsonPlace& element : NVBOX_TRY(place.elements())) {
    out.push_back(NVBOX_TRY(element.integer()));
  }
  return out;
}

// NVIDIA's toolkit reads it with Go's encoding/json, for which the case of names does not count,
// and of several the last one does. Libraries have "CUDA version" and "driver".
Result<Note> parse_note_text(std::string_view text) {
  const data::Json json = NVBOX_TRY(data::parse_json(text, {.bytes = most_note_bytes}));
  if (!json.is_object()) return Error("the note is not an object");
  Note note;
  for (const auto& [name, value] : json.items()) {
    const data::JsonPlace place(value);
    const std::string known = lower(name);
    if (known == "driver") note.driver_branches = NVBOX_TRY(integers(place));
    if (known == "cuda version" && !value.is_null()) note.cuda_version = NVBOX_TRY(place.string());
  }
  return note;
}

// The description of an ELF note: the sizes of owner and description, a type, the owner, the
// description. NULs end both of them and fill them up; how far, notes disagree on.
std::optional<std::string_view> note_text(std::string_view section) {
  std::uint32_t sizes[3];
  if (section.size() < sizeof sizes) return std::nullopt;
  std::memcpy(sizes, section.data(), sizeof sizes);
  section.remove_prefix(sizeof sizes);
  const std::string_view owner = section.substr(0, sizes[0]);
  if (owner.substr(0, owner.find('\0')) != "NVIDIA Corporation") return std::nullopt;
  section.remove_prefix(owner.size());
  section.remove_prefix(std::min(section.find_first_not_of('\0'), section.size()));
  const std::string_view text = section.substr(0, sizes[1]);
  return text.substr(0, text.find('\0'));
}

// nullopt when there is none that can be understood: older libraries have none.
std::optional<Note> read_note(int fd) {
  const auto section = host::read_elf_section(fd, note_section, most_note_bytes);
  const auto text = section && *section ? note_text(**section) : std::nullopt;
  if (!text) return std::nullopt;
  auto note = parse_note_text(*text);
  return note ? std::optional(std::move(note).value()) : std::nullopt;
}

struct CompatLibrary {
  std::string version{};
  sys::Fd fd{};
};

// Every libcuda.so.X.Y in `directory` that is a file; links to them do not count, and beyond the
// second one nothing matters.
Result<std::vector<CompatLibrary>> compat_libraries(const host::Root& container,
                                                    const std::string& directory) {
  std::vector<CompatLibrary> found;
  const auto names = NVBOX_TRY(container.list(directory));
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (!name.starts_with(library_prefix)) continue;
    std::string version = name.substr(library_prefix.size());
    if (!version.contains('.')) continue;
    auto fd = container.open_at(path::join(directory, name), O_PATH | O_NOFOLLOW);
    if (!fd && host::is_absence(fd.error())) continue;
    if (!fd) return std::move(fd).error();
    struct stat info {};
    if (fstat(fd->get(), &info) != 0) return Error(cat("stat ", directory, "/", name), errno);
    if (!S_ISREG(info.st_mode)) continue;
    found.push_back({std::move(version), std::move(fd).value()});
    if (found.size() > 1) break;
  }
  return found;
}

struct Versions {
  std::optional<Version> compat{};
  std::optional<Version> host{};
  std::optional<Version> host_cuda{};
};

bool suits_with_note(const Note& note, const Versions& versions) {
  if (versions.compat && versions.host) {
    return std::ranges::find(note.driver_branches, std::int64_t{versions.host->front()}) !=
               note.driver_branches.end() &&
           *versions.compat > *versions.host;
  }
  const auto cuda = parse_version(note.cuda_version);
  return versions.host_cuda && cuda && *cuda > *versions.host_cuda;
}

bool suits_without_note(const Versions& versions) {
  if (versions.host_cuda || !versions.compat || !versions.host) return false;
  return versions.host->front() < versions.compat->front();
}

}  // namespace

Result<CompatDecision> decide_cuda_compat(const host::Root& container, const HostDriver& driver,
                                          std::string_view compat_root) {
  if (driver.driver_version.empty() && driver.cuda_version.empty()) {
    return CompatDecision{.reason = "the host's driver version is unknown"};
  }
  auto resolved = container.resolve(compat_root);
  if (!resolved && host::leads_nowhere(resolved.error())) {
    return CompatDecision{.reason = resolved.error().message(), .is_worth_a_warning = true};
  }
  const auto directory = NVBOX_TRY(std::move(resolved));
  if (!directory) return CompatDecision{.reason = "the image has no CUDA compatibility libraries"};
  const auto libraries = NVBOX_TRY(compat_libraries(container, *directory));
  if (libraries.empty()) {
    return CompatDecision{.reason = cat("no CUDA compatibility library in ", *directory)};
  }
  if (libraries.size() > 1) {
    return CompatDecision{.reason = cat("several CUDA compatibility libraries in ", *directory)};
  }
  const CompatLibrary& library = libraries.front();
  const Versions versions = {.compat = parse_version(library.version),
                             .host = parse_version(driver.driver_version),
                             .host_cuda = parse_version(driver.cuda_version)};
  const auto file = host::open_found_file(library.fd.get());
  const auto note = file ? read_note(file->fd.get()) : std::nullopt;
  const bool suits = note ? suits_with_note(*note, versions) : suits_without_note(versions);
  const std::string reason =
      cat("CUDA compatibility libraries ", library.version, suits ? " suit" : " do not suit",
          " driver ", driver.driver_version.empty() ? "with CUDA " : "",
          driver.driver_version.empty() ? driver.cuda_version : driver.driver_version);
  return CompatDecision{.directory = suits ? *directory : "", .reason = reason};
}

void tell(const CompatDecision& decision, const Log& log) {
  const std::string text = cat("CUDA compatibility libraries: ", decision.reason);
  if (decision.is_worth_a_warning) {
    log.warning(text);
  } else {
    log.debug(text);
  }
}

namespace {

constexpr std::string_view directory = "/etc/ld.so.conf.d";
// NVIDIA's have an identifier between prefix and suffix, and 00-nvcr-... for other folders;
// update_ld_cache's own file begins with 00-nvbox.
constexpr std::string_view prefix = "00-compat";
constexpr std::string_view suffix = ".conf";
constexpr std::string_view own_file = "/etc/ld.so.conf.d/00-compat.conf";

// One for every start of a container whose file system lasts, where NVIDIA's hooks wrote them.
constexpr size_t most_files = 256;
constexpr size_t most_folders = 64;

Result<> configure(const host::Root& container, const std::string& folder) {
  if (folder.empty()) {
    NVBOX_TRY(host::remove_file(container, own_file));
  } else {
    NVBOX_TRY(host::write_container_file(container, own_file, cat(folder, "\n")));
  }
  return {};
}

}  // namespace

Result<std::string> enable_cuda_compat(const host::Root& container, const HostDriver& driver,
                                       std::string_view compat_root, const Log& log) {
  CompatDecision decision = NVBOX_TRY(decide_cuda_compat(container, driver, compat_root));
  tell(decision, log);
  const Result<> configured = configure(container, decision.directory);
  if (configured) return std::move(decision.directory);
  if (!host::is_closed_to_changes(configured.error())) return configured.error();
  log.warning(cat("CUDA compatibility libraries are not enabled: ", configured.error().message()));
  return std::string();
}

std::vector<std::string> enabled_compat_folders(const host::Root& container, const Log& log) {
  LoaderFolders folders(most_folders);
  const auto names = container.list(directory);
  if (!names || !*names) return folders.take();
  size_t files_left = most_files;
  for (const std::string& name : **names) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix) || files_left == 0) continue;
    --files_left;
    folders.add_file(container, path::join(directory, name), log);
  }
  return folders.take();
}

}  // namespace nvbox::hook
