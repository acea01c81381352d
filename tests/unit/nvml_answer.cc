#include "nvml/answer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"

namespace nvbox::nvml {
namespace {

Result<Answer> read(std::string_view text) {
  return read_answer(data::parse_json(text, answer_limits).value());
}

// The error for an answer with this one GPU.
std::string refusal(std::string_view gpu) {
  const Result<Answer> answer = read(cat(R"({"gpus": [)", gpu, "]}"));
  return answer ? "none" : answer.error().message();
}

// Three GPUs: with MIG devices and free slots between them, with MIG and no device, without MIG.
constexpr std::string_view whole = R"({
  "driverVersion": "575.57.08", "cudaVersion": 12090, "gpus": [
    {"busId": "0000:86:00.0", "uuid": "GPU-86a10000-0000-4a10-8000-000000000000", "brand": 14,
     "computeCapability": [12, 0], "addressingMode": 0,
     "mig": [{"index": 0, "gpuInstance": 9, "computeInstance": 0,
              "uuid": "MIG-0a410000-aaaa-5a10-8000-000000000000",
              "name": "NVIDIA RTX PRO 6000 Blackwell Server Edition MIG 1g.24gb+gfx"},
             {"index": 3, "gpuInstance": 1, "computeInstance": 1,
              "uuid": "MIG-3a410000-aaaa-5a10-8000-000000000000",
              "name": "NVIDIA RTX PRO 6000 Blackwell Server Edition MIG 1g.24gb+me"},
             {"index": 4, "gpuInstance": 2, "computeInstance": 0,
              "uuid": "MIG-4a410000-aaaa-5a10-8000-000000000000",
              "name": "NVIDIA RTX PRO 6000 Blackwell Server Edition MIG 2g.48gb-me"},
             {"index": 6, "gpuInstance": 3, "computeInstance": 0}]},
    {"busId": "0000:af:00.0", "uuid": "GPU-afa10000-0000-4a10-8000-000000000000", "brand": 2,
     "computeCapability": [9, 0], "addressingMode": 2, "mig": []},
    {"busId": "0000:d8:00.0", "uuid": "GPU-d8a10000-0000-4a10-8000-000000000000", "brand": 13,
     "computeCapability": [8, 6]}]})";

TEST(Answer, is_what_the_helper_said_in_the_words_of_the_inventory) {
  const Result<Answer> answer = read(whole);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(
      *answer, (Answer{.cuda_version = "12.9",
                       .gpus = {
                           {.bus_id = "0000:86:00.0",
                            .uuid = "GPU-86a10000-0000-4a10-8000-000000000000",
                            .brand = "Nvidia",
                            .architecture = "12.0",
                            .coherent = false,
                            .mig =
                                std::vector<ToldMig>{
                                    {0, 9, 0, "MIG-0a410000-aaaa-5a10-8000-000000000000", true},
                                    {3, 1, 1, "MIG-3a410000-aaaa-5a10-8000-000000000000", false},
                                    {4, 2, 0, "MIG-4a410000-aaaa-5a10-8000-000000000000", false},
                                    {6, 3, 0, "", false}}},
                           {.bus_id = "0000:af:00.0",
                            .uuid = "GPU-afa10000-0000-4a10-8000-000000000000",
                            .brand = "Tesla",
                            .architecture = "9.0",
                            .coherent = true,
                            .mig = std::vector<ToldMig>{}},
                           {.bus_id = "0000:d8:00.0",
                            .uuid = "GPU-d8a10000-0000-4a10-8000-000000000000",
                            .brand = "NvidiaRTX",
                            .architecture = "8.6"}}}));
}

TEST(Answer, of_nothing_is_empty) {
  EXPECT_EQ(*read("{}"), Answer{});
  EXPECT_EQ(*read(R"({"gpus": [{}]})"), (Answer{.gpus = {{}}}));
  EXPECT_EQ(*read(R"({"gpus": null, "cudaVersion": null, "failure": null})"), Answer{});
}

TEST(Answer, has_the_cuda_version_as_people_write_it) {
  const auto version = [](std::string_view number) {
    return read(cat(R"({"cudaVersion": )", number, "}"))->cuda_version;
  };
  EXPECT_EQ(version("12040"), "12.4");
  EXPECT_EQ(version("12100"), "12.10");
  EXPECT_EQ(version("13000"), "13.0");
  EXPECT_EQ(version("6050"), "6.5");
}

TEST(Answer, names_brands_by_their_numbers) {
  constexpr std::string_view names[] = {
      "Unknown",   "Quadro",    "Tesla",  "NVS",        "GRID",    "GeForce",
      "TITAN",     "VApps",     "VPC",    "VCS",        "VWS",     "CloudGaming",
      "QuadroRTX", "NvidiaRTX", "Nvidia", "GeForceRTX", "TitanRTX"};
  const auto brand = [](size_t number) {
    return read(cat(R"({"gpus": [{"brand": )", number, "}]}"))->gpus[0].brand;
  };
  for (size_t number = 0; number < std::size(names); ++number) {
    EXPECT_EQ(brand(number), names[number]);
  }
  EXPECT_EQ(brand(std::size(names)), "Unknown");
  EXPECT_EQ(brand(1'000'000), "Unknown");
}

TEST(Answer, has_graphics_where_the_profile_names_it_as_an_attribute) {
  const auto has_graphics = [](std::string_view name) {
    const Result<Answer> answer =
        read(cat(R"({"gpus": [{"mig": [{"index": 0, "gpuInstance": 1, "computeInstance": 0, )",
                 R"("name": ")", name, R"("}]}]})"));
    return answer->gpus[0].mig->at(0).has_graphics;
  };
  for (const std::string_view name : {"MIG 1g.24gb+gfx", "MIG 1g.24gb+me,gfx", "MIG 1g.24gb+gfx,me",
                                      "A+B MIG 1g.24gb+gfx", "MIG 1c.4g.96gb+gfx"}) {
    EXPECT_TRUE(has_graphics(name)) << name;
  }
  for (const std::string_view name : {"", "MIG 1g.24gb", "MIG 1g.24gb+me", "MIG 1g.24gb-gfx",
                                      "MIG 1g.24gb+gfx2", "MIG 1g.24gb+", "gfx MIG 1g.24gb"}) {
    EXPECT_FALSE(has_graphics(name)) << name;
  }
}

TEST(Answer, tells_what_failed_and_what_can_be_done_about_it) {
  const auto failure = [](std::string_view members) {
    return read(cat(R"({"failure": {)", members, "}}"))->failure;
  };
  EXPECT_EQ(failure(R"("call": "nvmlInit", "text": "Driver/library version mismatch", "code": 18)"),
            "nvml error: driver/library version mismatch (nvmlInit); reboot, or reload the modules "
            "(rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia)");
  EXPECT_EQ(failure(R"("call": "nvmlInit", "text": "Insufficient Permissions", "code": 4)"),
            "nvml error: insufficient permissions (nvmlInit); NVML may not open the driver's "
            "device nodes: look at their owner and mode");
  EXPECT_EQ(failure(R"("call": "nvmlInit", "text": "Driver Not Loaded", "code": 9)"),
            "nvml error: driver not loaded (nvmlInit); load the kernel module, and look at dmesg "
            "if it is loaded");
  EXPECT_EQ(failure(R"("call": "nvmlInit", "text": "Unknown Error", "code": 999)"),
            "nvml error: unknown error (nvmlInit)");
  EXPECT_EQ(failure(R"("call": "dlopen", "text": "libc.so.6: no such file", "code": 0)"),
            "load library failed: libc.so.6: no such file");
  EXPECT_EQ(failure(R"("text": "one\ntwo")"), R"(load library failed: one\x0atwo)");
  EXPECT_EQ(failure(R"("call": "a\u001b", "text": "b\u0007", "code": 1)"),
            R"(nvml error: b\x07 (a\x1b))");
}

TEST(Answer, has_what_a_gpu_told_beside_its_failure) {
  EXPECT_EQ(*read(R"({"gpus": [{"busId": "0000:07:00.0", "brand": 5, "failure": {
                        "call": "nvmlDeviceGetUUID", "text": "GPU is lost", "code": 15}}]})"),
            (Answer{.gpus = {{.bus_id = "0000:07:00.0",
                              .brand = "GeForce",
                              .failure = "nvml error: gpu is lost (nvmlDeviceGetUUID); the GPU "
                                         "fell off the bus: see dmesg (NVRM: Xid), and reset "
                                         "it or reboot"}}}));
}

TEST(Answer, is_coherent_with_one_page_table_for_both_only) {
  const auto coherent = [](std::string_view gpu) {
    return read(cat(R"({"gpus": [)", gpu, "]}"))->gpus[0].coherent;
  };
  EXPECT_EQ(coherent(R"({"addressingMode": 2})"), true);
  EXPECT_EQ(coherent(R"({"addressingMode": 1})"), false);
  EXPECT_EQ(coherent(R"({"addressingMode": 0})"), false);
  EXPECT_EQ(coherent("{}"), std::nullopt);
}

TEST(Answer, of_another_type_is_refused) {
  EXPECT_EQ(read("[]").error().message(), "document: expected an object, found array");
  EXPECT_EQ(read("7").error().message(), "document: expected an object, found number");
  EXPECT_EQ(read(R"({"gpus": {}})").error().message(), "gpus: expected an array, found object");
  EXPECT_EQ(read(R"({"cudaVersion": "12.4"})").error().message(),
            "cudaVersion: expected an integer, found string");
  EXPECT_EQ(read(R"({"failure": "GPU is lost"})").error().message(),
            "failure: expected an object, found string");
  EXPECT_EQ(read(R"({"failure": {"text": 7}})").error().message(),
            "failure.text: expected a string, found number");
  EXPECT_EQ(refusal("[]"), "gpus[0]: expected an object, found array");
  EXPECT_EQ(refusal("null"), "gpus[0]: expected an object, found null");
  EXPECT_EQ(refusal(R"({"busId": 7})"), "gpus[0].busId: expected a string, found number");
  EXPECT_EQ(refusal(R"({"uuid": []})"), "gpus[0].uuid: expected a string, found array");
  EXPECT_EQ(refusal(R"({"brand": 1.5})"), "gpus[0].brand: expected an integer, found number");
  EXPECT_EQ(refusal(R"({"addressingMode": true})"),
            "gpus[0].addressingMode: expected an integer, found boolean");
  EXPECT_EQ(refusal(R"({"computeCapability": "8.0"})"),
            "gpus[0].computeCapability: expected an array, found string");
  EXPECT_EQ(refusal(R"({"computeCapability": [8, "0"]})"),
            "gpus[0].computeCapability[1]: expected an integer, found string");
  EXPECT_EQ(refusal(R"({"mig": {}})"), "gpus[0].mig: expected an array, found object");
  EXPECT_EQ(refusal(R"({"mig": [7]})"), "gpus[0].mig[0]: expected an object, found number");
  EXPECT_EQ(refusal(R"({"mig": [{"index": 0, "gpuInstance": 1, "computeInstance": 0,
                                 "name": {}}]})"),
            "gpus[0].mig[0].name: expected a string, found object");
}

TEST(Answer, with_numbers_that_cannot_be_is_refused) {
  EXPECT_EQ(refusal(R"({"brand": -1})"), "gpus[0].brand: -1 is out of range");
  EXPECT_EQ(refusal(R"({"brand": 1000001})"), "gpus[0].brand: 1000001 is out of range");
  EXPECT_EQ(refusal(R"({"addressingMode": 4294967298})"),
            "gpus[0].addressingMode: 4294967298 is out of range");
  EXPECT_EQ(refusal(R"({"mig": [{"index": -1, "gpuInstance": 1, "computeInstance": 0}]})"),
            "gpus[0].mig[0].index: -1 is out of range");
  EXPECT_EQ(refusal(R"({"failure": {"code": -3}})"), "gpus[0].failure.code: -3 is out of range");
  EXPECT_FALSE(read(R"({"cudaVersion": -1})"));
  EXPECT_FALSE(read(R"({"cudaVersion": 1000001})"));
  EXPECT_FALSE(read(R"({"cudaVersion": 18446744073709551615})"));
}

TEST(Answer, with_a_mig_device_that_lacks_a_number_is_refused) {
  EXPECT_EQ(refusal(R"({"mig": [{"gpuInstance": 1, "computeInstance": 0}]})"),
            "gpus[0].mig[0].index: it is missing");
  EXPECT_EQ(refusal(R"({"mig": [{"index": 0, "computeInstance": 0}]})"),
            "gpus[0].mig[0].gpuInstance: it is missing");
  EXPECT_EQ(refusal(R"({"mig": [{"index": 0, "gpuInstance": 1, "computeInstance": null}]})"),
            "gpus[0].mig[0].computeInstance: it is missing");
}

TEST(Answer, with_names_that_could_be_taken_for_something_else_is_refused) {
  EXPECT_EQ(refusal(R"({"uuid": "GPU-1 "})"), "gpus[0].uuid: unexpected text GPU-1 ");
  EXPECT_EQ(refusal(R"({"uuid": "GPU-1\n2"})"), R"(gpus[0].uuid: unexpected text GPU-1\x0a2)");
  EXPECT_EQ(refusal(R"({"uuid": "GPU-1=2"})"), "gpus[0].uuid: unexpected text GPU-1=2");
  EXPECT_EQ(refusal(R"({"uuid": "GPU-?"})"), "gpus[0].uuid: unexpected text GPU-?");
  EXPECT_EQ(refusal(R"({"uuid": "GPU-\u0000"})"), R"(gpus[0].uuid: unexpected text GPU-\x00)");
  EXPECT_EQ(refusal(R"({"busId": "0000:07:00.0;"})"),
            "gpus[0].busId: unexpected text 0000:07:00.0;");
  EXPECT_EQ(refusal(R"({"mig": [{"index": 0, "gpuInstance": 1, "computeInstance": 0,
                                 "uuid": "MIG-é"}]})"),
            "gpus[0].mig[0].uuid: unexpected text MIG-é");
  EXPECT_EQ(refusal(R"({"uuid": "MIG-GPU-5f2c/7/0"})"), "none") << "as of old drivers";
}

TEST(Answer, that_nests_deeper_or_is_longer_than_any_is_not_even_parsed) {
  const std::string nine(9, '[');
  EXPECT_FALSE(data::parse_json(nine + std::string(9, ']'), answer_limits));
  EXPECT_FALSE(data::parse_json(std::string(answer_limits.bytes, ' ') + "7", answer_limits));
}

TEST(GpuBeingAsked, is_the_last_whose_address_was_written) {
  EXPECT_EQ(gpu_being_asked(R"({"gpus":[{"busId":"0000:07:00.0")"), "0000:07:00.0");
  EXPECT_EQ(gpu_being_asked(R"({"gpus":[{"busId":"0000:07:00.0","uuid":"GPU-1"},)"
                            R"({"busId":"0000:0f:00.0","uuid":"GPU-)"),
            "0000:0f:00.0");
  EXPECT_EQ(gpu_being_asked(R"({"gpus":[{"busId":"0000:0)"), "0000:0");
  EXPECT_EQ(gpu_being_asked(R"({"gpus":[{"busId":"0000:07:00.0","name":"\"busId\":\"x\"")"),
            "0000:07:00.0")
      << "a quoted key is no key";
}

TEST(GpuBeingAsked, is_none_before_the_first) {
  EXPECT_EQ(gpu_being_asked(""), "");
  EXPECT_EQ(gpu_being_asked(R"({"cudaVersion":12040,"gpus":[{"bus)"), "");
  EXPECT_EQ(gpu_being_asked(R"({"gpus":[{"busId":")"), "");
}

// A text with one to four bytes, or a piece, exchanged, cut out or repeated.
std::string mutated(std::string text, std::mt19937& random) {
  for (unsigned left = 1 + random() % 4; left > 0 && !text.empty(); --left) {
    const size_t at = random() % text.size();
    const size_t length = 1 + random() % 12;
    switch (random() % 4) {
      case 0:
        text[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        text[at] = R"( !"'0123456789:;<=?@GIMU[\]{},-_az)"[random() % 34];
        break;
      case 2:
        text.erase(at, length);
        break;
      default:
        text.insert(random() % text.size(), text.substr(at, length));
    }
  }
  return text;
}

void expect_plain(const std::string& name, const std::string& text) {
  constexpr std::string_view allowed =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-/:.";
  EXPECT_EQ(name.find_first_not_of(allowed), std::string::npos) << text;
}

TEST(Answer, of_whatever_bytes_is_refused_or_has_plain_names) {
  std::mt19937 random(20250701);
  unsigned accepted = 0;
  unsigned refused = 0;
  for (unsigned i = 0; i < 4000; ++i) {
    const std::string text = mutated(std::string(whole), random);
    (void)gpu_being_asked(text);
    const auto document = data::parse_json(text, answer_limits);
    if (!document) continue;
    const Result<Answer> answer = read_answer(*document);
    ++(answer ? accepted : refused);
    if (!answer) continue;
    for (const ToldGpu& gpu : answer->gpus) {
      expect_plain(gpu.bus_id, text);
      expect_plain(gpu.uuid, text);
      for (const ToldMig& mig : gpu.mig.value_or(std::vector<ToldMig>())) {
        expect_plain(mig.uuid, text);
      }
    }
  }
  EXPECT_GT(accepted, 100U);
  EXPECT_GT(refused, 100U);
}

TEST(NvmlToldBefore, is_a_document_of_the_gpus_that_were_told_whole) {
  const std::string first = R"({"cudaVersion":12040,"gpus":[{"busId":"0000:3b:00.0","brand":14})";
  EXPECT_EQ(told_before(first + R"(,{"busId":"0000:86:00.0","uuid":"GPU-)"), first + "]}");
  EXPECT_EQ(told_before(R"({"cudaVersion":12040,"gpus":[{"busId":"0000:3b:00.0")"),
            R"({"cudaVersion":12040,"gpus":[]})");
  EXPECT_EQ(told_before(R"({"cudaVersion":12040)"), "");
  EXPECT_EQ(told_before(""), "");
}

}  // namespace
}  // namespace nvbox::nvml
