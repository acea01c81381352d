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
  // The JSON of a .note.cuda.fwd_compatibility section; no section when empty.
  std::string cuda_note{};
  std::uint64_t note_alignment = 4;
};

namespace detail {

// The content of the note section: sizes, the owner padded to the alignment, the text.
inline std::string cuda_note_section(const ElfStub& stub) {
  const std::string owner("NVIDIA Corporation\0", 19);
  const std::uint32_t sizes[] = {static_cast<std::uint32_t>(owner.size()),
                                 static_cast<std::uint32_t>(stub.cuda_note.size()), 1};
  const size_t padded =
      (owner.size() + stub.note_alignment - 1) / stub.note_alignment * stub.note_alignment;
  std::string bytes(reinterpret_cast<const char*>(sizes), sizeof sizes);
  bytes += owner;
  bytes.resize(sizeof sizes + padded);
  return bytes + stub.cuda_note;
}

template <typename Item>
void put(std::string& bytes, size_t offset, const Item& item) {
  std::memcpy(bytes.data() + offset, &item, sizeof item);
}

template <typename Header, typename Segment, typename Section, typename Dynamic>
std::string elf_image(const ElfStub& stub) {
  // Addresses differ from offsets, as in real libraries.
  constexpr std::uint32_t address = 0x10000;
  const std::string strings = std::string(1, '\0') + stub.soname + '\0';
  const std::string note = stub.cuda_note.empty() ? "" : cuda_note_section(stub);
  const std::string_view names("\0.note.cuda.fwd_compatibility\0.shstrtab\0", 40);
  const size_t dynamic_at = sizeof(Header) + 2 * sizeof(Segment);
  const size_t strings_at = dynamic_at + 3 * sizeof(Dynamic);
  const size_t note_at = strings_at + strings.size();
  const size_t names_at = note_at + note.size();
  const size_t sections_at = (names_at + names.size() + 7) / 8 * 8;

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
  header.e_phentsize = sizeof(Segment);
  header.e_phnum = 2;
  header.e_shoff = static_cast<decltype(header.e_shoff)>(sections_at);
  header.e_shentsize = sizeof(Section);
  header.e_shnum = 3;
  header.e_shstrndx = 2;

  Segment load{};
  load.p_type = PT_LOAD;
  load.p_vaddr = address;
  load.p_filesz = load.p_memsz = static_cast<decltype(load.p_filesz)>(sections_at);
  Segment dynamic_segment{};
  dynamic_segment.p_type = PT_DYNAMIC;
  dynamic_segment.p_offset = static_cast<decltype(load.p_offset)>(dynamic_at);
  dynamic_segment.p_vaddr = static_cast<decltype(load.p_vaddr)>(address + dynamic_at);
  dynamic_segment.p_filesz = 3 * sizeof(Dynamic);

  Dynamic dynamic[3] = {};
  dynamic[0].d_tag = DT_STRTAB;
  dynamic[0].d_un.d_val = static_cast<decltype(dynamic[0].d_un.d_val)>(address + strings_at);
  dynamic[1].d_tag = stub.soname.empty() ? DT_NULL : DT_SONAME;
  dynamic[1].d_un.d_val = 1;

  Section sections[3] = {};
  sections[1].sh_type = SHT_NOTE;
  sections[1].sh_name = note.empty() ? 0 : 1;
  sections[1].sh_offset = static_cast<decltype(load.p_offset)>(note_at);
  sections[1].sh_size = static_cast<decltype(load.p_filesz)>(note.size());
  sections[1].sh_addralign = static_cast<decltype(load.p_align)>(stub.note_alignment);
  sections[2].sh_type = SHT_STRTAB;
  sections[2].sh_name = 30;
  sections[2].sh_offset = static_cast<decltype(load.p_offset)>(names_at);
  sections[2].sh_size = static_cast<decltype(load.p_filesz)>(names.size());

  std::string bytes(sections_at + sizeof sections, '\0');
  put(bytes, 0, header);
  put(bytes, sizeof(Header), load);
  put(bytes, sizeof(Header) + sizeof(Segment), dynamic_segment);
  put(bytes, dynamic_at, dynamic);
  bytes.replace(strings_at, strings.size(), strings);
  bytes.replace(note_at, note.size(), note);
  bytes.replace(names_at, names.size(), names);
  put(bytes, sections_at, sections);
  return bytes;
}

}  // namespace detail

inline std::string elf_image(const ElfStub& stub) {
  return stub.is_64 ? detail::elf_image<Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr, Elf64_Dyn>(stub)
                    : detail::elf_image<Elf32_Ehdr, Elf32_Phdr, Elf32_Shdr, Elf32_Dyn>(stub);
}

}  // namespace nvbox::test
