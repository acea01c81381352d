#include "runtime/spec_file.h"

#include <fcntl.h>

#include "base/path.h"
#include "base/text.h"
#include "sys/file.h"

namespace nvbox::runtime {
namespace {

constexpr size_t largest_spec = size_t{16} * 1024 * 1024;

}  // namespace

Result<SpecFile> SpecFile::open(const std::string& path) {
  // O_NONBLOCK: a FIFO in the place of the file must not hang the engine.
  sys::Fd file = NVBOX_TRY(sys::open_path(path, O_RDONLY | O_NONBLOCK));
  const std::string real = NVBOX_TRY(sys::path_of(file.get()));
  sys::Fd directory =
      NVBOX_TRY(sys::open_path(std::string(path::parent(real)), O_PATH | O_DIRECTORY));
  return SpecFile(path, std::move(file), std::move(directory), std::string(path::base_name(real)));
}

Result<spec::OciSpec> SpecFile::read() const {
  const std::string text = NVBOX_TRY(sys::read_all(file_.get(), largest_spec).in(path_));
  return spec::OciSpec::parse(text).in(path_);
}

Result<> SpecFile::replace(const spec::OciSpec& spec) const {
  const std::string text = NVBOX_TRY(spec.dump().in(path_));
  return sys::replace_file(directory_.get(), name_, text, 0644)
      .in(cat("write ", path_))
      .hint("the old file is unchanged");
}

}  // namespace nvbox::runtime
