#include "driver/product_facts.h"

#include <gtest/gtest.h>

#include "support/make_host.h"

namespace nvbox::driver {
namespace {

TEST(CudaVersion, is_the_driver_branchs) {
  EXPECT_EQ(cuda_version_of("535.261.03"), "12.2");
  EXPECT_EQ(cuda_version_of("550.163.01"), "12.4");
  EXPECT_EQ(cuda_version_of("565.77"), "12.7");
  EXPECT_EQ(cuda_version_of("570.172.08"), "12.8");
  EXPECT_EQ(cuda_version_of("580.65.06"), "13.0");
}

TEST(CudaVersion, of_a_branch_that_is_not_in_the_table_is_unknown) {
  EXPECT_EQ(cuda_version_of("440.33.01"), "");
  EXPECT_EQ(cuda_version_of("571.10"), "");
  EXPECT_EQ(cuda_version_of("999.1"), "");
  EXPECT_EQ(cuda_version_of(""), "");
  EXPECT_EQ(cuda_version_of("x.y"), "");
}

TEST(ProductFacts, are_known_for_the_simulated_gpus) {
  EXPECT_EQ(product_facts(0x1eb8, "535.261.03"), (ProductFacts{"Nvidia", "7.5"}));  // T4
  EXPECT_EQ(product_facts(0x20b2, "550.163.01"), (ProductFacts{"Nvidia", "8.0"}));  // A100 SXM4
  EXPECT_EQ(product_facts(0x20b5, "550.163.01"), (ProductFacts{"Nvidia", "8.0"}));  // A100 PCIe
  EXPECT_EQ(product_facts(0x2335, "570.172.08"), (ProductFacts{"Nvidia", "9.0"}));  // H200
  EXPECT_EQ(product_facts(0x2342, "570.172.08"), (ProductFacts{"Nvidia", "9.0"}));  // GH200
  EXPECT_EQ(product_facts(0x31c2, "580.65.06"), (ProductFacts{"Nvidia", "10.3"}));  // GB300
  EXPECT_EQ(product_facts(0x2e12, "580.65.06"), (ProductFacts{"", "12.1"}));        // GB10
  EXPECT_EQ(product_facts(0x2230, "565.77"), (ProductFacts{"NvidiaRTX", "8.6"}));   // RTX A6000
}

TEST(ProductFacts, of_an_unknown_product_or_an_old_driver_are_empty_and_not_guessed) {
  EXPECT_EQ(product_facts(0x20b6, "550.163.01"), (ProductFacts{"", "8.0"}));
  EXPECT_EQ(product_facts(0xffff, "550.163.01"), ProductFacts{});
  EXPECT_EQ(product_facts(0x1eb8, "470.82.01"), (ProductFacts{"", "7.5"}));
}

TEST(DeviceId, is_read_from_sys) {
  const test::Host host(R"(
f /sys/bus/pci/devices/0000:3b:00.0/device <<EOF
0x1eb8
EOF
f /sys/bus/pci/devices/0000:3c:00.0/device <<EOF
nonsense
EOF
)");
  const host::Root root = host.root();
  EXPECT_EQ(device_id_of(root, "0000:3b:00.0").value(), 0x1eb8);
  EXPECT_EQ(device_id_of(root, "0000:3c:00.0").value(), std::nullopt);
  EXPECT_EQ(device_id_of(root, "0000:3d:00.0").value(), std::nullopt);
}

}  // namespace
}  // namespace nvbox::driver
