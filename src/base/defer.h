// Runs something when the scope ends, on every way out of it.
#pragma once

#include <utility>

namespace nvbox {

template <typename Function>
class [[nodiscard]] Defer {
 public:
  explicit Defer(Function function) : function_(std::move(function)) {}
  Defer(const Defer&) = delete;
  Defer& operator=(const Defer&) = delete;
  ~Defer() { function_(); }

 private:
  Function function_;
};

}  // namespace nvbox
