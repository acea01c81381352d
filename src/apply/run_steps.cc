// A run has two halves. On the host, everything that is to be mounted is opened and made into
// mounts that have no place yet. Then the container's mount namespace is entered and the mounts get
// their places, found by descriptor below the container's root. Names of the container are never
// looked up from the host's root, nor names of the host from the container's.
#include "apply/run_steps.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cerrno>
#include <ctime>

#include <optional>
#include <utility>
#include <vector>

#include "apply/compat_libraries.h"
#include "apply/journal.h"
#include "apply/phases.h"
#include "apply/sources.h"
#include "apply/target.h"
#include "apply/to_steps.h"
#include "base/path.h"
#include "base/text.h"
#include "hook/application_profile.h"
#include "hook/cuda_compat.h"
#include "hook/update_ld_cache.h"
#include "host/root_write.h"
#include "sys/bpf.h"
#include "sys/capabilities.h"
#include "sys/file.h"
#include "sys/limits.h"
#include "sys/mount.h"
#include "sys/namespaces.h"
#include "sys/unit_devices.h"

namespace nvbox::apply {
namespace {

constexpr sys::Restrictions compat_restrictions =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr size_t tmpfs_room = size_t{256} * 1024;

// What update_ld_cache may make before the cache itself, which it replaces last and in one step.
constexpr const char* loader_files[] = {"/etc", "/etc/ld.so.conf.d", "/etc/ld.so.conf",
                                        "/run/opengl-driver", "/run/opengl-driver/lib"};
// The only one that it replaces: a second name for others would copy them up on an overlay.
constexpr const char* own_loader_file = "/etc/ld.so.conf.d/00-nvbox.conf";

// Two runs on one root file system come one after the other, so that neither takes back a file that
// the other has mounted something over. A container that holds the lock for itself delays this for
// a moment; then files are only added.
class SharedRootLock {
 public:
  explicit SharedRootLock(const host::Root& root) {
    Result<sys::Fd> directory = root.open_at("/", O_RDONLY | O_DIRECTORY);
    if (!directory) return;
    constexpr timespec pause = {.tv_sec = 0, .tv_nsec = 1'000'000};
    for (int attempt = 0; attempt < 2000; ++attempt) {
      if (flock(directory->get(), LOCK_EX | LOCK_NB) == 0) {
        locked_ = std::move(directory).value();
        return;
      }
      if (errno != EWOULDBLOCK && errno != EINTR) return;
      nanosleep(&pause, nullptr);
    }
  }

  Journal::Files files() const { return locked_ ? Journal::Files::remove : Journal::Files::keep; }

 private:
  sys::Fd locked_;
};

Result<> put_file(int directory, const TmpfsFile& file) {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const sys::Fd fd(openat(directory, file.name.c_str(), flags, file.mode));
  if (!fd) return Error(cat("file creation failed: ", file.name), errno);
  if (fchmod(fd.get(), file.mode) != 0) return Error(cat("chmod ", file.name), errno);
  return sys::write_all(fd.get(), file.text).in(file.name);
}

Error mount_error(Error error) {
  return std::move(error).in("mount error");
}

class Runner {
 public:
  // `home` is the mount namespace that configure was called in.
  Runner(const Target& target, sys::Fd home, std::vector<std::optional<HostSource>> sources,
         Journal::Files files, const Log& log)
      : target_(target),
        home_(std::move(home)),
        container_(target.container),
        sources_(std::move(sources)),
        journal_(files),
        log_(log) {}

  Result<> run(std::span<const Step> steps) {
    for (size_t i = 0; i < steps.size(); ++i) {
      if (log_.enabled(Level::debug)) log_.debug(describe(steps[i]));
      source_ = &sources_[i];
      Result<> done = run_step(steps[i]);
      if (done) continue;
      undo();
      return done;
    }
    const auto owner = enter_owner();
    if (owner) {
      journal_.commit();
      return {};
    }
    undo();
    return owner.error();
  }

 private:
  void undo() {
    const auto owner = enter_owner();
    if (owner) journal_.undo();
  }

  // As the container's root, who must not get at more of the host's files by us than by itself.
  Result<sys::FileOwnerScope> enter_owner() const {
    return sys::FileOwnerScope::enter(target_.uid, target_.gid).in("mount error");
  }

  Result<> run_step(const Step& step) {
    // The files of a cgroup are the host's.
    if (const auto* rules = std::get_if<AllowDevices>(&step)) return run_one(*rules);
    const auto owner = NVBOX_TRY(enter_owner());
    return std::visit([this](const auto& one) { return run_one(one); }, step);
  }

  std::string where(std::string_view path) const { return path::join(container_.path(), path); }

  Result<> run_one(const MountTmpfs& step) {
    Result<> mounted = mount_filled_tmpfs(step);
    return mounted ? std::move(mounted) : mount_error(std::move(mounted).error());
  }

  Result<> mount_filled_tmpfs(const MountTmpfs& step) {
    const std::string failed = cat("mount operation failed: ", where(step.path));
    Result<sys::Fd> target = directory_target(container_, step.path, journal_);
    if (!target) return Error(failed, target.error().code());
    size_t bytes = tmpfs_room;
    for (const TmpfsFile& file : step.files) bytes += file.text.size();
    sys::Fd mounted = NVBOX_TRY(sys::mount_tmpfs(target->get(), bytes).in(failed));
    const sys::Fd root(openat(mounted.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    journal_.mounted(std::move(mounted));
    if (!root) return Error(failed, errno);
    for (const TmpfsFile& file : step.files) NVBOX_TRY(put_file(root.get(), file).in(failed));
    if (fchmod(root.get(), 0555) != 0) return Error(failed, errno);
    if (step.path == profile_directory) {
      profiles_ = NVBOX_TRY(host::Root::open(sys::proc_path(root.get())).in(failed));
    }
    return {};
  }

  // A mount over a file, or a directory, of the container.
  Result<> mount_over(sys::MountFd mount, mode_t mode, const std::string& path) {
    const sys::Fd target = NVBOX_TRY(S_ISDIR(mode) ? directory_target(container_, path, journal_)
                                                   : file_target(container_, path, mode, journal_));
    journal_.mounted(NVBOX_TRY(sys::attach_and_open(std::move(mount), target.get())
                                   .in(cat("mount operation failed: ", where(path)))));
    return {};
  }

  Result<> mount_source(const std::string& path) {
    const mode_t mode = (*source_)->status.st_mode;
    sys::MountFd mount = NVBOX_TRY(take_mount(*std::exchange(*source_, std::nullopt)));
    return mount_over(std::move(mount), mode, path);
  }

  Result<> run_one(const BindMount& step) {
    if (!*source_) return {};
    Result<> mounted = mount_source(step.path);
    if (mounted) return mounted;
    if (step.source != Source::anything_optional) return mount_error(std::move(mounted).error());
    log_.warning(cat(step.path, " is left out: ", mounted.error().full_message()));
    return {};
  }

  Result<> run_one(const BindNode& step) {
    Result<> mounted = mount_source(step.path);
    return mounted ? std::move(mounted) : mount_error(std::move(mounted).error());
  }

  Result<> run_one(const MakeNode& step) {
    const mode_t mode = step.mode | (step.type == 'b' ? S_IFBLK : S_IFCHR);
    // Owners of the host are nobody in another user namespace, and only its root can be given
    // there.
    const bool is_ours = target_.uid == geteuid();
    Result<> made = make_container_node(
        container_, step.path, mode, makedev(step.major, step.minor),
        is_ours ? step.uid : target_.uid, is_ours ? step.gid : target_.gid, journal_);
    if (made) return made;
    if (made.error().code() != EPERM) return mount_error(std::move(made).error());
    // Only the first user namespace may make nodes; without binds the caller has to provide them.
    log_.warning(cat(step.path, " is left out: ", made.error().message()));
    return {};
  }

  Result<> mount_compat(const MountCompat& step) {
    std::vector<CompatLibrary> libraries =
        NVBOX_TRY(find_compat_libraries(container_, step.compat_root, step.driver_version, log_));
    for (CompatLibrary& library : libraries) {
      const std::string path = path::join(step.library_directory, library.name);
      sys::MountFd mount =
          NVBOX_TRY(sys::clone_mount(std::move(library.file), compat_restrictions).in(path));
      NVBOX_TRY(mount_over(std::move(mount), S_IFREG | 0644, path));
      if (library.soname.empty() || !library.is_newer) continue;
      NVBOX_TRY(make_link(container_, library.name,
                          path::join(step.library_directory, library.soname), journal_));
    }
    return {};
  }

  Result<> run_one(const MountCompat& step) {
    Result<> mounted = mount_compat(step);
    return mounted ? std::move(mounted) : mount_error(std::move(mounted).error());
  }

  // The container may have other cgroup hierarchies mounted, or none.
  Result<> allow_devices(const AllowDevices& step) {
    const auto outside =
        NVBOX_TRY(sys::MountNamespaceScope::enter(home_.get(), sys::RootDirectory::kept));
    const auto raised = NVBOX_TRY(sys::Raised::raise_given(changes_device_rules));
    std::optional<sys::Process> self;
    if (!target_.process) self = NVBOX_TRY(sys::Process::open_self());
    const sys::CgroupOutcome outcome = NVBOX_TRY(sys::allow_devices(
        self ? *self : *target_.process, step.rules,
        target_.strict_cgroups ? sys::Strictness::strict : sys::Strictness::lenient));
    if (!outcome.is_allowed) log_.warning(outcome.notice);
    if (outcome.scope) keep_devices(*outcome.scope, step.rules);
    return {};
  }

  // A container without it works until somebody reloads systemd.
  void keep_devices(const std::string& scope, std::span<const sys::DeviceRule> rules) {
    const Result<> kept = sys::keep_devices(scope, rules);
    if (kept) return;
    log_.warning(
        cat("the devices are lost when systemd is reloaded or a limit is set (docker update): "
            "systemd's ",
            scope, " could not be told of them: ", kept.error().full_message()));
  }

  Result<> run_one(const AllowDevices& step) {
    Result<> allowed = allow_devices(step).in("failed to add device rules");
    return allowed ? std::move(allowed) : mount_error(std::move(allowed).error());
  }

  Result<> run_one(const MakeLink& step) {
    Result<> made = make_link(container_, step.target, step.link, journal_);
    if (made) return made;
    // Somebody mounted something at the link's place, or nothing can be made here at all.
    if (!host::is_closed_to_changes(made.error())) return mount_error(std::move(made).error());
    log_.warning(cat("symbolic link is not made: ", made.error().message()));
    return {};
  }

  Result<> run_one(const WriteProfile&) {
    if (!profiles_) return hook::update_application_profile(container_, log_).in("mount error");
    return hook::update_application_profile(container_, *profiles_, log_).in("mount error");
  }

  Result<> update_cache(const UpdateCache& step) {
    std::string compat;
    if (!step.compat_root.empty()) {
      hook::CompatDecision decision = NVBOX_TRY(hook::decide_cuda_compat(
          container_, {.driver_version = step.compat_driver, .cuda_version = step.compat_cuda},
          step.compat_root));
      hook::tell(decision, log_);
      compat = std::move(decision.directory);
    }
    if (step.folders.empty() && compat.empty()) return {};
    for (const char* path : loader_files) journal_.watch(container_, path);
    journal_.keep(container_, own_loader_file);
    return hook::update_ld_cache(container_, step.folders, compat, log_);
  }

  Result<> run_one(const UpdateCache& step) { return update_cache(step).in("ldcache error"); }

  const Target& target_;
  sys::Fd home_;
  const host::Root& container_;
  std::vector<std::optional<HostSource>> sources_;
  std::optional<HostSource>* source_ = nullptr;  // of the step that is running
  std::optional<host::Root> profiles_{};         // a mount of ours in the container
  Journal journal_;
  const Log& log_;
};

// One for each step; empty for those that need none.
Result<std::vector<std::optional<HostSource>>> open_sources(const host::Root& host,
                                                            std::span<const Step> steps,
                                                            Transfer transfer, const Log& log) {
  std::vector<std::optional<HostSource>> out;
  for (const Step& step : steps) {
    std::optional<HostSource> source;
    if (const auto* bind = std::get_if<BindMount>(&step)) {
      source = NVBOX_TRY(open_source(host, *bind, transfer, log));
    } else if (const auto* node = std::get_if<BindNode>(&step)) {
      source = NVBOX_TRY(open_source(host, *node, transfer));
    }
    out.push_back(std::move(source));
  }
  return out;
}

}  // namespace

Result<> run_steps(const host::Root& host, const Target& target, std::span<const Step> steps,
                   const Log& log) {
  const sys::ManyDescriptors descriptors;
  const bool is_elsewhere = bool(target.mount_namespace);
  const bool can_copy = !is_elsewhere || sys::has_detached_mounts();
  auto sources =
      NVBOX_TRY(open_sources(host, steps, can_copy ? Transfer::copy : Transfer::reopen, log)
                    .in("mount error"));
  const SharedRootLock lock(target.container);
  sys::Fd home = NVBOX_TRY(sys::open_path("/proc/self/ns/mnt", O_RDONLY));
  Runner runner(target, std::move(home), std::move(sources), lock.files(), log);
  if (!is_elsewhere) return runner.run(steps);
  const auto inside =
      NVBOX_TRY(sys::MountNamespaceScope::enter(
                    target.mount_namespace.get(),
                    can_copy ? sys::RootDirectory::kept : sys::RootDirectory::entered)
                    .in("mount error: namespace association failed"));
  return runner.run(steps);
}

}  // namespace nvbox::apply
