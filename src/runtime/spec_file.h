// The config.json of a bundle.
#pragma once

#include <string>

#include "base/result.h"
#include "spec/oci.h"
#include "sys/fd.h"

namespace nvbox::runtime {

class SpecFile {
 public:
  // Opens the file at `path` (following links: a bundle belongs to the engine) and the directory
  // that really holds it.
  static Result<SpecFile> open(const std::string& path);

  // Errors name the file.
  Result<spec::OciSpec> read() const;

  // Replaces the file in one step, with the same owner and mode.
  Result<> replace(const spec::OciSpec& spec) const;

 private:
  SpecFile(std::string path, sys::Fd file, sys::Fd directory, std::string name)
      : path_(std::move(path)),
        file_(std::move(file)),
        directory_(std::move(directory)),
        name_(std::move(name)) {}

  std::string path_;  // as given, for messages
  sys::Fd file_;
  sys::Fd directory_;
  std::string name_;
};

}  // namespace nvbox::runtime
