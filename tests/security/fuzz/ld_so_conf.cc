// /etc/ld.so.conf and what it includes. Parts: the file, etc/ld.so.conf.d/a.conf and b.conf, and
// lines that make the rest of the image (tree.h).
#include "host/ld_so_conf.h"

#include <set>

#include "security/fuzz/tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  fuzz::Parts parts(fuzz::text_of(data, size));
  const fuzz::Tree tree;
  const std::string_view main = parts.next();
  const std::string_view first = parts.next();
  const std::string_view second = parts.next();
  tree.add_lines(parts.next());
  tree.add_file("etc/ld.so.conf", main);
  tree.add_file("etc/ld.so.conf.d/a.conf", first);
  tree.add_file("etc/ld.so.conf.d/b.conf", second);
  const host::Root root = tree.root();
  for (const char* ignored : {"", "/etc/ld.so.conf.d/a.conf"}) {
    const host::LdSoConf conf = host::read_ld_so_conf(root, ignored);
    std::set<host::DirectoryId> known;
    for (const host::LibraryDirectory& directory : conf.directories) {
      fuzz::require(known.insert(directory.id).second, "each directory is there once");
      const auto id = host::directory_id(root, directory.path);
      fuzz::require(id && *id == directory.id, "a directory exists below the root");
    }
    fuzz::require(conf.problems.size() < 20, "an image does not decide how much is told");
  }
  tree.require_host_unchanged();
  return 0;
}
