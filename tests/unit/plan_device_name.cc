#include "plan/device_name.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string_view>

namespace nvbox::plan {

void PrintTo(const DeviceName& name, std::ostream* out) {
  *out << "kind " << static_cast<int>(name.kind) << ", " << name.first << " to " << name.last
       << ", uuid '" << name.uuid << "', " << name.gpu_instance << "/" << name.compute_instance;
}

namespace {

using Kind = DeviceName::Kind;

struct Row {
  std::string_view text;
  DeviceName name;
};

TEST(DeviceName, is_taken_apart) {
  const Row rows[] = {
      {"0", {.kind = Kind::index}},
      {"3", {.kind = Kind::index, .first = 3, .last = 3}},
      {"4294967295", {.kind = Kind::index, .first = 4294967295, .last = 4294967295}},
      {"2-5", {.kind = Kind::index, .first = 2, .last = 5}},
      {"5-2", {.kind = Kind::index, .first = 5, .last = 2}},
      {"GPU-5F2", {.kind = Kind::gpu_uuid, .uuid = "gpu-5f2"}},
      {"gpu-5f2c0000-0000-4a10-8000-000000000000",
       {.kind = Kind::gpu_uuid, .uuid = "gpu-5f2c0000-0000-4a10-8000-000000000000"}},
      {"GPU-", {.kind = Kind::gpu_uuid, .uuid = "gpu-"}},
      // An Orin's, as NVML has it (isOrinGPUID of NVIDIA's pkg/nvcdi/lib-csv.go).
      {"54D0709b-558d-5a59-9c65-0c5fc14a21a4",
       {.kind = Kind::gpu_uuid, .uuid = "54d0709b-558d-5a59-9c65-0c5fc14a21a4"}},
      {"0000:3b:00.0", {.kind = Kind::address}},
      {"00000000:3B:00.0", {.kind = Kind::address}},
      {"3b:00.0", {.kind = Kind::address}},
      {"0:1", {.kind = Kind::mig_index, .first = 0, .last = 1}},
      {" +1", {.kind = Kind::index, .first = 1, .last = 1}},
      {"\t0: +1", {.kind = Kind::mig_index, .first = 0, .last = 1}},
      {"12:34", {.kind = Kind::mig_index, .first = 12, .last = 34}},
      {"MIG-5F2C", {.kind = Kind::mig_uuid, .uuid = "mig-5f2c"}},
      {"mig-", {.kind = Kind::mig_uuid, .uuid = "mig-"}},
      {"MIG-GPU-5F2C/7/0",
       {.kind = Kind::mig_path, .uuid = "gpu-5f2c", .gpu_instance = 7, .compute_instance = 0}},
      {"mig-gpu-5f2c/10/3",
       {.kind = Kind::mig_path, .uuid = "gpu-5f2c", .gpu_instance = 10, .compute_instance = 3}},
  };
  for (const Row& row : rows) EXPECT_EQ(parse_device_name(row.text), row.name) << row.text;
}

TEST(DeviceName, of_no_known_form_is_unknown) {
  for (const std::string_view text : {"",
                                      " ",
                                      "banana",
                                      "54d0709b-558d-5a59-9c65-0c5fc14a21a",
                                      "54d0709b-558d-5a59-9c65-0c5fc14a21ag",
                                      "all",
                                      "-1",
                                      "+ 1",
                                      "++1",
                                      "1 ",
                                      "0x1",
                                      "4294967296",
                                      "1-",
                                      "-",
                                      "1-2-3",
                                      "1-x",
                                      "0:",
                                      ":1",
                                      ":",
                                      "0:1:2",
                                      "0:x",
                                      "0:-1",
                                      "GPU",
                                      "GPU5f2",
                                      "MIG",
                                      "MIG-GPU-5f2",
                                      "MIG-GPU-5f2/7",
                                      "MIG-GPU-5f2/7/",
                                      "MIG-GPU-5f2//0",
                                      "MIG-GPU-5f2/7/0/1",
                                      "MIG-GPU-5f2/7/x",
                                      "MIG-GPU-5f2/-7/0",
                                      "3b:00",
                                      "3b.00",
                                      "3g:00.0",
                                      "3b:00.0 "}) {
    EXPECT_EQ(parse_device_name(text), DeviceName{}) << text;
  }
}

}  // namespace
}  // namespace nvbox::plan
