#include "runtime/configure_call.h"

#include <unistd.h>

#include <string_view>

#include "base/text.h"
#include "runtime/csv_settings.h"

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

void add_globals(const CliGlobals& globals, Arguments& out) {
  out.value("--root", globals.root.value_or(""));
  out.flag("--load-kmods", globals.load_kmods);
  out.flag("--no-create-imex-channels", globals.no_create_imex_channels);
  out.flag("--no-pivot", globals.no_pivot);
  out.value("--debug", globals.debug);
  out.value("--ldcache", globals.ldcache.value_or(""));
  out.value("--user", globals.user.value_or(""));
  out.value("--nvml-timeout", globals.nvml_timeout);
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

CliGlobals globals_for(const Config& config, const ConfigureTarget& target) {
  const Config::Cli& cli = config.cli;
  CliGlobals globals = {.debug = target.debug_on_standard_error ? "/dev/stderr" : cli.debug,
                        .load_kmods = cli.load_kmods,
                        .no_pivot = cli.no_pivot,
                        .no_create_imex_channels = config.features.disable_imex_channel_creation,
                        .user = unless_empty(cli.user),
                        .root = unless_empty(cli.root),
                        .ldcache = unless_empty(cli.ldcache),
                        .csv = csv_search(config)};
  // Another program does not know it.
  const bool is_usual = cli.nvml_timeout == Config::Cli().nvml_timeout;
  if (!is_usual && cli.path.empty()) globals.nvml_timeout = cat(cli.nvml_timeout);
  return globals;
}

std::optional<std::string> compat_mode_of(const Config& config) {
  for (const CompatMode& row : compat_modes) {
    if (row.configured == config.runtime.legacy_cuda_compat_mode) return std::string(row.passed);
  }
  if (config.features.allow_cuda_compat_libs_from_container) return std::nullopt;
  return "disabled";
}

std::vector<std::string> device_lists(const plan::Request& request) {
  return request.ask == plan::Ask::all ? std::vector<std::string>{"all"} : request.devices;
}

std::vector<std::string> channel_lists(const plan::Request& request) {
  constexpr std::string_view prefix = "channel";
  std::vector<std::string> numbers = request.imex_channels;
  for (std::string& number : numbers) {
    if (number.starts_with(prefix)) number.erase(0, prefix.size());
  }
  return numbers;
}

}  // namespace

ConfigureCall configure_call(const plan::Request& request, const Config& config,
                             const ConfigureTarget& target) {
  return {.globals = globals_for(config, target),
          .options = {.pid = cat(target.pid),
                      .devices = device_lists(request),
                      .requirements = request.requirements,
                      .ldconfig = target.ldconfig,
                      .capabilities = request.capabilities,
                      .mig = request.mig,
                      .imex_channels = channel_lists(request),
                      .all_csv_files = request.all_csv_files,
                      .compat_mode = compat_mode_of(config),
                      .no_cgroups = config.cli.no_cgroups},
          .rootfs = target.rootfs};
}

std::vector<std::string> to_arguments(const ConfigureCall& call) {
  const ConfigureOptions& options = call.options;
  Arguments out;
  add_globals(call.globals, out);
  out.word("configure");
  out.value("--cuda-compat-mode", options.compat_mode.value_or(""));
  out.value("--ldconfig", options.ldconfig);
  out.flag("--no-cgroups", options.no_cgroups);
  out.value("--device", join(options.devices, ","));
  out.value("--mig-config", options.mig.config);
  out.value("--mig-monitor", options.mig.monitor);
  out.value("--imex-channel", join(options.imex_channels, ","));
  for (const driver::CapabilityName& row : driver::capability_names) {
    out.flag(cat("--", row.word), intersects(row.capability, options.capabilities));
  }
  for (const std::string& requirement : options.requirements) {
    out.word(cat("--require=", requirement));
  }
  out.value("--pid", options.pid);
  out.word(call.rootfs);
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
