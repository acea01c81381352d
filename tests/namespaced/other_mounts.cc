// Volumes and other mounts in a container: an image decides by its links where nvbox's paths lead,
// and must not have files changed that its own user could not change. One is bound at /vol, and the
// image's /etc or another directory is a link to it.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "hook/create_container.h"
#include "hook/update_ld_cache.h"
#include "host/root_write.h"
#include "namespaced/case.h"
#include "namespaced/gpu_machine.h"
#include "support/elf_stub.h"

namespace nvbox::test {
namespace {

using host::Changed;

struct Volume {
  explicit Volume(const std::string& scratch, const std::string& container)
      : source(scratch + "/volume") {
    put_file(source + "/ld.so.cache", "of the host");
    put_file(source + "/ld.so.conf.d/00-compat.conf", "/of/the/host\n");
    put_file(source + "/nvidia/nvidia-application-profiles-rc.d/10-container.conf", "of the host");
    put_file(source + "/libcuda.so", "of the host");
    put_directory(container + "/vol");
    EXPECT_EQ(mount(source.c_str(), (container + "/vol").c_str(), nullptr, MS_BIND, nullptr), 0);
    before = describe_tree(source);
  }

  std::string source;
  std::vector<std::string> before;
};

void replace_by_link(const std::string& path, const std::string& target) {
  std::filesystem::remove_all(path);
  put_link(path, target);
}

// statx(2) tells a file's mount since Linux 5.8 only; /proc/self/fdinfo does earlier.
class OtherMounts : public testing::TestWithParam<Denial> {};
INSTANTIATE_TEST_SUITE_P(Denied, OtherMounts, testing::ValuesIn(each_denied({"openat2", "statx"})),
                         name_of);

TEST_P(OtherMounts, configure_changes_nothing_on_a_volume_and_says_so) {
  run_case(GetParam(), [](const std::string& scratch) {
    GpuMachine machine(scratch);
    const Volume volume(scratch, machine.container);
    replace_by_link(machine.container + "/etc", "/vol");
    const Result<> done = machine.configure(machine.request());
    EXPECT_TRUE(done) << message(done);
    EXPECT_EQ(describe_tree(volume.source), volume.before);
    EXPECT_TRUE(machine.warnings.contains(
        cat("write ", machine.container,
            "/etc/ld.so.cache: it is on another mount than the container's root: ")))
        << machine.warnings;
  });
}

TEST_P(OtherMounts, configure_makes_no_link_on_a_volume) {
  run_case(GetParam(), [](const std::string& scratch) {
    GpuMachine machine(scratch);
    const Volume volume(scratch, machine.container);
    apply::ConfigureRequest request = {.rootfs = machine.container, .host_driver_version = "535.1"};
    request.work.links = {{"libcuda.so.1", "/links/libcuda.so"}};
    request.cgroups = false;
    put_link(machine.container + "/links", "/vol");
    const Result<> done = machine.configure(request);
    EXPECT_TRUE(done) << message(done);
    EXPECT_EQ(describe_tree(volume.source), volume.before);
    EXPECT_TRUE(machine.warnings.contains("symbolic link is not made: ")) << machine.warnings;
  });
}

TEST_P(OtherMounts, the_hook_changes_nothing_on_a_volume) {
  run_case(GetParam(), [](const std::string& scratch) {
    const GpuMachine machine(scratch);
    const Volume volume(scratch, machine.container);
    put_file(machine.container + "/dev/nvidia0", "");
    replace_by_link(machine.container + "/etc", "/vol");
    put_link(machine.container + "/links", "/vol");
    std::string warnings;
    Log log;
    log.add(LogFormat::text, [&warnings](std::string_view line) { warnings += line; });
    spec::ContainerWork work = machine.request().work;
    work.links = {{"libcuda.so.1", "/links/libcuda.so"}};
    const Result<> done =
        hook::create_container(host::Root::open("/").value(),
                               host::Root::open_container(machine.container).value(), work, log);
    EXPECT_TRUE(done) << message(done);
    EXPECT_EQ(describe_tree(volume.source), volume.before);
    EXPECT_TRUE(warnings.contains("symbolic links are not made: ")) << warnings;
    EXPECT_TRUE(warnings.contains("update the loader's cache: ")) << warnings;
  });
}

TEST_P(OtherMounts, every_change_on_a_volume_is_refused_with_one_error_and_nothing_is_left) {
  run_case(GetParam(), [](const std::string& scratch) {
    const std::string container = scratch + "/rootfs";
    put_directory(container);
    const Volume volume(scratch, container);
    const host::Root root = host::Root::open_container(container).value();
    const Result<Changed> refused[] = {
        host::write_container_file(root, "/vol/ld.so.cache", "text"),
        host::write_container_file(root, "/vol/new/file", "text"),
        host::make_link(root, "target", "/vol/libcuda.so"),
        host::make_link(root, "target", "/vol/new/link"),
        host::remove_file(root, "/vol/ld.so.cache"),
        host::change_mode(root, "/vol/ld.so.cache", 0600),
        host::change_mode(root, "/vol", 0700),
    };
    for (const Result<Changed>& one : refused) {
      ASSERT_FALSE(one);
      EXPECT_TRUE(host::is_closed_to_changes(one.error())) << one.error().message();
    }
    EXPECT_EQ(refused[0].error().message(),
              cat("write ", container,
                  "/vol/ld.so.cache: it is on another mount than the container's root: "
                  "Invalid cross-device link"));
    EXPECT_FALSE(host::make_directories(root, "/vol/new/directory"));
    EXPECT_EQ(describe_tree(volume.source), volume.before);
  });
}

// runc and crun mount a tmpfs there (config-linux.md of the OCI runtime specification, "Default
// Filesystems"); nvidia-ctk's specifications have links in /dev/dri/by-path and a chmod of
// /dev/dri.
TEST_P(OtherMounts, the_containers_own_dev_may_be_changed_but_not_what_it_links_to) {
  run_case(GetParam(), [](const std::string& scratch) {
    const std::string container = scratch + "/rootfs";
    put_directory(container + "/dev");
    const Volume volume(scratch, container);
    ASSERT_EQ(mount("dev", (container + "/dev").c_str(), "tmpfs", 0, nullptr), 0);
    put_directory(container + "/dev/dri");
    put_link(container + "/dev/way", "/vol");
    const host::Root root = host::Root::open_container(container).value();
    EXPECT_TRUE(host::make_link(root, "../card1", "/dev/dri/by-path/pci-0000:3b:00.0-card"));
    EXPECT_TRUE(host::change_mode(root, "/dev/dri", 0711));
    EXPECT_FALSE(host::make_link(root, "../card1", "/dev/way/libcuda.so"));
    ASSERT_EQ(umount((container + "/dev").c_str()), 0);
    replace_by_link(container + "/dev", "/vol");
    EXPECT_FALSE(host::make_link(root, "../card1", "/dev/libcuda.so"));
    EXPECT_EQ(describe_tree(volume.source), volume.before);
  });
}

// rename(2) over a file that something is mounted on is EBUSY. Such a mount is somebody's wish
// (`docker run -v my.cache:/etc/ld.so.cache`), and no reason not to start.
struct MountedFile {
  MountedFile(const std::string& scratch, const std::string& place) : source(scratch + "/theirs") {
    put_file(source, "theirs");
    put_file(place, "of the image");
    EXPECT_EQ(mount(source.c_str(), place.c_str(), nullptr, MS_BIND, nullptr), 0);
  }

  std::string source;
};

TEST_P(OtherMounts, configure_leaves_a_loaders_file_that_is_mounted_over) {
  for (const char* file : {"/etc/ld.so.cache", "/etc/ld.so.conf.d/00-nvbox.conf"}) {
    SCOPED_TRACE(file);
    run_case(GetParam(), [file](const std::string& scratch) {
      GpuMachine machine(scratch);
      std::filesystem::remove(machine.container + "/etc/debian_version");
      const MountedFile mounted(scratch, machine.container + file);
      const Result<> done = machine.configure(machine.request());
      EXPECT_TRUE(done) << message(done);
      EXPECT_EQ(read_file(mounted.source), "theirs");
      EXPECT_TRUE(machine.warnings.contains("Device or resource busy")) << machine.warnings;
      ASSERT_EQ(umount((machine.container + file).c_str()), 0);
      EXPECT_EQ(read_file(machine.container + file), "of the image");
    });
  }
}

// Alpine with gcompat has both loaders; the one whose file is free gets the folders.
TEST_P(OtherMounts, the_hook_leaves_one_loaders_file_and_updates_the_others) {
  const std::string musl = "/etc/ld-musl-x86_64.path";
  const std::string glibc = "/etc/ld.so.cache";
  for (const auto& [closed, open] : {std::pair(musl, glibc), std::pair(glibc, musl)}) {
    SCOPED_TRACE(closed);
    run_case(GetParam(), [&](const std::string& scratch) {
      const std::string container = scratch + "/rootfs";
      put_file(container + "/etc/alpine-release", "3.20\n");
      put_file(container + "/lib/ld-musl-x86_64.so.1", "");
      put_file(container + "/lib64/ld-linux-x86-64.so.2", "");
      put_file(container + "/usr/lib/nv/libcuda.so.1", elf_image({.soname = "libcuda.so.1"}));
      const MountedFile mounted(scratch, container + closed);
      std::string warnings;
      Log log;
      log.add(LogFormat::text, [&warnings](std::string_view line) { warnings += line; });
      const Result<> done = hook::update_ld_cache(host::Root::open_container(container).value(),
                                                  std::vector<std::string>{"/usr/lib/nv"}, "", log);
      EXPECT_TRUE(done) << message(done);
      EXPECT_EQ(read_file(mounted.source), "theirs");
      EXPECT_TRUE(warnings.contains("Device or resource busy")) << warnings;
      EXPECT_TRUE(read_file(container + open).contains("/usr/lib/nv"));
    });
  }
}

TEST_P(OtherMounts, what_is_mounted_over_may_lie_on_other_mounts) {
  run_case(GetParam(), [](const std::string& scratch) {
    GpuMachine machine(scratch);
    for (const char* place : {"/dev", "/run", "/usr/bin"}) {
      put_directory(machine.container + place);
      ASSERT_EQ(mount("other", (machine.container + place).c_str(), "tmpfs", 0, nullptr), 0);
    }
    const Result<> done = machine.configure(machine.request());
    EXPECT_TRUE(done) << message(done);
    if (done) expect_configured(machine, machine.container);
    EXPECT_EQ(machine.warnings, "");
  });
}

}  // namespace
}  // namespace nvbox::test
