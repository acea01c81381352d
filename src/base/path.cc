#include "base/path.h"

#include "base/text.h"

namespace nvbox::path {

std::string join(std::string_view base, std::string_view rest) {
  while (base.size() > 1 && base.ends_with('/')) base.remove_suffix(1);
  while (rest.starts_with('/')) rest.remove_prefix(1);
  if (rest.empty()) return std::string(base);
  if (base.empty()) return std::string(rest);
  return cat(base, base == "/" ? "" : "/", rest);
}

std::string_view parent(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

std::string_view base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> out;
  for (const std::string_view piece : split(path, '/')) {
    if (!piece.empty() && piece != ".") out.push_back(piece);
  }
  return out;
}

std::string clean(std::string_view path) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string_view> kept;
  for (const std::string_view piece : components(path)) {
    const bool is_up = piece == "..";
    if (is_up && !kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (!is_up || !absolute) {
      kept.push_back(piece);
    }
  }
  std::string out = absolute ? "/" : "";
  for (const std::string_view piece : kept) {
    if (!out.empty() && out != "/") out += '/';
    out += piece;
  }
  return out.empty() ? "." : out;
}

bool is_below(std::string_view path, std::string_view directory) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.remove_suffix(1);
  if (directory == "/") return path.starts_with('/');
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace nvbox::path
