// Hosts of every kind, written down as text: what nvbox finds on hosts/NAME.host, and what it would
// give a container there that asks for everything, is hosts/NAME.golden. The layouts are those that
// the .host files name. Container paths, links, folders and variables of the golden files were held
// against `nvidia-ctk cdi generate` of NVIDIA's toolkit 1.20.0 in the simulated host of the same
// name, which needs --library-search-path on nixos, talos, bottlerocket and alpine; they differ in
// what src/README.md lists.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "support/describe_host.h"
#include "support/make_host.h"

namespace nvbox::test {
namespace {

const std::filesystem::path directory = std::filesystem::path(NVBOX_TESTS) / "hosts";

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::set<std::string> names() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".golden") names.insert(entry.path().stem());
  }
  return names;
}

TEST(Hosts, are_described_as_their_golden_files_say) {
  EXPECT_GE(names().size(), 7U);
  for (const std::string& name : names()) {
    const Host host(text_of(directory / (name + ".host")));
    EXPECT_EQ(HostDescription::of(host), text_of(directory / (name + ".golden"))) << name;
  }
}

}  // namespace
}  // namespace nvbox::test
