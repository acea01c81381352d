#include "nvml/run_helper.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <optional>

#include "base/path.h"
#include "base/text.h"
#include "driver/mig.h"
#include "nvml/answer.h"
#include "nvml/ask.h"
#include "nvml/helper_image.h"
#include "nvml/library.h"
#include "sys/capabilities.h"
#include "sys/confine.h"
#include "sys/file.h"
#include "sys/process.h"

namespace nvbox::nvml {
namespace {

#if defined(__aarch64__)
constexpr std::string_view loader = "/lib/ld-linux-aarch64.so.1";
#else
constexpr std::string_view loader = "/lib64/ld-linux-x86-64.so.2";
#endif

constexpr size_t most_bytes = answer_limits.bytes;

// What the C library's loader, its start and NVML do: files, memory, time, and the driver's ioctls.
// Nothing that makes, names or empties a file, starts or signals a process, or opens a socket. This
// is a guard against mistakes of the driver's library, not against a malicious one: that is root's
// own anyway, and its kernel module is the kernel's.
constexpr std::string_view calls[] = {
    "access faccessat faccessat2 stat fstat lstat newfstatat statx statfs fstatfs",
    "readlink readlinkat getcwd getdents getdents64",
    "read readv pread64 write writev lseek close dup fcntl ioctl poll ppoll",
    "brk mmap mprotect mremap munmap madvise get_mempolicy",
    "futex arch_prctl set_tid_address set_robust_list rseq sched_yield",
    "sched_getaffinity getcpu",
    "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall exit exit_group",
    "time gettimeofday clock_gettime clock_getres nanosleep clock_nanosleep",
    "getpid getppid gettid getuid geteuid getgid getegid capget umask",
    "getrandom getrlimit sysinfo uname",
};

// These only as they are meant: files that exist, the helper's own limits, threads but no
// processes.
constexpr sys::AllowedCall restricted_calls[] = {
    {"clone", 0, CLONE_THREAD, CLONE_THREAD},
    {"open", 1, O_CREAT | O_TRUNC, 0},
    {"openat", 2, O_CREAT | O_TRUNC, 0},
    {"prlimit64", 0, ~std::uint64_t{0}, 0},
};

Result<sys::Confinement> confinement(int image) {
  std::vector<sys::AllowedCall> allowed(std::begin(restricted_calls), std::end(restricted_calls));
  for (const std::string_view line : calls) {
    for (const std::string_view name : split(line, ' ')) allowed.push_back({name});
  }
  // To become the helper. Its descriptor is closed from then on, and nothing else has the number
  // unless the helper means it; what it could start so has no more rights than itself.
  allowed.push_back({"execveat", 0, ~std::uint32_t{0}, static_cast<std::uint64_t>(image)});
  return sys::Confinement{.system_calls = NVBOX_TRY(sys::allow_list(allowed)),
                          .most_file_bytes = most_bytes};
}

// The helper as nobody has to end with this process, which takes a right over others' processes.
bool may_start_as_nobody() {
  constexpr sys::CapSet needed = {CAP_KILL, CAP_SETGID, CAP_SETUID};
  const Result<sys::CapSet> effective = sys::effective_capabilities();
  return effective && needed.without(*effective).is_empty();
}

// Executable memory of our own: nobody can exchange it, and no file system needs to allow it.
Result<sys::Fd> make_image() {
  constexpr unsigned executable = 0x10;  // MFD_EXEC, Linux 6.3
  constexpr unsigned usual = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  sys::Fd image(memfd_create("nvml_helper", usual | executable));
  if (!image && errno == EINVAL) image.reset(memfd_create("nvml_helper", usual));
  if (!image) {
    Error error("make a file in memory", errno);
    if (error.code() != EACCES) return error;
    return std::move(error).hint("the sysctl vm.memfd_noexec=2 forbids programs in memory");
  }
  NVBOX_TRY(sys::write_all(image.get(), helper_image()));
  constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (fcntl(image.get(), F_ADD_SEALS, seals) != 0) return Error("seal a file in memory", errno);
  return image;
}

bool has_loader(const host::Root& root) {
  const auto found = root.stat(loader);
  return found && *found;
}

// A driver root may be a whole system, as with a driver in a container, or only its files.
bool is_complete(const driver::Context& context) {
  const host::Root& driver = context.roots.driver;
  if (driver.path() == "/" || !has_loader(driver)) return false;
  const auto control = driver.device("/dev/nvidiactl");
  return (control && *control) || !has_loader(context.roots.host);
}

// The start and each GPU may take the whole time, but words of the library in between give it none
// beyond that.
sys::Patience patience_for(unsigned timeout_s, size_t gpus) {
  const auto milliseconds = [](std::uint64_t seconds) {
    return static_cast<int>(std::min<std::uint64_t>(seconds * 1000, INT_MAX));
  };
  return {.total_ms = milliseconds(timeout_s * std::uint64_t{gpus + 1}),
          .silence_ms = milliseconds(timeout_s)};
}

Error too_slow(std::string_view output, const driver::Inventory& inventory, unsigned timeout_s) {
  const std::string_view bus_id = gpu_being_asked(output);
  const auto gpu = std::ranges::find(inventory.gpus, bus_id, &driver::Gpu::bus_id);
  const std::string where = gpu == inventory.gpus.end()
                                ? " when it started"
                                : cat(" about GPU ", gpu->index, " (", gpu->bus_id, ")");
  return Error(cat("NVML did not answer within ", timeout_s, " s", where))
      .hint(
          "persistence mode (nvidia-persistenced, or nvidia-smi -pm 1) keeps GPUs awake; if it is "
          "on, see dmesg (NVRM: Xid), or raise nvidia-container-cli.nvml-timeout");
}

Error ended_badly(const sys::Outcome& outcome) {
  constexpr int not_loaded = 127;  // the loader's own failures
  if (outcome.status->code == not_loaded) {
    return Error(cat("the NVML helper cannot be loaded: ", sys::last_words(outcome)));
  }
  return Error(cat("the NVML helper failed: ", sys::last_words(outcome)))
      .hint("the driver's library crashed; see dmesg");
}

constexpr std::string_view device_directory = "/dev";
// The last ones are nvgpu's, for GPUs in the same chip as the CPU.
constexpr std::string_view prefixes[] = {"nvidia", "nvgpu", "nvhost", "nvmap"};

using Needs = std::vector<sys::NeededFile>;

Result<> add_instances(const driver::Gpu& gpu, Needs& needs) {
  for (const driver::Mig& mig : gpu.mig) {
    if (mig.is_guarded_by_files) {
      return Error(cat("files guard the MIG devices of GPU ", gpu.index), ENOTSUP);
    }
    for (const auto& node : {mig.gpu_instance_node, mig.compute_instance_node}) {
      if (node) needs.push_back({node->path, R_OK});
    }
  }
  return {};
}

// NVML lists the MIG devices of a GPU to those who may watch them all.
Result<> add_monitor(const driver::Context& context, const std::vector<driver::Gpu>& gpus,
                     Needs& needs) {
  const bool has_mig =
      std::ranges::any_of(gpus, [](const driver::Gpu& gpu) { return !gpu.mig.empty(); });
  if (!has_mig) return {};
  const auto monitor = NVBOX_TRY(driver::find_mig_control(context.roots, "monitor", gpus));
  if (monitor && monitor->node) needs.push_back({monitor->node->path, R_OK});
  return {};
}

// The nodes of the driver, and its directories of nodes: NVML opens those for writing, and nothing
// else.
std::vector<std::string> helper_writes(const host::Root& root) {
  std::vector<std::string> places;
  const auto names = root.list(device_directory);
  if (!names || !*names) return places;
  for (const std::string& name : **names) {
    const bool is_drivers = std::ranges::any_of(
        prefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
    if (is_drivers) places.push_back(path::join(device_directory, name));
  }
  return places;
}

// What root may use when asking about the GPUs at these PCI addresses: the driver's modes decide
// whether others may as well. An error when that cannot be told, as with drivers that guard MIG
// devices by files of /proc.
Result<Needs> helper_needs(const driver::Context& context, const driver::Inventory& inventory,
                           const std::vector<std::string>& bus_ids, const std::string& library) {
  Needs needs = {{library, R_OK}, {"/dev/nvidiactl", R_OK | W_OK}};
  std::vector<driver::Gpu> asked;
  for (const driver::Gpu& gpu : inventory.gpus) {
    if (std::ranges::find(bus_ids, gpu.bus_id) == bus_ids.end()) continue;
    asked.push_back(gpu);
    if (gpu.node) needs.push_back({gpu.node->path, R_OK | W_OK});
    for (const driver::HostDevice& node : gpu.more_nodes) needs.push_back({node.path, R_OK | W_OK});
    NVBOX_TRY(add_instances(gpu, needs));
  }
  NVBOX_TRY(add_monitor(context, asked, needs));
  return needs;
}

Result<sys::Program> helper_for(const driver::Context& context, const driver::Inventory& inventory,
                                const std::vector<std::string>& bus_ids, int image) {
  const bool runs_inside = is_complete(context);
  const std::string& root = context.roots.driver.path();
  const std::string library = NVBOX_TRY(find_library(context, inventory));
  const std::string called = runs_inside ? library : path::join(root, library);
  sys::Confinement confined = NVBOX_TRY(confinement(image));
  confined.writable = helper_writes(runs_inside ? context.roots.driver : context.roots.host);
  if (may_start_as_nobody()) {
    auto needs = helper_needs(context, inventory, bus_ids, called);
    if (needs) confined.enough_for_nobody = std::move(needs).value();
  }
  sys::Program helper{.path = "the NVML helper",
                      .arguments = {"nvml_helper", called},
                      .root = runs_inside ? root : "/",
                      .image = image,
                      .confinement = std::move(confined)};
  helper.arguments.insert(helper.arguments.end(), bus_ids.begin(), bus_ids.end());
  return helper;
}

}  // namespace

Result<HelperOutput> run_helper(const driver::Context& context, const driver::Inventory& inventory,
                                const std::vector<std::string>& bus_ids, unsigned timeout_s) {
  const sys::Fd image = NVBOX_TRY(make_image());
  const auto raised = NVBOX_TRY(sys::Raised::raise_given(starts_helper));
  sys::Program helper = NVBOX_TRY(helper_for(context, inventory, bus_ids, image.get()));
  std::optional<sys::Raised> changing_root;
  if (helper.root != "/") changing_root.emplace(NVBOX_TRY(sys::Raised::raise({CAP_SYS_CHROOT})));
  auto outcome =
      sys::run_to_end(std::move(helper), patience_for(timeout_s, bus_ids.size()), most_bytes);
  if (!outcome && outcome.error().code() == ENOENT) {
    return std::move(outcome).error().hint(
        cat("NVML needs the GNU C library, whose loader is ", loader));
  }
  sys::Outcome ended = NVBOX_TRY(std::move(outcome));
  HelperOutput output;
  if (!ended.status) {
    output.failure = too_slow(ended.output, inventory, timeout_s);
  } else if (*ended.status != sys::ExitStatus{}) {
    output.failure = ended_badly(ended);
  }
  output.text = output.failure ? told_before(ended.output) : std::move(ended.output);
  return output;
}

}  // namespace nvbox::nvml
