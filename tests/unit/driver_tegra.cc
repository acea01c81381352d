// Jetson boards as inventories. The hosts and what is found on them are those of NVIDIA's tests
// (v1.20.0: TestTegraNew, TestDeviceSpecGenerators, TestDiscovererFromCSVFiles,
// TestIgnorePatterns), put in nvbox' words.
#include "driver/tegra.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/list.h"
#include "base/text.h"
#include "driver/discover.h"
#include "support/make_host.h"

namespace nvbox::driver {
namespace {

constexpr std::string_view orin =
#include "hosts/jetson-orin.host"
    ;
constexpr std::string_view orin_dgpu =
#include "hosts/jetson-orin-dgpu.host"
    ;
constexpr std::string_view thor_dgpu =
#include "hosts/jetson-thor-dgpu.host"
    ;

const std::string directory(CsvSearch::usual_directory);
const std::string lib = "/usr/lib/aarch64-linux-gnu/";

Result<Inventory> discover_on(const test::Host& host, Search search = {}, const Need& need = {},
                              const std::string& driver_root = "") {
  const host::Root root = host.root();
  const host::Root driver = host.root(driver_root);
  search.machine = host::elf_machine_aarch64;
  return discover({root, driver, driver}, search, need);
}

Inventory found_on(std::string_view text, const Search& search = {}, const Need& need = {}) {
  const test::Host host(text);
  auto found = discover_on(host, search, need);
  if (!found) ADD_FAILURE() << found.error().full_message();
  return found ? std::move(found).value() : Inventory();
}

HostDevice node(std::string path, unsigned major, unsigned minor) {
  return {std::move(path), major, minor, 0666, getgid()};
}

using Paths = std::vector<std::string>;

Paths paths_of(const std::vector<HostDevice>& nodes) {
  Paths paths;
  for (const HostDevice& one : nodes) paths.push_back(one.path);
  return paths;
}

// The device tree of a board with this chip, and the rest of its host.
std::string with_chip(std::string_view chip, std::string_view host) {
  const std::string names = cat("nvidia,board", '\0', chip, '\0');
  return cat("f /proc/device-tree/compatible <<EOF\n", names, "\nEOF\n", host);
}

// A board with one node and these lines in its CSV file, and more of its host.
std::string board(std::string_view lines, std::string_view more) {
  return cat("f /etc/nv_tegra_release\nc /dev/nvidia0 195:0\nf ", directory,
             "/l4t.csv <<EOF\ndev, /dev/nvidia0\n", lines, "\nEOF\n", more);
}

TEST(L4tRelease, is_in_the_first_line) {
  EXPECT_EQ(parse_l4t_release("# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic\n"),
            "36.4.3");
  EXPECT_EQ(parse_l4t_release("# R32 (release), REVISION: 7.1, GCID: 29689809\nx"), "32.7.1");
  for (const char* text :
       {"", "R36 (release), REVISION: 4.3", "# R36, REVISION: 4.3", "# Rx (release), REVISION: 4.3",
        "# R36 (release), REVISION: ", " (release), REVISION: 4.3"}) {
    EXPECT_EQ(parse_l4t_release(text), "") << text;
  }
}

// NVIDIA's JetPack archive: 4.6 has CUDA 10.2, 5.1 has 11.4, 6.0 has 12.2, 6.2 has 12.6, 7.0 13.0.
TEST(L4tRelease, has_one_cuda_version) {
  EXPECT_EQ(cuda_version_of_l4t("32.7.1"), "10.2");
  EXPECT_EQ(cuda_version_of_l4t("35.4.1"), "11.4");
  EXPECT_EQ(cuda_version_of_l4t("36.3.0"), "12.2");
  EXPECT_EQ(cuda_version_of_l4t("36.4.3"), "12.6");
  EXPECT_EQ(cuda_version_of_l4t("38.2.0"), "13.0");
  EXPECT_EQ(cuda_version_of_l4t("36.40"), "");
  EXPECT_EQ(cuda_version_of_l4t("99.1"), "");
}

TEST(Orin, is_one_gpu_with_every_node_that_is_there) {
  const test::Host host(with_chip("nvidia,tegra234", orin));
  const auto found = discover_on(host, {}, {.facts = true});
  ASSERT_TRUE(found) << found.error().full_message();
  EXPECT_EQ(found->driver, (Driver{.kind = DriverKind::tegra,
                                   .version = "540.4.0",
                                   .cuda_version = "12.6",
                                   .compat_root = "/usr/local/cuda/compat_orin",
                                   .root = host.path(),
                                   .dev_root = host.path()}));
  const Gpu gpu = {
      .model = "Orin (nvgpu)",
      .node = node("/dev/nvidia0", 195, 0),
      .more_nodes = {node("/dev/nvgpu/igpu0/as", 502, 0), node("/dev/nvgpu/igpu0/channel", 502, 1),
                     node("/dev/nvidiactl", 195, 255), node("/dev/nvmap", 10, 121)},
      .architecture = "8.7"};
  EXPECT_EQ(found->gpus, std::vector<Gpu>{gpu});
  EXPECT_TRUE(found->control.empty());
}

TEST(Orin, has_the_files_and_links_of_the_csv_files) {
  const Inventory found = found_on(orin);
  const Library cuda = {.path = lib + "nvidia/libcuda.so.1.1",
                        .soname = "libcuda.so.1",
                        .links = {{"libcuda.so.1", lib + "nvidia/libcuda.so"},
                                  {"libcuda.so.1.1", lib + "nvidia/libcuda.so.1"}}};
  EXPECT_EQ(found.libraries,
            (std::vector<Library>{
                cuda,
                {.path = lib + "nvidia/libnvidia-ml.so.1", .soname = "libnvidia-ml.so.1"},
                {.path = lib + "nvidia/libnvos.so", .soname = "libnvos.so"},
                {.path = lib + "nvidia/libv4l2_nvargus.so", .soname = "libv4l2_nvargus.so"}}));
  EXPECT_EQ(found.files, (std::vector<HostFile>{
                             {FileKind::data, "/dev/dri/by-path", "/dev/dri/by-path"},
                             {FileKind::data, "/usr/sbin/nvidia-smi", "/usr/sbin/nvidia-smi"},
                             {FileKind::data, "/etc/nv_tegra_release", "/etc/nv_tegra_release"}}));
  // Every link of a chain, with the text that it has.
  EXPECT_EQ(found.extra_links,
            (std::vector<HostLink>{{"nvidia/libcuda.so.1.1", lib + "libcuda.so"},
                                   {"libcuda.so.1", lib + "nvidia/libcuda.so"},
                                   {"libcuda.so.1.1", lib + "nvidia/libcuda.so.1"},
                                   {"../../../nvidia/libv4l2_nvargus.so",
                                    lib + "libv4l/plugins/nv/libv4l2_nvargus.so"}}));
  EXPECT_TRUE(found.library_directories.empty()) << "no NVIDIA_CTK_LIBCUDA_DIR";
  EXPECT_TRUE(found.core_failures.empty());
}

TEST(Orin, tells_once_what_is_not_there) {
  const Inventory found = found_on(orin);
  ASSERT_EQ(found.problems.size(), 1);
  const std::string& text = found.problems[0].text;
  EXPECT_TRUE(
      text.starts_with("2 of 11 files that the CSV files name are not on this host, the first is "))
      << text;
  EXPECT_TRUE(text.ends_with(cat("/drivers.csv:4, ", lib, "nvidia/libnvrm_gpu.so"))) << text;
}

TEST(Orin, has_no_more_than_is_needed) {
  EXPECT_TRUE(found_on(orin, {}, {.files = Capabilities::none}).libraries.empty());
  EXPECT_TRUE(found_on(orin, {}, {.only_nodes = true}).libraries.empty());
  EXPECT_TRUE(found_on(orin, {}, {.gpus = false}).gpus.empty());
  EXPECT_EQ(found_on(orin, {}, {.gpus = false}).libraries.size(), 4);
}

TEST(Orin, has_the_files_of_every_csv_file_if_asked_for) {
  const std::string one = cat(orin, "f ", directory, "/x.csv <<EOF\nlib, /opt/x\nEOF\nf /opt/x\n");
  EXPECT_EQ(found_on(one).files.size(), 3);
  EXPECT_EQ(found_on(one, {}, {.all_csv_files = true}).files.size(), 4)
      << "more.CSV names one that is given anyway, l4t.csv.bak is none";
}

// A pattern is held against the path, or behind **/ against the name.
TEST(Orin, leaves_links_out_by_patterns) {
  const auto links_without = [](const std::string& pattern) {
    return found_on(orin, {.csv = {.ignored_links = {pattern}}}).extra_links.size();
  };
  EXPECT_EQ(links_without("*.so"), 4);
  EXPECT_EQ(links_without("**/libcuda.so"), 1);
  EXPECT_EQ(links_without(lib + "libcuda.so"), 3);
  const Inventory without = found_on(orin, {.csv = {.ignored_links = {"**/*.so"}}});
  EXPECT_TRUE(without.extra_links.empty());
  EXPECT_EQ(without.libraries.size(), 4) << "libraries stay";
}

// Before L4T 36, nvgpu has neither a version nor NVML.
TEST(Xavier, has_no_version) {
  const std::string host =
      cat("f /etc/nv_tegra_release <<EOF\n"
          "# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64\nEOF\n"
          "c /dev/nvhost-gpu 505:1\nc /dev/nvmap 10:61\n"
          "so /usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1.1 libcuda.so.1 aarch64\nf ",
          directory,
          "/l4t.csv <<EOF\ndev, nvhost-gpu\ndev, /dev/nvmap\n"
          "lib, /usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1.1\nEOF\n");
  const Inventory found = found_on(with_chip("nvidia,tegra194", host), {}, {.facts = true});
  EXPECT_EQ(found.driver.version, "");
  EXPECT_EQ(found.driver.cuda_version, "11.4");
  ASSERT_EQ(found.gpus.size(), 1);
  EXPECT_EQ(found.gpus[0].architecture, "7.2");
  EXPECT_EQ(found.gpus[0].node->path, "/dev/nvhost-gpu");
  EXPECT_EQ(paths_of(found.gpus[0].more_nodes), Paths{"/dev/nvmap"});
}

// "thor device with dGPU" of TestDeviceSpecGenerators.
TEST(ThorWithCard, has_the_peers_two_devices) {
  const Inventory found = found_on(thor_dgpu);
  ASSERT_EQ(found.gpus.size(), 2);
  const Gpu& thor = found.gpus[0];
  EXPECT_EQ(thor.uuid, "GPU-0");
  EXPECT_EQ(thor.node->path, "/dev/nvidia0");
  EXPECT_EQ(paths_of(thor.more_nodes), (Paths{"/dev/nvidiactl", "/dev/nvmap", "/dev/nvidia2"}));
  const Gpu& card = found.gpus[1];
  EXPECT_EQ(card.index, 1);
  EXPECT_EQ(card.uuid, "GPU-1");
  EXPECT_EQ(card.node->path, "/dev/nvidia1");
  EXPECT_EQ(paths_of(card.more_nodes), (Paths{"/dev/nvidiactl", "/dev/nvmap"}));
  EXPECT_EQ(found.driver.cuda_version, "13.0");
  EXPECT_EQ(found.driver.compat_root, "") << "the usual one";
}

TEST(ThorWithCard, is_one_gpu_with_disable_multiple_csv_devices) {
  const Inventory found = found_on(thor_dgpu, {.csv = {.one_gpu = true}});
  ASSERT_EQ(found.gpus.size(), 1);
  EXPECT_EQ(paths_of(found.gpus[0].more_nodes),
            (Paths{"/dev/nvidia1", "/dev/nvidiactl", "/dev/nvmap"}));
}

TEST(OrinWithCard, counts_the_integrated_gpu_first_which_is_on_no_bus) {
  const Inventory found = found_on(orin_dgpu, {}, {.facts = true});
  ASSERT_EQ(found.gpus.size(), 2);
  EXPECT_EQ(found.gpus[0].bus_id, "");
  EXPECT_EQ(found.gpus[0].uuid, "");
  EXPECT_EQ(found.gpus[0].node->path, "/dev/nvidia0");
  EXPECT_EQ(paths_of(found.gpus[0].more_nodes),
            (Paths{"/dev/nvgpu/igpu0/as", "/dev/nvidiactl", "/dev/nvmap"}));
  EXPECT_EQ(found.gpus[1].bus_id, "0005:09:00.0");
  EXPECT_EQ(found.gpus[1].architecture, "8.6");
  EXPECT_EQ(paths_of(found.gpus[1].more_nodes),
            (Paths{"/dev/nvidia-uvm", "/dev/nvidiactl", "/dev/nvgpu/igpu0/as", "/dev/nvmap"}));
  EXPECT_EQ(paths_of(found.gpus[1].drm_nodes), Paths{"/dev/dri/renderD128"});
}

TEST(OrinWithCard, has_no_card_that_is_not_on_the_bus) {
  constexpr std::string_view screen =
      "f /proc/driver/nvidia/gpus/0000:00:00.0/information <<EOF\n"
      "Model: Orin\nDevice Minor: 0\nEOF\nd /dev/nvgpu/igpu0\n";
  EXPECT_EQ(found_on(cat(screen, orin)).gpus.size(), 1);
}

TEST(Tegra, is_what_a_mode_says_whatever_the_host_is) {
  const std::string text = cat(
      "f ", directory, "/l4t.csv <<EOF\ndev, /dev/a\nlib, /lib/x\nEOF\nc /dev/a 1:2\nf /lib/x\n");
  const Inventory found = found_on(text, {.kind = DriverKind::tegra});
  EXPECT_EQ(found.gpus.front().node->path, "/dev/a");
  EXPECT_EQ(found.files.size(), 1);
  const test::Host host(orin);
  EXPECT_FALSE(discover_on(host, {.kind = DriverKind::dgpu}))
      << "no library of the usual driver's version is there";
}

TEST(Tegra, without_csv_files_serves_nobody) {
  const test::Host host("f /etc/nv_tegra_release\nc /dev/nvidia0 195:0\n");
  const auto found = discover_on(host);
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().message().starts_with("nothing says what containers get"));
  const auto devices = discover_on(host, {}, {.files = Capabilities::none});
  ASSERT_TRUE(devices);
  EXPECT_EQ(devices->gpus.front().problem, found.error().full_message());
}

TEST(Tegra, without_any_of_its_nodes_has_a_gpu_with_a_problem) {
  EXPECT_FALSE(found_on(board("dev, /dev/x", "f /dev/x\n")).gpus[0].problem)
      << "one is there, another is no device";
  const Inventory none = found_on(cat("f /etc/nv_tegra_release\nf ", directory,
                                      "/l4t.csv <<EOF\ndev, /dev/a\ndev, /dev/b*\nEOF\n"));
  EXPECT_EQ(none.gpus[0].problem, "none of the 2 device nodes that the CSV files name exists");
}

TEST(Tegra, of_another_release_misses_the_core) {
  const std::string host = board("lib, /nowhere/libcuda.so.1.1\nlib, /nowhere/libx.so", "");
  const Inventory found = found_on(host);
  ASSERT_EQ(found.core_failures.size(), 1);
  EXPECT_EQ(found.core_failures[0].name, "libcuda.so");
  EXPECT_EQ(found.core_failures[0].core_of, Capabilities::compute);
  EXPECT_TRUE(found.core_failures[0].cause.contains("/l4t.csv:2 names /nowhere/libcuda.so.1.1"));
  EXPECT_TRUE(found_on(host, {}, {.files = Capabilities::display}).core_failures.empty());
}

TEST(Tegra, leaves_libraries_for_other_machines_out) {
  const Inventory found =
      found_on(board("lib, /lib/liba.so.1\nlib, /lib/libb.so\nlib, /lib/libc.so",
                     "so /lib/liba.so.1 liba.so.1 x86_64\n"
                     "so /lib/libb.so libb.so aarch64\nf /lib/libc.so\n"));
  ASSERT_EQ(found.libraries.size(), 2);
  EXPECT_EQ(found.libraries[0].path, "/lib/libb.so");
  EXPECT_EQ(found.libraries[1].soname, "libc.so") << "what is no ELF file is given as it is";
  ASSERT_EQ(found.problems.size(), 1);
  EXPECT_EQ(found.problems[0].text,
            "1 library is not for this machine (aarch64) and left out: /lib/liba.so.1");
}

// WithDriverDotSoSymlinks is for the libraries of the peer's lib entries alone.
TEST(Tegra, makes_no_other_links_to_what_a_link_leads_to) {
  const std::string files =
      "so /l/libx.so.1.1 libx.so.1 aarch64\nl /l/libx.so.1 -> libx.so.1.1\nl /l/libx.so -> "
      "libx.so.1\n";
  EXPECT_EQ(found_on(board("lib, /l/libx.so.1.1", files)).libraries[0].links.size(), 2);
  const Inventory found = found_on(board("sym, /l/libx.so.1", files));
  EXPECT_TRUE(found.libraries[0].links.empty());
  EXPECT_EQ(found.extra_links, (std::vector<HostLink>{{"libx.so.1.1", "/l/libx.so.1"}}));
}

TEST(Tegra, takes_no_path_that_leads_out_and_no_loop) {
  const Inventory found =
      found_on(board("sym, /loop\nsym, /up\nlib, /../../x\ndir, /d*\nlib, /d/*",
                     "l /loop -> loop\nl /up -> ../../../../x\nf /x\nd /d\nl /d/link -> /../x\n"));
  EXPECT_TRUE(contains(found.files, HostFile{FileKind::data, "/d", "/d"}));
  EXPECT_TRUE(contains(found.files, HostFile{FileKind::data, "/x", "/x"})) << "below the root";
  EXPECT_EQ(found.extra_links, (std::vector<HostLink>{{"../../../../x", "/up"}}));
  ASSERT_EQ(found.problems.size(), 1);
  EXPECT_TRUE(found.problems[0].text.starts_with("1 of 5 files")) << found.problems[0].text;
}

TEST(Tegra, gives_nothing_that_cannot_be_written_down) {
  const Inventory found = found_on(board("lib, /d/*\nsym, /s",
                                         "f /d/\xff\nf /d/a::b\nf /d/ok\n"
                                         "l /s -> d/a::b\n"));
  EXPECT_EQ(found.files.size(), 2) << "/d/ok and the release";
  EXPECT_TRUE(found.extra_links.empty());
  ASSERT_EQ(found.problems.size(), 1);
  EXPECT_TRUE(found.problems[0].text.starts_with("2 of them cannot be looked at, the first is "))
      << found.problems[0].text;
}

TEST(Tegra, has_files_that_only_containers_need_where_yocto_puts_them) {
  const std::string other = "/usr/share/nvidia-container-passthrough";
  const Inventory found = found_on(
      board("lib, /usr/lib/libx.so.1\nlib, /opt/y",
            cat("so ", other, "/usr/lib/libx.so.1.2 libx.so.1 aarch64\n", "l ", other,
                "/usr/lib/libx.so.1 -> /usr/lib/libx.so.1.2\nf /opt/y\nf ", other, "/opt/y\n")));
  ASSERT_EQ(found.libraries.size(), 1);
  EXPECT_EQ(found.libraries[0], (Library{.path = other + "/usr/lib/libx.so.1.2",
                                         .soname = "libx.so.1",
                                         .links = {{"libx.so.1.2", "/usr/lib/libx.so.1"}},
                                         .container_path = "/usr/lib/libx.so.1.2"}));
  EXPECT_EQ(found.files[0].path, "/opt/y") << "the driver's own come first";
}

// The peer puts each directory of --library-search-path in front of the entry (tegra.go).
TEST(Tegra, has_libraries_of_the_directories_of_the_command_line) {
  const Inventory found = found_on(board("lib, libx.so", "so /a/libx.so libx.so aarch64\n"),
                                   {.library_directories = {"/a", "/b"}});
  ASSERT_EQ(found.libraries.size(), 1);
  EXPECT_EQ(found.libraries[0].path, "/a/libx.so");
}

TEST(Tegra, is_below_a_driver_root_as_well) {
  const test::Host host(
      cat("f /etc/nv_tegra_release\nc /r/dev/nvidia0 195:0\nso /r/lib/liba.so liba.so aarch64\nf ",
          directory, "/l4t.csv <<EOF\ndev, /dev/nvidia0\nlib, /lib/liba.so\nEOF\n"));
  const auto found = discover_on(host, {}, {}, "/r");
  ASSERT_TRUE(found) << found.error().full_message();
  EXPECT_EQ(found->driver.root, host.path() + "/r");
  EXPECT_EQ(found->libraries[0].path, "/lib/liba.so");
  EXPECT_EQ(found->gpus[0].node->path, "/dev/nvidia0");
}

}  // namespace
}  // namespace nvbox::driver
