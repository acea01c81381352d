// Specifications as files.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "host/root.h"
#include "host/root_write.h"
#include "nvidia_ctk/cdi.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace nvbox::applets::ctk_cdi {
namespace {

std::string_view name_of(SpecFormat format) {
  return format == SpecFormat::json ? "json" : "yaml";
}

std::optional<SpecFormat> format_of_file(std::string_view path) {
  if (path.ends_with(".json")) return SpecFormat::json;
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return SpecFormat::yaml;
  return std::nullopt;
}

// Whether annotations leave the specification's version as it is.
bool takes_annotations(spec::CdiSpec spec, const spec::CdiAnnotations& annotations) {
  spec.annotations = annotations;
  return spec::validate_cdi(spec).has_value();
}

}  // namespace

std::optional<SpecFormat> parse_format(std::string_view word) {
  const std::string small = lower(word);
  if (small == "yaml") return SpecFormat::yaml;
  if (small == "json") return SpecFormat::json;
  return std::nullopt;
}

Output output_for(std::string_view path, std::optional<SpecFormat> chosen, std::string_view here) {
  if (path.empty()) return {.format = chosen.value_or(SpecFormat::yaml)};
  Output output = {.path = path::join(path.starts_with('/') ? "/" : here, path)};
  const std::optional<SpecFormat> by_name = format_of_file(path);
  output.format = by_name.value_or(chosen.value_or(SpecFormat::yaml));
  if (!by_name) output.path += cat(".", name_of(output.format));
  if (chosen && *chosen != output.format) {
    output.warnings.push_back(cat(output.path, " is written as ", name_of(output.format),
                                  " because of its name; --format=", name_of(*chosen),
                                  " has no effect"));
  }
  if (path.ends_with(".yml")) {
    output.warnings.push_back(
        cat(output.path, ": container engines read *.yaml and *.json only; call it .yaml"));
  }
  return output;
}

Output with_infix(Output output, std::string_view infix) {
  if (!output.path.empty()) output.path.insert(output.path.rfind('.'), infix);
  return output;
}

Result<std::string> working_directory() {
  const sys::Fd here = NVBOX_TRY(sys::open_path(".", O_PATH | O_DIRECTORY));
  return sys::path_of(here.get());
}

Result<std::string> encode(spec::CdiSpec spec, SpecFormat format,
                           const std::optional<spec::CdiStamp>& stamp) {
  if (stamp && spec.annotations.empty()) {
    const spec::CdiAnnotations annotations = spec::stamp_annotations(*stamp);
    if (takes_annotations(spec, annotations)) spec.annotations = annotations;
  }
  const data::Json document = spec::cdi_document(spec);
  if (format == SpecFormat::json) return data::dump_json(document);
  std::string text = NVBOX_TRY(data::dump_yaml(document));
  return stamp && spec.annotations.empty() ? spec::add_stamp_comment(text, *stamp) : text;
}

Result<> write_output(const Output& output, std::string_view text) {
  if (output.path.empty()) return print(text);
  const host::Root root = NVBOX_TRY(host::Root::open("/"));
  const std::string directory(path::parent(output.path));
  const sys::Fd place = NVBOX_TRY(host::make_directories(root, directory).in(output.path));
  sys::NewFile file = NVBOX_TRY(
      sys::NewFile::create(place.get(), path::base_name(output.path), 0644).in(output.path));
  NVBOX_TRY(sys::write_all(file.fd(), text).in(output.path));
  return file.commit().in(output.path);
}

Result<std::optional<std::string>> read_file(const std::string& path) {
  const host::Root root = NVBOX_TRY(host::Root::open("/"));
  return root.read(path, most_bytes).in(path);
}

Result<spec::CdiSpec> parse_text(std::string_view text) {
  const data::Json document = NVBOX_TRY(data::parse_yaml(text));
  return spec::parse_cdi(document);
}

std::vector<std::string> default_spec_directories() {
  return {"/etc/cdi", "/var/run/cdi"};
}

}  // namespace nvbox::applets::ctk_cdi
