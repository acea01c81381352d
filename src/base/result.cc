#include "base/result.h"

#include <cstring>

#include "base/text.h"

namespace nvbox {

std::string Error::message() const {
  if (errno_ == 0) return what_;
  return cat(what_, ": ", errno_text(errno_));
}

std::string Error::full_message() const {
  if (hint_.empty()) return message();
  return cat(message(), "; ", hint_);
}

}  // namespace nvbox
