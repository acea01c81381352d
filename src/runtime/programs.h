// Where programs of the host are.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

namespace nvbox::runtime {

struct Program {
  enum class Kind { usable, ourselves, absent, not_executable };

  std::string path;
  Kind kind;

  bool operator==(const Program&) const = default;
};

class ProgramSearch {
 public:
  // `search_path` is $PATH; the usual directories come after it. Relative directories are left out:
  // what runs would depend on where the engine happens to stand.
  explicit ProgramSearch(std::string_view search_path);

  // What is at the places of a program: the first usable file, else what stood in the way. A name
  // with a slash is taken as it is.
  Program find(const std::string& name) const;

 private:
  Program::Kind kind_of(const std::string& path) const;

  std::vector<std::string> directories_;
  struct stat self_ {};
};

}  // namespace nvbox::runtime
