// Runs nvidia-container-runtime create on recorded inputs (tests/vectors/*.json, "about" in each
// says what they are) and compares the exit status and the NVIDIA device nodes in config.json with
// what was recorded of NVIDIA's toolkit. Runs inside a simulated host: it writes below /etc/cdi and
// /run.
//
//   create_vectors FILE GENERATED_CDI_SPECIFICATION
//
// Differences on purpose are a table of reasons here; what is in it is compared as far as it goes.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;
namespace fs = std::filesystem;

const fs::path bundle = "/run/vectors/bundle";
const fs::path config_file = "/run/vectors/config.toml";
const fs::path error_file = "/run/vectors/stderr";

void write(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A recorded request without variables has no member for them.
Json variables_of(const Json& input) {
  return input.value("env", Json::array());
}

Json specification(const Json& input) {
  Json spec = {{"ociVersion", "1.0.2"},
               {"process", {{"args", {"x"}}, {"cwd", "/"}, {"env", variables_of(input)}}},
               {"root", {{"path", "rootfs"}}},
               {"mounts", Json::array()},
               {"linux", Json::object()}};
  if (input.contains("annotations")) spec["annotations"] = input["annotations"];
  for (const Json& place : input.value("mounts", Json::array())) {
    spec["mounts"].push_back({{"source", "/dev/null"}, {"destination", place}});
  }
  if (input.value("privileged", false)) {
    spec["process"]["capabilities"]["bounding"] = {"CAP_SYS_ADMIN"};
  }
  return spec;
}

// The exit status.
int create() {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, error_file.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::string words[] = {"nvidia-container-runtime", "create", "--bundle", bundle, "c"};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(),
                       words[3].data(), words[4].data(), nullptr};
  std::string variables[] = {"PATH=/usr/bin:/bin",
                             "NVIDIA_CTK_CONFIG_FILE_PATH=" + config_file.string()};
  char* environment[] = {variables[0].data(), variables[1].data(), nullptr};
  pid_t child = 0;
  int status = -1;
  if (posix_spawn(&child, "/usr/bin/nvidia-container-runtime", &actions, nullptr, arguments,
                  environment) == 0) {
    waitpid(child, &status, 0);
  }
  posix_spawn_file_actions_destroy(&actions);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct Outcome {
  int exit = 0;
  std::set<std::string> nodes{};
  std::string error{};
};

Outcome run(const Json& input, const Json& contents, const std::string& generated) {
  for (const char* directory : {"/etc/cdi", "/var/run/cdi"}) fs::remove_all(directory);
  for (const std::string file : input.value("files", Json::array())) {
    write(file, contents.at(file).get<std::string>());
  }
  if (input.value("cdi_nvidia_yaml", false)) write("/etc/cdi/nvidia.yaml", read(generated));
  write(config_file, input.at("config").get<std::string>());
  write(bundle / "config.json", specification(input).dump());
  Outcome out = {.exit = create(), .error = read(error_file)};
  const Json after = Json::parse(read(bundle / "config.json"));
  for (const Json& device : after.at("linux").value("devices", Json::array())) {
    const std::string path = device.at("path");
    if (path.contains("nvidia")) out.nodes.insert(path);
  }
  return out;
}

bool has_variable(const Json& input, std::string_view prefix) {
  return std::ranges::any_of(variables_of(input), [&](const Json& entry) {
    return entry.get<std::string>().starts_with(prefix);
  });
}

// What counts of a variable that is set more than once.
std::string last_value(const Json& input, const std::string& name) {
  std::string value;
  for (const std::string entry : variables_of(input)) {
    if (entry.starts_with(name)) value = entry.substr(name.size());
  }
  return value;
}

bool has_repetition(const std::string& list) {
  std::istringstream stream(list);
  std::set<std::string> seen;
  for (std::string name; std::getline(stream, name, ',');) {
    std::erase(name, ' ');
    if (!seen.insert(name).second) return true;
  }
  return false;
}

std::string expected_error(const Json& input) {
  return input.at("expect").value("error", "");
}

// Of the GPUs alone: what else there is depends on the capabilities, which that version ignores.
std::set<std::string> gpus_in(const std::set<std::string>& nodes) {
  std::set<std::string> out;
  for (const std::string& node : nodes) {
    constexpr std::string_view prefix = "/dev/nvidia";
    if (node.starts_with(prefix) && std::isdigit(static_cast<unsigned char>(node.back())) &&
        node.find_first_not_of("0123456789", prefix.size()) == std::string::npos) {
      out.insert(node);
    }
  }
  return out;
}

// README.md and src/README.md, "differs on purpose".
struct Difference {
  std::string_view name;
  bool (*is_it)(const Json& input, const Outcome& got);
};

constexpr Difference differences[] = {
    {"unknown members of config.json survive",
     [](const Json& input, const Outcome&) {
       return expected_error(input).contains("unknown field");
     }},
    {"requirements are checked in every mode",
     [](const Json& input, const Outcome& got) {
       return got.error.contains("requirement error") &&
              (has_variable(input, "NVIDIA_REQUIRE_") || has_variable(input, "CUDA_VERSION="));
     }},
    {"capabilities are honoured in every mode",
     [](const Json& input, const Outcome& got) {
       return got.error.contains("unsupported capabilities") &&
              has_variable(input, "NVIDIA_DRIVER_CAPABILITIES=");
     }},
    {"rights over MIG are checked in every mode",
     [](const Json& input, const Outcome& got) {
       return got.exit == 1 && (has_variable(input, "NVIDIA_MIG_CONFIG_DEVICES=") ||
                                has_variable(input, "NVIDIA_MIG_MONITOR_DEVICES="));
     }},
    {"repeated devices are taken once, and not lost",
     [](const Json& input, const Outcome& got) {
       return got.exit == 0 && has_repetition(last_value(input, "NVIDIA_VISIBLE_DEVICES="));
     }},
    {"addresses, ranges and UUIDs in any case are names",
     [](const Json& input, const Outcome& got) {
       return got.exit == 0 && expected_error(input).contains("is not a valid UUID or index");
     }},
    {"the recorded specification already had a node of its own, which the file does not have",
     [](const Json& input, const Outcome& got) {
       auto wanted = input.at("expect").value("nodes", std::set<std::string>());
       return wanted.erase("/dev/nvidia0") == 1 && gpus_in(wanted) == gpus_in(got.nodes);
     }},
    {"mode csv without CSV files is refused, instead of a container without GPUs",
     [](const Json& input, const Outcome& got) {
       return input.at("mode") == "csv" && got.error.contains("nothing says what containers get");
     }},
};

std::optional<std::string> why_wrong(const Json& input, const Outcome& got, bool is_exact) {
  const Json& expect = input.at("expect");
  if ((expect.at("exit") != 0) != (got.exit != 0)) return "exit status " + std::to_string(got.exit);
  if (expect.at("exit") != 0) return std::nullopt;
  const auto wanted = expect.at("nodes").get<std::set<std::string>>();
  const bool is_right = is_exact ? wanted == got.nodes : gpus_in(wanted) == gpus_in(got.nodes);
  if (is_right) return std::nullopt;
  return "nodes " + Json(got.nodes).dump();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const Json document = Json::parse(read(argv[1]));
  const Json contents = document.value("contents", Json::object());
  // Only that recording was made with every capability and nothing else that differs.
  const bool is_exact = document.contains("contents");
  size_t same = 0;
  size_t explained = 0;
  size_t wrong = 0;
  for (const Json& input : document.at("cases")) {
    const Outcome got = run(input, contents, argv[2]);
    const auto reason = why_wrong(input, got, is_exact);
    if (!reason) {
      ++same;
    } else if (!is_exact && std::ranges::any_of(differences, [&](const Difference& difference) {
                 return difference.is_it(input, got);
               })) {
      ++explained;
    } else {
      ++wrong;
      std::cout << *reason << "\n  error: " << got.error << "\n  case: " << input.dump() << "\n";
    }
  }
  std::cout << same << " as recorded, " << explained << " differ on purpose, " << wrong
            << " are wrong\n";
  return wrong == 0 && same > 0 ? 0 : 1;
}
