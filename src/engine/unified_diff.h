// Differences of texts as diff -u writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nvbox::engine {

// What changes the file at `path` from `before` to `after`, as one hunk from the first line that
// differs to the last, with three lines of context; nullopt stands for no file. The names in the
// headers are the path behind a/ and b/, as git writes them, so that `patch -d / -p1` makes the
// change. Empty when nothing changes.
std::string unified_diff(std::string_view path, std::optional<std::string_view> before,
                         std::optional<std::string_view> after);

}  // namespace nvbox::engine
