// Manual pages in the macros of man(7), which groff and mandoc read.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/pages.h"

namespace nvbox::cli {

// A word and what there is to say about it.
struct Topic {
  std::string_view term;
  std::string_view text;
};

// What a manual page says besides what the program's tables do.
struct ManualPage {
  std::string_view section;                        // "1" or "8"
  std::string_view version;                        // of the program
  std::string_view date{};                         // empty when not known
  std::span<const std::string_view> synopsis{};    // behind the name; empty: from the tables
  std::span<const std::string_view> paragraphs{};  // of the description
  std::span<const Topic> environment{};
  std::span<const Topic> files{};
  std::span<const Topic> exit_statuses{};
  std::span<const std::string_view> see_also{};  // "runc(8)"
};

std::string man_text(const ManualPage& page, const CommandPage& program);

// Text that means itself, whatever characters and beginnings of lines mean to roff.
std::string roff_text(std::string_view text);

}  // namespace nvbox::cli
