#include "apply/configure.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>

#include <optional>
#include <span>
#include <string_view>

#include "apply/phases.h"
#include "apply/run_steps.h"
#include "apply/to_steps.h"
#include "base/path.h"
#include "base/text.h"
#include "hook/mask_params.h"
#include "sys/capabilities.h"
#include "sys/fd.h"
#include "sys/namespaces.h"

namespace nvbox::apply {
namespace {

// The files of /proc/driver/nvidia that are about the driver and not about a GPU.
constexpr const char* proc_file_names[] = {"params", "version", "registry"};
constexpr size_t most_proc_bytes = size_t{1} << 20;

Result<struct stat> status_of(const sys::Fd& fd) {
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return Error("stat failed", errno);
  return info;
}

Error open_failed(const std::string& path, const Error& error) {
  return Error(cat("open failed: ", path), error.code());
}

// Nobody means the machine that configure runs on, nor a whole mount namespace.
Result<> refuse_root_directory(const host::Root& rootfs, const sys::Fd& above) {
  sys::Fd directory = NVBOX_TRY(rootfs.open_at("/", O_PATH | O_DIRECTORY));
  const struct stat found = NVBOX_TRY(status_of(directory));
  const struct stat root = NVBOX_TRY(status_of(above));
  if (found.st_dev != root.st_dev || found.st_ino != root.st_ino) return {};
  return Error("invalid rootfs directory: it is the root directory");
}

Result<Target> target_of_process(sys::Process process, const std::string& rootfs) {
  const std::string name = cat("/proc/", process.pid(), "/root");
  const Result<sys::Fd> root = process.root();
  if (!root) return open_failed(name + "/", root.error());
  const host::Root above = NVBOX_TRY(host::Root::open(sys::proc_path(root->get())));
  const Result<sys::Fd> directory = above.open_at(rootfs, O_PATH | O_DIRECTORY);
  if (!directory) return open_failed(name + rootfs, directory.error());
  Target target = {.container =
                       NVBOX_TRY(host::Root::open_container(sys::proc_path(directory->get())))};
  NVBOX_TRY(refuse_root_directory(target.container, *root));
  target.uid = NVBOX_TRY(process.uid());
  target.gid = NVBOX_TRY(process.gid());
  sys::Fd mount_namespace = NVBOX_TRY(process.mount_namespace());
  const bool is_own = NVBOX_TRY(sys::is_own_mount_namespace(mount_namespace.get()));
  if (!is_own) target.mount_namespace = std::move(mount_namespace);
  target.process = std::move(process);
  return target;
}

// The caller is in the container's mount namespace, and this process in the container's cgroup,
// like its parent. The parent's own number would be wrong: /proc may be that of an outer PID
// namespace.
Result<Target> target_here(const std::string& rootfs) {
  Result<host::Root> container = host::Root::open_container(rootfs);
  if (!container) return open_failed(rootfs, container.error());
  const host::Root above = NVBOX_TRY(host::Root::open("/"));
  const sys::Fd root = NVBOX_TRY(above.open_at("/", O_PATH | O_DIRECTORY));
  NVBOX_TRY(refuse_root_directory(*container, root));
  return Target{.container = std::move(container).value(), .uid = geteuid(), .gid = getegid()};
}

Result<Target> target_of(const ConfigureRequest& request) {
  const sys::Raised finding = NVBOX_TRY(sys::Raised::raise_given(finds_container));
  if (request.pid <= 0) return target_here(request.rootfs);
  Result<sys::Process> process = sys::Process::open(request.pid);
  if (!process) return open_failed(cat("/proc/", request.pid, "/root/"), process.error());
  return target_of_process(std::move(process).value(), request.rootfs);
}

// From here on, names may be an image's.
Result<> give_up_rights(const ConfigureRequest& request) {
  if (!request.gives_up_rights) return {};
  return sys::give_up(request.cgroups ? never_in_container
                                      : never_in_container | only_for_device_rules);
}

Result<bool> exists(const host::Root& root, std::string_view path) {
  return NVBOX_TRY(root.stat(path)).has_value();
}

// Libraries in the place of another distribution are never found, so this is not guessed.
Result<ImageLayout> layout_of(const host::Root& container) {
  const auto library = NVBOX_TRY(container.stat("/usr/lib"));
  const auto library_64 = NVBOX_TRY(container.stat("/usr/lib64"));
  const bool is_same = library && library_64 && library->st_dev == library_64->st_dev &&
                       library->st_ino == library_64->st_ino;
  ImageLayout layout;
  layout.is_debian = NVBOX_TRY(exists(container, "/etc/debian_version"));
  layout.has_usr_lib32 = NVBOX_TRY(exists(container, "/usr/lib32"));
  layout.has_separate_usr_lib = library && !is_same;
  return layout;
}

// Offset and value of what tells 32-bit ELF files from others (elf(5), e_ident).
constexpr std::string_view elf_32_start("\177ELF\1", 5);

Result<bool> is_32_bit_library(const host::Root& host, const std::string& path) {
  const Result<sys::Fd> file = host.open_at(path, O_RDONLY);
  if (!file && host::is_absence(file.error())) return false;
  if (!file) return file.error();
  char start[elf_32_start.size()];
  const ssize_t count = pread(file->get(), start, sizeof start, 0);
  if (count < 0) return Error(cat("read ", path), errno);
  return count == ssize_t{sizeof start} && std::string_view(start, sizeof start) == elf_32_start;
}

Result<HostFacts> facts_of(const host::Root& host, const ConfigureRequest& request) {
  HostFacts facts;
  for (const char* name : proc_file_names) {
    std::optional<std::string> text =
        NVBOX_TRY(host.read(path::join(proc_directory, name), most_proc_bytes));
    if (!text) continue;
    const std::optional<std::string> masked = hook::masked_params(*text);
    facts.proc_files.push_back({name, masked ? *masked : *std::move(text)});
  }
  for (const spec::Mount& mount : request.edits.mounts) {
    if (!is_library_name(path::base_name(mount.container_path))) continue;
    if (NVBOX_TRY(is_32_bit_library(host, mount.host_path))) {
      facts.libraries_32.push_back(mount.container_path);
    }
  }
  return facts;
}

}  // namespace

Result<> configure(const host::Root& host, const ConfigureRequest& request, const Log& log) {
  if (!request.rootfs.starts_with('/') || path::clean(request.rootfs) == "/") {
    return Error("invalid rootfs directory").in("input error");
  }
  Target target = NVBOX_TRY(target_of(request).in("container error"));
  NVBOX_TRY(give_up_rights(request).in("permission error"));
  const sys::Raised raised =
      NVBOX_TRY(sys::Raised::raise_given(changes_container).in("permission error"));
  target.strict_cgroups = request.strict_cgroups;
  const HostFacts facts = NVBOX_TRY(facts_of(host, request).in("mount error"));
  const ImageLayout layout = NVBOX_TRY(layout_of(target.container).in("mount error"));
  const std::vector<Step> steps = to_steps(request, layout, facts);
  return run_steps(host, target, steps, log);
}

}  // namespace nvbox::apply
