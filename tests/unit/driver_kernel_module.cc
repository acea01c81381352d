#include "driver/kernel_module.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "driver/pci_address.h"

namespace nvbox::driver {
namespace {

TEST(VersionFile, of_the_proprietary_module) {
  EXPECT_EQ(parse_version_file(
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.261.03  Thu Jul  3 10:42:15\n"
                "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14+deb12u1)\n"),
            "535.261.03");
}

TEST(VersionFile, of_the_open_module) {
  EXPECT_EQ(parse_version_file("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15 "
                               " Release Build  (dvs-builder@U22)  Thu Jan 16 20:25:46 UTC 2025\n"),
            "570.86.15");
}

TEST(VersionFile, may_have_a_version_of_two_parts) {
  EXPECT_EQ(parse_version_file("NVRM version: NVIDIA UNIX aarch64 Kernel Module  565.77  Wed\n"),
            "565.77");
}

TEST(VersionFile, without_a_version_of_the_driver_has_none) {
  EXPECT_EQ(parse_version_file(""), std::nullopt);
  EXPECT_EQ(parse_version_file("GCC version:  gcc version 12.2.0\n"), std::nullopt);
  EXPECT_EQ(parse_version_file("NVRM version: NVIDIA UNIX x86_64 Kernel Module  ../../535.1\n"),
            std::nullopt)
      << "the version becomes part of paths";
}

TEST(PciAddress, is_understood_with_short_and_long_domains) {
  EXPECT_EQ(parse_pci_address("0000:3b:00.0"), (PciAddress{0, 0x3b, 0, 0}));
  EXPECT_EQ(parse_pci_address("00000000:3B:1F.7"), (PciAddress{0, 0x3b, 0x1f, 7}));
  EXPECT_EQ(parse_pci_address("10000:e1:00.0"), (PciAddress{0x10000, 0xe1, 0, 0}));
  for (const char* text : {"", "0000:3b:00", "3b:00.0", "0000:3b:00.0 ", "0000:13b:00.0", "x:1:2.3",
                           "0000:3b:00.0.0", "1234567890:00:00.0"}) {
    EXPECT_EQ(parse_pci_address(text), std::nullopt) << text;
  }
}

TEST(PciAddress, is_written_as_sysfs_does) {
  EXPECT_EQ(to_text({0, 0x3b, 0, 0}), "0000:3b:00.0");
  EXPECT_EQ(to_text({0x10000, 0xe1, 0x1f, 7}), "10000:e1:1f.7");
}

}  // namespace
}  // namespace nvbox::driver
