#include "host/elf.h"

#include <elf.h>
#include <unistd.h>
#include <cerrno>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace nvbox::host {
namespace {

// Far beyond what linkers make (libcuda.so has about 10, 60 and 40), so that a made-up file costs
// little.
constexpr size_t most_segments = 128;
constexpr size_t most_dynamic_entries = 4096;
constexpr size_t most_sections = 4096;
constexpr size_t most_section_names = size_t{256} * 1024;
// A SONAME is a file name, which Linux limits to 255 bytes; one more is its NUL.
constexpr size_t longest_soname = 256;

struct Elf32 {
  using Header = Elf32_Ehdr;
  using Segment = Elf32_Phdr;
  using Section = Elf32_Shdr;
  using Dynamic = Elf32_Dyn;
};

struct Elf64 {
  using Header = Elf64_Ehdr;
  using Segment = Elf64_Phdr;
  using Section = Elf64_Shdr;
  using Dynamic = Elf64_Dyn;
};

// A file read by ranges. The first page is read once, because it holds the headers of every file
// and all that matters of small ones.
class File {
 public:
  static Result<File> open(int fd) {
    File file(fd);
    file.head_size_ = NVBOX_TRY(file.read(0, file.head_.data(), file.head_.size()));
    return file;
  }

  std::string_view head() const { return {head_.data(), head_size_}; }

  // Fills `to` from `offset` on; says how many bytes the file has there.
  Result<size_t> fill(std::uint64_t offset, void* to, size_t size) const {
    if (size == 0) return size;
    if (offset > head_size_ || size > head_size_ - offset) return read(offset, to, size);
    std::memcpy(to, head_.data() + offset, size);
    return size;
  }

  // A whole table of structs; nullopt when the file ends before it does.
  template <typename Item>
  Result<std::optional<std::vector<Item>>> table(std::uint64_t offset, size_t count) const {
    std::vector<Item> items(count);
    const size_t size = count * sizeof(Item);
    if (NVBOX_TRY(fill(offset, items.data(), size)) != size) return std::nullopt;
    return std::optional(std::move(items));
  }

 private:
  explicit File(int fd) : fd_(fd) {}

  Result<size_t> read(std::uint64_t offset, void* to, size_t size) const {
    if (offset > std::uint64_t{INT64_MAX} - size) return size_t{0};
    size_t used = 0;
    while (used < size) {
      const ssize_t count =
          pread(fd_, static_cast<char*>(to) + used, size - used, static_cast<off_t>(offset + used));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return Error("read", errno);
      if (count == 0) break;
      used += static_cast<size_t>(count);
    }
    return used;
  }

  int fd_;
  size_t head_size_ = 0;
  std::array<char, 4096> head_;
};

// The class byte when the file begins like a little endian ELF file, otherwise ELFCLASSNONE.
unsigned char class_of(std::string_view head) {
  if (head.size() < EI_NIDENT || !head.starts_with(std::string_view(ELFMAG, SELFMAG))) return 0;
  return head[EI_DATA] == ELFDATA2LSB ? static_cast<unsigned char>(head[EI_CLASS]) : 0;
}

template <typename Elf>
std::optional<typename Elf::Header> header_of(std::string_view head) {
  typename Elf::Header header{};
  if (head.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, head.data(), sizeof header);
  return header;
}

// Where the bytes that will be at `address` are in the file.
template <typename Segment>
std::optional<std::uint64_t> offset_of(std::uint64_t address,
                                       const std::vector<Segment>& segments) {
  for (const Segment& segment : segments) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    const std::uint64_t distance = address - segment.p_vaddr;
    if (distance >= segment.p_filesz) continue;
    const std::uint64_t offset = segment.p_offset;
    if (offset > UINT64_MAX - distance) return std::nullopt;
    return offset + distance;
  }
  return std::nullopt;
}

struct DynamicNames {
  std::optional<std::uint64_t> strings{};  // address of the string table
  std::optional<std::uint64_t> soname{};   // offset in it
};

template <typename Dynamic>
DynamicNames names_in(const std::vector<Dynamic>& entries) {
  DynamicNames names;
  for (const Dynamic& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_STRTAB) names.strings = entry.d_un.d_val;
    if (entry.d_tag == DT_SONAME) names.soname = entry.d_un.d_val;
  }
  return names;
}

Result<std::optional<std::string>> text_at(const File& file, std::uint64_t offset) {
  std::array<char, longest_soname> text{};
  const size_t size = NVBOX_TRY(file.fill(offset, text.data(), text.size()));
  const std::string_view found(text.data(), size);
  const size_t end = found.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return std::optional(std::string(found.substr(0, end)));
}

// Adds what the dynamic segment says to `info`; false when it makes no sense.
template <typename Elf>
Result<bool> add_dynamic(const File& file, const std::vector<typename Elf::Segment>& segments,
                         ElfInfo& info) {
  using Dynamic = typename Elf::Dynamic;
  const auto dynamic = std::ranges::find(segments, Elf32_Word{PT_DYNAMIC}, &Elf::Segment::p_type);
  if (dynamic == segments.end() || dynamic->p_filesz == 0) return true;
  const size_t count =
      std::min<std::uint64_t>(dynamic->p_filesz / sizeof(Dynamic), most_dynamic_entries);
  const auto entries = NVBOX_TRY(file.table<Dynamic>(dynamic->p_offset, count));
  if (!entries) return false;
  const DynamicNames names = names_in(*entries);
  info.is_dynamic = names.strings.has_value();
  if (!names.strings || !names.soname) return true;
  const auto strings = offset_of(*names.strings, segments);
  if (!strings || *names.soname > UINT64_MAX - *strings) return false;
  auto soname = NVBOX_TRY(text_at(file, *strings + *names.soname));
  if (!soname) return false;
  info.soname = std::move(*soname);
  return true;
}

template <typename Elf>
Result<std::optional<ElfInfo>> read_info(const File& file) {
  using Segment = typename Elf::Segment;
  const auto header = header_of<Elf>(file.head());
  if (!header) return std::nullopt;
  ElfInfo info = {.is_64 = sizeof(typename Elf::Header) == sizeof(Elf64_Ehdr),
                  .machine = header->e_machine,
                  .type = header->e_type,
                  .flags = header->e_flags};
  if (header->e_phnum == 0) return std::optional(std::move(info));
  if (header->e_phentsize != sizeof(Segment) || header->e_phnum > most_segments) {
    return std::nullopt;
  }
  const auto segments = NVBOX_TRY(file.table<Segment>(header->e_phoff, header->e_phnum));
  if (!segments || !NVBOX_TRY(add_dynamic<Elf>(file, *segments, info))) return std::nullopt;
  return std::optional(std::move(info));
}

// The text that begins at `offset` in a table of NUL-terminated names.
std::string_view name_at(std::string_view names, std::uint64_t offset) {
  if (offset >= names.size()) return {};
  names.remove_prefix(offset);
  return names.substr(0, names.find('\0'));
}

template <typename Elf>
Result<std::optional<std::string>> read_section(const File& file, std::string_view name,
                                                size_t limit) {
  using Section = typename Elf::Section;
  const auto header = header_of<Elf>(file.head());
  if (!header || header->e_shentsize != sizeof(Section) || header->e_shnum > most_sections ||
      header->e_shstrndx >= header->e_shnum) {
    return std::nullopt;
  }
  const auto sections = NVBOX_TRY(file.table<Section>(header->e_shoff, header->e_shnum));
  if (!sections) return std::nullopt;
  const Section& names_section = (*sections)[header->e_shstrndx];
  if (names_section.sh_size > most_section_names) return std::nullopt;
  const auto names = NVBOX_TRY(file.table<char>(names_section.sh_offset, names_section.sh_size));
  if (!names) return std::nullopt;
  const auto found = std::ranges::find(*sections, name, [&](const Section& section) {
    return name_at({names->data(), names->size()}, section.sh_name);
  });
  if (found == sections->end() || found->sh_type == SHT_NOBITS) return std::nullopt;
  if (found->sh_size > limit) return Error(cat("section ", name), EFBIG);
  const auto bytes = NVBOX_TRY(file.table<char>(found->sh_offset, found->sh_size));
  if (!bytes) return std::nullopt;
  return std::optional(std::string(bytes->begin(), bytes->end()));
}

}  // namespace

Result<std::optional<ElfInfo>> read_elf(int fd) {
  const File file = NVBOX_TRY(File::open(fd));
  switch (class_of(file.head())) {
    case ELFCLASS32:
      return read_info<Elf32>(file);
    case ELFCLASS64:
      return read_info<Elf64>(file);
    default:
      return std::nullopt;
  }
}

Result<std::optional<std::string>> read_elf_section(int fd, std::string_view name, size_t limit) {
  const File file = NVBOX_TRY(File::open(fd));
  switch (class_of(file.head())) {
    case ELFCLASS32:
      return read_section<Elf32>(file, name, limit);
    case ELFCLASS64:
      return read_section<Elf64>(file, name, limit);
    default:
      return std::nullopt;
  }
}

}  // namespace nvbox::host
