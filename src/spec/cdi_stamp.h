// What a CDI specification was made for, as the file itself says: a comment in YAML, which every
// reader passes over. Annotations would say it too, but they need cdiVersion 0.6.0 and older
// engines read 0.5.0; they are used where the specification needs that version anyway.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "spec/cdi.h"

namespace nvbox::spec {

// driver::Fingerprint of the host when the file was written.
struct CdiStamp {
  std::string driver_version{};  // "535.261.03"
  std::string devices{};         // Fingerprint::devices: 16 small hexadecimal digits

  bool operator==(const CdiStamp&) const = default;
};

// "# nvbox: driver=535.261.03 devices=0123456789abcdef\n"
std::string stamp_comment(const CdiStamp& stamp);

// The comment behind the "---" of a YAML document.
std::string add_stamp_comment(std::string_view yaml, const CdiStamp& stamp);

// The same for a second comment: the file is one that `nvidia-ctk runtime configure` has made with
// the specification of the whole host, so that `nvidia-ctk cdi refresh` may write it anew. What
// somebody has generated with options of his own has no such line.
std::string add_kept_comment(std::string_view yaml);
bool has_kept_comment(std::string_view text);

// io.nvbox.driver-version and io.nvbox.devices.
CdiAnnotations stamp_annotations(const CdiStamp& stamp);

// Of the text of a file, YAML or JSON, by its first lines and then by its annotations; nothing is
// parsed. nullopt where there is none: NVIDIA's toolkit made the file, or somebody wrote it.
std::optional<CdiStamp> read_stamp(std::string_view text);

}  // namespace nvbox::spec
