// nvidia-ctk cdi generate and refresh.
#include "nvidia_ctk/cdi_generate.h"

#include <utility>

#include "base/text.h"

namespace nvbox::applets::ctk_cdi {
namespace {

// Where the driver's packages put it, and engines look for it.
constexpr std::string_view usual_output = "/var/run/cdi/nvidia.yaml";

Result<> lower_version(spec::CdiSpec& spec, const std::string& version, const Log& log) {
  const std::vector<std::string> dropped =
      NVBOX_TRY(spec::downgrade_cdi(spec, version).in(cat("--cdi-version=", version)));
  for (const std::string& phrase : dropped) {
    log.warning(cat("CDI ", version, " has no ", phrase, ": left out"));
  }
  return {};
}

// The whole text is compared: it depends on the driver, the devices, the options and this program.
bool is_written(const Output& output, std::string_view text) {
  if (output.path.empty()) return false;
  const auto old = read_file(output.path);
  return old && *old && **old == text;
}

struct Generated {
  Output output;
  std::string text;
  std::string version;
};

Result<Generated> generated(const GenerateSettings& settings, Output output, spec::CdiSpec spec,
                            const std::optional<spec::CdiStamp>& stamp, const Log& log) {
  if (!settings.cdi_version.empty()) NVBOX_TRY(lower_version(spec, settings.cdi_version, log));
  std::string text = NVBOX_TRY(encode(spec, output.format, stamp));
  return Generated{std::move(output), std::move(text), spec.version};
}

// The specification, and those of more kinds that come with it.
Result<std::vector<Generated>> generate_texts(const GenerateSettings& settings,
                                              const GeneratePlan& plan, Purpose purpose,
                                              const Call& call, const std::string& config_file) {
  Described described = NVBOX_TRY(describe_host(settings, plan, purpose, call, config_file));
  for (const driver::Problem& note : described.outcome.left_out) {
    call.log.warning(cat("left out: ", note.text));
  }
  std::vector<Generated> all;
  all.push_back(NVBOX_TRY(generated(settings, plan.output, std::move(described.outcome.spec),
                                    described.stamp, call.log)));
  for (plan::CdiVariant& variant : described.outcome.variants) {
    all.push_back(NVBOX_TRY(generated(settings, with_infix(plan.output, variant.infix),
                                      std::move(variant.spec), described.stamp, call.log)));
  }
  return all;
}

Result<> generate(const GenerateSettings& settings, const GeneratePlan& plan,
                  const Invocation& invocation) {
  const Log& log = invocation.call.log;
  const Purpose purpose = plan.output.path.empty() ? Purpose::print : Purpose::write;
  const std::vector<Generated> all =
      NVBOX_TRY(generate_texts(settings, plan, purpose, invocation.call, invocation.flags.config));
  for (const Generated& one : all) {
    if (settings.if_stale && is_written(one.output, one.text)) {
      log.info(cat(one.output.path, " is up to date"));
      continue;
    }
    NVBOX_TRY(write_output(one.output, one.text));
    log.info(cat("Generated CDI spec with version ", one.version));
  }
  return {};
}

// In the version that it has, which was that of the Podman of this host. What is not `configure`'s
// is left alone: whoever generated it may have left GPUs out on purpose.
Result<> refresh_kept(const Call& call) {
  const std::string path(kept_specification);
  const auto old = NVBOX_TRY(read_file(path));
  if (!old || !spec::has_kept_comment(*old)) return {};
  const spec::CdiSpec known = NVBOX_TRY(parse_text(*old).in(path));
  const std::string text =
      spec::add_kept_comment(NVBOX_TRY(default_specification(call, Purpose::write, known.version)));
  if (text == *old) {
    call.log.info(cat(path, " is up to date"));
    return {};
  }
  NVBOX_TRY(write_output({.path = path}, text));
  call.log.info(cat("Generated ", path, " with version ", known.version));
  return {};
}

}  // namespace

Result<int> run_generate(const Invocation& invocation) {
  const auto line = NVBOX_TRY(parse_command<GenerateSettings>(invocation, generate_flags()));
  if (line.exit_status) return *line.exit_status;
  const GeneratePlan plan = NVBOX_TRY(check_settings(line.settings, line.line, invocation.call));
  NVBOX_TRY(generate(line.settings, plan, invocation));
  return 0;
}

Result<int> run_refresh(const Invocation& invocation) {
  auto line = NVBOX_TRY(parse_command<GenerateSettings>(invocation, generate_flags()));
  if (line.exit_status) return *line.exit_status;
  line.settings.if_stale = true;
  if (line.settings.output.empty()) line.settings.output = usual_output;
  const GeneratePlan plan = NVBOX_TRY(check_settings(line.settings, line.line, invocation.call));
  NVBOX_TRY(generate(line.settings, plan, invocation));
  NVBOX_TRY(refresh_kept(invocation.call));
  return 0;
}

Result<std::string> default_specification(const Call& call, Purpose purpose,
                                          const std::string& cdi_version) {
  const GenerateSettings settings = {.cdi_version = cdi_version};
  const GeneratePlan plan = NVBOX_TRY(check_settings(settings, {}, call));
  std::vector<Generated> all = NVBOX_TRY(generate_texts(settings, plan, purpose, call, ""));
  return std::move(all.front().text);
}

}  // namespace nvbox::applets::ctk_cdi
