#include "nvbox/install_items.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <cerrno>

#include <algorithm>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "config/document.h"
#include "driver/discover.h"
#include "host/elf.h"
#include "manuals.h"
#include "nvbox/embedded.h"
#include "sys/file.h"
#include "table.h"

namespace nvbox::applets::installation {
namespace {

constexpr std::string_view binary_name = "nvbox";
constexpr size_t most_bytes = size_t{256} * 1024 * 1024;

// Below these a host's administrator keeps what goes before the packages' files; they are writable
// where /usr is not.
std::string_view directory_of(std::string_view embedded) {
  return embedded.ends_with(".rules") ? "/etc/udev/rules.d" : "/etc/systemd/system";
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  while (true) {
    const size_t at = text.find(from);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += to;
    text.remove_prefix(at + from.size());
  }
}

// What the kernel started: chroots of installers have no /proc, but they have the name.
Result<sys::Fd> open_own_binary() {
  Result<sys::Fd> file = sys::open_path("/proc/self/exe", O_RDONLY);
  if (file || file.error().code() != ENOENT) return file;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): getauxval's interface.
  return sys::open_path(reinterpret_cast<const char*>(getauxval(AT_EXECFN)), O_RDONLY);
}

}  // namespace

Result<std::string> own_binary() {
  const sys::Fd file = NVBOX_TRY(open_own_binary().in("this program"));
  return sys::read_all(file.get(), most_bytes).in("this program");
}

std::optional<std::string> own_directory() {
  const Result<sys::Fd> file = open_own_binary();
  if (!file) return std::nullopt;
  const Result<std::string> path = sys::path_of(file->get());
  if (!path) return std::nullopt;
  return std::string(path::parent(*path));
}

std::vector<Item> programs(std::string_view bindir, std::string binary, CdiHook cdi_hook) {
  std::vector<Item> items = {{.path = path::join(bindir, binary_name),
                              .text = std::move(binary),
                              .mode = 0755,
                              .claim = Claim::ours}};
  for (const Applet& applet : all_applets()) {
    if (applet.name == binary_name || applet.group == Group::internal) continue;
    if (applet.group == Group::cdi && cdi_hook == CdiHook::no) continue;
    items.push_back({.kind = Kind::link,
                     .path = path::join(bindir, applet.name),
                     .text = std::string(binary_name)});
  }
  return items;
}

std::vector<Item> more_links(std::string_view directory, const std::vector<Item>& programs,
                             Claim claim) {
  std::vector<Item> items;
  for (const Item& program : programs) {
    if (program.kind != Kind::link) continue;
    items.push_back({.kind = Kind::link,
                     .path = path::join(directory, path::base_name(program.path)),
                     .text = path::join(path::parent(program.path), program.text),
                     .claim = claim});
  }
  return items;
}

std::vector<Item> units(std::string_view bindir) {
  std::vector<Item> items;
  for (const EmbeddedFile& file : embedded_files()) {
    items.push_back(
        {.path = path::join(directory_of(file.name), file.name),
         .text = replaced(file.text, "/usr/bin/nvidia-ctk", path::join(bindir, "nvidia-ctk")),
         .need = Need::optional});
  }
  return items;
}

Result<std::vector<Item>> manuals(std::string_view bindir, const std::vector<Item>& programs) {
  const std::string directory = path::join(path::parent(bindir), "share/man");
  std::vector<Item> items;
  for (const Manual& manual : all_manuals()) {
    if (std::ranges::find(programs, path::join(bindir, manual.name), &Item::path) ==
        programs.end()) {
      continue;
    }
    std::string page = NVBOX_TRY(manual_of(manual.name));
    items.push_back({.path = path::join(directory, manual_file(manual)),
                     .text = std::move(page),
                     .need = Need::optional});
  }
  return items;
}

Result<Item> library(std::string_view bindir, const std::string& file) {
  constexpr std::string_view soname = "libnvidia-container.so.1";
  const sys::Fd open = NVBOX_TRY(sys::open_path(file, O_RDONLY | O_NONBLOCK));
  const auto elf = NVBOX_TRY(host::read_elf(open.get()).in(file));
  if (!elf || elf->soname != soname || elf->machine != driver::own_machine) {
    return Error(cat(file, " is not ", soname, " for this machine"))
        .hint("ninja -C build nvidia-container makes build/libnvidia-container.so.1");
  }
  std::string text = NVBOX_TRY(sys::read_all(open.get(), most_bytes).in(file));
  return Item{.path = path::join(path::join(path::parent(bindir), "lib"), soname),
              .text = std::move(text)};
}

Item default_configuration(const host::Root& root) {
  return {.path = "/etc/nvidia-container-runtime/config.toml",
          .text = config::default_document(config::document_host(root)),
          .claim = Claim::absent,
          .need = Need::optional};
}

}  // namespace nvbox::applets::installation
