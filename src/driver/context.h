// What every discoverer is handed.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nvbox/base/result.h"
#include "nvbox/driver/discover.h"
#include "nvbox/driver/inventory.h"

namespace nvbox::driver {

struct Context {
  const Roots& roots;
  const Search& search;
  const Need& need;
  std::vector<std::string>& problems;

  bool wants(Capabilities serves) const { return intersects(serves, need.files); }

  void problem(std::string text) const { problems.push_back(std::move(text)); }

  // The value; an error becomes a problem and counts as absence.
  template <typename T>
  std::optional<T> or_problem(Result<std::optional<T>> result) const {
    if (result) return std::move(result).value();
    problem(result.error().full_message());
    return std::nullopt;
  }
};

}  // namespace nvbox::driver
