// The variables that a program was started with, as a value.
#pragma once

#include <optional>
#include <string_view>

namespace nvbox::host {

class Environment {
 public:
  // `variables` is main's envp: "NAME=value" entries and a final null.
  explicit Environment(char* const* variables) : variables_(variables) {}

  // The first entry of the name, as getenv(3) finds it; nullopt when it is not set.
  std::optional<std::string_view> get(std::string_view name) const;

  char* const* variables() const { return variables_; }

 private:
  char* const* variables_;
};

}  // namespace nvbox::host
