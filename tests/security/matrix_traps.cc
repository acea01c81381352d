// What an image has in a place to lead a program astray.
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "base/path.h"
#include "base/text.h"
#include "matrix_tables.h"
#include "namespaced/tree.h"

namespace nvbox::test::matrix {
namespace {

// A link to what the canary has in the same place, as a program would see it that takes the link's
// text from `before` on.
template <const char* before>
void lead_to_canary(const Ground& ground) {
  put_link(ground.target(), cat(std::string_view(before), canary, ground.place.path));
}
constexpr char nothing[] = "";
constexpr char climbing[] = "../../../../../../../../../..";
// proc(5): the root directory of the first process, which is the host's as the runtime sees it.
constexpr char root_of_init[] = "/proc/1/root";
// Hooks have the container's root as their working directory (CVE-2025-23266).
constexpr char above_working_directory[] = "/proc/self/cwd/..";
// CVE-2024-21626: a descriptor of the runtime's that leads out.
constexpr char leaked_descriptor[] = "/proc/self/fd/9";
static_assert(leaked_fd == 9);

// By the way that is the same for the container and for whoever starts at the host's root.
template <const std::string_view& volume>
void lead_to_volume(const Ground& ground) {
  std::string up;
  for (size_t i = 1; i < path::components(ground.place.path).size(); ++i) up += "../";
  put_link(ground.target(), cat(up, volume.substr(1), ground.place.path));
}

void check(int result, const std::string& what) {
  if (result != 0) throw std::runtime_error(what);
}

void put_parent(const Ground& ground) {
  put_directory(std::filesystem::path(ground.target()).parent_path());
}

void put_fifo(const Ground& ground) {
  put_parent(ground);
  check(mkfifo(ground.target().c_str(), 0666), "mkfifo");
}

// null(4), so that a program that opens it does no harm.
void put_device(const Ground& ground) {
  put_parent(ground);
  check(mknod(ground.target().c_str(), S_IFCHR | 0666, makedev(1, 3)), "mknod");
}

void put_other_kind(const Ground& ground) {
  if (ground.place.kind == Kind::directory) {
    put_file(ground.target(), "no directory\n");
  } else {
    put_file(ground.target() + "/inner", "in a directory\n");
  }
}

void put_sparse_file(const Ground& ground) {
  put_file(ground.target(), "");
  check(truncate64(ground.target().c_str(), off64_t{8} << 30), "truncate");
}

void put_include_loop(const Ground& ground) {
  const std::string text = cat("include ", ground.place.path,
                               "\ninclude /etc/ld.so.conf\ninclude /etc/ld.so.conf.d/*.conf\n");
  const bool is_directory = ground.place.kind == Kind::directory;
  put_file(is_directory ? ground.target() + "/a.conf" : ground.target(), text);
  if (is_directory) put_file(ground.target() + "/libloop.so.1", text);
}

void put_link_to_itself(const Ground& ground) {
  put_link(ground.target(), std::string(ground.place.path));
  // The same for whoever starts at the host's root.
  std::filesystem::remove(ground.target());
  put_link(ground.target(), std::filesystem::path(ground.place.path).filename());
}

void put_dangling_link(const Ground& ground) {
  put_link(ground.target(), cat(canary, "/not-there"));
}

// proc(5): what is in the reader's own environment, whoever reads it.
void lead_to_proc(const Ground& ground) {
  put_link(ground.target(), "/proc/self/environ");
}

void lead_to_kernel_log(const Ground& ground) {
  put_link(ground.target(), "/proc/kmsg");
}

// A volume in the place itself, as with -v DIRECTORY:/etc.
void put_volume(const Ground& ground) {
  const bool is_directory = ground.place.kind == Kind::directory;
  if (is_directory) {
    put_directory(ground.target());
  } else {
    put_file(ground.target(), "");
  }
  check(mount(cat(rw_volume, ground.place.path).c_str(), ground.target().c_str(), nullptr, MS_BIND,
              nullptr),
        "bind");
}

constexpr Trap table[] = {
    {"nothing", nullptr, std::nullopt},
    {"absolute link", lead_to_canary<nothing>, Check::canary},
    {"relative link", lead_to_canary<climbing>, Check::canary},
    {"link through /proc/1/root", lead_to_canary<root_of_init>, Check::canary},
    {"link through /proc/self/cwd", lead_to_canary<above_working_directory>, Check::canary},
    {"link through /proc/self/fd", lead_to_canary<leaked_descriptor>, Check::canary},
    {"dangling link", put_dangling_link, Check::canary},
    {"link to itself", put_link_to_itself, Check::silent},
    {"link to proc", lead_to_proc, Check::secret},
    {"link to kmsg", lead_to_kernel_log, Check::kmsg},
    {"link to a rw volume", lead_to_volume<rw_volume_inside>, Check::volume},
    {"link to a ro volume", lead_to_volume<ro_volume_inside>, Check::secret},
    {"volume", put_volume, Check::volume},
    {"FIFO", put_fifo, Check::hang},
    {"device node", put_device, Check::opened},
    {"directory for a file", put_other_kind, Check::silent},
    {"8 GiB sparse file", put_sparse_file, Check::memory},
    {"include loop", put_include_loop, Check::crash},
};

}  // namespace

std::span<const Trap> traps() {
  return table;
}

}  // namespace nvbox::test::matrix
