// Small ELF shared objects, made from what a test wants to be true of them.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace nvbox::test {

struct ElfStub {
  bool is_64 = true;
  std::uint16_t machine = EM_X86_64;
  std::uint16_t type = ET_DYN;
  std::uint32_t flags = 0;
  std::string soname{};  // none when empty
  // The content of section .note.cuda.fwd_compatibility (cuda_note()); no section when empty.
  std::string note{};
  std::uint64_t note_alignment = 4;
};

// A note as NVIDIA's libcuda.so has it (tests/vectors/cuda_compat.json): three sizes, the owner
// and the text, each of them with its NUL and then filled to a multiple of four bytes, as the
// System V ABI wants it of every note ("Note Section") whatever its section's alignment.
inline std::string cuda_note(std::string_view text) {
  const std::string owner("NVIDIA Corporation\0", 19);
  const std::uint32_t sizes[] = {static_cast<std::uint32_t>(owner.size()),
                                 static_cast<std::uint32_t>(text.size() + 1), 0};
  const auto fill = [](std::string& bytes) { bytes.resize((bytes.size() + 3) / 4 * 4); };
  std::string bytes(reinterpret_cast<const char*>(sizes), sizeof sizes);
  bytes += owner;
  fill(bytes);
  bytes += text;
  bytes += '\0';
  fill(bytes);
  return bytes;
}

namespace detail {

template <typename Item>
void put(std::string& bytes, size_t offset, const Item& item) {
  std::memcpy(bytes.data() + offset, &item, sizeof item);
}

// Where the parts of an image are.
struct ElfPlan {
  std::string strings;
  std::string note;
  size_t dynamic_at;
  size_t strings_at;
  size_t note_at;
  size_t names_at;
  size_t sections_at;
};

// Addresses differ from offsets, as in real libraries.
constexpr std::uint32_t elf_address = 0x10000;
constexpr std::string_view elf_section_names("\0.note.cuda.fwd_compatibility\0.shstrtab\0", 40);

template <typename Header, typename Section>
Header elf_header(const ElfStub& stub, const ElfPlan& plan) {
  Header header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = stub.is_64 ? ELFCLASS64 : ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = stub.type;
  header.e_machine = stub.machine;
  header.e_version = EV_CURRENT;
  header.e_flags = stub.flags;
  header.e_ehsize = sizeof(Header);
  header.e_phoff = sizeof(Header);
  header.e_phentsize = stub.is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
  header.e_phnum = 2;
  header.e_shoff = static_cast<decltype(header.e_shoff)>(plan.sections_at);
  header.e_shentsize = sizeof(Section);
  header.e_shnum = 3;
  header.e_shstrndx = 2;
  return header;
}

template <typename Segment, typename Dynamic>
void put_segments(std::string& bytes, size_t offset, const ElfStub& stub, const ElfPlan& plan) {
  Segment segments[2] = {};
  segments[0].p_type = PT_LOAD;
  segments[0].p_vaddr = elf_address;
  segments[0].p_filesz = static_cast<decltype(segments[0].p_filesz)>(plan.sections_at);
  segments[1].p_type = PT_DYNAMIC;
  segments[1].p_offset = static_cast<decltype(segments[1].p_offset)>(plan.dynamic_at);
  segments[1].p_filesz = 3 * sizeof(Dynamic);
  put(bytes, offset, segments);
  Dynamic dynamic[3] = {};
  dynamic[0].d_tag = DT_STRTAB;
  dynamic[0].d_un.d_val =
      static_cast<decltype(dynamic[0].d_un.d_val)>(elf_address + plan.strings_at);
  dynamic[1].d_tag = stub.soname.empty() ? DT_NULL : DT_SONAME;
  dynamic[1].d_un.d_val = 1;
  put(bytes, plan.dynamic_at, dynamic);
}

template <typename Section>
void put_sections(std::string& bytes, const ElfStub& stub, const ElfPlan& plan) {
  using Size = decltype(Section::sh_size);
  Section sections[3] = {};
  sections[1].sh_type = SHT_NOTE;
  sections[1].sh_name = plan.note.empty() ? 0 : 1;
  sections[1].sh_offset = static_cast<Size>(plan.note_at);
  sections[1].sh_size = static_cast<Size>(plan.note.size());
  sections[1].sh_addralign = static_cast<Size>(stub.note_alignment);
  sections[2].sh_type = SHT_STRTAB;
  sections[2].sh_name = 30;
  sections[2].sh_offset = static_cast<Size>(plan.names_at);
  sections[2].sh_size = static_cast<Size>(elf_section_names.size());
  put(bytes, plan.sections_at, sections);
}

template <typename Header, typename Segment, typename Section, typename Dynamic>
std::string elf_image(const ElfStub& stub) {
  ElfPlan plan{};
  plan.strings = std::string(1, '\0') + stub.soname + '\0';
  plan.note = stub.note;
  plan.dynamic_at = sizeof(Header) + 2 * sizeof(Segment);
  plan.strings_at = plan.dynamic_at + 3 * sizeof(Dynamic);
  plan.note_at = plan.strings_at + plan.strings.size();
  plan.names_at = plan.note_at + plan.note.size();
  plan.sections_at = (plan.names_at + elf_section_names.size() + 7) / 8 * 8;
  std::string bytes(plan.sections_at + 3 * sizeof(Section), '\0');
  put(bytes, 0, elf_header<Header, Section>(stub, plan));
  put_segments<Segment, Dynamic>(bytes, sizeof(Header), stub, plan);
  bytes.replace(plan.strings_at, plan.strings.size(), plan.strings);
  bytes.replace(plan.note_at, plan.note.size(), plan.note);
  bytes.replace(plan.names_at, elf_section_names.size(), elf_section_names);
  put_sections<Section>(bytes, stub, plan);
  return bytes;
}

}  // namespace detail

inline std::string elf_image(const ElfStub& stub) {
  return stub.is_64 ? detail::elf_image<Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr, Elf64_Dyn>(stub)
                    : detail::elf_image<Elf32_Ehdr, Elf32_Phdr, Elf32_Shdr, Elf32_Dyn>(stub);
}

}  // namespace nvbox::test
