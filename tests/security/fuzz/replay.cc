// Runs a target on the files of its corpus, for compilers without libFuzzer.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "security/fuzz/fuzz.h"

int main(int argc, char** argv) {
  nvbox::fuzz::require(argc == 2, "the argument is the directory of a corpus");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  nvbox::fuzz::require(!files.empty(), "the corpus has files");
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    nvbox::fuzz::require(file.good(), path.string());
    // What ends the program is the last one that is named.
    std::puts(path.c_str());
    std::fflush(stdout);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  return 0;
}
