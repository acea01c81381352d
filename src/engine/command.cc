#include "nvbox/engine/command.h"

#include <sys/mman.h>
#include <unistd.h>
#include <cerrno>

#include "nvbox/base/text.h"
#include "nvbox/sys/file.h"

namespace nvbox::engine {
namespace {

constexpr int timeout_ms = 30'000;
constexpr size_t output_limit = size_t{4} * 1024 * 1024;

// Unlike a pipe it never makes the program wait for us.
Result<sys::Fd> make_buffer() {
  sys::Fd buffer(memfd_create("output", MFD_CLOEXEC));
  if (!buffer) return Error("make a buffer for the output", errno);
  return buffer;
}

Result<std::string> content_of(const sys::Fd& buffer) {
  if (lseek(buffer.get(), 0, SEEK_SET) != 0) return Error("read the output", errno);
  return sys::read_all(buffer.get(), output_limit).in("output");
}

}  // namespace

Result<CommandResult> run_command(const std::string& path, std::vector<std::string> arguments,
                                  std::string_view search_path) {
  const sys::Fd output = NVBOX_TRY(make_buffer());
  const sys::Fd error = NVBOX_TRY(make_buffer());
  arguments.insert(arguments.begin(), path);
  sys::Child child = NVBOX_TRY(sys::spawn({.path = path,
                                           .arguments = std::move(arguments),
                                           .environment = {cat("PATH=", search_path)},
                                           .output = output.get(),
                                           .error = error.get()}));
  const auto status = NVBOX_TRY(child.wait(timeout_ms).in(path));
  if (!status) return Error(cat(path, " did not end within ", timeout_ms / 1000, " seconds"));
  return CommandResult{.status = *status,
                       .output = NVBOX_TRY(content_of(output).in(path)),
                       .error = NVBOX_TRY(content_of(error).in(path))};
}

std::string last_words(const CommandResult& result) {
  const std::string_view text = trim(result.error);
  if (!text.empty()) return printable(trim(split(text, '\n').back()));
  if (result.status.signal != 0) return cat("it was ended by signal ", result.status.signal);
  return cat("its status was ", result.status.code);
}

}  // namespace nvbox::engine
