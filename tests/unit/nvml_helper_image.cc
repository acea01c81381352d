#include "nvml/helper_image.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace nvbox::nvml {
namespace {

#if defined(__aarch64__)
constexpr unsigned machine = EM_AARCH64;
constexpr std::string_view usual_loader = "/lib/ld-linux-aarch64.so.1";
#else
constexpr unsigned machine = EM_X86_64;
constexpr std::string_view usual_loader = "/lib64/ld-linux-x86-64.so.2";
#endif

using Names = std::set<std::string>;

// The image's parts; what lies outside of it throws.
class Elf {
 public:
  explicit Elf(std::string_view image) : image_(image), header_(at<Elf64_Ehdr>(0)) {}

  const Elf64_Ehdr& header() const { return header_; }

  std::vector<Elf64_Phdr> segments(Elf64_Word type) const {
    std::vector<Elf64_Phdr> found;
    for (const Elf64_Phdr& segment : list<Elf64_Phdr>(header_.e_phoff, header_.e_phnum)) {
      if (segment.p_type == type) found.push_back(segment);
    }
    return found;
  }

  std::vector<Elf64_Shdr> sections(Elf64_Word type) const {
    std::vector<Elf64_Shdr> found;
    for (const Elf64_Shdr& section : list<Elf64_Shdr>(header_.e_shoff, header_.e_shnum)) {
      if (section.sh_type == type) found.push_back(section);
    }
    return found;
  }

  std::vector<Elf64_Dyn> dynamic() const {
    const Elf64_Phdr segment = segments(PT_DYNAMIC).at(0);
    return list<Elf64_Dyn>(segment.p_offset, segment.p_filesz / sizeof(Elf64_Dyn));
  }

  std::set<Elf64_Sxword> dynamic_tags() const {
    std::set<Elf64_Sxword> tags;
    for (const Elf64_Dyn& entry : dynamic()) tags.insert(entry.d_tag);
    return tags;
  }

  Names needed() const {
    const Elf64_Shdr strings =
        at<Elf64_Shdr>(header_.e_shoff + sections(SHT_DYNAMIC).at(0).sh_link * sizeof(Elf64_Shdr));
    Names names;
    for (const Elf64_Dyn& entry : dynamic()) {
      if (entry.d_tag == DT_NEEDED) names.insert(text(strings.sh_offset + entry.d_un.d_val));
    }
    return names;
  }

  Names undefined() const {
    const Elf64_Shdr symbols = sections(SHT_DYNSYM).at(0);
    const auto strings = at<Elf64_Shdr>(header_.e_shoff + symbols.sh_link * sizeof(Elf64_Shdr));
    Names names;
    for (const Elf64_Sym& symbol :
         list<Elf64_Sym>(symbols.sh_offset, symbols.sh_size / sizeof(Elf64_Sym))) {
      const bool is_first = symbol.st_name == 0;
      if (!is_first && symbol.st_shndx == SHN_UNDEF) {
        names.insert(text(strings.sh_offset + symbol.st_name));
      }
    }
    return names;
  }

  std::string text(size_t offset) const {
    const std::string_view rest = image_.substr(offset);
    return std::string(rest.substr(0, rest.find('\0')));
  }

 private:
  template <typename Item>
  Item at(size_t offset) const {
    Item item{};
    if (image_.copy(reinterpret_cast<char*>(&item), sizeof item, offset) != sizeof item) {
      throw std::out_of_range("the image is cut off");
    }
    return item;
  }

  template <typename Item>
  std::vector<Item> list(size_t offset, size_t count) const {
    std::vector<Item> items;
    for (size_t i = 0; i < count; ++i) items.push_back(at<Item>(offset + i * sizeof(Item)));
    return items;
  }

  std::string_view image_;
  Elf64_Ehdr header_;
};

TEST(NvmlHelperImage, is_a_small_program_for_this_machine) {
  const std::string_view image = helper_image();
  ASSERT_TRUE(image.starts_with(ELFMAG));
  const Elf64_Ehdr header = Elf(image).header();
  EXPECT_EQ(header.e_ident[EI_CLASS], ELFCLASS64);
  EXPECT_EQ(header.e_ident[EI_DATA], ELFDATA2LSB);
  EXPECT_EQ(header.e_machine, machine);
  EXPECT_EQ(header.e_type, ET_DYN);
  EXPECT_NE(header.e_entry, 0U);
  // Where pages may have 64 KiB, nothing of the file is between what is written and the rest.
  Elf64_Xword bytes = 0;
  for (const Elf64_Phdr& segment : Elf(image).segments(PT_LOAD)) bytes += segment.p_filesz;
  EXPECT_LT(bytes, Elf64_Xword{32} * 1024);
}

TEST(NvmlHelperImage, is_loaded_by_the_usual_loader_of_glibc) {
  const Elf elf(helper_image());
  const std::vector<Elf64_Phdr> loader = elf.segments(PT_INTERP);
  ASSERT_EQ(loader.size(), 1U);
  EXPECT_EQ(elf.text(loader[0].p_offset), usual_loader);
}

TEST(NvmlHelperImage, uses_five_functions_of_two_libraries) {
  const Elf elf(helper_image());
  EXPECT_EQ(elf.needed(), (Names{"libc.so.6", "libdl.so.2"}));
  EXPECT_EQ(elf.undefined(), (Names{"_exit", "dlerror", "dlopen", "dlsym", "write"}));
}

TEST(NvmlHelperImage, asks_for_no_version_of_a_symbol_and_so_runs_with_every_glibc_since_2_17) {
  const Elf elf(helper_image());
  const std::set<Elf64_Sxword> tags = elf.dynamic_tags();
  EXPECT_FALSE(tags.contains(DT_VERNEED));
  EXPECT_FALSE(tags.contains(DT_VERNEEDNUM));
  EXPECT_FALSE(tags.contains(DT_VERSYM));
  EXPECT_TRUE(tags.contains(DT_SYMTAB)) << "these are the tags of a dynamic program";
}

TEST(NvmlHelperImage, has_no_memory_that_is_both_written_and_executed) {
  const Elf elf(helper_image());
  const std::vector<Elf64_Phdr> stack = elf.segments(PT_GNU_STACK);
  ASSERT_EQ(stack.size(), 1U);
  EXPECT_EQ(stack[0].p_flags & PF_X, 0U);
  const std::vector<Elf64_Phdr> loaded = elf.segments(PT_LOAD);
  EXPECT_FALSE(loaded.empty());
  for (const Elf64_Phdr& segment : loaded) EXPECT_NE(segment.p_flags & (PF_W | PF_X), PF_W | PF_X);
}

}  // namespace
}  // namespace nvbox::nvml
