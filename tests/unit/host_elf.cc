#include "host/elf.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "support/elf_stub.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace nvbox::host {
namespace {

sys::Fd file_with(std::string_view bytes) {
  sys::Fd fd(memfd_create("elf", MFD_CLOEXEC));
  EXPECT_TRUE(sys::write_all(fd.get(), bytes));
  return fd;
}

std::optional<ElfInfo> info_of(std::string_view bytes) {
  const sys::Fd fd = file_with(bytes);
  const auto info = read_elf(fd.get());
  EXPECT_TRUE(info);
  return *info;
}

TEST(ReadElf, tells_soname_class_machine_and_type) {
  EXPECT_EQ(info_of(test::elf_image({.soname = "libcuda.so.1"})),
            (ElfInfo{.is_64 = true,
                     .machine = elf_machine_x86_64,
                     .type = elf_type_shared_object,
                     .is_dynamic = true,
                     .soname = "libcuda.so.1"}));
  EXPECT_EQ(info_of(test::elf_image({.machine = EM_AARCH64, .soname = "libcuda.so.1"})),
            (ElfInfo{.is_64 = true,
                     .machine = elf_machine_aarch64,
                     .type = elf_type_shared_object,
                     .is_dynamic = true,
                     .soname = "libcuda.so.1"}));
  EXPECT_EQ(info_of(test::elf_image(
                {.is_64 = false, .machine = EM_386, .flags = 0x400, .soname = "libx.so.2"})),
            (ElfInfo{.is_64 = false,
                     .machine = elf_machine_386,
                     .type = elf_type_shared_object,
                     .flags = 0x400,
                     .is_dynamic = true,
                     .soname = "libx.so.2"}));
}

TEST(ReadElf, a_library_may_have_no_soname) {
  EXPECT_EQ(info_of(test::elf_image({.type = ET_EXEC})), (ElfInfo{.is_64 = true,
                                                                  .machine = elf_machine_x86_64,
                                                                  .type = elf_type_program,
                                                                  .is_dynamic = true}));
}

TEST(ReadElf, other_files_are_not_elf) {
  EXPECT_EQ(info_of(""), std::nullopt);
  EXPECT_EQ(info_of("/* GNU ld script */\nGROUP ( /lib/libc.so.6 )\n"), std::nullopt);
  EXPECT_EQ(info_of("\177ELF"), std::nullopt);
  std::string big_endian = test::elf_image({.soname = "libx.so.1"});
  big_endian[EI_DATA] = ELFDATA2MSB;
  EXPECT_EQ(info_of(big_endian), std::nullopt);
}

TEST(ReadElf, a_file_cut_before_its_soname_ends_is_not_elf) {
  for (const bool is_64 : {true, false}) {
    const std::string whole = test::elf_image({.is_64 = is_64, .soname = "libx.so.1"});
    const size_t end = whole.find("libx.so.1") + 10;
    for (size_t size = 0; size < end; ++size) {
      EXPECT_EQ(info_of(whole.substr(0, size)), std::nullopt) << size;
    }
    EXPECT_TRUE(info_of(whole.substr(0, end)));
  }
}

TEST(ReadElf, no_damaged_byte_is_fatal) {
  for (const bool is_64 : {true, false}) {
    const std::string whole = test::elf_image({.is_64 = is_64, .soname = "libx.so.1"});
    for (size_t offset = 0; offset < whole.size(); ++offset) {
      for (const char damage : {'\xff', '\x7f', '\x01'}) {
        std::string damaged = whole;
        damaged[offset] = damage;
        const auto info = info_of(damaged);
        EXPECT_LE(info ? info->soname.size() : 0, 255U);
      }
    }
  }
}

TEST(ReadElf, a_file_that_cannot_be_read_is_an_error) {
  const sys::Fd directory(open("/", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(read_elf(directory.get()).error().code(), EISDIR);
}

TEST(ReadElfSection, gives_its_content) {
  for (const bool is_64 : {true, false}) {
    const sys::Fd fd = file_with(
        test::elf_image({.is_64 = is_64, .soname = "libx.so.1", .note = test::cuda_note("{}")}));
    const std::string expected("\x13\0\0\0\x03\0\0\0\0\0\0\0NVIDIA Corporation\0\0{}\0\0", 36);
    EXPECT_EQ(*read_elf_section(fd.get(), ".note.cuda.fwd_compatibility", 100), expected);
  }
}

TEST(ReadElfSection, a_missing_section_is_nothing) {
  const sys::Fd library = file_with(test::elf_image({.note = test::cuda_note("{}")}));
  EXPECT_EQ(*read_elf_section(library.get(), ".text", 100), std::nullopt);
  const sys::Fd text = file_with("text");
  EXPECT_EQ(*read_elf_section(text.get(), ".text", 100), std::nullopt);
}

TEST(ReadElfSection, a_section_beyond_the_limit_is_an_error) {
  const sys::Fd fd = file_with(test::elf_image({.note = test::cuda_note("{}")}));
  EXPECT_EQ(read_elf_section(fd.get(), ".note.cuda.fwd_compatibility", 35).error().code(), EFBIG);
}

TEST(ReadElfSection, no_damaged_byte_is_fatal) {
  for (const bool is_64 : {true, false}) {
    const std::string whole = test::elf_image({.is_64 = is_64, .note = test::cuda_note("{}")});
    for (size_t offset = 0; offset < whole.size(); ++offset) {
      for (const char damage : {'\xff', '\x7f', '\x01'}) {
        std::string damaged = whole;
        damaged[offset] = damage;
        const sys::Fd fd = file_with(damaged);
        const auto section = read_elf_section(fd.get(), ".note.cuda.fwd_compatibility", 100);
        EXPECT_LE(section && *section ? (*section)->size() : 0, 100U);
      }
    }
  }
}

}  // namespace
}  // namespace nvbox::host
