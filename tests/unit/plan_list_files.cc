#include "plan/list_files.h"

#include <gtest/gtest.h>

namespace nvbox::plan {
namespace {

using driver::FileKind;
using driver::HostDevice;
using driver::Inventory;

Inventory host() {
  const HostDevice gi{"/dev/nvidia-caps/nvidia-cap12", 511, 12, 0444, 0};
  const HostDevice ci{"/dev/nvidia-caps/nvidia-cap13", 511, 13, 0444, 0};
  return {
      .gpus = {{.index = 0, .minor = 4}, {.index = 1, .minor = 2, .mig = {{7, 0, gi, ci}}}},
      .control = {{"/dev/nvidiactl", 195, 255}, {"/dev/nvidia-uvm", 510, 0}},
      .libraries = {{.path = "/usr/lib64/libcuda.so.1.2", .soname = "libcuda.so.1"},
                    {.path = "/usr/lib64/libnvidia-api.so.1", .soname = "libnvidia-api.so.1"},
                    {.path = "/usr/lib64/libnvidia-ml.so.1.2", .soname = "libnvidia-ml.so.1"},
                    {.path = "/usr/lib64/vdpau/libvdpau_nvidia.so.1.2", .soname = "x"},
                    {.path = "/opt/lib/libcuda.so.1.2", .soname = "libcuda.so.1"},
                    {.path = "/usr/lib/libcuda.so.1.2", .soname = "x", .is_32_bit = true}},
      .files = {
          {FileKind::socket, "/run/nvidia-persistenced/socket", "/run/nvidia-persistenced/socket"},
          {FileKind::socket, "/run/nvidia-fabricmanager/socket",
           "/run/nvidia-fabricmanager/socket"},
          {FileKind::directory, "/tmp/nvidia-mps", "/tmp/nvidia-mps"},
          {FileKind::firmware, "/usr/lib/firmware/nvidia/1.2/gsp_tu10x.bin",
           "/lib/firmware/nvidia/1.2/gsp_tu10x.bin"},
          {FileKind::binary, "/opt/bin/nvidia-cuda-mps-server", "/usr/bin/nvidia-cuda-mps-server"},
          {FileKind::binary, "/opt/bin/nvidia-smi", "/usr/bin/nvidia-smi"},
          {FileKind::binary, "/usr/bin/nvidia-xconfig", "/usr/bin/nvidia-xconfig"},
          {FileKind::data, "/usr/share/nvidia/nvoptix.bin", "/usr/share/nvidia/nvoptix.bin"}}};
}

constexpr ListParts everything = {.devices = true,
                                  .binaries = true,
                                  .libraries = true,
                                  .libraries_32 = true,
                                  .ipcs = true,
                                  .firmwares = true};

TEST(ListFiles, has_the_order_and_the_choice_of_the_peers_tables) {
  const Listing listing = list_files(host(), {.gpus = {0, 1}, .migs = {{1, 0}}}, {3}, everything);
  const Listing expected = {
      .devices = {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-modeset", "/dev/nvidia4",
                  "/dev/nvidia2", "/proc/driver/nvidia/capabilities/gpu2/mig/gi7/access",
                  "/proc/driver/nvidia/capabilities/gpu2/mig/gi7/ci0/access",
                  "/dev/nvidia-caps/nvidia-cap12", "/dev/nvidia-caps/nvidia-cap13"},
      .imex_channels = {"/dev/nvidia-caps-imex-channels/channel3"},
      .binaries = {"/opt/bin/nvidia-smi", "/opt/bin/nvidia-cuda-mps-server"},
      .libraries = {"/usr/lib64/libnvidia-ml.so.1.2", "/usr/lib64/libcuda.so.1.2"},
      .libraries_32 = {"/usr/lib/libcuda.so.1.2"},
      .ipcs = {"/run/nvidia-persistenced/socket", "/run/nvidia-fabricmanager/socket",
               "/tmp/nvidia-mps"},
      .firmwares = {"/lib/firmware/nvidia/1.2/gsp_tu10x.bin"}};
  EXPECT_EQ(listing, expected);
}

TEST(ListFiles, has_only_the_parts_that_are_asked_for) {
  EXPECT_EQ(list_files(host(), {.gpus = {0}}, {}, {}), Listing{});
  EXPECT_EQ(list_files(host(), {}, {}, {.libraries_32 = true}), Listing{});
  EXPECT_EQ(list_files(host(), {}, {}, {.ipcs = true, .no_persistenced = true}).ipcs,
            (std::vector<std::string>{"/run/nvidia-fabricmanager/socket", "/tmp/nvidia-mps"}));
  EXPECT_EQ(list_files(host(), {}, {}, {.ipcs = true, .no_fabricmanager = true}).ipcs,
            (std::vector<std::string>{"/run/nvidia-persistenced/socket", "/tmp/nvidia-mps"}));
}

TEST(ListFiles, has_everything_of_a_tegra) {
  const driver::HostDevice shared = {"/dev/nvmap", 10, 1, 0660, 44};
  const driver::Inventory tegra = {
      .driver = {.kind = driver::DriverKind::tegra},
      .gpus = {{.node = driver::HostDevice{"/dev/nvidia0", 195, 0, 0666, 0},
                .more_nodes = {shared}},
               {.minor = 1,
                .node = driver::HostDevice{"/dev/nvidia1", 195, 1, 0666, 0},
                .more_nodes = {shared}}},
      .libraries = {{.path = "/l/libx.so", .soname = "libx.so"},
                    {.path = "/p/l/liby.so", .soname = "liby.so", .container_path = "/l/liby.so"}},
      .files = {{FileKind::data, "/p/etc/x", "/etc/x"}}};
  EXPECT_EQ(list_files(tegra, {.gpus = {0, 1}}, {}, everything),
            (Listing{.devices = {"/dev/nvidia0", "/dev/nvmap", "/dev/nvidia1"},
                     .binaries = {"/etc/x"},
                     .libraries = {"/l/libx.so", "/l/liby.so"}}));
}

TEST(Lines, are_one_for_each_path_in_the_order_of_the_parts) {
  const Listing listing = {.devices = {"a"},
                           .imex_channels = {"b"},
                           .mig = {"c"},
                           .binaries = {"d", "e"},
                           .libraries = {"f"},
                           .libraries_32 = {"g"},
                           .ipcs = {"h"},
                           .firmwares = {"i"}};
  EXPECT_EQ(lines_of(listing), "a\nb\nc\nd\ne\nf\ng\nh\ni\n");
}

}  // namespace
}  // namespace nvbox::plan
