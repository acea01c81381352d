// One process that configures container after container: no descriptor stays open, no mount stays
// where it was made, the image gets no more files than by the first, and memory does not grow.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "namespaced/case.h"
#include "namespaced/gpu_machine.h"
#include "namespaced/tree.h"

namespace nvbox::test {
namespace {

int cycles() {
  return std::getenv("NVBOX_LONG") != nullptr ? 10'000 : 500;
}

// The heap and what else is this process's own, in pages: the second number of /proc/self/statm
// (proc(5)).
long resident_pages() {
  const std::string text = read_file("/proc/self/statm");
  return parse_number<long>(split(text, ' ').at(1)).value_or(0);
}

// What a container's end does.
void unmount_below(const std::string& directory) {
  const std::vector<MountEntry> all = mounts();
  for (auto mount = all.rbegin(); mount != all.rend(); ++mount) {
    if (!path::is_below(mount->point, directory)) continue;
    umount2(mount->point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  }
}

// Without counts of links and times, which the second run changes.
std::vector<std::string> names_below(const std::string& directory) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

struct Look {
  std::vector<std::string> descriptors;
  std::vector<std::string> names;
  std::vector<MountEntry> mounts;

  bool operator==(const Look&) const = default;
};

Look look_at(const GpuMachine& machine) {
  return {names_in("/proc/self/fd"), names_below(machine.container), mounts()};
}

void run_cycles(const std::string& scratch, int count) {
  // A kernel's own buffers and the allocator's are filled after some.
  constexpr int warm = 50;
  constexpr long most_pages = 64;
  GpuMachine machine(scratch);
  apply::ConfigureRequest request = machine.request();
  request.compat = apply::CompatMode::mount;
  Look before;
  long pages = 0;
  for (int cycle = 0; cycle < count; ++cycle) {
    const Result<> done = machine.configure(request);
    ASSERT_TRUE(done) << done.error().message() << machine.warnings;
    machine.warnings.clear();
    unmount_below(machine.container);
    if (cycle == warm) {
      before = look_at(machine);
      pages = resident_pages();
    }
  }
  const long grown = resident_pages() - pages;
  EXPECT_LT(grown, most_pages);
  EXPECT_TRUE(look_at(machine) == before);
}

TEST(Cycles, of_configure_leave_nothing_behind) {
  run_case({}, [](const std::string& scratch) {
    alarm(1200);
    run_cycles(scratch, cycles());
  });
}

// Where every cycle fails at its last step: the image's cache is a folder.
TEST(Cycles, of_a_configure_that_fails_leave_nothing_behind) {
  run_case({}, [](const std::string& scratch) {
    alarm(1200);
    GpuMachine machine(scratch);
    put_directory(machine.container + "/etc/ld.so.cache/directory");
    const Look before = look_at(machine);
    long pages = 0;
    for (int cycle = 0; cycle < cycles() / 2; ++cycle) {
      machine.warnings.clear();
      ASSERT_FALSE(machine.configure(machine.request()));
      if (cycle == 40) pages = resident_pages();
    }
    EXPECT_LT(resident_pages() - pages, 64);
    EXPECT_TRUE(look_at(machine) == before);
  });
}

}  // namespace
}  // namespace nvbox::test
