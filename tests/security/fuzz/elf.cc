// What an image's libraries say about themselves.
#include "host/elf.h"

#include <sys/mman.h>
#include <unistd.h>

#include "host/ld_cache.h"
#include "security/fuzz/fuzz.h"

namespace nvbox {
namespace {

using fuzz::require;

// One file for all inputs: it is written anew, and never larger than the largest.
int file_with(std::string_view bytes) {
  static const int file = memfd_create("library", MFD_CLOEXEC);
  require(ftruncate(file, 0) == 0, "the file can be emptied");
  require(pwrite(file, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
          "the file can be written");
  return file;
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  const std::string_view bytes = fuzz::text_of(data, size);
  const int file = file_with(bytes);
  const auto info = host::read_elf(file);
  require(info.has_value(), "a file that can be read is no error");
  if (*info) {
    // elf(5): the SONAME is an offset in a table of strings, which end with a NUL.
    require(bytes.find((*info)->soname) != std::string_view::npos, "the SONAME is in the file");
    require((*info)->soname.find('\0') == std::string::npos, "a SONAME ends at the first NUL");
    (void)host::ld_cache_flags(**info);
  }
  constexpr std::size_t limit = 4096;
  for (const char* name : {".note.cuda.fwd_compatibility", ".dynamic", ".shstrtab", ""}) {
    const auto section = host::read_elf_section(file, name, limit);
    if (!section || !*section) continue;
    require((*section)->size() <= limit, "a section is within the limit");
    require(bytes.find(**section) != std::string_view::npos, "the section is in the file");
  }
  return 0;
}
