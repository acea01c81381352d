// nvidia-ctk cdi: CDI specifications of this host's GPUs, and what there is on disk.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "command_tree.h"
#include "spec/cdi.h"
#include "spec/cdi_stamp.h"

namespace nvbox::applets {

std::span<const CommandRow> ctk_cdi_commands();

namespace ctk_cdi {

Result<int> run_generate(const Invocation& invocation);
// generate --if-stale to where the systemd unit of the driver's packages writes.
Result<int> run_refresh(const Invocation& invocation);
Result<int> run_list(const Invocation& invocation);
Result<int> run_transform_root(const Invocation& invocation);
Result<int> run_validate(const Invocation& invocation);

enum class SpecFormat { yaml, json };

// "yaml" or "json" in either case.
std::optional<SpecFormat> parse_format(std::string_view word);

// Where a specification goes and how it is written there.
struct Output {
  std::string path{};  // absolute; empty is standard output
  SpecFormat format = SpecFormat::yaml;
  std::vector<std::string> warnings{};

  bool operator==(const Output&) const = default;
};

// The extension of the file decides on its format: .json, or .yaml and .yml. A name with another
// one gets that of `chosen`. `chosen` is nullopt where the caller said nothing. Relative paths
// begin at `here`.
Output output_for(std::string_view path, std::optional<SpecFormat> chosen, std::string_view here);

// The same beside it, with `infix` before the extension: "/run/cdi/nvidia.coherent.yaml".
Output with_infix(Output output, std::string_view infix);

// The directory that the process is in.
Result<std::string> working_directory();

// The text of the file, with the stamp where the specification's version has a place for it.
Result<std::string> encode(spec::CdiSpec spec, SpecFormat format,
                           const std::optional<spec::CdiStamp>& stamp);

// To standard output, or to the file in one step: it is replaced as a whole, or stays as it is.
Result<> write_output(const Output& output, std::string_view text);

// The largest file that is read.
inline constexpr size_t most_bytes = size_t{16} * 1024 * 1024;

// The text of a file; nullopt when there is none.
Result<std::optional<std::string>> read_file(const std::string& path);

// The document and what it means.
Result<spec::CdiSpec> parse_text(std::string_view text);

// What `runtime configure --runtime=podman` makes, and `cdi refresh` keeps up to date: Podman has
// no unit that would describe the host before it starts a container.
inline constexpr std::string_view kept_specification = "/etc/cdi/nvidia.yaml";

// What --spec-dir is unless it is given.
std::vector<std::string> default_spec_directories();

}  // namespace ctk_cdi
}  // namespace nvbox::applets
