#include "nvml/library.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/make_host.h"

namespace nvbox::nvml {
namespace {

// Where it is found, or what the operator is told, with driver 550.54 on an x86-64 host.
std::string library_on(const test::Host& host, const std::vector<driver::Library>& discovered = {},
                       const std::vector<std::string>& directories = {}) {
  const host::Root root = host.root();
  const driver::Search search = {.library_directories = directories,
                                 .machine = host::elf_machine_x86_64};
  const driver::Need need;
  const driver::Roots roots = {root, root, root};
  std::vector<driver::Problem> problems;
  std::vector<driver::CoreFailure> core_failures;
  const driver::Context context = {roots, search, need, problems, core_failures};
  const driver::Inventory inventory = {.driver = {.version = "550.54"}, .libraries = discovered};
  const Result<std::string> found = find_library(context, inventory);
  EXPECT_EQ(problems, std::vector<driver::Problem>());
  return found ? *found : found.error().full_message();
}

TEST(NvmlLibrary, is_the_one_that_was_discovered_for_64_bits) {
  const test::Host host("so /usr/lib64/libnvidia-ml.so.550.54 libnvidia-ml.so.1\n");
  const driver::Library of_32_bits = {.path = "/usr/lib/i386-linux-gnu/libnvidia-ml.so.550.54",
                                      .soname = "libnvidia-ml.so.1",
                                      .is_32_bit = true};
  const driver::Library cuda = {.path = "/opt/driver/libcuda.so.550.54", .soname = "libcuda.so.1"};
  const driver::Library nvml = {.path = "/opt/driver/libnvidia-ml.so.550.54",
                                .soname = "libnvidia-ml.so.1"};
  EXPECT_EQ(library_on(host, {of_32_bits, cuda, nvml}), "/opt/driver/libnvidia-ml.so.550.54");
  EXPECT_EQ(library_on(host, {of_32_bits, cuda}), "/usr/lib64/libnvidia-ml.so.550.54");
}

TEST(NvmlLibrary, is_in_the_first_usual_directory_that_has_the_drivers_version) {
  const test::Host host(R"(
so /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.90 libnvidia-ml.so.1
l /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1 -> libnvidia-ml.so.550.90
d /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.54
so /usr/lib64/libnvidia-ml.so.550.54 libnvidia-ml.so.1
so /usr/lib/libnvidia-ml.so.550.54 libnvidia-ml.so.1
)");
  EXPECT_EQ(library_on(host), "/usr/lib64/libnvidia-ml.so.550.54");
}

TEST(NvmlLibrary, behind_a_link_is_called_by_its_own_path) {
  const test::Host host(R"(
l /usr/lib64/libnvidia-ml.so.550.54 -> /nix/store/xyz-nvidia/lib/libnvidia-ml.so.550.54
so /nix/store/xyz-nvidia/lib/libnvidia-ml.so.550.54 libnvidia-ml.so.1
)");
  EXPECT_EQ(library_on(host), "/nix/store/xyz-nvidia/lib/libnvidia-ml.so.550.54");
}

TEST(NvmlLibrary, is_found_in_the_places_of_other_distributions) {
  for (const std::string directory : {
           "/usr/lib/nvidia/current",
           "/usr/lib/x86_64-linux-gnu/nvidia/current",
           "/usr/lib64/nvidia",
           "/usr/lib/wsl/lib",
           "/opt/nvidia/driver/lib64",
       }) {
    const test::Host host("so " + directory + "/libnvidia-ml.so.550.54 libnvidia-ml.so.1\n");
    EXPECT_EQ(library_on(host), directory + "/libnvidia-ml.so.550.54");
  }
}

TEST(NvmlLibrary, is_in_a_directory_that_is_named) {
  const test::Host host(R"(
so /usr/lib64/libnvidia-ml.so.550.54 libnvidia-ml.so.1
d /named/first
so /named/second/libnvidia-ml.so.550.54 libnvidia-ml.so.1
)");
  EXPECT_EQ(library_on(host, {}, {"/named/first", "/named/second"}),
            "/named/second/libnvidia-ml.so.550.54");
}

TEST(NvmlLibrary, of_another_version_only_is_an_error_that_names_it) {
  const test::Host host(R"(
so /usr/lib64/libnvidia-ml.so.550.90 libnvidia-ml.so.1
so /opt/nvidia/lib/libcuda.so.535.1 libcuda.so.1
l /usr/lib64/libnvidia-ml.so.1 -> libnvidia-ml.so.550.90
)");
  EXPECT_EQ(library_on(host),
            "kernel module 550.54 is loaded but libraries 535.1 and 550.90 are installed; reboot, "
            "or reload the modules (rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia)");
}

TEST(NvmlLibrary, that_is_nowhere_is_an_error_that_says_what_to_install) {
  const test::Host host("so /usr/lib64/libcuda.so.550.54 libcuda.so.1\n");
  EXPECT_EQ(library_on(host),
            "libnvidia-ml.so.550.54 for x86_64 is in no library directory below " + host.path() +
                "; install the driver's package with NVML");
}

TEST(NvmlLibrary, of_another_machine_or_behind_a_dangling_link_is_passed_over) {
  const test::Host host(R"(
so /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.54 libnvidia-ml.so.1 i386
so /usr/lib64/libnvidia-ml.so.550.54 libnvidia-ml.so.1 aarch64
l /usr/lib/nvidia/current/libnvidia-ml.so.550.54 -> /nowhere
so /opt/nvidia/lib/libnvidia-ml.so.550.54 libnvidia-ml.so.1
)");
  EXPECT_EQ(library_on(host), "/opt/nvidia/lib/libnvidia-ml.so.550.54");
}

TEST(NvmlLibrary, is_looked_for_only_where_that_is_configured) {
  const test::Host host("so /usr/lib64/libnvidia-ml.so.550.54 libnvidia-ml.so.1\nd /opt/here\n");
  EXPECT_TRUE(library_on(host, {}, {"/opt/here"}).contains("is in no library directory"));
}

}  // namespace
}  // namespace nvbox::nvml
