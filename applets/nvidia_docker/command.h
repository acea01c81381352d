// What nvidia-docker makes of a docker command line: words in, words out, nothing touched.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "nvidia_docker/gpus.h"

namespace nvbox::applets::docker {

// NV_COMPAT: "strict" is nvidia-docker 2, mistakes included.
enum class Compat { improved, strict };
Result<Compat> parse_compat(std::string_view word);

// NV_MODE: how docker is asked for GPUs; nullopt leaves the choice to nvidia-docker.
enum class Injection { runtime, cdi, gpus };
Result<std::optional<Injection>> parse_mode(std::string_view word);

// docker's options in front of its command that say which daemon is meant.
struct DockerOptions {
  std::optional<std::string> host{};     // -H; the last one
  std::optional<std::string> context{};  // -c
  std::optional<std::string> config{};   // --config

  bool operator==(const DockerOptions&) const = default;
};

enum class Verb { starts_container, version, other };

struct Line {
  Verb verb = Verb::other;
  size_t rest = 0;  // where the words behind the verb begin
  DockerOptions globals{};

  bool operator==(const Line&) const = default;
};

// `arguments` are docker's. With Compat::strict the first "run", "create" or "version" anywhere is
// the verb; otherwise it stands behind docker's global options, as itself or behind "container". A
// "--" in front of it ends the search.
Line parse_line(std::span<const std::string_view> arguments, Compat compat);

// The same for the words of NV_DOCKER, which may have global options, too: "sudo docker -H x".
// nullopt when none of them is docker, so that nothing is known of the daemon.
std::optional<DockerOptions> globals_of(std::span<const std::string_view> docker);

// What the words behind the verb say themselves. Where docker's options end is not known (that
// takes docker's own table), so words of the container's command count, too, up to the first "--".
struct OwnOptions {
  bool privileged = false;
  bool runtime = false;  // --runtime
  bool gpus = false;     // --gpus, or a --device of CDI
  // The last -e NVIDIA_VISIBLE_DEVICES; "" for one without a value that has none here either.
  std::optional<std::string> visible_devices{};

  bool operator==(const OwnOptions&) const = default;
};

// `visible_devices` is this process' NVIDIA_VISIBLE_DEVICES, which "-e NVIDIA_VISIBLE_DEVICES"
// takes.
OwnOptions own_options(std::span<const std::string_view> words, std::string_view visible_devices);

// What nvidia-docker 2 adds behind the verb.
std::vector<std::string> strict_words(std::string_view nv_gpu);

// What is added behind the verb. With Injection::runtime the names stay as they were written.
std::vector<std::string> words_for(Injection mode, const GpuList& gpus);

// A line for a shell that runs the words.
std::string shell_line(std::span<const std::string> words);

}  // namespace nvbox::applets::docker
