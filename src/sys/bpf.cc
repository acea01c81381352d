#include "sys/bpf.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/text.h"

namespace nvbox::sys {
namespace {

// All that a program without calls may need; the kernel looks at it for functions only.
constexpr const char* license = "Apache-2.0";
constexpr std::string_view program_name = "nvbox_devices";

int bpf(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

std::uint64_t address_of(const void* memory) {
  return std::bit_cast<std::uintptr_t>(memory);
}

// Before Linux 5.11 programs count as locked memory, and more of that than the limit is EPERM.
void raise_memory_limit() {
  constexpr rlimit endless{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &endless) == 0) return;
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_MEMLOCK, &limit);
}

bpf_attr load_attributes(std::span<const bpf_insn> instructions) {
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = address_of(instructions.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(instructions.size());
  attributes.license = address_of(license);
  program_name.copy(attributes.prog_name, sizeof attributes.prog_name - 1);
  return attributes;
}

// The line in which the verifier says what it dislikes; empty when it does not.
std::string verifier_complaint(std::span<const bpf_insn> instructions) {
  std::string log(size_t{64} * 1024, '\0');
  bpf_attr attributes = load_attributes(instructions);
  attributes.log_buf = address_of(log.data());
  attributes.log_size = static_cast<std::uint32_t>(log.size());
  attributes.log_level = 1;
  const Fd unused(bpf(BPF_PROG_LOAD, attributes));
  log.resize(log.find('\0') == std::string::npos ? log.size() : log.find('\0'));
  std::string complaint;
  for (const std::string_view line : split(log, '\n')) {
    const bool is_statistics = line.starts_with("processed ");
    if (!trim(line).empty() && !is_statistics) complaint = trim(line);
  }
  return complaint;
}

Result<Fd> program_of(std::uint32_t id) {
  bpf_attr attributes{};
  attributes.prog_id = id;
  Fd program(bpf(BPF_PROG_GET_FD_BY_ID, attributes));
  if (!program) return Error(cat("open the device program ", id), errno);
  return program;
}

struct Query {
  std::vector<std::uint32_t> ids;
  std::uint32_t flags;
};

Result<Query> query(int cgroup) {
  // More than the kernel permits in one cgroup (BPF_CGROUP_MAX_PROGS is 64).
  Query out{.ids = std::vector<std::uint32_t>(64), .flags = 0};
  bpf_attr attributes{};
  attributes.query.target_fd = static_cast<std::uint32_t>(cgroup);
  attributes.query.attach_type = BPF_CGROUP_DEVICE;
  attributes.query.prog_ids = address_of(out.ids.data());
  attributes.query.prog_cnt = static_cast<std::uint32_t>(out.ids.size());
  if (bpf(BPF_PROG_QUERY, attributes) != 0) {
    // Kernels that know no device programs have none to change.
    if (errno == EINVAL) return Query{};
    return Error("ask for the device programs of a cgroup", errno);
  }
  out.ids.resize(attributes.query.prog_cnt);
  out.flags = attributes.query.attach_flags;
  return out;
}

Result<bpf_prog_info> information(int program, bpf_prog_info info) {
  bpf_attr attributes{};
  attributes.info.bpf_fd = static_cast<std::uint32_t>(program);
  attributes.info.info_len = sizeof info;
  attributes.info.info = address_of(&info);
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0) {
    return Error("ask for the instructions of a device program", errno);
  }
  return info;
}

// 0 or an errno.
int attach(int cgroup, int program, std::uint32_t flags, int former = -1) {
  bpf_attr attributes{};
  attributes.target_fd = static_cast<std::uint32_t>(cgroup);
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program);
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = flags;
  if (former >= 0) {
    attributes.attach_flags |= BPF_F_REPLACE;
    attributes.replace_bpf_fd = static_cast<std::uint32_t>(former);
  }
  return bpf(BPF_PROG_ATTACH, attributes) == 0 ? 0 : errno;
}

}  // namespace

Result<Fd> load_device_program(std::span<const bpf_insn> instructions) {
  bpf_attr attributes = load_attributes(instructions);
  Fd program(bpf(BPF_PROG_LOAD, attributes));
  if (!program && errno == EPERM) {
    raise_memory_limit();
    program = Fd(bpf(BPF_PROG_LOAD, attributes));
  }
  if (program) return program;
  const int failure = errno;
  const std::string complaint = failure == EPERM ? "" : verifier_complaint(instructions);
  if (complaint.empty()) return Error("load a device program", failure);
  // Without the errno: EACCES here means a bad program, not a missing right.
  return Error(cat("load a device program: the kernel's verifier says: ", complaint));
}

Result<AttachedPrograms> device_programs(int cgroup) {
  const Query found = NVBOX_TRY(query(cgroup));
  AttachedPrograms out{.flags = found.flags};
  for (const std::uint32_t id : found.ids) out.programs.push_back(NVBOX_TRY(program_of(id)));
  return out;
}

Result<> attach_device_program(int cgroup, int program, std::uint32_t flags) {
  const int failure = attach(cgroup, program, flags);
  if (failure != 0) return Error("attach a device program", failure);
  return {};
}

Result<> detach_device_program(int cgroup, int program) {
  bpf_attr attributes{};
  attributes.target_fd = static_cast<std::uint32_t>(cgroup);
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program);
  attributes.attach_type = BPF_CGROUP_DEVICE;
  if (bpf(BPF_PROG_DETACH, attributes) != 0) return Error("detach a device program", errno);
  return {};
}

Result<> replace_device_program(int cgroup, int former, int program, std::uint32_t flags) {
  // Where only one program can be, attaching another one with the same flags exchanges it.
  if ((flags & BPF_F_ALLOW_MULTI) == 0) return attach_device_program(cgroup, program, flags);
  const int failure = attach(cgroup, program, flags, former);
  if (failure == 0) return {};
  if (failure == ENOENT) {
    return Error("replace a device program", failure)
        .hint("it is attached by a link, which only its owner can update");
  }
  // Linux before 5.6 knows neither the flag nor the member for the former program.
  if (failure != EINVAL && failure != E2BIG) return Error("replace a device program", failure);
  NVBOX_TRY(attach_device_program(cgroup, program, flags));
  Result<> detached = detach_device_program(cgroup, former);
  if (!detached) (void)detach_device_program(cgroup, program);
  return detached;
}

Result<Instructions> read_instructions(int program) {
  const bpf_prog_info size = NVBOX_TRY(information(program, {}));
  if (size.xlated_prog_len == 0) return Error("read the instructions of a device program", EPERM);
  Instructions shown(size.xlated_prog_len / sizeof(bpf_insn));
  bpf_prog_info wanted{};
  wanted.xlated_prog_len = size.xlated_prog_len;
  wanted.xlated_prog_insns = address_of(shown.data());
  const bpf_prog_info filled = NVBOX_TRY(information(program, wanted));
  if (filled.xlated_prog_insns == 0) {
    return Error("the kernel does not show the instructions of a device program")
        .hint("it was hardened with net.core.bpf_jit_harden and kernel.kptr_restrict");
  }
  shown.resize(std::min(shown.size(), filled.xlated_prog_len / sizeof(bpf_insn)));
  return reloadable(std::move(shown)).in("the device program cannot be loaded again");
}

Result<Fd> open_pinned_program(const std::string& path) {
  bpf_attr attributes{};
  attributes.pathname = address_of(path.c_str());
  Fd program(bpf(BPF_OBJ_GET, attributes));
  if (!program) return Error(cat("open ", path), errno);
  return program;
}

// Names with dots are reserved there (kernel/bpf/inode.c, bpf_lookup).
Result<> replace_pinned_program(const std::string& path, int program) {
  const std::string other = cat(path, "_nvbox_", getpid());
  bpf_attr attributes{};
  attributes.pathname = address_of(other.c_str());
  attributes.bpf_fd = static_cast<std::uint32_t>(program);
  if (bpf(BPF_OBJ_PIN, attributes) != 0) return Error(cat("pin a program at ", other), errno);
  if (rename(other.c_str(), path.c_str()) == 0) return {};
  const int failure = errno;
  (void)unlink(other.c_str());
  return Error(cat("rename ", other), failure);
}

}  // namespace nvbox::sys
