#include "host/environment.h"

namespace nvbox::host {

std::optional<std::string_view> Environment::get(std::string_view name) const {
  for (char* const* entry = variables_; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with(name) && text.substr(name.size()).starts_with('=')) {
      return text.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

}  // namespace nvbox::host
