// Errors as values: Result<T> is a T or an Error. Its interface follows std::expected, which gcc 12
// has without [[nodiscard]] and clang 14 cannot compile; replacing it later means this header only.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace nvbox {

// What went wrong, told from the outside in: "context: context: operation: errno text".
class [[nodiscard]] Error {
 public:
  explicit Error(std::string what, int errno_value = 0)
      : what_(std::move(what)), errno_(errno_value) {}

  // Puts what the caller knows in front: "device 3" + "no such GPU" -> "device 3: no such GPU".
  Error in(std::string_view context) && {
    what_.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }

  // What the operator can do about it; the innermost hint wins because it knows most.
  Error hint(std::string_view advice) && {
    if (hint_.empty()) hint_ = advice;
    return std::move(*this);
  }

  // The errno behind the error, 0 if there is none.
  int code() const { return errno_; }

  // Cause, with the errno text: "open /dev/x: Permission denied".
  std::string message() const;

  // Cause and fix on one line: "message; hint".
  std::string full_message() const;

 private:
  std::string what_;
  std::string hint_;
  int errno_;
};

template <typename T = void>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  // Implicit: `return error;` is the point of the type.
  Result(Error error) : state_(std::move(error)) {}
  // Whatever makes a T makes a Result<T>; copies and moves of Result itself are excluded.
  template <typename U = T>
  requires(!std::is_same_v<std::remove_cvref_t<U>, Result> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> && std::is_constructible_v<T, U>)
      // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint excludes them.
      Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return *std::get_if<0>(&checked()); }
  const T& value() const& { return *std::get_if<0>(&checked()); }
  T value() && { return std::move(*std::get_if<0>(&checked())); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error error() && { return std::move(*std::get_if<1>(&state_)); }

  // Error::in and Error::hint for the error case; a value passes unchanged.
  Result in(std::string_view context) && {
    if (has_value()) return std::move(*this);
    return std::move(*this).error().in(context);
  }
  Result hint(std::string_view advice) && {
    if (has_value()) return std::move(*this);
    return std::move(*this).error().hint(advice);
  }

 private:
  std::variant<T, Error>& checked() { return assert(has_value()), state_; }
  const std::variant<T, Error>& checked() const { return assert(has_value()), state_; }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  // Implicit: `return error;` is the point of the type.
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  void value() const { assert(has_value()); }

  const Error& error() const& { return *error_; }
  Error error() && { return *std::move(error_); }

  Result in(std::string_view context) && {
    if (has_value()) return {};
    return std::move(*this).error().in(context);
  }
  Result hint(std::string_view advice) && {
    if (has_value()) return {};
    return std::move(*this).error().hint(advice);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace nvbox

// The value of a Result, or return its error from the current function. Among the members of an
// aggregate only as the first: gcc 12 does not destroy those that it has made already.
#define NVBOX_TRY(expression)                                          \
  __extension__({                                                      \
    auto nvbox_try_result = (expression);                              \
    if (!nvbox_try_result) return std::move(nvbox_try_result).error(); \
    std::move(nvbox_try_result).value();                               \
  })
