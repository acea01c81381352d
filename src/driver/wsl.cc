#include "driver/wsl.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "driver/architecture.h"
#include "driver/device_nodes.h"
#include "driver/driver_files.h"
#include "host/elf.h"
#include "sys/fd.h"

namespace nvbox::driver {
namespace {

// Windows' %SystemRoot%\System32\DriverStore\FileRepository and lxss\lib.
constexpr std::string_view stores_directory = "/usr/lib/wsl/drivers";
constexpr std::string_view library_directory = "/usr/lib/wsl/lib";

// What makes a store NVIDIA's.
constexpr std::string_view main_library = "libcuda.so.1.1";
constexpr std::string_view program = "nvidia-smi";

struct Row {
  std::string_view stem;
  Capabilities serves;
};

// What no other driver has; the rest is in library_rows().
constexpr Row wsl_rows[] = {
    {"libcuda_loader.so", Capabilities::compute},
    {"libnvdxgdmal.so", Capabilities::compute},
    {"libnvidia-ml_loader.so", Capabilities::utility},
    {"nvcubins.bin", Capabilities::compute},
    {program, Capabilities::utility},
};

// A file that the driver's installer for Windows puts into both directories.
struct Copy {
  std::string_view in_store;
  std::string_view in_libraries;
};
constexpr Copy copies[] = {{"libcuda_loader.so", "libcuda.so.1"}, {program, program}};

struct Store {
  std::string path{};
  size_t copies = 0;     // how many of the files above are those of library_directory
  timespec installed{};  // when its libcuda was written

  bool is_before(const Store& other) const {
    return std::tie(copies, installed.tv_sec, installed.tv_nsec) >
           std::tie(other.copies, other.installed.tv_sec, other.installed.tv_nsec);
  }
};

using Status = std::optional<struct stat>;

Status status_of(const Context& context, std::string_view folder, std::string_view name) {
  return context.or_problem(context.roots.driver.stat(path::join(folder, name)));
}

// Copying keeps the time in Windows.
bool is_copy(const Status& one, const Status& other) {
  return one && other && one->st_size == other->st_size &&
         one->st_mtim.tv_sec == other->st_mtim.tv_sec;
}

std::optional<Store> store_at(const Context& context, std::string path) {
  const Status cuda = status_of(context, path, main_library);
  if (!cuda) return std::nullopt;
  Store store = {.path = std::move(path), .installed = cuda->st_mtim};
  for (const auto& [in_store, in_libraries] : copies) {
    const bool is_same = is_copy(status_of(context, store.path, in_store),
                                 status_of(context, library_directory, in_libraries));
    if (is_same) ++store.copies;
  }
  return store;
}

// Windows keeps stores of former drivers.
Result<std::string> find_store(const Context& context) {
  const auto names = NVBOX_TRY(context.roots.driver.list(stores_directory));
  Store taken;
  size_t count = 0;
  size_t copies_of_others = 0;
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    auto store = store_at(context, path::join(stores_directory, name));
    if (!store) continue;
    if (++count == 1 || store->is_before(taken)) std::swap(*store, taken);
    copies_of_others = std::max(copies_of_others, store->copies);
  }
  if (count == 0) {
    return Error(cat("this is WSL, and no directory in ", stores_directory, " has ", main_library))
        .hint("install NVIDIA's driver for Windows, then run 'wsl --shutdown' there");
  }
  if (count > 1) {
    context.problem(cat(count, " directories in ", stores_directory, " have ", main_library, "; ",
                        taken.path, " is used, ",
                        taken.copies > copies_of_others
                            ? cat("which ", library_directory, " was filled from")
                            : "which is the newest"));
  }
  return std::move(taken.path);
}

bool is_library(std::string_view name) {
  return name.ends_with(".so") || name.contains(".so.");
}

// "libcuda.so" of "libcuda.so.1.1".
std::string_view stem_of(std::string_view name) {
  const size_t at = name.find(".so");
  return at == std::string_view::npos ? name : name.substr(0, at + 3);
}

LibraryRow row_of(std::string_view name) {
  const std::string_view stem = stem_of(name);
  const auto* const own = std::ranges::find(wsl_rows, stem, &Row::stem);
  if (own != std::end(wsl_rows)) return {.stem = stem, .serves = own->serves};
  const auto row = std::ranges::find(library_rows(), stem, &LibraryRow::stem);
  if (row != library_rows().end()) return *row;
  return {.stem = stem, .serves = unlisted_library_serves};
}

class StoreReader {
 public:
  StoreReader(const Context& context, std::string store, Inventory& inventory)
      : context_(context), store_(std::move(store)), inventory_(inventory) {}

  Result<> run() {
    auto names = NVBOX_TRY(context_.roots.driver.list(store_));
    names_ = std::move(names).value_or(std::vector<std::string>());
    for (const std::string& name : names_) NVBOX_TRY(add(name));
    for (Library& library : inventory_.libraries) add_links(library);
    return add_library(library_directory, "libdxcore.so",
                       {.stem = {}, .serves = Capabilities::all});
  }

 private:
  Result<> add(const std::string& name) {
    const LibraryRow row = row_of(name);
    if (!context_.wants(row.serves)) return {};
    if (is_library(name)) return add_library(store_, name, row);
    if (name == program) {
      add_file(FileKind::binary, name, row.serves);
      inventory_.extra_links.push_back(
          {path::join(store_, name), "/usr/bin/nvidia-smi", row.serves});
    } else if (name.ends_with(".bin") || name.ends_with(".dll")) {
      add_file(FileKind::data, name, row.serves);
    }
    return {};
  }

  void add_file(FileKind kind, const std::string& name, Capabilities serves) {
    std::string path = path::join(store_, name);
    inventory_.files.push_back({kind, path, path, serves});
  }

  Result<std::optional<host::ElfInfo>> read(const std::string& path) const {
    const Result<sys::Fd> fd = context_.roots.driver.open_at(path, O_RDONLY);
    if (!fd && host::is_absence(fd.error())) return std::nullopt;
    if (!fd) return fd.error();
    auto info = NVBOX_TRY(host::read_elf(fd->get()).in(path));
    if (!info) return Error(cat(path, " is not an ELF file"));
    return info;
  }

  // An error when the store is that of another kind of machine; what else cannot be read is left
  // out.
  Result<> add_library(std::string_view folder, std::string_view name, const LibraryRow& row) {
    std::string path = path::join(folder, name);
    const auto info = read(path);
    if (!info) context_.core_failure(name, row.core_of, info.error());
    if (!info || !*info) return {};
    const Architecture& architecture = architecture_of(context_.search.machine);
    if (!(*info)->is_64 || (*info)->machine != architecture.machine) {
      return Error(cat("the driver store is not for this machine: ", path, " is for ELF machine ",
                       (*info)->machine, ", and ", architecture.name,
                       " needs 64-bit files for machine ", architecture.machine))
          .hint(cat("install NVIDIA's driver for Windows on ", architecture.name));
    }
    Library library = {.path = std::move(path), .soname = (*info)->soname, .serves = row.serves};
    if (library.soname.empty()) library.soname = name;
    inventory_.libraries.push_back(std::move(library));
    return {};
  }

  // Windows has no links. Of two libraries of one SONAME the loader is meant, which asks libdxcore
  // for the store before it loads the other.
  void add_links(Library& library) const {
    const std::string& soname = library.soname;
    const std::string_view file = path::base_name(library.path);
    if (soname == file || std::ranges::find(names_, soname) != names_.end()) return;
    const auto is_its_loader = [&](const Library& other) {
      return other.soname == soname && other.path.ends_with("_loader.so");
    };
    const auto loader = std::ranges::find_if(inventory_.libraries, is_its_loader);
    if (loader != inventory_.libraries.end() && &*loader != &library) return;
    library.links.push_back({std::string(file), path::join(store_, soname), library.serves});
    if (soname != "libcuda.so.1") return;
    library.links.push_back({soname, path::join(store_, "libcuda.so"), library.serves});
  }

  const Context& context_;
  std::string store_;
  Inventory& inventory_;
  std::vector<std::string> names_;
};

}  // namespace

Result<> discover_wsl(const Context& context, Inventory& inventory) {
  inventory.driver = {.kind = DriverKind::wsl,
                      .root = context.roots.driver.path(),
                      .dev_root = context.roots.dev.path()};
  auto node = NVBOX_TRY(read_node(context, std::string(wsl_node)));
  if (!node) return Error(cat("this is no WSL 2 with a GPU: ", wsl_node, " does not exist"));
  std::string store = NVBOX_TRY(find_store(context));
  if (context.need.gpus) inventory.gpus.push_back({.node = std::move(node)});
  if (context.need.files == Capabilities::none || context.need.only_nodes) return {};
  return StoreReader(context, std::move(store), inventory).run();
}

}  // namespace nvbox::driver
