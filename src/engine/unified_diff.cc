// The lines that two texts have in common are found with Myers' greedy algorithm ("An O(ND)
// Difference Algorithm and Its Variations", 1986): for a growing number of edits it keeps, for each
// diagonal, how far a path with that many edits can reach, and then walks the recorded rounds back.
#include "engine/unified_diff.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "base/text.h"

namespace nvbox::engine {
namespace {

constexpr size_t context = 3;
// The rounds are kept, which takes the square of their number. Texts that differ more are shown as
// one that goes and one that comes.
constexpr int max_edits = 2000;

using Lines = std::vector<std::string_view>;

struct Edit {
  char sign;  // ' ', '-' or '+'
  std::string_view line;
};

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

// How far each diagonal (x - y, from -max to max) reaches in x.
class Reach {
 public:
  explicit Reach(int edits) : middle_(edits + 1), x_(2 * static_cast<size_t>(edits) + 3, 0) {}
  int& operator[](std::int64_t diagonal) { return x_[static_cast<size_t>(diagonal + middle_)]; }
  int operator[](std::int64_t diagonal) const {
    return x_[static_cast<size_t>(diagonal + middle_)];
  }

 private:
  std::int64_t middle_;
  std::vector<int> x_;
};

// Whether the path to this diagonal comes from the one above it, by an insertion.
bool is_insertion(const Reach& reach, int diagonal, int edits) {
  return diagonal == -edits || (diagonal != edits && reach[diagonal - 1] < reach[diagonal + 1]);
}

// rounds[d] is what d - 1 edits reach; nullopt when more than max_edits are needed.
std::optional<std::vector<Reach>> search(const Lines& before, const Lines& after) {
  const int rows = static_cast<int>(before.size());
  const int columns = static_cast<int>(after.size());
  std::vector<Reach> rounds;
  Reach last(0);
  for (int edits = 0; edits <= std::min(rows + columns, max_edits); ++edits) {
    Reach reach(edits + 1);
    for (int diagonal = -edits - 1; diagonal <= edits + 1; ++diagonal) {
      if (edits > 0 && std::abs(diagonal) <= edits) reach[diagonal] = last[diagonal];
    }
    rounds.push_back(reach);
    for (int diagonal = -edits; diagonal <= edits; diagonal += 2) {
      int x = is_insertion(reach, diagonal, edits) ? reach[diagonal + 1] : reach[diagonal - 1] + 1;
      while (x < rows && x - diagonal < columns &&
             before[static_cast<size_t>(x)] == after[static_cast<size_t>(x - diagonal)]) {
        ++x;
      }
      reach[diagonal] = x;
      if (x >= rows && x - diagonal >= columns) return rounds;
    }
    last = std::move(reach);
  }
  return std::nullopt;
}

std::vector<Edit> replace_all(const Lines& before, const Lines& after) {
  std::vector<Edit> edits;
  for (const std::string_view line : before) edits.push_back({'-', line});
  for (const std::string_view line : after) edits.push_back({'+', line});
  return edits;
}

std::vector<Edit> edits_between(const Lines& before, const Lines& after) {
  const auto rounds = search(before, after);
  if (!rounds) return replace_all(before, after);
  std::vector<Edit> edits;
  int x = static_cast<int>(before.size());
  int y = static_cast<int>(after.size());
  for (int count = static_cast<int>(rounds->size()) - 1; count >= 0; --count) {
    const Reach& reach = (*rounds)[static_cast<size_t>(count)];
    const bool inserts = is_insertion(reach, x - y, count);
    const int diagonal = inserts ? x - y + 1 : x - y - 1;
    const int from_x = count == 0 ? 0 : reach[diagonal];
    const int from_y = count == 0 ? 0 : from_x - diagonal;
    while (x > from_x && y > from_y) {
      edits.push_back({' ', before[static_cast<size_t>(--x)]});
      --y;
    }
    if (count == 0) break;
    if (inserts) edits.push_back({'+', after[static_cast<size_t>(--y)]});
    if (!inserts) edits.push_back({'-', before[static_cast<size_t>(--x)]});
  }
  std::ranges::reverse(edits);
  return edits;
}

// "start,count" of a hunk's side. Of an empty one the start is the line before it.
std::string range(size_t before, size_t count) {
  const size_t start = count == 0 ? before : before + 1;
  return count == 1 ? cat(start) : cat(start, ",", count);
}

struct Sides {
  size_t before = 0;
  size_t after = 0;

  void add(const Edit& edit) {
    if (edit.sign != '+') ++before;
    if (edit.sign != '-') ++after;
  }
};

std::string hunk(Sides start, std::span<const Edit> edits) {
  Sides count;
  std::string body;
  for (const Edit& edit : edits) {
    count.add(edit);
    body += cat(edit.sign, edit.line);
    if (!edit.line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
  }
  return cat("@@ -", range(start.before, count.before), " +", range(start.after, count.after),
             " @@\n", body);
}

bool is_change(const Edit& edit) {
  return edit.sign != ' ';
}

// Where the hunk ends that has its first change at `change`: behind the context of the last change
// that has at most two contexts of unchanged lines before it.
size_t hunk_end(std::span<const Edit> edits, size_t change) {
  size_t last = change;
  for (size_t i = change; i < edits.size() && i <= last + 2 * context + 1; ++i) {
    if (is_change(edits[i])) last = i;
  }
  return std::min(last + 1 + context, edits.size());
}

std::string hunks(std::span<const Edit> edits) {
  std::string out;
  Sides start;
  size_t at = 0;
  while (true) {
    const auto next = std::ranges::find_if(edits.subspan(at), is_change);
    if (next == edits.subspan(at).end()) return out;
    const size_t change = at + static_cast<size_t>(next - edits.subspan(at).begin());
    const size_t begin = std::max(at, change - std::min(change, context));
    for (; at < begin; ++at) start.add(edits[at]);
    const size_t end = hunk_end(edits, change);
    out += hunk(start, edits.subspan(begin, end - begin));
    for (; at < end; ++at) start.add(edits[at]);
  }
}

// patch ends a name at a blank unless a tab follows it.
std::string header(std::string_view sign, std::string_view name) {
  return cat(sign, " ", name, name.contains(' ') ? "\t" : "", "\n");
}

}  // namespace

std::string unified_diff(std::string_view path, std::optional<std::string_view> before,
                         std::optional<std::string_view> after) {
  if (before == after) return {};
  const std::vector<Edit> edits =
      edits_between(lines_of(before.value_or("")), lines_of(after.value_or("")));
  const std::string old_name = before ? cat("a", printable(path)) : "/dev/null";
  const std::string new_name = after ? cat("b", printable(path)) : "/dev/null";
  return cat(header("---", old_name), header("+++", new_name), hunks(edits));
}

}  // namespace nvbox::engine
