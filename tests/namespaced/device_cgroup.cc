// Real cgroups: a process in one with the rules of a container tries to open devices that no driver
// serves. Where it may, the kernel goes on and finds none (ENXIO); where not, it says EPERM.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "apply/phases.h"
#include "base/text.h"
#include "namespaced/case.h"
#include "namespaced/tree.h"
#include "support/deny.h"
#include "support/manager.h"
#include "sys/bpf.h"
#include "sys/cgroup.h"
#include "sys/dbus.h"
#include "sys/file.h"
#include "sys/unit_devices.h"

namespace nvbox::test {
namespace {

namespace dbus = sys::dbus;
using sys::DeviceAccess;
using sys::DeviceRule;
using sys::Fd;
using sys::Instructions;
using sys::Strictness;
using sys::Verdict;

// Majors for local and experimental use, so that no driver of the machine is behind the nodes.
constexpr unsigned experimental = 242;
const std::vector<DeviceRule> gpu_zero = {{.major = experimental, .minor = 0}};
// What engines allow everywhere: making nodes, and a few devices.
const std::vector<DeviceRule> defaults = {
    {.access = DeviceAccess::mknod},
    {.major = 1, .minor = 3, .access = DeviceAccess::all},
    {.type = sys::DeviceType::block, .access = DeviceAccess::mknod}};

// A new cgroup beside those of the machine, removed with the object.
class TestCgroup {
 public:
  explicit TestCgroup(sys::CgroupVersion version, const std::string& below = "") {
    for (const sys::CgroupMount& mount :
         sys::parse_cgroup_mounts(read_file("/proc/self/mountinfo"))) {
      if (mount.version != version) continue;
      top_ = cat(mount.point, "/nvbox-test-", getpid());
      std::error_code failure;
      if (std::filesystem::create_directories(top_ + below, failure) && !failure)
        path_ = top_ + below;
      break;
    }
  }
  TestCgroup(const TestCgroup&) = delete;
  TestCgroup& operator=(const TestCgroup&) = delete;
  ~TestCgroup() {
    for (std::string path = path_; path.size() >= top_.size() && !path_.empty();
         path = std::filesystem::path(path).parent_path()) {
      rmdir(path.c_str());
    }
  }

  bool exists() const { return !path_.empty(); }
  const std::string& path() const { return path_; }

  sys::OpenCgroup open(const std::string& directory) const {
    return {{sys::CgroupVersion::v2, directory.substr(top_.size())},
            sys::open_path(directory, O_RDONLY | O_DIRECTORY).value()};
  }
  sys::OpenCgroup open() const { return open(path_); }

  void join() const {
    std::ofstream(path_ + "/cgroup.procs") << getpid() << std::flush;
    ASSERT_TRUE(read_file("/proc/self/cgroup").contains("nvbox-test-"));
  }

 private:
  std::string top_;
  std::string path_;
};

bool must_run() {
  const char* labels = std::getenv("NVBOX_MUST_RUN");
  return labels != nullptr && std::string_view(labels).contains("namespaced");
}

#define NEEDS_CGROUP(cgroup)                                                                    \
  if (!(cgroup).exists() && !must_run()) GTEST_SKIP() << "this user may not make cgroups here"; \
  ASSERT_TRUE((cgroup).exists())

// Nodes in `directory`, named by their minors.
void make_nodes(const std::string& directory) {
  for (unsigned minor = 0; minor < 2; ++minor) {
    ASSERT_EQ(
        mknod(cat(directory, "/", minor).c_str(), S_IFCHR | 0666, makedev(experimental, minor)), 0);
  }
}

std::string open_node(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  return fd ? "opened" : std::string(errno_text(errno));
}

constexpr const char* is_allowed = "No such device or address";
constexpr const char* is_denied = "Operation not permitted";

void attach(const sys::OpenCgroup& cgroup, const Instructions& program, std::uint32_t flags) {
  const Result<Fd> loaded = sys::load_device_program(program);
  ASSERT_TRUE(loaded) << loaded.error().full_message();
  const Result<> attached =
      sys::attach_device_program(cgroup.directory.get(), loaded->get(), flags);
  ASSERT_TRUE(attached) << attached.error().full_message();
}

std::vector<Instructions> attached_to(const sys::OpenCgroup& cgroup) {
  const Result<sys::AttachedPrograms> attached = sys::device_programs(cgroup.directory.get());
  std::vector<Instructions> out;
  for (const Fd& program : attached->programs) {
    out.push_back(sys::read_instructions(program.get()).value());
  }
  return out;
}

std::string bytes_of(const Instructions& program) {
  return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(bpf_insn)};
}

void allow(const sys::OpenCgroup& cgroup) {
  const Result<sys::CgroupOutcome> outcome =
      sys::allow_devices(cgroup, gpu_zero, Strictness::strict);
  ASSERT_TRUE(outcome) << outcome.error().full_message();
  EXPECT_TRUE(outcome->is_allowed);
}

struct Attachment {
  const char* name;
  std::uint32_t flags;
  int programs;
};
void PrintTo(const Attachment& attachment, std::ostream* out) {
  *out << attachment.name;
}

std::string name_of_attachment(const testing::TestParamInfo<Attachment>& info) {
  return info.param.name;
}

class DeviceCgroupPrograms : public testing::TestWithParam<Attachment> {};

TEST_P(DeviceCgroupPrograms, one_device_is_added_to_what_the_programs_allow) {
  const TestCgroup cgroup(sys::CgroupVersion::v2);
  NEEDS_CGROUP(cgroup);
  run_case({}, [&](const std::string& scratch) {
    make_nodes(scratch);
    for (int each = 0; each < GetParam().programs; ++each) {
      attach(cgroup.open(), sys::device_program(defaults, Verdict::deny), GetParam().flags);
    }
    cgroup.join();
    EXPECT_EQ(open_node(scratch + "/0"), is_denied);

    allow(cgroup.open());

    EXPECT_EQ(open_node(scratch + "/0"), is_allowed);
    EXPECT_EQ(open_node(scratch + "/1"), is_denied);
    EXPECT_EQ(open_node("/dev/null"), "opened");
    EXPECT_EQ(attached_to(cgroup.open()).size(), static_cast<size_t>(GetParam().programs));
  });
}

INSTANTIATE_TEST_SUITE_P(
    , DeviceCgroupPrograms,
    testing::Values(Attachment{"one_of_several_possible", BPF_F_ALLOW_MULTI, 1},
                    Attachment{"three", BPF_F_ALLOW_MULTI, 3},
                    Attachment{"one_that_children_may_override", BPF_F_ALLOW_OVERRIDE, 1},
                    Attachment{"one_that_nobody_may_override", 0, 1}),
    name_of_attachment);

TEST(DeviceCgroup, is_changed_with_the_capabilities_of_its_phase_alone) {
  const TestCgroup cgroup(sys::CgroupVersion::v2);
  NEEDS_CGROUP(cgroup);
  run_case({}, [&](const std::string&) {
    attach(cgroup.open(), sys::device_program(defaults, Verdict::deny), BPF_F_ALLOW_MULTI);
    ASSERT_TRUE(sys::keep_only(apply::changes_device_rules));
    const Result<sys::Raised> raised = sys::Raised::raise(apply::changes_device_rules);
    ASSERT_TRUE(raised) << raised.error().message();
    allow(cgroup.open());
  });
}

TEST(DeviceCgroup, rules_that_are_there_are_not_added_again) {
  const TestCgroup cgroup(sys::CgroupVersion::v2);
  NEEDS_CGROUP(cgroup);
  run_case({}, [&](const std::string&) {
    attach(cgroup.open(), sys::device_program(defaults, Verdict::deny), BPF_F_ALLOW_MULTI);
    allow(cgroup.open());
    const std::vector<Instructions> once = attached_to(cgroup.open());
    allow(cgroup.open());
    const std::vector<Instructions> twice = attached_to(cgroup.open());
    ASSERT_EQ(once.size(), 1U);
    ASSERT_EQ(twice.size(), 1U);
    EXPECT_EQ(bytes_of(twice[0]), bytes_of(once[0]));
  });
}

TEST(DeviceCgroup, without_a_program_everything_is_allowed_and_stays_so) {
  const TestCgroup cgroup(sys::CgroupVersion::v2);
  NEEDS_CGROUP(cgroup);
  run_case({}, [&](const std::string& scratch) {
    make_nodes(scratch);
    cgroup.join();
    allow(cgroup.open());
    EXPECT_TRUE(attached_to(cgroup.open()).empty());
    EXPECT_EQ(open_node(scratch + "/1"), is_allowed);
  });
}

bpf_insn make(int code, int destination, int source, int offset, int immediate) {
  bpf_insn out{};
  out.code = static_cast<std::uint8_t>(code);
  out.dst_reg = static_cast<std::uint8_t>(destination & 0xf);
  out.src_reg = static_cast<std::uint8_t>(source & 0xf);
  out.off = static_cast<std::int16_t>(offset);
  out.imm = immediate;
  return out;
}

// As runc writes it: half of a word is loaded for the type, 32-bit operations, jumps by register.
Instructions narrow_program() {
  return {make(BPF_LDX | BPF_MEM | BPF_H, 2, 1, 0, 0),
          make(BPF_LDX | BPF_MEM | BPF_W, 3, 1, 0, 0),
          make(BPF_ALU | BPF_RSH | BPF_K, 3, 0, 0, 16),
          make(BPF_LDX | BPF_MEM | BPF_W, 4, 1, 4, 0),
          make(BPF_LDX | BPF_MEM | BPF_W, 5, 1, 8, 0),
          make(BPF_JMP | BPF_JNE | BPF_K, 2, 0, 7, BPF_DEVCG_DEV_CHAR),
          make(BPF_ALU | BPF_MOV | BPF_X, 1, 3, 0, 0),
          make(BPF_ALU | BPF_AND | BPF_K, 1, 0, 0, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE),
          make(BPF_JMP | BPF_JNE | BPF_X, 1, 3, 4, 0),
          make(BPF_JMP | BPF_JNE | BPF_K, 4, 0, 3, 1),
          make(BPF_JMP | BPF_JNE | BPF_K, 5, 0, 2, 3),
          make(BPF_ALU | BPF_MOV | BPF_K, 0, 0, 0, 1),
          make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
          make(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
          make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
}

TEST(DeviceCgroup, a_program_comes_back_from_the_kernel_as_it_was) {
  const TestCgroup cgroup(sys::CgroupVersion::v2);
  NEEDS_CGROUP(cgroup);
  run_case({}, [&](const std::string& scratch) {
    make_nodes(scratch);
    attach(cgroup.open(), narrow_program(), BPF_F_ALLOW_MULTI);
    const std::vector<Instructions> shown = attached_to(cgroup.open());
    ASSERT_EQ(shown.size(), 1U);
    EXPECT_EQ(bytes_of(shown[0]), bytes_of(narrow_program()));
    allow(cgroup.open());
    cgroup.join();
    EXPECT_EQ(open_node("/dev/null"), "opened");
    EXPECT_EQ(open_node("/dev/zero"), is_denied);
    EXPECT_EQ(open_node(scratch + "/0"), is_allowed);
  });
}

TEST(DeviceCgroup, a_program_that_calls_functions_is_refused_and_stays) {
  const TestCgroup cgroup(sys::CgroupVersion::v2);
  NEEDS_CGROUP(cgroup);
  run_case({}, [&](const std::string& scratch) {
    make_nodes(scratch);
    const Instructions calling = {make(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_uid_gid),
                                  make(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
                                  make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
    attach(cgroup.open(), sys::device_program(defaults, Verdict::deny), BPF_F_ALLOW_MULTI);
    attach(cgroup.open(), calling, BPF_F_ALLOW_MULTI);
    const Result<sys::CgroupOutcome> outcome =
        sys::allow_devices(cgroup.open(), gpu_zero, Strictness::lenient);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message(),
              "device cgroup : the device program cannot be loaded again: instruction 0: it calls "
              "functions, whose numbers the kernel does not show");
    cgroup.join();
    EXPECT_EQ(open_node(scratch + "/0"), is_denied);
  });
}

TEST(DeviceCgroup, programs_of_the_scope_around_it_are_changed_and_those_beyond_are_not) {
  const TestCgroup cgroup(sys::CgroupVersion::v2, "/a.scope/container");
  NEEDS_CGROUP(cgroup);
  run_case({}, [&](const std::string& scratch) {
    make_nodes(scratch);
    const std::string scope = std::filesystem::path(cgroup.path()).parent_path();
    const std::string beyond = std::filesystem::path(scope).parent_path();
    const Instructions program = sys::device_program(defaults, Verdict::deny);
    attach(cgroup.open(), program, BPF_F_ALLOW_MULTI);
    attach(cgroup.open(scope), program, BPF_F_ALLOW_MULTI);
    cgroup.join();
    allow(cgroup.open());
    EXPECT_EQ(open_node(scratch + "/0"), is_allowed);
    attach(cgroup.open(beyond), program, BPF_F_ALLOW_MULTI);
    allow(cgroup.open());
    EXPECT_EQ(open_node(scratch + "/0"), is_denied);
  });
}

// What a manager answers to the call with this serial number: a variant of this type.
std::string answer(std::uint32_t serial, std::string_view type, const dbus::Writer& value) {
  dbus::Writer body;
  body.signature(type);
  if (type == "s") {
    body.string(value.bytes());
  } else {
    body.structures(value);
  }
  dbus::Writer fields;
  fields.byte(5);
  fields.signature("u");
  fields.number(serial);
  dbus::Writer message;
  for (const char start : {'l', '\2', '\1', '\1'}) message.byte(start);
  message.number(static_cast<std::uint32_t>(body.bytes().size()));
  message.number(1);
  message.structures(fields);
  message.align(8);
  return message.bytes() + body.bytes();
}

// crun has systemd attach its program from a file (BPFProgram= of systemd.resource-control(5)), and
// no list of devices: one would take everything else away.
TEST(DeviceCgroup, a_program_that_systemd_attaches_from_a_file_is_replaced_there) {
  run_case({}, [&](const std::string& scratch) {
    if (mount("bpf", scratch.c_str(), "bpf", 0, nullptr) != 0 && !must_run()) return;
    const std::string path = scratch + "/libpod-4a_scope";
    const Instructions original = sys::device_program(defaults, Verdict::deny);
    ASSERT_TRUE(sys::replace_pinned_program(path, sys::load_device_program(original)->get()));
    // A kernel may have put files of its own there.
    const auto files = [&] {
      return std::distance(std::filesystem::directory_iterator(scratch), {});
    };
    const auto before = files();
    dbus::Writer programs;
    programs.string("device");
    programs.string(path);
    dbus::Writer policy;
    for (const char character : std::string_view("auto")) policy.byte(character);
    Manager manager({"OK 3084af61e608453cb9e939168ce808ec\r\n", answer(1, "a(ss)", programs),
                     answer(2, "s", policy), answer(3, "a(ss)", {})});

    const Result<> kept = sys::keep_devices("libpod-4a.scope", gpu_zero, manager.path());

    ASSERT_TRUE(kept) << kept.error().full_message();
    EXPECT_EQ(manager.heard().size(), 4U) << "and nothing is set";
    EXPECT_EQ(bytes_of(*sys::read_instructions(sys::open_pinned_program(path)->get())),
              bytes_of(sys::with_rules_first(gpu_zero, original)));
    EXPECT_EQ(files(), before);
  });
}

TEST(DeviceCgroup, without_the_right_it_is_a_notice_or_when_strict_an_error) {
  const TestCgroup cgroup(sys::CgroupVersion::v2);
  NEEDS_CGROUP(cgroup);
  run_case({"no_bpf", {"bpf"}, EPERM}, [&](const std::string&) {
    const auto lenient = sys::allow_devices(cgroup.open(), gpu_zero, Strictness::lenient);
    ASSERT_TRUE(lenient);
    EXPECT_FALSE(lenient->is_allowed);
    EXPECT_EQ(lenient->notice,
              "device rules are left as they are: device cgroup : ask for the device programs of a "
              "cgroup: Operation not permitted");
    const auto strict = sys::allow_devices(cgroup.open(), gpu_zero, Strictness::strict);
    ASSERT_FALSE(strict);
    EXPECT_EQ(strict.error().code(), EPERM);
  });
}

TEST(DeviceCgroup, what_the_verifier_refuses_is_told_in_its_words) {
  const TestCgroup cgroup(sys::CgroupVersion::v2);
  NEEDS_CGROUP(cgroup);
  const Result<Fd> loaded =
      sys::load_device_program(Instructions{make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().message(),
            "load a device program: the kernel's verifier says: R0 !read_ok");
}

class DeviceCgroupV1 : public testing::Test {
 protected:
  void deny_most() const {
    std::ofstream(cgroup_.path() + "/devices.deny") << "a" << std::flush;
    std::ofstream(cgroup_.path() + "/devices.allow") << "c 1:3 rwm" << std::flush;
  }

  TestCgroup cgroup_{sys::CgroupVersion::v1};
};

TEST_F(DeviceCgroupV1, one_device_is_added_to_what_the_cgroup_of_a_process_allows) {
  NEEDS_CGROUP(cgroup_);
  run_case({}, [&](const std::string& scratch) {
    make_nodes(scratch);
    deny_most();
    cgroup_.join();
    EXPECT_EQ(open_node(scratch + "/0"), is_denied);
    const auto outcome =
        sys::allow_devices(sys::Process::open_self().value(), gpu_zero, Strictness::strict);
    ASSERT_TRUE(outcome) << outcome.error().full_message();
    EXPECT_EQ(open_node(scratch + "/0"), is_allowed);
    EXPECT_EQ(open_node(scratch + "/1"), is_denied);
    EXPECT_EQ(read_file(cgroup_.path() + "/devices.list"),
              cat("c 1:3 rwm\n", "c ", experimental, ":0 rw\n"));
  });
}

TEST_F(DeviceCgroupV1, in_a_user_namespace_it_is_a_notice_or_when_strict_an_error) {
  NEEDS_CGROUP(cgroup_);
  run_case({}, [&](const std::string& scratch) {
    make_nodes(scratch);
    deny_most();
    cgroup_.join();
    ASSERT_EQ(unshare(CLONE_NEWUSER), 0);
    EXPECT_TRUE(sys::is_in_user_namespace());
    const auto lenient =
        sys::allow_devices(sys::Process::open_self().value(), gpu_zero, Strictness::lenient);
    ASSERT_TRUE(lenient) << lenient.error().full_message();
    EXPECT_FALSE(lenient->is_allowed);
    EXPECT_FALSE(
        sys::allow_devices(sys::Process::open_self().value(), gpu_zero, Strictness::strict));
  });
}

// A process that takes over a number: clone3(2) with set_tid, which root may ask for.
pid_t start_with_number(pid_t number) {
  const std::uint64_t numbers[] = {static_cast<std::uint64_t>(number)};
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<std::uint64_t>(numbers);
  arguments.set_tid_size = 1;
  return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
}

// proc(5): the directory of a process that ended stays empty, whoever gets its number.
TEST(DeviceCgroup, is_never_that_of_a_process_that_got_the_number_later) {
  run_case({}, [](const std::string&) {
    const pid_t first = fork();
    ASSERT_GE(first, 0);
    if (first == 0) _exit(pause());
    const Result<sys::Process> process = sys::Process::open(first);
    ASSERT_TRUE(process);
    EXPECT_TRUE(sys::open_device_cgroup(*process));
    kill(first, SIGKILL);
    ASSERT_EQ(waitpid(first, nullptr, 0), first);
    const pid_t second = start_with_number(first);
    if (second == 0) _exit(pause());
    ASSERT_TRUE(second == first || sys::is_in_user_namespace()) << errno_text(errno);

    EXPECT_FALSE(sys::open_device_cgroup(*process));
    EXPECT_FALSE(sys::allow_devices(*process, gpu_zero, Strictness::lenient));
    if (second != first) return;
    EXPECT_TRUE(sys::open_device_cgroup(sys::Process::open(first).value()));
    kill(second, SIGKILL);
  });
}

}  // namespace
}  // namespace nvbox::test
