// CVE-2024-0132, CVE-2025-23359, CVE-2026-24260: while nvbox works in a container, an attacker
// keeps exchanging a component of a path that it resolves for something else: a link out of the
// container, climbing, to a volume or by /proc, a FIFO, a device, a directory. Whatever happens
// between a look and the next, nothing outside changes, nothing of outside is shown or read, and no
// device or FIFO is opened.
//
// Each kind of component of each work gets 500 rounds, with NVBOX_LONG set 10,000, once with
// openat2 and once without, which leaves paths to our own walker.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "base/text.h"
#include "hook/chmod.h"
#include "hook/create_container.h"
#include "hook/create_symlinks.h"
#include "hook/cuda_compat.h"
#include "hook/update_ld_cache.h"
#include "host/root.h"
#include "host/root_write.h"
#include "namespaced/case.h"
#include "namespaced/gpu_machine.h"
#include "namespaced/tree.h"
#include "security/arena.h"
#include "security/exchanger.h"
#include "support/elf_stub.h"

namespace nvbox::test {
namespace {

bool is_long() {
  return std::getenv("NVBOX_LONG") != nullptr;
}

size_t rounds_per_kind() {
  return is_long() ? 10'000 : 500;
}

// The rounds of a long run take longer than the minute that a case has.
constexpr unsigned most_seconds_when_long = 1200;

constexpr const char* newer_cuda = "/usr/local/cuda-12/compat/libcuda.so.575.57.08";

// Only on GpuMachine's host; the other works know no host.
struct Work {
  std::string name;
  std::vector<Place> places;
  // Whether the work was done.
  std::function<bool(GpuMachine& machine, const host::Root& container, int round)> run;
  // Rounds from one look to the next. Nobody exchanges what is mounted over.
  int at_once = 5;
};

// GpuMachine's image, and one of musl as well, with whatever the works look for.
void complete(const GpuMachine& machine) {
  const std::string& image = machine.container;
  put_file(image + "/lib/ld-musl-x86_64.so.1", "");
  put_file(image + "/etc/ld-musl-x86_64.path", "/lib\n");
  put_file(image + "/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
  put_file(image + "/etc/ld.so.conf.d/a.conf", "/opt/app\n");
  put_file(image + "/etc/ld.so.conf.d/00-nvbox.conf", "");
  put_file(image + "/etc/ld.so.conf.d/00-compat.conf", "/usr/local/cuda-12/compat\n");
  put_file(image + "/etc/ld.so.cache", "");
  put_file(image + "/etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf", "{}");
  put_file(image + "/usr/lib/nv/libnew.so.1.2", elf_image({.soname = "libnew.so.1"}));
  put_file(image + "/opt/app/file", "");
  put_file(image + newer_cuda, elf_image({.soname = "libcuda.so.1"}));
  put_link(image + "/usr/local/cuda", "cuda-12");
  put_link(image + "/alias", "usr/lib/nv");
  put_link(image + "/usr/lib/nv/libnew.so", "libnew.so.1");
  put_file(image + "/proc/driver/nvidia/params", "ModifyDeviceFiles: 1\n");
  put_file(image + "/usr/bin/nvidia-smi", "");
  put_file(image + "/lib/firmware/nvidia/535.1/gsp_ga10x.bin", "");
  put_file(image + "/run/nvidia-persistenced/socket", "");
  put_file(image + native + "/libcuda.so.535.1", "");
  put_link(image + native + "/libcuda.so.1", "libcuda.so.535.1");
  put_directory(image + "/dev");
}

const Work update_ld_cache = {
    "update_ld_cache",
    {{"/etc"},
     {"/etc/ld.so.conf.d"},
     {"/usr"},
     {"/usr/lib"},
     {"/usr/lib/nv"},
     {"/lib"},
     {"/etc/ld.so.conf", Kind::file},
     {"/etc/ld.so.conf.d/a.conf", Kind::file},
     {"/etc/ld.so.conf.d/00-nvbox.conf", Kind::file},
     {"/etc/ld.so.conf.d/00-compat.conf", Kind::file},
     {"/etc/ld.so.cache", Kind::file},
     {"/etc/ld-musl-x86_64.path", Kind::file},
     {"/usr/lib/nv/libnew.so.1.2", Kind::file, true}},
    [](GpuMachine&, const host::Root& container, int round) {
      // Other folders than before, so that every round has something to write.
      const std::vector<std::string> folders = {round % 2 == 0 ? "/usr/lib/nv" : "/opt/app"};
      return hook::update_ld_cache(container, folders, "", Log()).has_value();
    }};

const Work create_symlinks = {"create_symlinks",
                              {{"/usr"},
                               {"/usr/lib"},
                               {"/usr/lib/nv"},
                               {"/opt/app"},
                               {"/alias", Kind::link},
                               {"/usr/lib/nv/libnew.so", Kind::link}},
                              [](GpuMachine&, const host::Root& container, int round) {
                                const std::string text = cat("libnew.so.", round % 2);
                                const std::vector<spec::Link> links = {
                                    {text, "/usr/lib/nv/libnew.so"},
                                    {text, "/alias/libalias.so"},
                                    {text, cat("/opt/app/", round % 100, "/libdeep.so")}};
                                return hook::create_symlinks(container, links).has_value();
                              }};

const Work enable_cuda_compat = {
    "enable_cuda_compat",
    {{"/etc"},
     {"/etc/ld.so.conf.d"},
     {"/usr/local"},
     {"/usr/local/cuda-12"},
     {"/usr/local/cuda-12/compat"},
     {"/usr/local/cuda", Kind::link},
     {newer_cuda, Kind::file, true},
     {"/etc/ld.so.conf.d/00-compat.conf", Kind::file}},
    [](GpuMachine&, const host::Root& container, int round) {
      // The file is written with the one, and removed with the other.
      const hook::HostDriver driver = {.driver_version = round % 2 == 0 ? "550.10" : "999.10"};
      return hook::enable_cuda_compat(container, driver, "/usr/local/cuda/compat", Log())
          .has_value();
    }};

const Work change_modes = {
    "change_modes",
    {{"/opt"}, {"/opt/app"}, {"/opt/app/file", Kind::file}},
    [](GpuMachine&, const host::Root& container, int round) {
      const std::vector<std::string> paths = {"/opt/app", "/opt/app/file"};
      return hook::change_modes(container, paths, round % 2 == 0 ? 0711 : 0755, Log()).has_value();
    }};

// What all of them are made of.
const Work make_files = {
    "make_files",
    {{"/opt"}, {"/opt/app"}, {"/opt/app/file", Kind::file}},
    [](GpuMachine&, const host::Root& container, int round) {
      // Each of them, whatever became of the others.
      const bool is_written =
          host::write_file(container, "/opt/app/file", cat("text ", round)).has_value();
      const bool is_made =
          host::make_directories(container, cat("/opt/app/d", round % 100, "/e")).has_value();
      const bool is_opened = container
                                 .open_at(cat("/opt/app/f", round % 100),
                                          O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644)
                                 .has_value();
      return is_written && is_made && is_opened;
    }};

// What nvidia-container-runtime's own hook does in one process.
const Work create_container = {
    "create_container",
    {{"/etc"},
     {"/etc/nvidia"},
     {"/etc/nvidia/nvidia-application-profiles-rc.d"},
     {"/usr/lib"},
     {"/usr/local/cuda-12/compat"},
     {"/dev"},
     {"/proc"},
     {"/proc/driver"},
     {"/proc/driver/nvidia"},
     {"/proc/driver/nvidia/params", Kind::file},
     {"/etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf", Kind::file},
     {"/etc/ld-musl-x86_64.path", Kind::file},
     {"/etc/ld.so.conf", Kind::file},
     {"/usr/local/cuda", Kind::link},
     {"/usr/lib/nv/libnew.so", Kind::link}},
    [](GpuMachine& machine, const host::Root& container, int round) {
      const spec::ContainerWork work = {
          .links = {{cat("libnew.so.", round % 2), "/usr/lib/nv/libnew.so"}},
          .library_folders = {round % 2 == 0 ? "/usr/lib/nv" : "/opt/app"},
          .cuda_compat_driver = "550.10",
          .mask_params = true,
          .application_profile = true};
      const host::Root host = host::Root::open(machine.host).value();
      return hook::create_container(host, container, work, Log()).has_value();
    },
    1};

// nvidia-container-cli configure --cuda-compat-mode=mount.
const Work configure = {"configure",
                        {{"/usr"},
                         {"/usr/lib"},
                         {native},
                         {"/usr/bin"},
                         {"/lib/firmware"},
                         {"/lib/firmware/nvidia"},
                         {"/run"},
                         {"/etc"},
                         {"/etc/nvidia"},
                         {"/dev"},
                         {"/proc"},
                         {"/proc/driver"},
                         {"/proc/driver/nvidia"},
                         {"/usr/local"},
                         {"/usr/local/cuda-12"},
                         {"/usr/local/cuda-12/compat"},
                         {newer_cuda, Kind::file, true},
                         {cat(native, "/libcuda.so.535.1"), Kind::file, true},
                         {"/usr/bin/nvidia-smi", Kind::file},
                         {"/dev/nvidia0", Kind::file},
                         {"/lib/firmware/nvidia/535.1/gsp_ga10x.bin", Kind::file},
                         {"/run/nvidia-persistenced/socket", Kind::file},
                         {"/etc/ld-musl-x86_64.path", Kind::file},
                         {"/etc/ld.so.conf", Kind::file},
                         {"/usr/local/cuda", Kind::link},
                         {cat(native, "/libcuda.so.1"), Kind::link}},
                        [](GpuMachine& machine, const host::Root&, int) {
                          apply::ConfigureRequest request = machine.request();
                          request.compat = apply::CompatMode::mount;
                          machine.warnings.clear();
                          return machine.configure(request).has_value();
                        }};

// How many rounds had their work done, in all of the cases' processes: a race that every round
// loses at its first look says little.
class Tally {
 public:
  Tally()
      : done_(new (mmap(nullptr, sizeof(Count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                        -1, 0)) Count(0)) {}
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  ~Tally() { munmap(done_, sizeof(Count)); }

  void add(bool is_done) { *done_ += is_done ? 1 : 0; }
  long done() const { return *done_; }

 private:
  using Count = std::atomic<long>;
  Count* done_;
};

// Exchanges `place` for each evil in turn.
void race_at(const Work& work, const Place& place, const std::string& scratch, size_t rounds,
             Tally& tally) {
  GpuMachine machine(scratch);
  complete(machine);
  put_node(machine.container + "/dev/nvidia0", 0);
  Arena arena(scratch);
  if (!arena.furnish()) ADD_FAILURE() << "no mounts can be made here";
  const host::Root container = host::Root::open_container(machine.container).value();
  for (const Evil evil : evils_for(place.kind)) {
    SCOPED_TRACE(cat(work.name, ": ", place.path, " for a ", std::string_view(words_for(evil))));
    Trap trap(arena, place, evil);
    EXPECT_TRUE(trap.arm()) << std::strerror(errno);
    if (testing::Test::HasFailure()) break;
    Exchanger attacker(trap.place(), trap.spare());
    for (size_t round = 0; round < rounds; round += static_cast<size_t>(work.at_once)) {
      (void)trap.was_opened();
      attacker.go_on();
      for (int i = 0; i < work.at_once; ++i) {
        tally.add(work.run(machine, container, static_cast<int>(round) + i));
      }
      attacker.pause();
      EXPECT_FALSE(trap.was_opened()) << "opened";
      EXPECT_EQ(arena.take_harm(), std::vector<std::string>());
      EXPECT_TRUE(trap.arm()) << std::strerror(errno);
      if (testing::Test::HasFailure()) return;
    }
  }
}

size_t pairs_of(const Work& work, Kind kind) {
  size_t out = 0;
  for (const Place& place : work.places) {
    if (place.kind == kind) out += evils_for(kind).size();
  }
  return out;
}

// A place in a case of its own, so that the attacker's own path never leads through a former trap.
void race(const Work& work, const Denial& denial) {
  Tally tally;
  for (const Place& place : work.places) {
    const size_t pairs = pairs_of(work, place.kind);
    const size_t rounds = (rounds_per_kind() + pairs - 1) / pairs;
    run_case(denial, [&](const std::string& scratch) {
      if (is_long()) alarm(most_seconds_when_long);
      race_at(work, place, scratch, rounds, tally);
    });
    if (testing::Test::HasFailure() || testing::Test::IsSkipped()) return;
  }
  EXPECT_GT(tally.done(), 0);
}

class Races : public testing::TestWithParam<Denial> {};
INSTANTIATE_TEST_SUITE_P(Denied, Races,
                         testing::Values(Denial{}, Denial{"no_openat2", {"openat2"}, ENOSYS}),
                         name_of);

TEST_P(Races, who_makes_files_and_folders_is_led_nowhere) {
  race(make_files, GetParam());
}

TEST_P(Races, update_ldcache_is_led_nowhere) {
  race(update_ld_cache, GetParam());
}

TEST_P(Races, create_symlinks_is_led_nowhere) {
  race(create_symlinks, GetParam());
}

TEST_P(Races, enable_cuda_compat_is_led_nowhere) {
  race(enable_cuda_compat, GetParam());
}

TEST_P(Races, chmod_is_led_nowhere) {
  race(change_modes, GetParam());
}

TEST_P(Races, the_combined_hook_is_led_nowhere) {
  race(create_container, GetParam());
}

TEST_P(Races, configure_with_mounted_compatibility_libraries_is_led_nowhere) {
  race(configure, GetParam());
}

}  // namespace
}  // namespace nvbox::test
