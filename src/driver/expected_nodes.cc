#include "driver/expected_nodes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "driver/device_nodes.h"
#include "driver/gpus.h"
#include "driver/mig.h"

namespace nvbox::driver {
namespace {

constexpr unsigned modeset_minor = 254;
constexpr unsigned control_minor = 255;
constexpr std::string_view gpus_directory = "/proc/driver/nvidia/gpus";
constexpr std::string_view params_file = "/proc/driver/nvidia/params";
constexpr std::string_view version_file = "/proc/driver/nvidia/version";
// gpuN/mig/giN/ciN/access
constexpr int most_levels = 6;

// "Key: 438" in a file of the driver.
std::optional<unsigned> value_of(std::string_view text, std::string_view key) {
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with(key) || !line.substr(key.size()).starts_with(':')) continue;
    return parse_number<unsigned>(trim(line.substr(key.size() + 1)));
  }
  return std::nullopt;
}

class Collector {
 public:
  explicit Collector(const host::Root& host) : host_(host), devices_(read("/proc/devices")) {
    for (const std::string_view name : {"nvidia-frontend", "nvidia", "nvidiactl"}) {
      if (const auto major = parse_major(devices_, name)) major_ = major;
    }
  }

  ExpectedNodes collect(std::span<const unsigned> imex_channels) {
    if (has_kernel_module(host_, "nvidia")) {
      read_params();
      if (major_) add(nvidia("/dev/nvidiactl", control_minor));
      if (major_) add_gpus();
      add_capabilities();
      add_imex_channels(imex_channels);
    }
    if (major_ && has_kernel_module(host_, "nvidia-modeset")) {
      add(nvidia("/dev/nvidia-modeset", modeset_minor));
    }
    if (const auto uvm = parse_major(devices_, "nvidia-uvm")) {
      add({.path = "/dev/nvidia-uvm", .major = *uvm, .minor = 0});
      add({.path = "/dev/nvidia-uvm-tools", .major = *uvm, .minor = 1});
    }
    return std::move(out_);
  }

 private:
  // "" for a file that cannot be read, with a problem unless it is only absent.
  std::string read(std::string_view path) {
    Result<std::optional<std::string>> text = host_.read(path);
    if (!text) out_.problems.push_back(text.error().full_message());
    return text ? std::move(text).value().value_or("") : "";
  }

  std::vector<std::string> list(std::string_view directory) {
    Result<std::optional<std::vector<std::string>>> names = host_.list(directory);
    if (!names) out_.problems.push_back(names.error().full_message());
    return names ? std::move(names).value().value_or(std::vector<std::string>())
                 : std::vector<std::string>();
  }

  void add(ExpectedNode node) { out_.nodes.push_back(std::move(node)); }

  void read_params() {
    const std::string text = read(params_file);
    common_.uid = value_of(text, "DeviceFileUID").value_or(common_.uid);
    common_.gid = value_of(text, "DeviceFileGID").value_or(common_.gid);
    common_.mode = value_of(text, "DeviceFileMode").value_or(common_.mode) & mode_t{0777};
    common_.may_be_made = value_of(text, "ModifyDeviceFiles").value_or(1) != 0;
  }

  // A node of the module nvidia, made as the module's parameters say.
  ExpectedNode nvidia(std::string path, unsigned minor) const {
    ExpectedNode node = common_;
    node.path = std::move(path);
    node.major = major_.value_or(0);
    node.minor = minor;
    return node;
  }

  void add_gpus() {
    for (const std::string& name : list(gpus_directory)) {
      const std::string file = cat(gpus_directory, "/", name, "/information");
      const Information information = parse_information(read(file));
      if (information.minor) {
        add(nvidia(cat("/dev/nvidia", *information.minor), *information.minor));
      } else if (!information.is_excluded) {
        out_.problems.push_back(cat(file, " names no device minor"));
      }
    }
  }

  void add_capabilities() {
    const auto major = parse_major(devices_, "nvidia-caps");
    if (major) add_capabilities_below(std::string(capabilities_directory), *major, most_levels);
  }

  void add_capabilities_below(const std::string& directory, unsigned major, int levels) {
    for (const std::string& name : list(directory)) {
      const std::string path = cat(directory, "/", name);
      const auto status = host_.stat(path);
      if (!status || !*status) continue;
      if (S_ISDIR((*status)->st_mode)) {
        if (levels > 0) add_capabilities_below(path, major, levels - 1);
        continue;
      }
      const std::string text = read(path);
      const auto minor = parse_capability_minor(text);
      if (!minor) continue;
      add({.path = cat("/dev/nvidia-caps/nvidia-cap", *minor),
           .major = major,
           .minor = *minor,
           .mode = value_of(text, "DeviceFileMode").value_or(common_.mode) & mode_t{0777},
           .uid = common_.uid,
           .gid = common_.gid,
           .may_be_made = value_of(text, "DeviceFileModify").value_or(common_.may_be_made) != 0});
    }
  }

  void add_imex_channels(std::span<const unsigned> channels) {
    const auto major = parse_major(devices_, "nvidia-caps-imex-channels");
    if (!major && !channels.empty()) {
      out_.problems.emplace_back("the loaded driver has no IMEX channels");
    }
    // The module's parameter NVreg_ImexChannelCount. Whoever asks for channels may be an image.
    constexpr unsigned usual_count = 2048;
    const unsigned count = value_of(read(params_file), "ImexChannelCount").value_or(usual_count);
    for (const unsigned channel : channels) {
      if (!major) return;
      if (channel >= count) {
        out_.problems.push_back(
            cat("the loaded driver has ", count, " IMEX channels, and no ", channel));
        continue;
      }
      ExpectedNode node = common_;
      node.path = cat("/dev/nvidia-caps-imex-channels/channel", channel);
      node.major = *major;
      node.minor = channel;
      add(std::move(node));
    }
  }

  const host::Root& host_;
  ExpectedNodes out_{};
  ExpectedNode common_{};
  std::string devices_;
  std::optional<unsigned> major_{};  // of the module nvidia; it serves nothing without one
};

bool exists(const host::Root& host, std::string_view path) {
  const auto status = host.stat(path);
  return status && *status;
}

std::string text_of(const host::Root& host, std::string_view path) {
  Result<std::optional<std::string>> text = host.read(path);
  return text ? std::move(text).value().value_or("") : "";
}

// "nvidia 56688640 3 nvidia_uvm,nvidia_modeset, Live 0x0000000000000000 (POE)"
bool is_live(std::string_view modules, std::string_view name) {
  return std::ranges::any_of(split(modules, '\n'), [name](std::string_view line) {
    const std::vector<std::string_view> words = split(line, ' ');
    return words.size() > 4 && words[0] == name && words[4] == "Live";
  });
}

}  // namespace

ExpectedNodes expected_nodes(const host::Root& host, std::span<const unsigned> imex_channels) {
  return Collector(host).collect(imex_channels);
}

bool has_kernel_module(const host::Root& host, std::string_view module) {
  std::string name(module);
  std::ranges::replace(name, '-', '_');
  const std::string directory = cat("/sys/module/", name);
  // A module that is built in has a directory without a state.
  const std::string state = text_of(host, cat(directory, "/initstate"));
  if (trim(state) == "live" || (state.empty() && exists(host, directory))) return true;
  if (is_live(text_of(host, "/proc/modules"), name)) return true;
  if (parse_major(text_of(host, "/proc/devices"), module)) return true;
  return module == "nvidia" && exists(host, version_file);
}

bool has_pci_gpu(const host::Root& host) {
  constexpr std::string_view devices = "/sys/bus/pci/devices";
  const auto names = host.list(devices);
  if (!names || !*names) return false;
  return std::ranges::any_of(**names, [&](const std::string& name) {
    const std::string device = cat(devices, "/", name);
    return trim(text_of(host, cat(device, "/vendor"))) == "0x10de" &&
           text_of(host, cat(device, "/class")).starts_with("0x03");
  });
}

}  // namespace nvbox::driver
