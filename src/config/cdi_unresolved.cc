#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/cdi_files.h"
#include "config/cdi_registry.h"

namespace nvbox::config {
namespace {

// More would hide the rest of the line.
constexpr size_t most_candidates = 24;
constexpr size_t most_problems = 4;
constexpr size_t most_kinds = 4;

std::string join_some(std::span<const std::string> words, size_t most, std::string_view separator) {
  if (words.size() <= most) return join(words, separator);
  return cat(join(words.first(most), separator), separator, "and ", words.size() - most, " more");
}

// "0" before "10": as people count.
bool counts_before(const std::string& left, const std::string& right) {
  const auto a = parse_number<unsigned long>(left);
  const auto b = parse_number<unsigned long>(right);
  if (a && b) return *a < *b;
  return a.has_value() != b.has_value() ? a.has_value() : left < right;
}

std::vector<std::string> devices_of(std::string_view kind, const CdiContents& contents) {
  std::vector<std::string> out;
  for (const CdiDefinition& definition : contents.definitions) {
    const std::string_view name = definition.name;
    if (name.substr(0, name.find('=')) == kind) out.emplace_back(name.substr(kind.size() + 1));
  }
  std::ranges::sort(out, counts_before);
  return out;
}

std::string unknown_kind(std::string_view kind, const CdiDirectories& directories,
                         const CdiContents& contents) {
  std::string out =
      cat("no specification in ", join(directories.paths, ", "), " has the kind ", quote(kind));
  std::vector<std::string_view> known;
  for (const CdiFile& file : contents.files) known.emplace_back(file.spec.kind);
  if (const auto meant = did_you_mean(kind, known)) return cat(out, ", did you mean ", *meant, "?");
  if (kind == "nvidia.com/gpu") {
    return cat(out, ": make one with 'nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml'");
  }
  return out;
}

std::string candidates(std::string_view kind, const CdiDirectories& directories,
                       const CdiContents& contents) {
  const std::vector<std::string> devices = devices_of(kind, contents);
  if (devices.empty()) return unknown_kind(kind, directories, contents);
  return cat(kind, " has ", join_some(devices, most_candidates, ", "));
}

}  // namespace

Error unresolved_cdi(const CdiMatch& match, const CdiDirectories& directories,
                     const CdiContents& contents) {
  std::vector<std::string> advice;
  const std::vector<std::string> kinds = kinds_of(match.unresolved);
  for (const std::string& kind : std::span(kinds).first(std::min(kinds.size(), most_kinds))) {
    advice.push_back(candidates(kind, directories, contents));
  }
  std::vector<CdiProblem> sorted = match.problems;
  std::ranges::stable_sort(sorted, {}, &CdiProblem::cause);
  std::vector<std::string> problems;
  problems.reserve(sorted.size());
  for (const CdiProblem& problem : sorted) problems.push_back(problem.text());
  if (!problems.empty()) advice.push_back(join_some(problems, most_problems, "; "));
  // The names are the container's words.
  return Error(cat("unresolvable CDI devices ",
                   printable(join_some(match.unresolved, most_candidates, ", "))))
      .hint(join(advice, "; "));
}

}  // namespace nvbox::config
