// A CDI specification (github.com/cncf-tags/container-device-interface, SPEC.md): what a file of
// /etc/cdi or /var/run/cdi says.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "spec/edits.h"

namespace nvbox::spec {

// In the order of the file.
using CdiAnnotations = std::vector<std::pair<std::string, std::string>>;

struct CdiDevice {
  std::string name;
  CdiAnnotations annotations{};
  ContainerEdits edits{};

  bool operator==(const CdiDevice&) const = default;
};

struct CdiSpec {
  std::string version{};  // cdiVersion: "0.5.0"
  std::string kind{};     // "vendor/class"
  CdiAnnotations annotations{};
  std::vector<CdiDevice> devices{};
  ContainerEdits edits{};  // of every container that gets one of the devices

  bool operator==(const CdiSpec&) const = default;
};

enum class CdiFormat { yaml, json };

// The document as a value, checked by the rules of validate_cdi. Errors name the place in the
// document: "devices[0].containerEdits.deviceNodes[2].type: ...". Members that the specification
// does not know are errors, because a consumer that overlooks an edit gives less than was promised.
// A number or a boolean where text belongs is its text, as it is to NVIDIA's toolkit.
Result<CdiSpec> parse_cdi(const data::Json& document);

// The text of a file. JSON is YAML, and one reader serves both as it does for NVIDIA's toolkit.
// Errors of the syntax begin with "line 3, column 5: ", all others are parse_cdi's.
Result<CdiSpec> parse_cdi_text(std::string_view text);

// The members in NVIDIA's order, annotations by name; empty and zero ones are left out.
data::Json cdi_document(const CdiSpec& spec);

// The text of a file as NVIDIA's toolkit writes it: YAML with its "---", or JSON on one line
// without a final newline. An error when a string is not UTF-8.
Result<std::string> cdi_text(const CdiSpec& spec, CdiFormat format);

// What a reader will refuse: names, versions, empty edits, duplicate devices, ...
Result<> validate_cdi(const CdiSpec& spec);

// The lowest cdiVersion that has everything the specification uses, at least 0.3.0.
std::string minimum_cdi_version(const CdiSpec& spec);

// Takes out what `version` does not have, and sets that version; returns what was dropped, one
// phrase each. An error when what is left cannot be said in that version (a device name that starts
// with a digit before 0.5.0).
Result<std::vector<std::string>> downgrade_cdi(CdiSpec& spec, std::string_view version);

// Whether this is "vendor/class=name" by the rules for each part.
bool is_qualified_name(std::string_view name);

}  // namespace nvbox::spec
