#include "plan/nvml_question.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "base/text.h"

namespace nvbox::plan {

void PrintTo(const NvmlQuestion& question, std::ostream* out) {
  *out << "GPUs";
  for (const size_t gpu : question.gpus) *out << " " << gpu;
  *out << (question.cuda ? " and CUDA" : "");
}

namespace {

using driver::Capabilities;
using driver::Gpu;
using driver::HostDevice;
using driver::Inventory;

// Everything of it is known.
Gpu plain(unsigned index) {
  return {.index = index,
          .minor = index,
          .uuid = cat("GPU-a", index, "000000-0000-0000-0000-000000000000"),
          .bus_id = cat("0000:", index, "7:00.0"),
          .node = HostDevice{cat("/dev/nvidia", index), 195, index, 0666, 0},
          .brand = "Nvidia",
          .architecture = "8.0"};
}

Gpu with_mig(unsigned index, std::string architecture = "8.0") {
  Gpu gpu = plain(index);
  const HostDevice node{"/dev/nvidia-caps/nvidia-cap12", 511, 12, 0444, 0};
  gpu.mig = {{3, 0, node, node}, {5, 0, node, node}};
  gpu.architecture = std::move(architecture);
  return gpu;
}

// What the driver says before it initialised the GPU once.
const std::string untold = cat("GPU-", std::string(8, '?'));

Gpu masked(unsigned index) {
  Gpu gpu = plain(index);
  gpu.uuid = untold;
  return gpu;
}

Gpu without_brand(unsigned index) {
  Gpu gpu = plain(index);
  gpu.brand = "";
  return gpu;
}

Inventory host_of(std::vector<Gpu> gpus) {
  return {.driver = {.version = "550.163.01", .cuda_version = "12.4"}, .gpus = std::move(gpus)};
}

Request listed(std::vector<std::string> devices) {
  return {.ask = Ask::listed, .devices = std::move(devices), .capabilities = Capabilities::utility};
}

// The positions of the GPUs that are asked about for these devices; nothing else is asked.
std::vector<size_t> asked(const Inventory& inventory, std::vector<std::string> devices) {
  const NvmlQuestion question = nvml_question(inventory, listed(std::move(devices)));
  EXPECT_FALSE(question.cuda);
  return question.gpus;
}

using Positions = std::vector<size_t>;

const Inventory mixed = host_of({plain(0), with_mig(1), plain(2), with_mig(3)});

TEST(NamesForNvml, are_those_of_mig_devices_that_there_may_be) {
  const auto left = [](std::vector<std::string> names) {
    return without_names_for_nvml(mixed, listed(std::move(names))).devices;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(left({"0", "1:0", "MIG-12", "GPU-a2", "9"}), (Names{"0", "GPU-a2", "9"}));
  EXPECT_EQ(left({"0:0", "9:0"}), (Names{"0:0", "9:0"})) << "no MIG device can be meant";
  for (const std::string_view name : {"1:0", "MIG-12", "MIG-GPU-a1/3/0"}) {
    EXPECT_TRUE(may_name_mig(name)) << name;
  }
  for (const std::string_view name : {"0", "0-3", "GPU-a1", "0000:17:00.0", "x"}) {
    EXPECT_FALSE(may_name_mig(name)) << name;
  }
}

TEST(NvmlQuestion, is_empty_without_a_gpu_or_the_version_of_cuda) {
  EXPECT_TRUE(NvmlQuestion{}.is_empty());
  EXPECT_FALSE((NvmlQuestion{.gpus = {0}}).is_empty());
  EXPECT_FALSE(NvmlQuestion{.cuda = true}.is_empty());
}

TEST(NvmlQuestion, is_empty_for_what_the_kernel_tells) {
  const Inventory without_mig = host_of({plain(0), plain(1), plain(2), plain(3)});
  for (const Inventory& host : {without_mig, mixed}) {
    EXPECT_EQ(asked(host, {"0", "2-3", "0000:17:00.0", "27:00.0", "GPU-a1",
                           "GPU-a3000000-0000-0000-0000-000000000000"}),
              Positions());
    EXPECT_EQ(asked(host, {"MIG-GPU-a1000000-0000-0000-0000-000000000000/3/0"}), Positions());
    for (const Ask ask : {Ask::nothing, Ask::driver_only, Ask::all}) {
      EXPECT_EQ(nvml_question(host, Request{.ask = ask, .capabilities = Capabilities::utility}),
                NvmlQuestion{});
    }
  }
}

TEST(NvmlQuestion, is_empty_for_names_that_mean_nothing) {
  EXPECT_EQ(asked(mixed, {"banana"}), Positions());
  EXPECT_EQ(asked(mixed, {"9"}), Positions());
  EXPECT_EQ(asked(mixed, {"GPU-f"}), Positions());
  EXPECT_EQ(asked(mixed, {"MIG-GPU-a1000000-0000-0000-0000-000000000000"}), Positions());
  EXPECT_EQ(asked(host_of({}), {"0:0", "MIG-1", "GPU-1"}), Positions());
}

TEST(NvmlQuestion, about_a_mig_device_by_number_is_about_its_gpu) {
  EXPECT_EQ(asked(mixed, {"1:0"}), Positions{1});
  EXPECT_EQ(asked(mixed, {"3:7"}), Positions{3});
  EXPECT_EQ(asked(mixed, {"3:0", "1:1", "3:1"}), (Positions{3, 1}));
  EXPECT_EQ(asked(mixed, {"0:1"}), Positions()) << "which has no MIG devices";
  EXPECT_EQ(asked(mixed, {"4:0"}), Positions()) << "which there is not";
}

// nvidia-container-cli --device=0:1,all
TEST(NvmlQuestion, about_a_mig_device_is_asked_in_front_of_all_too) {
  EXPECT_EQ(nvml_question(mixed, request_of_list("3:1,all")).gpus, Positions{3});
  EXPECT_EQ(nvml_question(mixed, request_of_list(" +3:1")).gpus, Positions{3});
}

TEST(NvmlQuestion, about_a_mig_device_by_uuid_is_about_all_gpus_with_some) {
  EXPECT_EQ(asked(mixed, {"MIG-c7384736-0000-5000-8000-000000000000"}), (Positions{1, 3}));
  EXPECT_EQ(asked(mixed, {"0", "mig-c7"}), (Positions{1, 3}));
  EXPECT_EQ(asked(mixed, {"3:0", "MIG-c7"}), (Positions{3, 1})) << "each is asked once";
  EXPECT_EQ(asked(host_of({plain(0)}), {"MIG-c7"}), Positions());
}

TEST(NvmlQuestion, about_a_uuid_is_about_the_gpus_without_one_if_no_other_has_it) {
  const Inventory host = host_of({plain(0), masked(1), plain(2), masked(3)});
  EXPECT_EQ(asked(host, {"GPU-a1000000-0000-0000-0000-000000000000"}), (Positions{1, 3}));
  EXPECT_EQ(asked(host, {"gpu-B"}), (Positions{1, 3}));
  EXPECT_EQ(asked(host, {"GPU-a2000000-0000-0000-0000-000000000000"}), Positions());
  EXPECT_EQ(asked(host, {"gpu-A2"}), Positions()) << "the beginning of a known one";
  EXPECT_EQ(asked(host, {"1", "0000:37:00.0"}), Positions()) << "for which no UUID is needed";
}

TEST(NvmlQuestion, about_instances_is_about_the_gpus_without_a_uuid_if_no_other_has_it) {
  Inventory host = host_of({with_mig(0), with_mig(1)});
  host.gpus[1].uuid = untold;
  EXPECT_EQ(asked(host, {"MIG-GPU-a1000000-0000-0000-0000-000000000000/3/0"}), Positions{1});
  EXPECT_EQ(asked(host, {"MIG-GPU-a0000000-0000-0000-0000-000000000000/3/0"}), Positions());
}

// What is asked for GPUs 0 and 1 with these requirements.
NvmlQuestion required(const Inventory& inventory, std::vector<std::string> requirements,
                      std::vector<std::string> devices = {"0", "1"}) {
  Request request = listed(std::move(devices));
  request.requirements = std::move(requirements);
  return nvml_question(inventory, request);
}

TEST(NvmlQuestion, about_a_requirement_is_about_the_chosen_gpus_on_which_it_hangs) {
  const Inventory host = host_of({plain(0), without_brand(1), without_brand(2)});
  EXPECT_EQ(required(host, {"brand=tesla"}), NvmlQuestion{.gpus = {1}});
  EXPECT_EQ(required(host, {"brand=tesla,driver>=470,driver<471 cuda>=99,brand=tesla"}),
            NvmlQuestion{})
      << "neither alternative can hold";
  EXPECT_EQ(required(host, {"cuda>=12.8 brand=tesla,driver>=550"}), NvmlQuestion{.gpus = {1}});
  EXPECT_EQ(required(host, {"brand=tesla,driver>=550 cuda>=12.4"}), NvmlQuestion{})
      << "the other alternative holds";
  EXPECT_EQ(required(host, {"cuda>=12.4", "brand=tesla"}), NvmlQuestion{.gpus = {1}})
      << "all requirements have to hold";
  EXPECT_EQ(required(host, {"brand=tesla"}, {"0"}), NvmlQuestion{});
  EXPECT_EQ(required(host, {"brand>tesla"}), NvmlQuestion{}) << "which is no requirement";
}

TEST(NvmlQuestion, about_a_requirement_of_all_is_about_every_gpu_on_which_it_hangs) {
  const Inventory host = host_of({without_brand(0), plain(1), without_brand(2)});
  const Request all = {
      .ask = Ask::all, .capabilities = Capabilities::utility, .requirements = {"brand=tesla"}};
  EXPECT_EQ(nvml_question(host, all), (NvmlQuestion{.gpus = {0, 2}}));
}

TEST(NvmlQuestion, about_a_requirement_includes_gpus_with_chosen_mig_devices) {
  Inventory host = host_of({plain(0), with_mig(1, ""), plain(2)});
  EXPECT_EQ(required(host, {"arch>=9.0"}, {"MIG-GPU-a1000000-0000-0000-0000-000000000000/5/0"}),
            NvmlQuestion{.gpus = {1}});
}

TEST(NvmlQuestion, about_the_version_of_cuda_needs_no_gpu) {
  Inventory host = host_of({plain(0), plain(1)});
  host.driver.cuda_version = "";
  const Request driver_only = {.ask = Ask::driver_only, .requirements = {"cuda>=12.4"}};
  EXPECT_EQ(nvml_question(host, driver_only), NvmlQuestion{.cuda = true});
  const Request decided = {.ask = Ask::driver_only, .requirements = {"driver>=999,cuda>=12.4"}};
  EXPECT_EQ(nvml_question(host, decided), NvmlQuestion{});
  const Request about_devices = {.ask = Ask::driver_only, .requirements = {"brand=tesla"}};
  EXPECT_EQ(nvml_question(host, about_devices), NvmlQuestion{}) << "holds where there is no device";
  const Inventory known = host_of({plain(0)});
  EXPECT_EQ(nvml_question(known, driver_only), NvmlQuestion{});
}

TEST(NvmlQuestion, about_the_version_of_cuda_wakes_no_gpu) {
  Inventory host = host_of({plain(0), plain(1)});
  host.driver.cuda_version = "";
  EXPECT_EQ(required(host, {"cuda>=12.4"}, {"1"}), NvmlQuestion{.cuda = true});
}

TEST(NvmlQuestion, is_never_about_a_broken_gpu) {
  Inventory host = host_of({with_mig(0, "8.0"), with_mig(1, "8.0")});
  host.gpus[0].problem = "fell off the bus";
  const Request request = {.ask = Ask::listed, .devices = {"MIG-5f2c"}};
  EXPECT_EQ(nvml_question(host, request), (NvmlQuestion{.gpus = {1}}));
}

TEST(NvmlQuestion, is_about_mig_devices_that_may_have_the_graphics_that_is_asked_for) {
  const Inventory host =
      host_of({with_mig(0, "8.0"), with_mig(1, "12.0"), with_mig(2, ""), plain(3)});
  Request all = {.ask = Ask::all};
  for (const Capabilities graphical : {Capabilities::graphics, Capabilities::display,
                                       Capabilities::graphics | Capabilities::compute}) {
    all.capabilities = graphical;
    EXPECT_EQ(nvml_question(host, all), (NvmlQuestion{.gpus = {1, 2}}));
  }
  for (const Capabilities other : {Capabilities::none, Capabilities::compute, Capabilities::video,
                                   Capabilities::compute | Capabilities::utility}) {
    all.capabilities = other;
    EXPECT_EQ(nvml_question(host, all), NvmlQuestion{});
  }
}

TEST(NvmlQuestion, about_graphics_is_about_the_chosen_mig_devices_only) {
  const Inventory host = host_of({with_mig(0, "12.0"), with_mig(1, "12.0"), plain(2)});
  Request request = listed({"2", "MIG-GPU-a1000000-0000-0000-0000-000000000000/3/0"});
  request.capabilities = Capabilities::graphics;
  EXPECT_EQ(nvml_question(host, request), NvmlQuestion{.gpus = {1}});
  request.devices = {"2", "0"};
  EXPECT_EQ(nvml_question(host, request), NvmlQuestion{}) << "a whole GPU has it";
}

TEST(NvmlQuestion, does_not_hang_on_imex_channels_that_there_are_not) {
  Request request = listed({"0"});
  request.imex_channels = {"7"};
  request.requirements = {"brand=tesla"};
  EXPECT_EQ(nvml_question(host_of({without_brand(0)}), request), NvmlQuestion{.gpus = {0}});
}

TEST(NvmlQuestionForCdi, is_about_the_gpus_whose_mig_devices_are_described) {
  const CdiOptions all;
  EXPECT_EQ(nvml_question(mixed, all), (NvmlQuestion{.gpus = {1, 3}}));
  EXPECT_EQ(nvml_question(mixed, CdiOptions{.device_ids = {"0", "2"}}), NvmlQuestion{});
  EXPECT_EQ(nvml_question(mixed, CdiOptions{.device_ids = {"3:0", "0"}}),
            NvmlQuestion{.gpus = {3}});
  EXPECT_EQ(
      nvml_question(mixed,
                    CdiOptions{.device_ids = {"MIG-GPU-a1000000-0000-0000-0000-000000000000/3/0"}}),
      NvmlQuestion{.gpus = {1}});
  EXPECT_EQ(nvml_question(mixed, CdiOptions{.device_ids = {"none"}}), NvmlQuestion{});
}

TEST(NvmlQuestionForCdi, is_about_gpus_without_a_uuid_where_that_is_their_name) {
  const Inventory host = host_of({plain(0), masked(1), masked(2)});
  EXPECT_EQ(nvml_question(host, CdiOptions{.naming = {CdiNaming::index, CdiNaming::uuid}}),
            (NvmlQuestion{.gpus = {1, 2}}));
  EXPECT_EQ(nvml_question(host, CdiOptions{.naming = {CdiNaming::uuid}, .device_ids = {"0-1"}}),
            NvmlQuestion{.gpus = {1}});
  EXPECT_EQ(nvml_question(host, CdiOptions{.naming = {CdiNaming::index, CdiNaming::type_index}}),
            NvmlQuestion{});
}

// The peer has the only GPU of a Tegra by its number, and asks where there are several.
TEST(NvmlQuestionForCdi, is_about_an_integrated_gpu_where_there_are_others) {
  Inventory host = host_of({plain(0)});
  host.driver = {.kind = driver::DriverKind::tegra, .version = "540.4.0", .cuda_version = "12.6"};
  host.gpus[0].bus_id.clear();
  host.gpus[0].uuid.clear();
  EXPECT_EQ(nvml_question(host, CdiOptions{}), NvmlQuestion{});
  EXPECT_EQ(nvml_question(host, Request{.ask = Ask::listed,
                                        .devices = {"54d0709b-558d-5a59-9c65-0c5fc14a21a4"}}),
            NvmlQuestion{.gpus = {0}});
  host.gpus.push_back(plain(1));
  EXPECT_EQ(nvml_question(host, CdiOptions{}), NvmlQuestion{.gpus = {0}});
  host.driver.cuda_version.clear();
  EXPECT_TRUE(nvml_question(host, CdiOptions{}).cuda) << "of a release that nobody knows";
  // Before there was a version there was no NVML for it.
  host.driver.version.clear();
  EXPECT_EQ(nvml_question(host, CdiOptions{}), NvmlQuestion{});
}

TEST(NvmlQuestionForCdi, is_about_every_chosen_gpu_where_coherence_matters) {
  const Inventory host = host_of({plain(0), plain(1), plain(2)});
  EXPECT_EQ(nvml_question(host, CdiOptions{.coherence = true}), (NvmlQuestion{.gpus = {0, 1, 2}}));
  EXPECT_EQ(nvml_question(host, CdiOptions{.device_ids = {"1"}, .coherence = true}),
            NvmlQuestion{.gpus = {1}});
  EXPECT_EQ(nvml_question(host, CdiOptions{}), NvmlQuestion{});
}

TEST(NvmlQuestionAboutAll, is_about_every_usable_gpu_of_which_something_is_unknown) {
  Gpu without_architecture = plain(2);
  without_architecture.architecture = "";
  Gpu broken = masked(5);
  broken.problem = "read its information file: Input/output error";
  Inventory host =
      host_of({plain(0), without_brand(1), without_architecture, masked(3), with_mig(4), broken});
  EXPECT_EQ(nvml_question_about_all(host), (NvmlQuestion{.gpus = {1, 2, 3, 4}}));
  host.driver.cuda_version = "";
  EXPECT_EQ(nvml_question_about_all(host), (NvmlQuestion{.gpus = {1, 2, 3, 4}, .cuda = true}));
  EXPECT_EQ(nvml_question_about_all(host_of({plain(0)})), NvmlQuestion{});
}

TEST(WhyUnknown, is_the_gpus_reason_before_the_hosts) {
  Inventory host = host_of({plain(0)});
  EXPECT_EQ(why_unknown(host, host.gpus[0]), "it was not asked");
  host.unanswered = "NVML did not answer within 10 s";
  EXPECT_EQ(why_unknown(host, host.gpus[0]), "NVML did not answer within 10 s");
  host.gpus[0].unanswered = "nvml error: gpu is lost";
  EXPECT_EQ(why_unknown(host, host.gpus[0]), "nvml error: gpu is lost");
}

}  // namespace
}  // namespace nvbox::plan
