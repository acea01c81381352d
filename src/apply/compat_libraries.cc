#include "apply/compat_libraries.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>

#include <optional>
#include <set>
#include <string_view>

#include "apply/to_steps.h"
#include "base/path.h"
#include "base/text.h"
#include "host/container_file.h"
#include "host/elf.h"

namespace nvbox::apply {
namespace {

constexpr std::string_view version_mark = ".so.";

// Each becomes a mount and holds a descriptor until then; NVIDIA's packages have four.
constexpr size_t most_libraries = 64;

// "libcuda.so.570.86.15" -> 570.
std::optional<unsigned> major_of(std::string_view version) {
  return parse_number<unsigned>(version.substr(0, version.find('.')));
}

std::optional<unsigned> major_of_library(std::string_view name) {
  const size_t at = name.find(version_mark);
  return at == std::string_view::npos ? std::nullopt
                                      : major_of(name.substr(at + version_mark.size()));
}

// The parts of the driver that CUDA needs are called libcuda* and libnvidia-*.
bool is_candidate(std::string_view name) {
  return (name.starts_with("libcuda") || name.starts_with("libnvidia-")) && is_library_name(name) &&
         name.contains(version_mark);
}

bool is_plain(std::string_view name) {
  return !name.empty() && !name.contains('/') && is_candidate(name);
}

// nullopt, and a warning, for what leads nowhere.
template <typename T>
Result<std::optional<T>> but_nowhere(Result<std::optional<T>> found, const Log& log) {
  if (found || !host::leads_nowhere(found.error())) return found;
  log.warning(cat("CUDA compatibility libraries: ", found.error().message()));
  return std::optional<T>();
}

// The file itself, whatever leads to it; nullopt when it is not a regular file of the container.
Result<std::optional<CompatLibrary>> open_library(const host::Root& container,
                                                  const std::string& path, const Log& log) {
  const auto real = NVBOX_TRY(but_nowhere(container.resolve(path), log));
  if (!real || !is_plain(path::base_name(*real))) return std::nullopt;
  Result<sys::Fd> file = container.open_at(*real, O_PATH | O_NOFOLLOW);
  if (!file && host::is_absence(file.error())) return std::nullopt;
  if (!file) return std::move(file).error();
  struct stat info {};
  if (fstat(file->get(), &info) != 0) return Error(cat("stat ", path), errno);
  if (!S_ISREG(info.st_mode)) return std::nullopt;
  std::string name(path::base_name(*real));
  return std::optional(
      CompatLibrary{.name = std::move(name), .soname = {}, .file = std::move(file).value()});
}

// The name by which programs find it. Reading what is no ELF file is not an error.
std::string soname_of(const CompatLibrary& library) {
  const auto file = host::open_found_file(library.file.get());
  if (!file) return {};
  const auto elf = host::read_elf(file->fd.get());
  if (!elf || !*elf || (*elf)->soname == library.name || !is_plain((*elf)->soname)) return {};
  return (*elf)->soname;
}

}  // namespace

Result<std::vector<CompatLibrary>> find_compat_libraries(const host::Root& container,
                                                         const std::string& compat_root,
                                                         const std::string& driver_version,
                                                         const Log& log) {
  std::vector<CompatLibrary> found;
  std::set<std::string> known;
  const auto names = NVBOX_TRY(but_nowhere(container.list(compat_root), log));
  const std::optional<unsigned> driver = major_of(driver_version);
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (!is_candidate(name)) continue;
    const std::string path = path::join(compat_root, name);
    std::optional<CompatLibrary> library = NVBOX_TRY(open_library(container, path, log));
    if (!library || !known.insert(library->name).second) continue;
    const std::optional<unsigned> major = major_of_library(library->name);
    if (driver && major == driver) continue;
    library->soname = soname_of(*library);
    library->is_newer = driver && major && *major > *driver;
    found.push_back(*std::move(library));
    if (found.size() == most_libraries) break;
  }
  return found;
}

}  // namespace nvbox::apply
