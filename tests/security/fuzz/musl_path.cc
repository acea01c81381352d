// The library path of musl in an image. Parts: the path file, the folders of the driver's
// libraries, a compatibility folder, and lines that make the rest of the image (tree.h).
#include "hook/musl_path.h"

#include <algorithm>

#include "hook/update_ld_cache.h"
#include "security/fuzz/tree.h"

namespace nvbox {
namespace {

// musl's ldso/dynlink.c: the file is one string, in which colons and line feeds separate folders.
std::vector<std::string> folders_in(std::string text) {
  std::ranges::replace(text, ':', '\n');
  std::vector<std::string> folders = fuzz::lines_of(text, text.size());
  std::erase(folders, "");
  return folders;
}

bool is_part_in_order(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  auto at = all.begin();
  for (const std::string& each : some) {
    at = std::find(at, all.end(), each);
    if (at == all.end()) return false;
    ++at;
  }
  return true;
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  fuzz::Parts parts(fuzz::text_of(data, size));
  const std::string before(parts.next());
  const std::vector<std::string> folders = fuzz::lines_of(parts.next(), 8);
  const std::vector<std::string> compat = fuzz::lines_of(parts.next(), 1);
  const fuzz::Tree tree;
  tree.add_file("lib/ld-musl-x86_64.so.1", "");
  tree.add_lines(parts.next());
  tree.add_file("etc/ld-musl-x86_64.path", before);
  const host::Root root = tree.root();
  const auto old_text = root.read("etc/ld-musl-x86_64.path");
  const auto updated = hook::update_ld_cache(root, folders, compat.empty() ? "" : compat[0], Log());
  tree.require_host_unchanged();
  const auto text = root.read("etc/ld-musl-x86_64.path");
  if (!updated || !old_text || !*old_text || !text || !*text) return 0;
  fuzz::require(is_part_in_order(folders_in(**old_text), folders_in(**text)),
                "what the image's path says stays, in its order");
  return 0;
}
