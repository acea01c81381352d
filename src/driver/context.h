// What every discoverer is handed.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "driver/discover.h"
#include "driver/inventory.h"

namespace nvbox::driver {

struct Context {
  const Roots& roots;
  const Search& search;
  const Need& need;
  std::vector<Problem>& problems;
  std::vector<CoreFailure>& core_failures;
  // What the problems are about that are found with this context.
  Problem::Kind about = Problem::Kind::other;

  bool wants(Capabilities serves) const { return intersects(serves, need.files); }

  Context with(Problem::Kind kind) const {
    Context context = *this;
    context.about = kind;
    return context;
  }

  void problem(std::string text) const { problems.push_back({std::move(text), about}); }

  // A part of the driver that is there and could not be looked at.
  void core_failure(std::string_view name, Capabilities core_of, const Error& error) const {
    problem(error.full_message());
    if (core_of == Capabilities::none) return;
    core_failures.push_back({std::string(name), core_of, error.message(), error.code()});
  }

  // The value; an error becomes a problem and counts as absence.
  template <typename T>
  std::optional<T> or_problem(Result<std::optional<T>> result) const {
    if (result) return std::move(result).value();
    problem(result.error().full_message());
    return std::nullopt;
  }
};

}  // namespace nvbox::driver
