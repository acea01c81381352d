#include "driver/libraries.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "host/ld_cache.h"
#include "host/root_write.h"
#include "support/make_host.h"

namespace nvbox::driver {
namespace {

// What is found, or what the operator is told, for driver 550.54 on an x86-64 host.
struct Outcome {
  std::vector<std::string> paths{};
  std::vector<std::string> directories{};
  std::vector<Problem> problems{};
  std::vector<CoreFailure> core_failures{};
  std::string error{};

  bool operator==(const Outcome&) const = default;
};

void PrintTo(const Outcome& outcome, std::ostream* out) {
  for (const std::string& path : outcome.paths) *out << "\n  " << path;
  for (const std::string& path : outcome.directories) *out << "\n  directory " << path;
  for (const Problem& one : outcome.problems) *out << "\n  problem " << one.text;
  *out << "\n  error " << outcome.error;
}

Outcome libraries_on(const test::Host& host, Capabilities needed,
                     const std::vector<Extension>& extensions = {}) {
  const host::Root root = host.root();
  const Search search = {.machine = host::elf_machine_x86_64};
  const Need need = {.files = needed};
  const Roots roots = {root, root, root};
  Outcome out;
  const Context context = {roots, search, need, out.problems, out.core_failures};
  Result<Libraries> found = find_libraries(context, "550.54", extensions);
  if (!found) {
    out.error = found.error().full_message();
    return out;
  }
  for (const Library& library : found->libraries) {
    out.paths.push_back(library.path + (library.is_32_bit ? " (32-bit)" : ""));
  }
  out.directories = found->directories;
  return out;
}

constexpr Capabilities compute = Capabilities::compute;
constexpr Capabilities all = Capabilities::all;

TEST(Libraries, are_those_of_the_loaded_version_by_directory_and_name) {
  const test::Host host(R"(
so /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.54 libnvidia-ml.so.1
so /usr/lib/x86_64-linux-gnu/libcuda.so.550.54 libcuda.so.1
so /usr/lib/x86_64-linux-gnu/libcuda.so.535.1 libcuda.so.1
so /usr/lib/x86_64-linux-gnu/libc.so.6 libc.so.6
so /usr/lib/x86_64-linux-gnu/vdpau/libvdpau_nvidia.so.550.54 libvdpau_nvidia.so.1
so /usr/lib64/libnvidia-nscq.so.550.54 libnvidia-nscq.so.2
d /usr/lib/x86_64-linux-gnu/libdirectory.so.550.54
)");
  EXPECT_EQ(libraries_on(host, all),
            (Outcome{.paths = {"/usr/lib/x86_64-linux-gnu/libcuda.so.550.54",
                               "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.54",
                               "/usr/lib/x86_64-linux-gnu/vdpau/libvdpau_nvidia.so.550.54",
                               "/usr/lib64/libnvidia-nscq.so.550.54"},
                     .directories = {"/usr/lib/x86_64-linux-gnu", "/usr/lib64"}}));
}

TEST(Libraries, are_only_those_of_the_needed_capabilities) {
  const test::Host host(R"(
so /usr/lib64/libcuda.so.550.54 libcuda.so.1
so /usr/lib64/libnvidia-ml.so.550.54 libnvidia-ml.so.1
f /usr/lib64/libnvidia-eglcore.so.550.54
so /usr/lib64/vdpau/libvdpau_nvidia.so.550.54 libvdpau_nvidia.so.1
)");
  EXPECT_EQ(libraries_on(host, compute),
            (Outcome{.paths = {"/usr/lib64/libcuda.so.550.54"}, .directories = {"/usr/lib64"}}))
      << "the broken one is not even opened";
  EXPECT_EQ(libraries_on(host, Capabilities::ngx), Outcome{}) << "a driver without that is fine";
}

TEST(Libraries, that_nobody_listed_serve_everything_but_utility) {
  const test::Host host(R"(
so /usr/lib64/libnvidia-ml.so.550.54 libnvidia-ml.so.1
so /usr/lib64/libnvidia-new.so.550.54 libnvidia-new.so.1
)");
  const std::string directory = "/usr/lib64";
  const std::string unlisted = "/usr/lib64/libnvidia-new.so.550.54";
  for (const Capabilities needed : {Capabilities::compute, Capabilities::video, Capabilities::ngx,
                                    Capabilities::graphics, Capabilities::display}) {
    EXPECT_EQ(libraries_on(host, needed), (Outcome{{unlisted}, {directory}}));
  }
  EXPECT_EQ(libraries_on(host, Capabilities::utility),
            (Outcome{{"/usr/lib64/libnvidia-ml.so.550.54"}, {directory}}));
}

TEST(Libraries, with_a_numbering_of_their_own_come_from_the_first_directory_that_has_them) {
  const test::Host host(R"(
so /usr/lib64/libcuda.so.550.54 libcuda.so.1
so /usr/lib64/libnvidia-egl-gbm.so.1.1.0 libnvidia-egl-gbm.so.1
l /usr/lib64/libnvidia-egl-gbm.so.1 -> libnvidia-egl-gbm.so.1.1.0
so /usr/lib/libnvidia-egl-gbm.so.1.0.0 libnvidia-egl-gbm.so.1
so /usr/lib/libnvidia-nvvm.so.550.54 libnvidia-nvvm.so.4
so /usr/lib/libnvidia-nvvm.so.4.0.0 libnvidia-nvvm.so.4
l /usr/lib/libnvidia-api.so.1 -> /opt/api/libnvidia-api.so.1
so /opt/api/libnvidia-api.so.1 libnvidia-api.so.1
so /usr/lib/libnvidia-egl-wayland.so.1.1.10.bak libnvidia-egl-wayland.so.1
)");
  EXPECT_EQ(
      libraries_on(host, all),
      (Outcome{.paths = {"/usr/lib64/libcuda.so.550.54", "/usr/lib64/libnvidia-egl-gbm.so.1.1.0",
                         "/opt/api/libnvidia-api.so.1", "/usr/lib/libnvidia-nvvm.so.550.54"},
               .directories = {"/usr/lib64", "/usr/lib"}}))
      << "libnvidia-nvvm has the driver's version, so the other file is a leftover";
}

// The rule is NVIDIA's (internal/discover/symlinks.go, getDotSoSymlinks); its graphics libraries
// with a numbering of their own have no links.
TEST(Libraries, that_are_named_for_all_have_the_links_that_the_host_has) {
  const test::Host host(R"(
so /usr/lib/x86_64-linux-gnu/libcuda.so.550.54 libcuda.so.1
so /usr/lib/x86_64-linux-gnu/libEGL.so.1.1.0 libEGL.so.1
l /usr/lib/x86_64-linux-gnu/libEGL.so.1 -> libEGL.so.1.1.0
l /usr/lib/x86_64-linux-gnu/libEGL.so -> libEGL.so.1
so /usr/lib/x86_64-linux-gnu/libGL.so.1.7.0 libGL.so.1
l /usr/lib/x86_64-linux-gnu/libGL.so.1 -> libGL.so.1.7.0
so /usr/lib/x86_64-linux-gnu/libnvidia-egl-gbm.so.1.1.0 libnvidia-egl-gbm.so.1
l /usr/lib/x86_64-linux-gnu/libnvidia-egl-gbm.so.1 -> libnvidia-egl-gbm.so.1.1.0
)");
  const host::Root root = host.root();
  Search search = {.machine = host::elf_machine_x86_64};
  add_explicit_libraries({"disable-ipc-discoverer"}, search);
  EXPECT_TRUE(search.more_libraries.empty());
  add_explicit_libraries({"enable-explicit-driver-libraries"}, search);
  std::vector<Problem> problems;
  std::vector<CoreFailure> core_failures;
  const Need need;
  const Roots roots = {root, root, root};
  std::vector<Extension> extensions;
  for (const std::string& stem : search.more_libraries) {
    extensions.push_back({ExtensionKind::library, all, stem});
  }
  const auto found =
      find_libraries(Context{roots, search, need, problems, core_failures}, "550.54", extensions);
  ASSERT_TRUE(found) << found.error().message();
  std::vector<std::string> links;
  for (const Library& library : found->libraries) {
    if (library.path.contains("libcuda")) continue;
    for (const HostLink& link : library.links) links.push_back(link.link + " " + link.target);
  }
  EXPECT_EQ(links,
            (std::vector<std::string>{"/usr/lib/x86_64-linux-gnu/libEGL.so.1 libEGL.so.1.1.0",
                                      "/usr/lib/x86_64-linux-gnu/libEGL.so libEGL.so.1",
                                      "/usr/lib/x86_64-linux-gnu/libGL.so.1 libGL.so.1.7.0"}));
}

TEST(Libraries, in_a_directory_with_two_names_are_taken_once) {
  const test::Host host(R"(
so /usr/lib/x86_64-linux-gnu/libcuda.so.550.54 libcuda.so.1
l /usr/lib64 -> lib/x86_64-linux-gnu
l /lib -> usr/lib
l /lib64 -> /usr/lib64
)");
  EXPECT_EQ(libraries_on(host, all), (Outcome{{"/usr/lib/x86_64-linux-gnu/libcuda.so.550.54"},
                                              {"/usr/lib/x86_64-linux-gnu"}}));
}

TEST(Libraries, of_nixos_are_found_behind_links) {
  const test::Host host(R"(
l /run/opengl-driver -> /nix/store/abc-graphics-drivers
l /nix/store/abc-graphics-drivers/lib/libcuda.so.550.54 -> /nix/store/xyz-nvidia/lib/libcuda.so.550.54
l /nix/store/abc-graphics-drivers/lib/libcuda.so.1 -> /nix/store/xyz-nvidia/lib/libcuda.so.1
so /nix/store/xyz-nvidia/lib/libcuda.so.550.54 libcuda.so.1
l /nix/store/xyz-nvidia/lib/libcuda.so.1 -> libcuda.so.550.54
so /nix/store/xyz-nvidia/lib/libnvidia-ptxjitcompiler.so.550.54 libnvidia-ptxjitcompiler.so.1
)");
  EXPECT_EQ(libraries_on(host, all),
            (Outcome{{"/nix/store/xyz-nvidia/lib/libcuda.so.550.54",
                      "/nix/store/xyz-nvidia/lib/libnvidia-ptxjitcompiler.so.550.54"},
                     {"/nix/store/xyz-nvidia/lib"}}));
}

TEST(Libraries, are_found_in_the_places_of_other_distributions) {
  for (const std::string directory : {
           "/usr/lib/x86_64-linux-gnu/nvidia/current",
           "/usr/lib/nvidia-550",
           "/usr/lib64/nvidia",
           "/lib64",
           "/usr/lib/wsl/lib",
           "/usr/local/glibc/usr/lib",
           "/opt/nvidia/driver/lib64",
           "/x86_64-bottlerocket-linux-gnu/sys-root/usr/lib/nvidia/tesla",
       }) {
    const test::Host host("so " + directory + "/libcuda.so.550.54 libcuda.so.1\n");
    EXPECT_EQ(libraries_on(host, all), (Outcome{{directory + "/libcuda.so.550.54"}, {directory}}));
  }
}

TEST(Libraries, of_unusual_places_do_not_matter_where_the_driver_is_in_a_usual_one) {
  const test::Host host(R"(
so /usr/lib64/libcuda.so.550.54 libcuda.so.1
so /opt/nvidia/lib/libnvidia-ml.so.550.54 libnvidia-ml.so.1
)");
  EXPECT_EQ(libraries_on(host, all), (Outcome{{"/usr/lib64/libcuda.so.550.54"}, {"/usr/lib64"}}));
}

TEST(Libraries, of_a_directory_that_only_the_loaders_cache_knows_are_found) {
  const test::Host host(R"(
so /strange/place/libcuda.so.550.54 libcuda.so.1
l /strange/place/libcuda.so.1 -> libcuda.so.550.54
)");
  const std::string cache = host::write_ld_cache(
      {{.name = "libcuda.so.1", .path = "/strange/place/libcuda.so.1", .flags = 0x303},
       {.name = "libc.so.6", .path = "/elsewhere/libc.so.6", .flags = 0x303}},
      "");
  ASSERT_TRUE(host::write_file(host.root(), "/etc/ld.so.cache", cache));
  EXPECT_EQ(libraries_on(host, all),
            (Outcome{{"/strange/place/libcuda.so.550.54"}, {"/strange/place"}}));
}

TEST(Libraries, are_not_missed_for_a_broken_cache_without_saying_so) {
  const test::Host host(R"(
f /etc/ld.so.cache <<EOF
nonsense
EOF
)");
  const Outcome outcome = libraries_on(host, all);
  EXPECT_EQ(outcome.problems.size(), 1U);
  EXPECT_TRUE(outcome.error.starts_with("kernel module 550.54 is loaded but no library"));
}

constexpr std::string_view two_classes = R"(
so /usr/lib/x86_64-linux-gnu/libcuda.so.550.54 libcuda.so.1
so /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.54 libnvidia-ml.so.1
so /usr/lib/i386-linux-gnu/libcuda.so.550.54 libcuda.so.1 i386
so /usr/lib/i386-linux-gnu/libnvidia-ml.so.550.54 libnvidia-ml.so.1 i386
so /usr/lib/libnvidia-ptxjitcompiler.so.550.54 libnvidia-ptxjitcompiler.so.1 i386
)";

TEST(Libraries, of_32_bits_come_last_and_only_with_compat32) {
  const test::Host host(two_classes);
  EXPECT_EQ(libraries_on(host, compute), (Outcome{{"/usr/lib/x86_64-linux-gnu/libcuda.so.550.54"},
                                                  {"/usr/lib/x86_64-linux-gnu"}}));
  EXPECT_EQ(libraries_on(host, compute | Capabilities::compat32),
            (Outcome{{"/usr/lib/x86_64-linux-gnu/libcuda.so.550.54",
                      "/usr/lib/libnvidia-ptxjitcompiler.so.550.54 (32-bit)",
                      "/usr/lib/i386-linux-gnu/libcuda.so.550.54 (32-bit)"},
                     {"/usr/lib/x86_64-linux-gnu"}}));
}

TEST(Libraries, that_are_no_elf_files_are_a_problem_and_left_out) {
  const test::Host host(R"(
so /usr/lib64/libcuda.so.550.54 libcuda.so.1
f /usr/lib64/libnvidia-ptxjitcompiler.so.550.54
l /usr/lib64/libnvidia-opencl.so.550.54 -> nowhere
)");
  EXPECT_EQ(libraries_on(host, compute),
            (Outcome{{"/usr/lib64/libcuda.so.550.54"},
                     {"/usr/lib64"},
                     {{"/usr/lib64/libnvidia-ptxjitcompiler.so.550.54 is not an ELF file"}}}));
}

// Half a container: CUDA that is asked for and whose one file cannot be used.
TEST(Libraries, without_which_a_capability_is_nothing_are_told_apart) {
  const test::Host host(R"(
f /usr/lib64/libcuda.so.550.54
so /usr/lib64/libnvidia-ml.so.550.54 libnvidia-ml.so.1
)");
  const std::string cause = "/usr/lib64/libcuda.so.550.54 is not an ELF file";
  const std::vector<CoreFailure> failures = {{"libcuda.so.550.54", compute, cause, 0}};
  EXPECT_EQ(libraries_on(host, all), (Outcome{.paths = {"/usr/lib64/libnvidia-ml.so.550.54"},
                                              .directories = {"/usr/lib64"},
                                              .problems = {{cause}},
                                              .core_failures = failures}));
  EXPECT_EQ(libraries_on(host, Capabilities::utility).core_failures, std::vector<CoreFailure>());
}

TEST(Libraries, of_which_another_copy_can_be_used_are_no_failure) {
  const test::Host host(R"(
so /usr/lib/x86_64-linux-gnu/libcuda.so.550.54 libcuda.so.1
f /usr/lib64/libcuda.so.550.54
)");
  const Outcome outcome = libraries_on(host, compute);
  EXPECT_EQ(outcome.problems.size(), 1U);
  EXPECT_EQ(outcome.core_failures, std::vector<CoreFailure>());
}

TEST(Libraries, that_a_driver_lacks_are_no_failure) {
  const test::Host host("so /usr/lib64/libnvidia-ml.so.550.54 libnvidia-ml.so.1\n");
  EXPECT_EQ(libraries_on(host, all),
            (Outcome{{"/usr/lib64/libnvidia-ml.so.550.54"}, {"/usr/lib64"}}));
}

TEST(Libraries, of_the_right_version_that_cannot_be_used_are_the_cause_when_there_is_no_other) {
  const test::Host host(R"(
f /usr/lib64/libcuda.so.550.54
so /usr/lib64/libcuda.so.535.1 libcuda.so.1
)");
  EXPECT_EQ(libraries_on(host, all).error,
            "the libraries of driver 550.54: /usr/lib64/libcuda.so.550.54 is not an ELF file");
}

TEST(Libraries, that_a_site_names_are_found_by_name_and_by_path) {
  const test::Host host(R"(
so /usr/lib64/libcuda.so.550.54 libcuda.so.1
so /usr/lib64/libnvidia-ml.so.550.54 libnvidia-ml.so.1
so /usr/lib64/libsite.so.2 libsite.so.2
so /usr/lib64/libsite.solver.so.4 libsite.solver.so.4
so /usr/lib64/libsite.so.1.so.3 libsite.so.1.so.3
so /opt/site/libother.so libother.so
)");
  const std::vector<Extension> extensions = {
      {ExtensionKind::library, compute, "libsite.so"},
      {ExtensionKind::library, compute, "libsite.solver.so"},
      {ExtensionKind::library, compute, "libnvidia-ml.so"},
      {ExtensionKind::library, Capabilities::video, "libunneeded.so"},
      {ExtensionKind::library, compute, "/opt/site/libother.so"},
      {ExtensionKind::library, compute, "/opt/site/libabsent.so"}};
  EXPECT_EQ(libraries_on(host, compute, extensions),
            (Outcome{{"/usr/lib64/libcuda.so.550.54", "/usr/lib64/libnvidia-ml.so.550.54",
                      "/usr/lib64/libsite.so.2", "/usr/lib64/libsite.solver.so.4",
                      "/opt/site/libother.so"},
                     {"/usr/lib64"}}))
      << "a site's row for a library that we list replaces ours";
}

TEST(Libraries, of_no_version_at_all_are_an_error_that_lists_the_directories) {
  const test::Host host(R"(
d /usr/lib64
d /usr/lib/nvidia
)");
  EXPECT_EQ(libraries_on(host, compute).error,
            "kernel module 550.54 is loaded but no library of this version is in " + host.path() +
                "/usr/lib64, " + host.path() + "/usr/lib, " + host.path() +
                "/usr/lib/nvidia; install the driver's libraries, or name the directory that the "
                "driver is installed in as nvidia-container-cli.root in config.toml");
}

TEST(Libraries, of_another_version_are_an_error_that_names_it) {
  const test::Host host(R"(
so /usr/lib64/libcuda.so.550.90 libcuda.so.1
so /usr/lib64/libnvidia-ml.so.550.90 libnvidia-ml.so.1
l /usr/lib64/libcuda.so.1 -> libcuda.so.550.90
)");
  EXPECT_EQ(libraries_on(host, compute).error,
            "kernel module 550.54 is loaded but libraries 550.90 are installed; reboot, or reload "
            "the modules (rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia)");
}

TEST(Libraries, of_the_wrong_class_or_machine_only_are_an_error_that_says_so) {
  const test::Host host(R"(
so /usr/lib/libcuda.so.550.54 libcuda.so.1 i386
so /usr/lib64/libcuda.so.550.54 libcuda.so.1 aarch64
)");
  EXPECT_EQ(libraries_on(host, compute).error,
            "the libraries of driver 550.54 are not for this machine: "
            "/usr/lib64/libcuda.so.550.54 is a 64-bit file for ELF machine 183, and x86_64 needs "
            "64-bit files for machine 62; install the driver's libraries for x86_64");
}

std::vector<HostLink> links(std::string_view file, std::string_view soname,
                            const std::vector<std::string>& host_links) {
  std::string text = "f /lib/libother.so\n";
  for (const std::string& name : host_links) text += cat("l /lib/", name, " -> anything\n");
  const test::Host host(text);
  sys::Fd directory = host.root().open_at("/lib", O_RDONLY | O_DIRECTORY).value();
  const host::Root root = host.root();
  const Roots roots = {root, root, root};
  Outcome out;
  const Context context = {roots, {}, {}, out.problems, out.core_failures};
  const ScannedDirectory scanned = {.path = "/lib", .fd = std::move(directory)};
  std::vector<HostLink> found = links_for(context, scanned, file, soname, compute);
  EXPECT_EQ(out, Outcome{});
  return found;
}

TEST(LibraryLinks, are_the_soname_and_the_development_name_if_the_host_has_them) {
  EXPECT_EQ(links("libnvcuvid.so.5.1", "libnvcuvid.so.1", {"libnvcuvid.so", "libnvcuvid.so.1"}),
            (std::vector<HostLink>{{"libnvcuvid.so.5.1", "/lib/libnvcuvid.so.1", compute},
                                   {"libnvcuvid.so.1", "/lib/libnvcuvid.so", compute}}));
  EXPECT_EQ(links("libnvcuvid.so.5.1", "libnvcuvid.so.1", {}), std::vector<HostLink>{});
  EXPECT_EQ(links("libx.so.5.1", "libx.so.5.1", {"libx.so"}),
            (std::vector<HostLink>{{"libx.so.5.1", "/lib/libx.so", compute}}));
  // A file is no link, and a SONAME leads nowhere.
  EXPECT_EQ(links("libx.so.5.1", "libother.so", {}), std::vector<HostLink>{});
  EXPECT_EQ(links("libx.so.5.1", "../lib/libx.so.1", {"libx.so.1"}), std::vector<HostLink>{});
}

TEST(LibraryLinks, that_the_installer_always_makes_come_first_and_once) {
  EXPECT_EQ(links("libcuda.so.5.1", "libcuda.so.1", {"libcuda.so", "libcuda.so.1"}),
            (std::vector<HostLink>{{"libcuda.so.1", "/lib/libcuda.so", compute},
                                   {"libcuda.so.5.1", "/lib/libcuda.so.1", compute}}));
  EXPECT_EQ(
      links("libGLX_nvidia.so.5.1", "libGLX_nvidia.so.0", {}),
      (std::vector<HostLink>{{"libGLX_nvidia.so.5.1", "/lib/libGLX_indirect.so.0", compute}}));
}

}  // namespace
}  // namespace nvbox::driver
