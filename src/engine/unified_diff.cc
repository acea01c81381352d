#include "engine/unified_diff.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace nvbox::engine {
namespace {

constexpr size_t context = 3;

using Lines = std::vector<std::string_view>;

// With their newlines; the last may have none.
Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

// How many lines are the same at both ends; none is counted twice.
struct Common {
  size_t first;
  size_t last;
};

Common common_ends(const Lines& before, const Lines& after) {
  const size_t most = std::min(before.size(), after.size());
  const auto first = std::ranges::mismatch(before, after).in1 - before.begin();
  Common common = {static_cast<size_t>(first), 0};
  while (common.first + common.last < most &&
         before[before.size() - 1 - common.last] == after[after.size() - 1 - common.last]) {
    ++common.last;
  }
  return common;
}

void append(std::string& out, char sign, const Lines& lines, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    out += cat(sign, lines[i]);
    if (!lines[i].ends_with('\n')) out += "\n\\ No newline at end of file\n";
  }
}

// "start,count" of one side. Of an empty one the start is the line before it.
std::string range(size_t lines_before, size_t count) {
  const size_t start = count == 0 ? lines_before : lines_before + 1;
  return count == 1 ? cat(start) : cat(start, ",", count);
}

// Nothing where a file without lines comes or goes.
std::string hunk(const Lines& before, const Lines& after) {
  if (before == after) return {};
  const Common common = common_ends(before, after);
  const size_t begin = common.first - std::min(common.first, context);
  const size_t behind = std::min(common.last, context);
  const size_t before_end = before.size() - common.last;
  const size_t after_end = after.size() - common.last;
  std::string out = cat("@@ -", range(begin, before_end + behind - begin), " +",
                        range(begin, after_end + behind - begin), " @@\n");
  append(out, ' ', before, begin, common.first);
  append(out, '-', before, common.first, before_end);
  append(out, '+', after, common.first, after_end);
  append(out, ' ', before, before_end, before_end + behind);
  return out;
}

// patch ends a name at a blank unless a tab follows it.
std::string header(std::string_view sign, std::string_view name) {
  return cat(sign, " ", name, name.contains(' ') ? "\t" : "", "\n");
}

}  // namespace

std::string unified_diff(std::string_view path, std::optional<std::string_view> before,
                         std::optional<std::string_view> after) {
  if (before == after) return {};
  const std::string old_name = before ? cat("a", printable(path)) : "/dev/null";
  const std::string new_name = after ? cat("b", printable(path)) : "/dev/null";
  return cat(header("---", old_name), header("+++", new_name),
             hunk(lines_of(before.value_or("")), lines_of(after.value_or(""))));
}

}  // namespace nvbox::engine
