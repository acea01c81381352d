#include "runtime/configure_arguments.h"

#include <unistd.h>

#include <string_view>

#include "base/text.h"

namespace nvbox::runtime {
namespace {

using config::Config;

struct CompatMode {
  std::string_view configured;
  std::string_view passed;
};

// "hook" is the runtime's: it injects a hook for it, and the prestart hook leaves it alone.
constexpr CompatMode compat_modes[] = {
    {"ldconfig", "ldconfig"}, {"mount", "mount"}, {"disabled", "disabled"}, {"hook", "disabled"}};

class Arguments {
 public:
  void flag(std::string_view name, bool is_given) {
    if (is_given) words_.emplace_back(name);
  }
  void value(std::string_view name, std::string_view text) {
    if (!text.empty()) words_.push_back(cat(name, "=", text));
  }
  void word(std::string_view text) { words_.emplace_back(text); }

  std::vector<std::string> take() && { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

void add_globals(const Config& config, const ConfigureTarget& target, Arguments& out) {
  const Config::Cli& cli = config.cli;
  out.value("--root", cli.root);
  out.flag("--load-kmods", cli.load_kmods);
  out.flag("--no-create-imex-channels", config.features.disable_imex_channel_creation);
  out.flag("--no-pivot", cli.no_pivot);
  out.value("--debug", target.debug_on_standard_error ? "/dev/stderr" : cli.debug);
  out.value("--ldcache", cli.ldcache);
  out.value("--user", cli.user);
  // Another program does not know it.
  const bool is_usual = cli.nvml_timeout == Config::Cli().nvml_timeout;
  if (!is_usual && cli.path.empty()) out.value("--nvml-timeout", cat(cli.nvml_timeout));
}

void add_compat_mode(const Config& config, Arguments& out) {
  for (const CompatMode& row : compat_modes) {
    if (row.configured == config.runtime.legacy_cuda_compat_mode) {
      return out.value("--cuda-compat-mode", row.passed);
    }
  }
  if (config.features.allow_cuda_compat_libs_from_container) return;
  out.value("--cuda-compat-mode", "disabled");
}

std::string device_list(const plan::Request& request) {
  if (request.ask == plan::Ask::all) return "all";
  return join(request.devices, ",");
}

std::string channel_list(const plan::Request& request) {
  constexpr std::string_view prefix = "channel";
  std::vector<std::string> numbers = request.imex_channels;
  for (std::string& number : numbers) {
    if (number.starts_with(prefix)) number.erase(0, prefix.size());
  }
  return join(numbers, ",");
}

}  // namespace

std::vector<std::string> configure_arguments(const plan::Request& request, const Config& config,
                                             const ConfigureTarget& target) {
  Arguments out;
  add_globals(config, target, out);
  out.word("configure");
  add_compat_mode(config, out);
  out.value("--ldconfig", target.ldconfig);
  out.flag("--no-cgroups", config.cli.no_cgroups);
  out.value("--device", device_list(request));
  out.value("--mig-config", request.mig.config);
  out.value("--mig-monitor", request.mig.monitor);
  out.value("--imex-channel", channel_list(request));
  for (const driver::CapabilityName& row : driver::capability_names) {
    out.flag(cat("--", row.word), intersects(row.capability, request.capabilities));
  }
  for (const std::string& requirement : request.requirements) {
    out.word(cat("--require=", requirement));
  }
  out.value("--pid", cat(target.pid));
  out.word(target.rootfs);
  return std::move(out).take();
}

std::string normal_ldconfig(const std::string& configured) {
  constexpr std::string_view real = ".real";
  std::string path = configured.empty() ? "@/sbin/ldconfig" : configured;
  if (!path.starts_with('@')) return path;
  if (path.ends_with(real)) path.erase(path.size() - real.size());
  const std::string with_suffix = path + std::string(real);
  return access(with_suffix.c_str() + 1, F_OK) == 0 ? with_suffix : path;
}

}  // namespace nvbox::runtime
