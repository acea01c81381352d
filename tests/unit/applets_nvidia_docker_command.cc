#include "nvidia_docker/command.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace nvbox::applets::docker {
namespace {

using Words = std::vector<std::string>;

std::vector<std::string_view> words_of(std::string_view line) {
  return line.empty() ? std::vector<std::string_view>() : split(line, ' ');
}

// The verb and what stands behind it.
std::pair<Verb, std::string> parsed(std::string_view text, Compat compat) {
  const std::vector<std::string_view> words = words_of(text);
  const Line line = parse_line(words, compat);
  std::string behind;
  for (size_t i = line.rest; i < words.size(); ++i) behind += cat(words[i], ' ');
  return {line.verb, line.verb == Verb::other ? "" : behind};
}

struct LineCase {
  const char* arguments;
  std::pair<Verb, std::string> improved;
  std::pair<Verb, std::string> strict;
};

TEST(ParseLine, finds_the_verb_behind_global_options_or_as_version_2_does) {
  constexpr Verb starts = Verb::starts_container;
  const std::pair<Verb, std::string> none = {Verb::other, ""};
  const std::pair<Verb, std::string> i = {starts, "i "};
  const LineCase cases[] = {
      {"", none, none},
      {"run i", i, i},
      {"create i", i, i},
      {"container run i", i, i},
      {"container create i", i, i},
      {"run -- run i", {starts, "-- run i "}, {starts, "-- run i "}},
      {"-D --tls=false run i", i, i},
      {"-H tcp://h:1 run i", i, i},
      {"-Htcp://h run i", i, i},
      {"-DH run run i", i, {starts, "run i "}},
      {"--log-level debug -l=info run i", i, i},
      {"--tlscacert a --tlscert b --tlskey=c --config create run i", i, {starts, "run i "}},
      {"--context run ps", none, {starts, "ps "}},
      {"-c run container create i", i, {starts, "container create i "}},
      {"--context=run run i", i, i},
      {"-H x exec c run", none, {starts, ""}},
      {"service create i", none, i},
      {"volume create i", none, i},
      {"network create i", none, i},
      {"compose run i", none, i},
      {"compose -f x run i", none, i},
      {"container ls", none, none},
      {"container", none, none},
      {"container container run", none, {starts, ""}},
      {"build .", none, none},
      {"pull run", none, {starts, ""}},
      {"version", {Verb::version, ""}, {Verb::version, ""}},
      {"-D version -f x", {Verb::version, "-f x "}, {Verb::version, "-f x "}},
      {"compose version", none, {Verb::version, ""}},
      {"--version", none, none},
      {"-- run i", none, none},
      {"-D -- run i", none, none},
      {"-H", none, none},
  };
  for (const LineCase& row : cases) {
    EXPECT_EQ(parsed(row.arguments, Compat::improved), row.improved) << row.arguments;
    EXPECT_EQ(parsed(row.arguments, Compat::strict), row.strict) << row.arguments;
  }
}

TEST(ParseLine, keeps_the_options_that_choose_a_daemon) {
  const auto globals = [](std::string_view line) {
    return parse_line(words_of(line), Compat::improved).globals;
  };
  EXPECT_EQ(globals("-H tcp://a --host=tcp://b run i"), DockerOptions{.host = "tcp://b"});
  EXPECT_EQ(globals("-DHtcp://a run i"), DockerOptions{.host = "tcp://a"});
  EXPECT_EQ(globals("-H=tcp://a run i"), DockerOptions{.host = "tcp://a"});
  EXPECT_EQ(globals("-c far --config /c run -H x"),
            (DockerOptions{.context = "far", .config = "/c"}));
}

TEST(GlobalsOf, are_those_behind_the_word_that_is_docker) {
  const auto globals = [](std::string_view line) { return globals_of(words_of(line)); };
  EXPECT_EQ(globals("docker"), DockerOptions{});
  EXPECT_EQ(globals("sudo -u docker /usr/bin/docker -H ssh://h"), DockerOptions{.host = "ssh://h"});
  EXPECT_EQ(globals("podman"), std::nullopt);
}

// Every NV_GPU of both modes: what follows --runtime=nvidia, and the same for CDI and --gpus.
struct GpuCase {
  const char* nv_gpu;
  const char* strict;   // NVIDIA_VISIBLE_DEVICES; null: not set
  const char* runtime;  // the same
  Words cdi;            // the names of the devices
  Words gpus;
};

const GpuCase gpu_cases[] = {
    {"", nullptr, nullptr, {"all"}, {"--gpus", "all"}},
    {"0", "0", "0", {"0"}, {"--gpus", "\"device=0\""}},
    {"0,1", "0,1", "0,1", {"0", "1"}, {"--gpus", "\"device=0,1\""}},
    {"0 1", "0,1", "0,1", {"0", "1"}, {"--gpus", "\"device=0,1\""}},
    {"0, 1", "0,,1", "0,,1", {"0", "1"}, {"--gpus", "\"device=0,1\""}},
    {"1 0 1", "1,0,1", "1,0,1", {"1", "0"}, {"--gpus", "\"device=1,0\""}},
    {"0-2,5", "0-2,5", "0,1,2,5", {"0", "1", "2", "5"}, {"--gpus", "\"device=0,1,2,5\""}},
    {"3-3", "3-3", "3", {"3"}, {"--gpus", "\"device=3\""}},
    {"GPU-a GPU-b",
     "GPU-a,GPU-b",
     "GPU-a,GPU-b",
     {"GPU-a", "GPU-b"},
     {"--gpus", "\"device=GPU-a,GPU-b\""}},
    {"MIG-1-2", "MIG-1-2", "MIG-1-2", {"MIG-1-2"}, {"--gpus", "\"device=MIG-1-2\""}},
    {"0:1", "0:1", "0:1", {"0:1"}, {"--gpus", "\"device=0:1\""}},
    {"all", "all", "all", {"all"}, {"--gpus", "all"}},
    {"0,all", "0,all", "0,all", {"all"}, {"--gpus", "all"}},
    {"none", "none", "none", {}, {}},
    {"void", "void", "void", {}, {}},
    {" ", ",", ",", {}, {}},
};

Words runtime_words(const char* value) {
  if (value == nullptr) return {"--runtime=nvidia"};
  return {"--runtime=nvidia", "-e", cat("NVIDIA_VISIBLE_DEVICES=", value)};
}

TEST(NvGpu, becomes_the_words_of_every_mode) {
  for (const GpuCase& row : gpu_cases) {
    EXPECT_EQ(strict_words(row.nv_gpu), runtime_words(row.strict)) << row.nv_gpu;
    const Result<GpuList> gpus = parse_gpus(row.nv_gpu);
    ASSERT_TRUE(gpus) << row.nv_gpu;
    EXPECT_EQ(words_for(Injection::runtime, *gpus), runtime_words(row.runtime)) << row.nv_gpu;
    Words devices;
    for (const std::string& name : row.cdi) {
      devices.emplace_back("--device");
      devices.push_back(cat("nvidia.com/gpu=", name));
    }
    EXPECT_EQ(words_for(Injection::cdi, *gpus), devices) << row.nv_gpu;
    EXPECT_EQ(words_for(Injection::gpus, *gpus), row.gpus) << row.nv_gpu;
  }
}

TEST(NvGpu, ranges_run_upwards_and_end_where_minors_do) {
  EXPECT_EQ(parse_gpus("3-1").error().message(), "device 3-1: the range runs backwards");
  EXPECT_EQ(parse_gpus("0-4000000000").error().message(),
            "device 0-4000000000: indices end at 254");
}

driver::Inventory two_gpus() {
  return {.gpus = {{.index = 0, .uuid = "GPU-aa11", .bus_id = "0000:07:00.0"},
                   {.index = 1, .uuid = "GPU-bb22", .bus_id = "0000:0f:00.0"}}};
}

Result<Words> resolved(std::string_view nv_gpu, const driver::Inventory& inventory) {
  GpuList gpus = NVBOX_TRY(parse_gpus(nv_gpu));
  const GpuList found = NVBOX_TRY(resolve_gpus(std::move(gpus), inventory));
  return found.names;
}

TEST(ResolveGpus, names_become_indices_and_mig_devices_stay) {
  EXPECT_EQ(resolved("1 GPU-AA 0000:0f:00.0 MIG-7 1:0", two_gpus()).value(),
            (Words{"1", "0", "MIG-7", "1:0"}));
  EXPECT_FALSE(is_checkable(parse_gpus("1:0,MIG-7").value()));
  EXPECT_FALSE(is_checkable(parse_gpus("all").value()));
  EXPECT_TRUE(is_checkable(parse_gpus("1:0,0").value()));
}

TEST(ResolveGpus, a_gpu_that_is_not_there_is_an_error) {
  EXPECT_EQ(resolved("0 2", two_gpus()).error().message(), "device 2: this host has GPUs 0-1");
  EXPECT_EQ(resolved("GPU-cc", two_gpus()).error().message(),
            "device GPU-cc: no GPU has this UUID; this host has GPUs 0-1");
  EXPECT_EQ(resolved("gpu0", two_gpus()).error().message(),
            "device \"gpu0\": not an index, a UUID or a PCI address; this host has GPUs 0-1");
}

TEST(ResolveGpus, a_gpu_that_is_broken_is_an_error) {
  driver::Inventory inventory = two_gpus();
  inventory.gpus[1].problem = "I/O error";
  EXPECT_EQ(resolved("0-1", inventory).error().message(),
            "device 1: GPU 1 (0000:0f:00.0) cannot be used: I/O error");
}

TEST(ResolveGpus, a_uuid_that_the_driver_does_not_tell_yet_is_not_refused) {
  driver::Inventory inventory = two_gpus();
  inventory.gpus[1].uuid = "GPU-????????";
  EXPECT_EQ(resolved("GPU-cc", inventory).value(), Words{"GPU-cc"});
  EXPECT_FALSE(resolved("2", inventory));
}

OwnOptions own(std::string_view line, std::string_view visible_devices = "") {
  return own_options(words_of(line), visible_devices);
}

TEST(OwnOptions, are_recognized_up_to_two_dashes) {
  EXPECT_EQ(own("--rm i"), OwnOptions{});
  EXPECT_EQ(own("--privileged i"), OwnOptions{.privileged = true});
  EXPECT_EQ(own("--privileged=true i"), OwnOptions{.privileged = true});
  EXPECT_EQ(own("--privileged=false i"), OwnOptions{});
  EXPECT_EQ(own("-- --privileged --gpus all"), OwnOptions{});
  EXPECT_EQ(own("--runtime runc i"), OwnOptions{.runtime = true});
  EXPECT_EQ(own("--runtime=runc i"), OwnOptions{.runtime = true});
  EXPECT_EQ(own("--gpus=all i"), OwnOptions{.gpus = true});
  EXPECT_EQ(own("--device nvidia.com/gpu=0 i"), OwnOptions{.gpus = true});
  EXPECT_EQ(own("--device /dev/fuse i"), OwnOptions{});
}

TEST(OwnOptions, the_last_assignment_of_visible_devices_wins) {
  EXPECT_EQ(own("-e NVIDIA_VISIBLE_DEVICES=1 i").visible_devices, "1");
  EXPECT_EQ(own("-eNVIDIA_VISIBLE_DEVICES=1 --env=NVIDIA_VISIBLE_DEVICES= i").visible_devices, "");
  EXPECT_EQ(own("--env NVIDIA_VISIBLE_DEVICES i", "3").visible_devices, "3");
  EXPECT_EQ(own("-e NVIDIA_VISIBLE_DEVICES_X=1 -e").visible_devices, std::nullopt);
}

TEST(Settings, unknown_words_are_errors) {
  EXPECT_EQ(parse_mode("").value(), std::nullopt);
  EXPECT_EQ(parse_mode("cdi").value(), Injection::cdi);
  EXPECT_EQ(parse_mode("CDI").error().full_message(),
            "NV_MODE=CDI: not known; known are runtime, cdi and gpus");
  EXPECT_EQ(parse_compat("").value(), Compat::improved);
  EXPECT_EQ(parse_compat("strict").value(), Compat::strict);
  EXPECT_EQ(parse_compat("v2").error().full_message(),
            "NV_COMPAT=v2: not known; unset it, or set it to strict");
}

TEST(ShellLine, quotes_what_a_shell_would_not_leave_alone) {
  EXPECT_EQ(shell_line(Words{"docker", "run", "-e", "A=b c", "", "it's", "\"device=0\"", "$x"}),
            R"(docker run -e 'A=b c' '' 'it'\''s' '"device=0"' '$x')");
}

}  // namespace
}  // namespace nvbox::applets::docker
