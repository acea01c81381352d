#include "driver/pci_address.h"
#include "nvidia_container_cli/nvidia_container_cli.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/version.h"
#include "support/make_host.h"

namespace nvbox::applets::container_cli {
namespace {

// The second GPU is of a kind that nobody knows.
const HostFacts two = {.driver_version = "535.261.03",
                       .cuda_version = "12.2",
                       .gpus = {{.index = 0,
                                 .minor = 4,
                                 .model = "Tesla T4",
                                 .brand = "Nvidia",
                                 .uuid = "GPU-00000074-0000-0000-0000-000000000000",
                                 .bus_location = "00000000:3b:00.0",
                                 .architecture = "7.5"},
                                {.index = 1, .minor = 0, .bus_location = "00000000:5e:00.0"}}};

TEST(Info, has_labels_of_a_fixed_width) {
  EXPECT_EQ(info_text(two),
            "NVRM version:   535.261.03\n"
            "CUDA version:   12.2\n"
            "\n"
            "Device Index:   0\n"
            "Device Minor:   4\n"
            "Model:          Tesla T4\n"
            "Brand:          Nvidia\n"
            "GPU UUID:       GPU-00000074-0000-0000-0000-000000000000\n"
            "Bus Location:   00000000:3b:00.0\n"
            "Architecture:   7.5\n"
            "\n"
            "Device Index:   1\n"
            "Device Minor:   0\n"
            "Model:          \n"
            "Brand:          \n"
            "GPU UUID:       \n"
            "Bus Location:   00000000:5e:00.0\n"
            "Architecture:   \n");
}

// Incus reads the columns by position and does not check how many there are.
TEST(InfoCsv, has_seven_fields_in_every_row_whatever_is_unknown) {
  EXPECT_EQ(info_csv(two),
            "NVRM version,CUDA version\n"
            "535.261.03,12.2\n"
            "\n"
            "Device Index,Device Minor,Model,Brand,GPU UUID,Bus Location,Architecture\n"
            "0,4,Tesla T4,Nvidia,GPU-00000074-0000-0000-0000-000000000000,00000000:3b:00.0,7.5\n"
            "1,0,,,,00000000:5e:00.0,\n");
}

TEST(InfoJson, has_null_for_what_is_unknown) {
  EXPECT_EQ(info_json(two).value(), R"({"driverVersion":"535.261.03","cudaVersion":"12.2","gpus":[)"
                                    R"({"index":0,"minor":4,"model":"Tesla T4","brand":"Nvidia",)"
                                    R"("uuid":"GPU-00000074-0000-0000-0000-000000000000",)"
                                    R"("busLocation":"00000000:3b:00.0","architecture":"7.5"},)"
                                    R"({"index":1,"minor":0,"model":null,"brand":null,"uuid":null,)"
                                    R"("busLocation":"00000000:5e:00.0","architecture":null}]})"
                                    "\n");
}

TEST(BusLocation, has_a_domain_of_eight_digits) {
  EXPECT_EQ(driver::bus_location("0000:3b:00.0"), "00000000:3b:00.0");
  EXPECT_EQ(driver::bus_location("10000:3b:00.0"), "00010000:3b:00.0");
  EXPECT_EQ(driver::bus_location("123456789:3b:00.0"), "123456789:3b:00.0");
}

TEST(ListJson, has_a_list_for_every_part) {
  EXPECT_EQ(list_json({.devices = {"/dev/nvidia0"}, .firmwares = {"/lib/firmware/x"}}).value(),
            R"({"devices":["/dev/nvidia0"],"imexChannels":[],"mig":[],"binaries":[],)"
            R"("libraries":[],"libraries32":[],"ipcs":[],"firmwares":["/lib/firmware/x"]})"
            "\n");
}

// gVisor parses the first line with ^cli-version: (\d+)\.(\d+)\.(\d+), and treats 1.17.7 specially.
TEST(Version, has_the_peers_seven_lines) {
  const std::string text = version_text();
  EXPECT_EQ(
      text.substr(0, text.find("build date")),
      "cli-version: " + std::string(version()) + "\nlib-version: " + std::string(version()) + "\n");
  EXPECT_EQ(std::ranges::count(text, '\n'), 7);
  EXPECT_NE(version(), "1.17.7");
}

TEST(User, is_a_number_or_a_name_of_the_host) {
  const test::Host host(R"(
f /etc/passwd <<EOF
root:x:0:0:root:/root:/bin/bash
EOF
f /etc/group <<EOF
video:x:44:
EOF
)");
  const host::Root root = host.root();
  for (const std::string_view user : {"", "0", "0:0", "root", "root:video", "1000:", ":video"}) {
    EXPECT_TRUE(check_user(root, user)) << user;
  }
  EXPECT_EQ(check_user(root, "roo").error().full_message(),
            "input error: parse user/group failed: no such file or directory; /etc/passwd has no "
            "\"roo\"");
  EXPECT_EQ(check_user(root, "0:audio").error().full_message(),
            "input error: parse user/group failed: no such file or directory; /etc/group has no "
            "\"audio\"");
}

}  // namespace
}  // namespace nvbox::applets::container_cli
