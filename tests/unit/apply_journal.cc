#include "apply/journal.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace nvbox::apply {
namespace {

namespace fs = std::filesystem;

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    path_ = fs::canonical(fs::temp_directory_path()).string() + "/nvbox-journal-XXXXXX";
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
    std::ofstream(path_ + "/cache") << "of the image";
  }
  ~JournalTest() override { fs::remove_all(path_); }

  // What every regular file in the directory says.
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const fs::directory_entry& entry : fs::directory_iterator(path_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path());
      out.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return out;
  }

  std::string path_;
};

TEST_F(JournalTest, a_kept_file_comes_back_under_its_name_alone) {
  const host::Root root = host::Root::open_container(path_).value();
  Journal journal(Journal::Files::remove);
  journal.keep(root, "/cache");
  fs::remove(path_ + "/cache");
  std::ofstream(path_ + "/cache") << "ours";
  journal.undo();
  EXPECT_EQ(texts(), std::vector<std::string>{"of the image"});
}

// rename(2) refuses to put a file in a directory's place (EISDIR), and over a mount (EBUSY). The
// second name is then the only one that the file has.
TEST_F(JournalTest, a_kept_file_whose_name_is_taken_meanwhile_is_not_lost) {
  const host::Root root = host::Root::open_container(path_).value();
  Journal journal(Journal::Files::remove);
  journal.keep(root, "/cache");
  fs::remove(path_ + "/cache");
  fs::create_directory(path_ + "/cache");
  journal.undo();
  EXPECT_EQ(texts(), std::vector<std::string>{"of the image"});
}

}  // namespace
}  // namespace nvbox::apply
