// Files of this directory whose bytes are in the binary.
#pragma once

#include <span>
#include <string_view>

namespace nvbox::applets {

struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

// In no particular order; cmake/embed.cmake writes it.
std::span<const EmbeddedFile> embedded_files();

}  // namespace nvbox::applets
