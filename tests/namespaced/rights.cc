// Hooks and configure with the rights that they keep (hook/rights.h, apply/phases.h) and the system
// calls of their lists: they are enough, on old kernels as well, and hooks need each of them.
#include "hook/rights.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "apply/phases.h"
#include "hook/chmod.h"
#include "hook/create_container.h"
#include "hook/mask_params.h"
#include "namespaced/case.h"
#include "namespaced/gpu_machine.h"
#include "namespaced/tree.h"
#include "support/sanitized.h"
#include "sys/capabilities.h"
#include "sys/sandbox.h"

namespace nvbox::test {
namespace {

using sys::CapSet;

// The user whom an image's files may belong to.
constexpr uid_t other_user = 1000;

void give_to_other(const std::string& path) {
  ASSERT_EQ(lchown(path.c_str(), other_user, other_user), 0) << path;
}

// As a hook begins; its rights are effective for the rest of the case.
void keep(CapSet rights, std::span<const int> calls) {
  ASSERT_TRUE(sys::forbid_new_privileges());
  ASSERT_TRUE(sys::keep_only(rights));
  ASSERT_TRUE(sys::set_effective(rights));
  if (is_sanitized) return;
  const Result<> kept = sys::keep_to_calls(calls);
  ASSERT_TRUE(kept) << message(kept);
}

const std::vector<std::string_view> newer_calls = {"openat2",       "open_tree", "move_mount",
                                                   "mount_setattr", "fsopen",    "fsconfig",
                                                   "fsmount",       "statx",     "faccessat2"};

class Rights : public testing::TestWithParam<Denial> {};
INSTANTIATE_TEST_SUITE_P(Denied, Rights, testing::ValuesIn(each_denied(newer_calls)), name_of);

TEST_P(Rights, of_a_hook_are_enough_for_all_its_work) {
  run_case(GetParam(), [](const std::string& scratch) {
    const GpuMachine machine(scratch);
    const std::string container = machine.container;
    put_file(container + "/usr/lib64/libcuda.so.535.1", elf_image({.soname = "libcuda.so.1"}));
    put_file(container + "/proc/driver/nvidia/params", "ModifyDeviceFiles: 1\n");
    put_file(container + "/etc/ld.so.conf", "/lib\n");
    put_node(container + "/dev/nvidia0", 0);
    const auto host = host::Root::open(machine.host).value();
    const auto root = host::Root::open_container(container).value();
    const spec::ContainerWork work = {.links = {{"libcuda.so.535.1", "/usr/lib64/libcuda.so.1"}},
                                      .library_folders = {"/usr/lib64"},
                                      .cuda_compat_driver = "535.1",
                                      .mask_params = true,
                                      .application_profile = true};
    keep(hook::writes_files, hook::system_calls());
    const Result<> done = hook::create_container(host, root, work, Log());
    ASSERT_TRUE(done) << message(done);
    EXPECT_TRUE(read_file(container + "/etc/ld.so.cache").contains("/usr/lib64/libcuda.so.1"));
    EXPECT_TRUE(
        read_file(container + "/proc/driver/nvidia/params").contains("ModifyDeviceFiles: 0"));
    EXPECT_TRUE(read_file(container + "/etc/nvidia/nvidia-application-profiles-rc.d/"
                                      "10-container.conf")
                    .contains("EGLVisibleDGPUDevices"));
  });
}

TEST_P(Rights, of_configure_in_the_container_are_enough) {
  run_case(GetParam(), [](const std::string& scratch) {
    GpuMachine machine(scratch);
    apply::ConfigureRequest request = machine.request();
    request.gives_up_rights = true;
    keep(apply::changes_container | apply::never_in_container, apply::system_calls());
    const Result<> done = machine.configure(request);
    ASSERT_TRUE(done) << message(done);
    expect_configured(machine, machine.container);
    EXPECT_TRUE(sys::permitted_capabilities().value().without(apply::changes_container).is_empty());
  });
}

// One thing that images have and that takes one of the rights.
struct Need {
  std::string name;
  CapSet rights;  // of the hook
  int right;
  std::function<void(const std::string& rootfs)> prepare;
  // Whether what the hook is for was done.
  std::function<bool(const std::string& rootfs)> work;
};
void PrintTo(const Need& need, std::ostream* out) {
  *out << need.name;
}
std::string name_of_need(const testing::TestParamInfo<Need>& info) {
  return info.param.name;
}

constexpr const char* library_folder = "/usr/lib/nv";

bool make_link(const std::string& rootfs) {
  const auto root = host::Root::open_container(rootfs);
  const spec::ContainerWork work = {.links = {{"libcuda.so.1", "/usr/lib/nv/libcuda.so"}}};
  std::error_code unused;
  return root && hook::create_container(*root, *root, work, Log()) &&
         std::filesystem::read_symlink(rootfs + "/usr/lib/nv/libcuda.so", unused) == "libcuda.so.1";
}

bool update_cache(const std::string& rootfs) {
  const auto root = host::Root::open_container(rootfs);
  const spec::ContainerWork work = {.library_folders = {library_folder}};
  const std::string cache = rootfs + "/etc/ld.so.cache";
  struct stat info {};
  return root && hook::create_container(*root, *root, work, Log()) &&
         stat(cache.c_str(), &info) == 0 && info.st_uid == other_user &&
         read_file(cache).contains("/usr/lib/nv/libcuda.so.1");
}

bool change_mode(const std::string& rootfs) {
  const auto root = host::Root::open_container(rootfs);
  const std::string path = "/usr/lib/nv/file";
  struct stat info {};
  return root && hook::change_modes(*root, std::span(&path, 1), 02755, Log()) &&
         stat((rootfs + path).c_str(), &info) == 0 && (info.st_mode & 07777) == 02755;
}

bool mask_params(const std::string& rootfs) {
  const auto root = host::Root::open_container(rootfs);
  const auto host = host::Root::open(rootfs + "/host");
  const std::string params = rootfs + "/proc/driver/nvidia/params";
  return root && host && hook::mask_params(*host, *root) &&
         read_file(params) == "ModifyDeviceFiles: 0\n";
}

void put_params(const std::string& rootfs) {
  put_file(rootfs + "/proc/driver/nvidia/params", "ModifyDeviceFiles: 1\n");
  put_file(rootfs + "/host/proc/driver/nvidia/params", "ModifyDeviceFiles: 1\n");
}

// What crun does to a read-only root before createContainer hooks.
void make_read_only(const std::string& rootfs) {
  ASSERT_EQ(mount(rootfs.c_str(), rootfs.c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(mount(nullptr, rootfs.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
}

void close_to_others(const std::string& rootfs) {
  put_params(rootfs);
  give_to_other(rootfs);
  ASSERT_EQ(chmod(rootfs.c_str(), 0700), 0);
}

const std::vector<Need> needs = {
    {"link_in_a_folder_of_another_user", hook::makes_links, CAP_DAC_OVERRIDE,
     [](const std::string& rootfs) { give_to_other(rootfs + library_folder); }, make_link},
    {"link_in_place_of_another_users_in_a_sticky_folder", hook::makes_links, CAP_FOWNER,
     [](const std::string& rootfs) {
       const std::string folder = rootfs + library_folder;
       put_link(folder + "/libcuda.so", "older");
       give_to_other(folder + "/libcuda.so");
       give_to_other(folder);
       ASSERT_EQ(chmod(folder.c_str(), 01777), 0);
     },
     make_link},
    {"link_in_a_root_that_crun_made_read_only", hook::makes_links, CAP_SYS_ADMIN, make_read_only,
     make_link},
    {"file_that_keeps_its_owner", hook::writes_files, CAP_CHOWN,
     [](const std::string& rootfs) {
       put_file(rootfs + library_folder + "/libcuda.so.1", elf_image({.soname = "libcuda.so.1"}));
       put_file(rootfs + "/lib64/ld-linux-x86-64.so.2", "");
       put_file(rootfs + "/etc/ld.so.cache", "no cache");
       give_to_other(rootfs + "/etc/ld.so.cache");
     },
     update_cache},
    {"mode_of_another_users_file", hook::changes_modes, CAP_FOWNER,
     [](const std::string& rootfs) {
       put_file(rootfs + "/usr/lib/nv/file", "");
       ASSERT_EQ(chown((rootfs + "/usr/lib/nv/file").c_str(), other_user, 0), 0);
     },
     change_mode},
    {"mode_with_a_bit_for_another_group", hook::changes_modes, CAP_FSETID,
     [](const std::string& rootfs) {
       put_file(rootfs + "/usr/lib/nv/file", "");
       ASSERT_EQ(chown((rootfs + "/usr/lib/nv/file").c_str(), 0, other_user), 0);
     },
     change_mode},
    {"mask_in_a_root_that_is_closed_to_others", hook::covers_files, CAP_DAC_READ_SEARCH,
     close_to_others, mask_params},
    {"mask_that_is_a_mount", hook::covers_files, CAP_SYS_ADMIN, put_params, mask_params},
};

class NeededRight : public testing::TestWithParam<Need> {};
INSTANTIATE_TEST_SUITE_P(Hooks, NeededRight, testing::ValuesIn(needs), name_of_need);

// Other users are none in a user namespace that has one.
TEST_P(NeededRight, is_kept_and_all_that_is_missing_without_it) {
  if (geteuid() != 0) GTEST_SKIP() << "needs files of other users";
  const Need& need = GetParam();
  for (const bool has_it : {true, false}) {
    run_case({}, [&](const std::string& scratch) {
      const std::string rootfs = scratch + "/rootfs";
      put_directory(rootfs + library_folder);
      need.prepare(rootfs);
      keep(has_it ? need.rights : need.rights.without({need.right}), hook::system_calls());
      EXPECT_EQ(need.work(rootfs), has_it);
    });
  }
}

}  // namespace
}  // namespace nvbox::test
