#include "hook/cuda_compat.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "support/elf_stub.h"
#include "support/make_host.h"
#include "support/vectors.h"

namespace nvbox::hook {
namespace {

constexpr std::string_view compat_root = "/usr/local/cuda/compat";

// As libcuda.so.575.57.08 has it, without the branch 560.
constexpr std::string_view note_12_9 =
    R"({"format":1,"CUDA version":"12.9","driver":[535,550,570,575],"device":[1,2]})";

std::string note_of(std::string_view text) {
  return text.empty() ? std::string() : test::cuda_note(text);
}

// An image whose compatibility library has this version and, unless it is empty, this note.
class Image {
 public:
  Image(std::string_view version, std::string note, std::uint64_t note_alignment = 4)
      : host_("d /usr/local/cuda-12/compat\nl /usr/local/cuda -> cuda-12\n") {
    add(version, std::move(note), note_alignment);
  }

  void add(std::string_view version, std::string note, std::uint64_t note_alignment = 4) {
    std::ofstream file(host_.path() + "/usr/local/cuda/compat/libcuda.so." + std::string(version),
                       std::ios::binary);
    file << test::elf_image(
        {.soname = "libcuda.so.1", .note = std::move(note), .note_alignment = note_alignment});
  }

  const std::string& path() const { return host_.path(); }

  CompatDecision decide(const HostDriver& driver) const {
    const auto decision = decide_cuda_compat(host_.root(), driver, compat_root);
    EXPECT_TRUE(decision);
    return decision ? *decision : CompatDecision{};
  }

  bool is_used(const HostDriver& driver) const {
    const CompatDecision decision = decide(driver);
    EXPECT_NE(decision.reason, "");
    EXPECT_TRUE(decision.directory.empty() || decision.directory == "/usr/local/cuda-12/compat");
    return !decision.directory.empty();
  }

 private:
  test::Host host_;
};

// The bytes of NVIDIA's libraries, and NVIDIA's own answers: tests/vectors/cuda_compat.json.
TEST(CudaCompat, is_used_where_the_peer_uses_it) {
  const data::Json facts = test::vectors("cuda_compat.json");
  ASSERT_GT(facts["decisions"].size(), 10U);
  for (const data::Json& row : facts["decisions"]) {
    const std::string note =
        row["note"].is_null()
            ? ""
            : test::unhex(facts["notes"].at(row["note"].get<std::string>()).get<std::string>());
    const Image image(row["compat"].get<std::string>(), note);
    const HostDriver driver = {row["driver"].get<std::string>(), row["cuda"].get<std::string>()};
    EXPECT_EQ(image.is_used(driver), row["used"].get<bool>()) << row.dump();
  }
}

// Otherwise the tests below would prove nothing about real libraries.
TEST(CudaCompat, the_stub_writes_the_note_of_a_real_library) {
  constexpr std::string_view text =
      R"({"format":1,"CUDA version":"12.9","driver":[535,550,560,565,570,575],)"
      R"("device":[1,2,7,8,9,10,11,12,13,14]})";
  EXPECT_EQ(
      test::cuda_note(text),
      test::unhex(test::vectors("cuda_compat.json")["notes"]["575.57.08"].get<std::string>()));
}

TEST(CudaCompat, is_used_where_note_and_versions_allow) {
  struct Row {
    std::string_view compat;
    std::string_view note;
    HostDriver driver;
    bool used;
  };
  const Row rows[] = {
      // The note lists the driver's branch, and the libraries are newer.
      {"575.57.08", note_12_9, {"570.211.01", "12.8"}, true},
      {"575.57.08", note_12_9, {"575.57.8", ""}, false},
      {"575.57.08", note_12_9, {"575.64", ""}, false},
      {"575.57.08", note_12_9, {"560.35.03", ""}, false},
      // Only the CUDA version of the host is known.
      {"575.57.08", note_12_9, {"", "13.0"}, false},
      {"575.57.08", note_12_9, {"unknown", "12.8"}, true},
      {"575.57.08", note_12_9, {"unknown", ""}, false},
      {"575.57.08", R"({"driver":[570]})", {"", "12.8"}, false},
      // Libraries without a note are for older branches.
      {"333.88.99", "", {"222.55.66", "12.8"}, false},
      {"333.88.99", "", {"444.88.99", ""}, false},
      {"333.88.99", "", {"", "12.8"}, false},
      // A note that cannot be understood is none.
      {"333.88.99", "not json", {"222.55.66", ""}, true},
      {"333.88.99", R"({"driver":"all"})", {"222.55.66", ""}, true},
      {"333.88.99", R"({"driver":[222.5]})", {"444.55.66", ""}, false},
      // The names of members match in any case, as Go's encoding/json documents; the last one
      // counts, and null is nothing.
      {"575.57.08", R"({"CUDA Version":"12.9","Driver":[570]})", {"570.211.01", ""}, true},
      {"575.57.08", R"({"cuda VERSION":"12.9"})", {"", "12.8"}, true},
      {"575.57.08", R"({"driver":[560],"DRIVER":[570]})", {"570.211.01", ""}, true},
      {"575.57.08", R"({"DRIVER":[570],"driver":[560]})", {"570.211.01", ""}, false},
      {"575.57.08", R"({"DRIVER":[570],"driver":null})", {"570.211.01", ""}, false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Image(row.compat, note_of(row.note)).is_used(row.driver), row.used)
        << row.compat << " " << row.note << " on " << row.driver.driver_version
        << row.driver.cuda_version;
  }
}

// Notes are filled to four bytes whatever the section says, and sections that objcopy(1) adds
// say 1.
TEST(CudaCompat, the_section_of_the_note_may_have_any_alignment) {
  for (const std::uint64_t alignment : {0U, 1U, 4U, 8U, 16U}) {
    EXPECT_TRUE(
        Image("575.57.08", test::cuda_note(note_12_9), alignment).is_used({"570.211.01", ""}))
        << alignment;
  }
}

TEST(CudaCompat, sizes_beyond_the_section_are_cut) {
  std::string note = test::cuda_note(note_12_9);
  std::memcpy(note.data() + 4, "\xff\xff\xff\xff", 4);
  EXPECT_TRUE(Image("575.57.08", note).is_used({"570.211.01", ""}));
  std::memcpy(note.data(), "\xff\xff\xff\xff", 4);
  EXPECT_FALSE(Image("575.57.08", note).is_used({"570.211.01", "12.8"}));
}

TEST(CudaCompat, a_huge_note_counts_as_none) {
  const std::string huge = R"({"driver":[570],"x":")" + std::string(70'000, 'x') + "\"}";
  EXPECT_EQ(Image("575.57.08", test::cuda_note(huge)).decide({"570.211.01", "12.8"}).directory, "");
}

TEST(CudaCompat, nothing_is_decided_without_a_version_of_the_host) {
  EXPECT_EQ(Image("575.57.08", test::cuda_note(note_12_9)).decide({}).reason,
            "the host's driver version is unknown");
}

TEST(CudaCompat, an_image_without_the_libraries_has_none) {
  const test::Host bare("d /usr/local\n");
  EXPECT_EQ(decide_cuda_compat(bare.root(), {"570.1.1", ""}, compat_root)->reason,
            "the image has no CUDA compatibility libraries");
  const test::Host links(R"(
d /usr/local/cuda/compat
l /usr/local/cuda/compat/libcuda.so.575.57.08 -> /etc/shadow
l /usr/local/cuda/compat/libcuda.so.1 -> libcuda.so.575.57.08
f /usr/local/cuda/compat/libcuda.so.1x
)");
  EXPECT_EQ(decide_cuda_compat(links.root(), {"570.1.1", ""}, compat_root)->reason,
            "no CUDA compatibility library in /usr/local/cuda/compat");
}

TEST(CudaCompat, several_versions_are_ambiguous) {
  Image image("575.57.08", test::cuda_note(note_12_9));
  image.add("580.10.01", test::cuda_note(note_12_9));
  EXPECT_EQ(image.decide({"570.211.01", ""}).reason,
            "several CUDA compatibility libraries in /usr/local/cuda-12/compat");
}

TEST(CudaCompat, a_link_out_of_the_image_stays_inside) {
  const test::Host tree(R"(
l /container/usr/local/cuda/compat -> ../../../../../../../outside
f /outside/libcuda.so.575.57.08
d /container
)");
  EXPECT_EQ(decide_cuda_compat(tree.root("/container"), {"570.1.1", ""}, compat_root)->reason,
            "the image has no CUDA compatibility libraries");
}

TEST(CudaCompat, a_file_that_is_no_library_is_judged_by_its_name) {
  const test::Host image("f /usr/local/cuda/compat/libcuda.so.575.57.08\n");
  EXPECT_EQ(decide_cuda_compat(image.root(), {"570.1.1", ""}, compat_root)->directory,
            "/usr/local/cuda/compat");
}

TEST(CudaCompat, no_damaged_byte_is_fatal) {
  const Image image("575.57.08", test::cuda_note(note_12_9));
  const std::string whole =
      test::elf_image({.soname = "libcuda.so.1", .note = test::cuda_note(note_12_9)});
  for (size_t offset = 0; offset < whole.size(); ++offset) {
    std::string damaged = whole;
    damaged[offset] = '\xff';
    std::ofstream(image.path() + "/usr/local/cuda/compat/libcuda.so.575.57.08", std::ios::binary)
        << damaged;
    EXPECT_NE(image.decide({"570.211.01", ""}).reason, "");
  }
}

}  // namespace
}  // namespace nvbox::hook
