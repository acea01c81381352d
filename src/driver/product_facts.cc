#include "driver/product_facts.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/text.h"

namespace nvbox::driver {
namespace {

struct CudaRow {
  unsigned branch;  // of the driver: 535 in 535.261.03
  std::string_view cuda;
};

// CUDA Toolkit release notes, "CUDA Driver version" of the toolkit that each branch came with,
// which is what nvidia-smi shows as well. Branches whose releases differ among themselves (418 to
// 440) are left out.
constexpr CudaRow cuda_rows[] = {
    {450, "11.0"}, {455, "11.1"}, {460, "11.2"}, {465, "11.3"}, {470, "11.4"}, {495, "11.5"},
    {510, "11.6"}, {515, "11.7"}, {520, "11.8"}, {525, "12.0"}, {530, "12.1"}, {535, "12.2"},
    {545, "12.3"}, {550, "12.4"}, {555, "12.5"}, {560, "12.6"}, {565, "12.7"}, {570, "12.8"},
    {575, "12.9"}, {580, "13.0"}, {590, "13.1"},
};
static_assert(std::ranges::is_sorted(cuda_rows, {}, &CudaRow::branch));

struct ChipRow {
  std::uint16_t first;
  std::uint16_t last;
  std::string_view architecture;
};

// Device ids are given out by chip (https://pci-ids.ucw.cz, vendor 10de), and a chip has one
// compute capability (https://developer.nvidia.com/cuda-gpus).
constexpr ChipRow chip_rows[] = {
    {0x1340, 0x13bf, "5.0"},   // GM108, GM107
    {0x13c0, 0x13ff, "5.2"},   // GM204
    {0x15f7, 0x15f9, "6.0"},   // GP100
    {0x17c0, 0x17ff, "5.2"},   // GM200
    {0x1b00, 0x1cff, "6.1"},   // GP102, GP104, GP106, GP107
    {0x1d80, 0x1dff, "7.0"},   // GV100
    {0x1e00, 0x1fff, "7.5"},   // TU102, TU104, TU106, TU117
    {0x20b0, 0x20ff, "8.0"},   // GA100
    {0x2180, 0x21ff, "7.5"},   // TU116
    {0x2200, 0x223f, "8.6"},   // GA102
    {0x2300, 0x237f, "9.0"},   // GH100
    {0x2480, 0x25ff, "8.6"},   // GA104, GA106, GA107
    {0x2680, 0x28ff, "8.9"},   // AD102, AD103, AD104, AD106, AD107
    {0x2901, 0x2901, "10.0"},  // GB100: B200
    {0x2909, 0x2909, "10.0"},  // GB100: B200
    {0x2941, 0x2941, "10.0"},  // GB100: GB200
    {0x2b80, 0x2bff, "12.0"},  // GB202
    {0x2c00, 0x2dff, "12.0"},  // GB203, GB206, GB207
    {0x2e12, 0x2e12, "12.1"},  // GB20B: GB10
    {0x2f00, 0x2f7f, "12.0"},  // GB205
    {0x3182, 0x3182, "10.3"},  // GB110: B300
    {0x31c2, 0x31c3, "10.3"},  // GB110: GB300
};
static_assert(std::ranges::is_sorted(chip_rows, {}, &ChipRow::first));

struct BrandRow {
  std::uint16_t device_id;
  std::string_view brand;
};

// "Product Brand" of nvidia-smi -q, in the words of nvidia-container-cli.
constexpr BrandRow brand_rows[] = {
    {0x15f7, "Tesla"},      // P100 PCIe 12GB
    {0x15f8, "Tesla"},      // P100 PCIe 16GB
    {0x15f9, "Tesla"},      // P100 SXM2
    {0x1b38, "Tesla"},      // P40
    {0x1bb3, "Tesla"},      // P4
    {0x1db1, "Tesla"},      // V100 SXM2 16GB
    {0x1db4, "Tesla"},      // V100 PCIe 16GB
    {0x1db5, "Tesla"},      // V100 SXM2 32GB
    {0x1db6, "Tesla"},      // V100 PCIe 32GB
    {0x1eb8, "Nvidia"},     // T4
    {0x20b0, "Nvidia"},     // A100 SXM4 40GB
    {0x20b1, "Nvidia"},     // A100 PCIe 40GB
    {0x20b2, "Nvidia"},     // A100 SXM4 80GB
    {0x20b3, "Nvidia"},     // A100 SXM 64GB
    {0x20b5, "Nvidia"},     // A100 PCIe 80GB
    {0x20b7, "Nvidia"},     // A30
    {0x20f1, "Nvidia"},     // A100 PCIe 40GB
    {0x2230, "NvidiaRTX"},  // RTX A6000
    {0x2231, "NvidiaRTX"},  // RTX A5000
    {0x2235, "Nvidia"},     // A40
    {0x2236, "Nvidia"},     // A10
    {0x2237, "Nvidia"},     // A10G
    {0x2321, "Nvidia"},     // H100 NVL
    {0x2330, "Nvidia"},     // H100 SXM
    {0x2331, "Nvidia"},     // H100 PCIe
    {0x2335, "Nvidia"},     // H200 SXM
    {0x233b, "Nvidia"},     // H200 NVL
    {0x2342, "Nvidia"},     // GH200
    {0x2348, "Nvidia"},     // GH200 144G HBM3e
    {0x24b0, "NvidiaRTX"},  // RTX A4000
    {0x25b6, "Nvidia"},     // A2, A16
    {0x26b1, "NvidiaRTX"},  // RTX 6000 Ada Generation
    {0x26b5, "Nvidia"},     // L40
    {0x26b9, "Nvidia"},     // L40S
    {0x27b8, "Nvidia"},     // L4
    {0x2901, "Nvidia"},     // B200
    {0x2909, "Nvidia"},     // B200
    {0x2941, "Nvidia"},     // GB200
    {0x3182, "Nvidia"},     // B300 SXM6
    {0x31c2, "Nvidia"},     // GB300
    {0x31c3, "Nvidia"},     // GB300
};
static_assert(std::ranges::is_sorted(brand_rows, {}, &BrandRow::device_id));

constexpr unsigned first_branch_with_brands = 510;

unsigned branch_of(std::string_view driver_version) {
  return parse_number<unsigned>(split(driver_version, '.').front()).value_or(0);
}

// "0x1eb8\n".
std::optional<std::uint16_t> parse_id(std::string_view text) {
  const std::string_view number = trim(text);
  if (!number.starts_with("0x")) return std::nullopt;
  return parse_number<std::uint16_t>(number.substr(2), 16);
}

}  // namespace

std::string_view cuda_version_of(std::string_view driver_version) {
  const unsigned branch = branch_of(driver_version);
  const auto* const row = std::ranges::lower_bound(cuda_rows, branch, {}, &CudaRow::branch);
  return row != std::end(cuda_rows) && row->branch == branch ? row->cuda : "";
}

ProductFacts product_facts(std::uint16_t device_id, std::string_view driver_version) {
  ProductFacts facts;
  for (const ChipRow& row : chip_rows) {
    if (row.first <= device_id && device_id <= row.last) facts.architecture = row.architecture;
  }
  if (branch_of(driver_version) < first_branch_with_brands) return facts;
  const auto* const row = std::ranges::lower_bound(brand_rows, device_id, {}, &BrandRow::device_id);
  if (row != std::end(brand_rows) && row->device_id == device_id) facts.brand = row->brand;
  return facts;
}

Result<std::optional<std::uint16_t>> device_id_of(const host::Root& host, std::string_view bus_id) {
  const auto device = NVBOX_TRY(host.read(cat("/sys/bus/pci/devices/", bus_id, "/device")));
  if (!device) return std::nullopt;
  return parse_id(*device);
}

void add_product_facts(const Context& context, Inventory& inventory) {
  const std::string& version = inventory.driver.version;
  if (inventory.driver.cuda_version.empty()) {
    inventory.driver.cuda_version = cuda_version_of(version);
  }
  for (Gpu& gpu : inventory.gpus) {
    const auto id = context.or_problem(device_id_of(context.roots.host, gpu.bus_id));
    if (!id) continue;
    const ProductFacts facts = product_facts(*id, version);
    gpu.brand = facts.brand;
    gpu.architecture = facts.architecture;
  }
}

}  // namespace nvbox::driver
