// Root file systems made to lead the hook out of the container (CVE-2024-0133, CVE-2024-0134,
// CVE-2025-23267): whatever they hold, the host stays as it is and the hook ends soon.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
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
#include "namespaced/tree.h"

namespace nvbox::test {
namespace {

constexpr const char* libraries = "/usr/lib/x86_64-linux-gnu";

// A host with something worth changing, and an image that looks like one of glibc.
struct Machine {
  explicit Machine(const std::string& scratch)
      : host(scratch + "/host"), container(scratch + "/rootfs") {
    put_file(host + "/etc/passwd", "root:x:0:0\n");
    put_file(host + "/etc/ld.so.conf", "/opt/lib\n");
    put_file(host + "/etc/ld.so.conf.d/site.conf", "/opt/site/lib\n");
    put_file(host + "/etc/ld.so.cache", "cache of the host");
    put_directory(host + "/escape");
    put_file(container + "/lib64/ld-linux-x86-64.so.2", "");
    put_directory(container + libraries);
    before = describe_tree(host);
  }

  host::Root root() const { return host::Root::open(container).value(); }
  void expect_host_unchanged() const { EXPECT_EQ(describe_tree(host), before); }

  std::string host;
  std::string container;
  std::vector<std::string> before;
};

class HostileImage : public testing::TestWithParam<Denial> {};
INSTANTIATE_TEST_SUITE_P(Denied, HostileImage, testing::ValuesIn(each_denied({"openat2"})),
                         name_of);

std::string message(const Result<>& result) {
  return result ? "done" : result.error().message();
}

// Texts of links that lead whoever does not stay in the root to `path` of the host.
std::vector<std::string> ways_to(const Machine& machine, const std::string& path) {
  return {machine.host + path, "/../../.." + machine.host + path,
          "../../../../../../../.." + machine.host + path, "../host" + path};
}

TEST_P(HostileImage, directories_and_files_are_made_inside_whatever_their_parents_link_to) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    int number = 0;
    for (const std::string& way : ways_to(machine, "/escape")) {
      const std::string parent = cat("/parent", ++number);
      put_link(machine.container + parent, way);
      (void)host::make_directories(machine.root(), parent + "/made/here");
      (void)host::write_file(machine.root(), parent + "/file", "text");
      (void)host::write_file(machine.root(), parent, "text");
    }
    machine.expect_host_unchanged();
  });
}

TEST_P(HostileImage, a_parent_that_links_to_a_directory_of_the_same_name_inside_is_used) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    put_directory(machine.container + "/escape");
    put_link(machine.container + "/parent", "/../../escape");
    const Result<host::Changed> written = host::write_file(machine.root(), "/parent/file", "text");
    ASSERT_TRUE(written) << written.error().message();
    EXPECT_EQ(read_file(machine.container + "/escape/file"), "text");
    machine.expect_host_unchanged();
  });
}

TEST_P(HostileImage, links_are_made_inside_whatever_their_path_and_target_say) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    put_directory(machine.container + "/escape");
    put_link(machine.container + "/parent", "/../../../../escape");
    const std::vector<spec::Link> links = {{"../../../../tmp/x", "/../../etc/cron.d/y"},
                                           {"/etc/passwd", "/parent/absolute"},
                                           {"/etc/passwd", "relative/../../../../name"}};
    const Result<> made = hook::create_symlinks(machine.root(), links);
    ASSERT_TRUE(made) << made.error().message();
    using std::filesystem::read_symlink;
    EXPECT_EQ(read_symlink(machine.container + "/etc/cron.d/y"), "../../../../tmp/x");
    EXPECT_EQ(read_symlink(machine.container + "/escape/absolute"), "/etc/passwd");
    EXPECT_EQ(read_symlink(machine.container + "/name"), "/etc/passwd");
    machine.expect_host_unchanged();
  });
}

TEST_P(HostileImage, a_link_at_the_place_of_a_link_is_replaced_and_not_followed) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    put_link(machine.container + libraries + "/libcuda.so", machine.host + "/etc/passwd");
    const std::vector<spec::Link> links = {{"libcuda.so.1", cat(libraries, "/libcuda.so")}};
    const Result<> made = hook::create_symlinks(machine.root(), links);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(std::filesystem::read_symlink(machine.container + libraries + "/libcuda.so"),
              "libcuda.so.1");
    machine.expect_host_unchanged();
  });
}

TEST_P(HostileImage, a_fifo_or_a_directory_at_the_place_of_a_link_does_not_stop_the_hook) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    ASSERT_EQ(mkfifo((machine.container + "/fifo").c_str(), 0644), 0);
    put_directory(machine.container + "/directory");
    EXPECT_TRUE(hook::create_symlinks(machine.root(), std::vector<spec::Link>{{"x", "/fifo"}}));
    const Result<> refused =
        hook::create_symlinks(machine.root(), std::vector<spec::Link>{{"x", "/directory"}});
    EXPECT_FALSE(refused);
    EXPECT_FALSE(refused.error().message().contains('\n'));
    machine.expect_host_unchanged();
  });
}

// What an image can put at a place of the loader's configuration.
struct Trap {
  std::string name;
  void (*put)(const Machine& machine, const std::string& place);
};

void put_sparse_file(const std::string& path) {
  put_file(path, "");
  std::filesystem::resize_file(path, std::uintmax_t{8} << 30);
}

const Trap traps[] = {
    {"absolute_link",
     [](const Machine& machine, const std::string& place) {
       put_link(machine.container + place, machine.host + place);
     }},
    {"climbing_link",
     [](const Machine& machine, const std::string& place) {
       put_link(machine.container + place, "../../../../../../../.." + machine.host + place);
     }},
    {"dangling_link",
     [](const Machine& machine, const std::string& place) {
       put_link(machine.container + place, machine.host + "/escape/new");
     }},
    {"link_to_itself",
     [](const Machine& machine, const std::string& place) {
       put_link(machine.container + place, place);
     }},
    {"fifo",
     [](const Machine& machine, const std::string& place) {
       put_directory(std::filesystem::path(machine.container + place).parent_path());
       ASSERT_EQ(mkfifo((machine.container + place).c_str(), 0644), 0);
     }},
    {"directory",
     [](const Machine& machine, const std::string& place) {
       put_directory(machine.container + place + "/inner");
     }},
    {"sparse_file", [](const Machine& machine,
                       const std::string& place) { put_sparse_file(machine.container + place); }},
    {"include_loop",
     [](const Machine& machine, const std::string& place) {
       put_file(machine.container + place,
                cat("include ", place, "\ninclude /etc/ld.so.conf.d/*.conf\ninclude /etc/*\n"));
     }},
    {"binary_rubbish",
     [](const Machine& machine, const std::string& place) {
       std::string text = "glibc-ld.so.cache1.1";
       text.append(4096, '\xff');
       put_file(machine.container + place, text);
     }},
};

constexpr const char* places[] = {"/etc",
                                  "/etc/ld.so.conf.d",
                                  "/etc/ld.so.cache",
                                  "/etc/ld.so.cache~",
                                  "/etc/ld.so.conf",
                                  "/etc/ld.so.conf.d/00-nvbox.conf",
                                  "/etc/ld.so.conf.d/00-compat.conf",
                                  "/etc/ld.so.conf.d/a.conf"};

constexpr long most_kilobytes = 512L * 1024;
constexpr auto most_time = std::chrono::seconds(20);

TEST_P(HostileImage, no_trap_in_the_loaders_configuration_touches_the_host_or_holds_the_hook) {
  for (const Trap& trap : traps) {
    for (const std::string place : places) {
      SCOPED_TRACE(cat(trap.name, " at ", place));
      run_case(GetParam(), [&](const std::string& scratch) {
        const Machine machine(scratch);
        trap.put(machine, place);
        const auto start = std::chrono::steady_clock::now();
        const Result<> updated =
            hook::update_ld_cache(machine.root(), std::vector<std::string>{libraries}, "", Log());
        EXPECT_LT(std::chrono::steady_clock::now() - start, most_time);
        EXPECT_FALSE(message(updated).contains('\n')) << message(updated);
        machine.expect_host_unchanged();
        struct rusage usage {};
        getrusage(RUSAGE_SELF, &usage);
        EXPECT_LT(usage.ru_maxrss, most_kilobytes);
      });
    }
  }
}

TEST_P(HostileImage, an_application_profile_does_not_leave_through_a_link) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    for (const std::string& way : ways_to(machine, "/escape")) {
      std::filesystem::remove(machine.container + "/etc/nvidia");
      put_link(machine.container + "/etc/nvidia", way);
      // The node is a fixture's: unprivileged users cannot make a real one.
      put_file(machine.container + "/dev/nvidia0", "c 195:0");
      const host::Root root = host::Root::open(machine.container, host::Nodes::written).value();
      (void)hook::create_container(host::Root::open(machine.host).value(), root,
                                   {.application_profile = true}, Log());
    }
    machine.expect_host_unchanged();
  });
}

TEST_P(HostileImage, modes_are_changed_inside_whatever_a_path_links_to) {
  run_case(GetParam(), [](const std::string& scratch) {
    const Machine machine(scratch);
    int number = 0;
    std::vector<std::string> paths = {"/../../host/escape"};
    for (const std::string& way : ways_to(machine, "/escape")) {
      paths.push_back(cat("/link", ++number));
      put_link(machine.container + paths.back(), way);
    }
    put_directory(machine.container + "/inside");
    put_link(machine.container + "/climbing", "../../../../inside");
    paths.emplace_back("/climbing");
    const Result<> changed = hook::change_modes(machine.root(), paths, 0700, Log());
    EXPECT_TRUE(changed) << changed.error().message();
    struct stat info {};
    ASSERT_EQ(stat((machine.container + "/inside").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700U);
    machine.expect_host_unchanged();
  });
}

TEST_P(HostileImage, the_compatibility_libraries_configuration_does_not_leave_through_a_link) {
  constexpr const char* name = "/etc/ld.so.conf.d/00-compat.conf";
  for (const char* const trapped : {"/etc/ld.so.conf.d", name}) {
    for (const char* const driver : {"550.10", "999.10"}) {
      SCOPED_TRACE(cat(trapped, " with driver ", driver));
      run_case(GetParam(), [&](const std::string& scratch) {
        Machine machine(scratch);
        put_file(machine.host + name, "/opt/compat\n");
        machine.before = describe_tree(machine.host);
        for (const std::string& way : ways_to(machine, trapped)) {
          std::filesystem::remove_all(machine.container + "/etc");
          put_file(machine.container + "/usr/local/cuda/compat/libcuda.so.575.57.08", "");
          put_link(machine.container + trapped, way);
          (void)hook::enable_cuda_compat(machine.root(), {.driver_version = driver},
                                         "/usr/local/cuda/compat", Log());
          machine.expect_host_unchanged();
        }
      });
    }
  }
}

}  // namespace
}  // namespace nvbox::test
