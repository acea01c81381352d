// Path text only; nothing here touches a disk. What a path *means* below a root is host/root.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nvbox::path {

// `base` and `rest` with one slash between them; an absolute `rest` is taken as relative.
std::string join(std::string_view base, std::string_view rest);

// Everything before the last component: "/a/b" -> "/a", "/a" -> "/", "a" -> ".".
std::string_view parent(std::string_view path);

// The last component: "/a/b" -> "b".
std::string_view base_name(std::string_view path);

// The components without empty ones and "."; ".." stays.
std::vector<std::string_view> components(std::string_view path);

// Lexically shortest spelling, like Go's filepath.Clean: no empty components, no ".", ".." folded.
std::string clean(std::string_view path);

// Whether `path` is `directory` or lies below it, by whole components.
bool is_below(std::string_view path, std::string_view directory);

}  // namespace nvbox::path
