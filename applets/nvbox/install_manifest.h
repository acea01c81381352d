// What an installation has made, as a file beside it: what `nvbox uninstall` removes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nvbox::applets::installation {

enum class Kind { file, link, directory, saved };

// One thing that was made, or is about to be: the manifest is written before the files are, so a
// path may have two records for a while, the old content's and the new one's.
struct Record {
  Kind kind = Kind::file;
  std::uint64_t hash = 0;  // of a file's content or a link's text; 0 for the others
  std::string path;        // below the root; of `saved`, the path that the saved file had

  bool operator==(const Record&) const = default;
};

using Manifest = std::vector<Record>;

// Tells whether a file is still what was installed. Nobody is kept from forging it, and nobody
// gains by it.
std::uint64_t content_hash(std::string_view content);

std::string_view name_of(Kind kind);

// A line for each record, behind a comment that says what the file is.
std::string manifest_text(std::span<const Record> manifest);

// Errors name the line.
Result<Manifest> parse_manifest(std::string_view text);

// `manifest` and what `more` has besides.
Manifest join_manifests(Manifest manifest, std::span<const Record> more);

// `manifest` less what `less` has.
Manifest without(Manifest manifest, std::span<const Record> less);

}  // namespace nvbox::applets::installation
