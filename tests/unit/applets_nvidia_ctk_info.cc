#include "nvidia_ctk/info.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/json.h"

namespace nvbox::applets::ctk_info {
namespace {

using driver::HostDevice;

driver::Inventory two_gpus() {
  const HostDevice capability = {
      .path = "/dev/nvidia-caps/nvidia-cap66", .major = 234, .minor = 66, .mode = 0444};
  return {
      .driver = {.kind = driver::DriverKind::dgpu, .version = "535.261.03", .cuda_version = "12.2"},
      .gpus = {{.index = 0,
                .minor = 4,
                .uuid = "GPU-????????",
                .bus_id = "0000:3b:00.0",
                .model = "Tesla T4",
                .node = HostDevice{.path = "/dev/nvidia4", .major = 195, .minor = 4, .mode = 0660},
                .mig = {{.gpu_instance = 7,
                         .compute_instance = 0,
                         .gpu_instance_node = capability,
                         .index = 3,
                         .uuid = "MIG-7"}},
                .brand = "Nvidia",
                .architecture = "7.5",
                .unanswered = "nvml error: unknown error"},
               {.index = 1, .bus_id = "0000:5e:00.0", .problem = "fell off the bus"}},
      .control = {{.path = "/dev/nvidiactl", .major = 195, .minor = 255, .mode = 0666}},
      .imex_channels = {{.path = "/dev/nvidia-caps-imex-channels/channel0", .minor = 0},
                        {.path = "/dev/nvidia-caps-imex-channels/channel7", .minor = 7}},
      .libraries = {{.path = "/usr/lib/libcuda.so.535.261.03",
                     .soname = "libcuda.so.1",
                     .serves = driver::Capabilities::compute | driver::Capabilities::utility}},
      .library_directories = {"/usr/lib"},
      .features = {{.feature = driver::Features::gdrcopy,
                    .nodes = {{.path = "/dev/gdrdrv", .major = 505}}}},
      .problems = {{"/dev/nvidia-uvm does not exist"}}};
}

TEST(CtkInfo, has_a_line_for_each_thing) {
  EXPECT_EQ(info_text(two_gpus()),
            "Driver version:   535.261.03\n"
            "CUDA version:     12.2\n"
            "Driver root:      /\n"
            "Dev root:         /\n"
            "Libraries:        1\n"
            "Library folder:   /usr/lib\n"
            "Other files:      0\n"
            "Control node:     /dev/nvidiactl 195:255 0666\n"
            "IMEX channels:    2: 0 to 7\n"
            "Feature:          gdrcopy /dev/gdrdrv\n"
            "\n"
            "GPU:              0\n"
            "  Problem:        nvml error: unknown error\n"
            "  Model:          Tesla T4\n"
            "  Bus id:         0000:3b:00.0\n"
            "  Brand:          Nvidia\n"
            "  Architecture:   7.5\n"
            "  Node:           /dev/nvidia4 195:4 0660\n"
            "  MIG device:     0:3, GPU instance 7, compute instance 0, MIG-7, without its device "
            "nodes\n"
            "\n"
            "GPU:              1\n"
            "  Problem:        fell off the bus\n"
            "  Bus id:         0000:5e:00.0\n"
            "\n"
            "Problem:          /dev/nvidia-uvm does not exist\n");
}

TEST(CtkInfoJson, has_null_for_what_is_unknown_or_not_there) {
  const auto json = data::parse_json(info_json(two_gpus()).value()).value();
  EXPECT_EQ(json.at("gpus").at(0).dump(),
            R"({"index":0,"minor":4,"model":"Tesla T4","uuid":null,"busId":"0000:3b:00.0",)"
            R"("brand":"Nvidia","architecture":"7.5","coherent":null,)"
            R"("node":{"path":"/dev/nvidia4","major":195,"minor":4,"mode":"0660","gid":0},)"
            R"("moreNodes":[],"drmNodes":[],"migDevices":[{"index":3,"uuid":"MIG-7",)"
            R"("gpuInstance":7,"computeInstance":0,)"
            R"("gpuInstanceNode":{"path":"/dev/nvidia-caps/nvidia-cap66","major":234,"minor":66,)"
            R"("mode":"0444","gid":0},"computeInstanceNode":null}],)"
            R"("problem":"nvml error: unknown error"})");
  EXPECT_EQ(json.at("gpus").at(1).dump(),
            R"({"index":1,"minor":0,"model":null,"uuid":null,"busId":"0000:5e:00.0",)"
            R"("brand":null,"architecture":null,"coherent":null,"node":null,)"
            R"("moreNodes":[],"drmNodes":[],"migDevices":[],"problem":"fell off the bus"})");
}

TEST(CtkInfoJson, has_what_libraries_are_for) {
  const auto json = data::parse_json(info_json(two_gpus()).value()).value();
  EXPECT_EQ(json.at("libraries").dump(),
            R"([{"path":"/usr/lib/libcuda.so.535.261.03","soname":"libcuda.so.1",)"
            R"("is32Bit":false,"capabilities":["compute","utility"]}])");
  EXPECT_EQ(json.at("features").at(0).at("name"), "gdrcopy");
}

}  // namespace
}  // namespace nvbox::applets::ctk_info
