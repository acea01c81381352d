// The whole of the update-ldcache hook on an image. Parts: etc/ld.so.conf, etc/ld.so.cache, a file
// in the folder of the driver's libraries, what an earlier start left in 00-nvbox.conf and
// 00-compat.conf, the folders, and lines that make the rest of the image (tree.h), which come
// first.
#include "hook/update_ld_cache.h"

#include "host/ld_cache.h"
#include "security/fuzz/ld_cache_rules.h"
#include "security/fuzz/tree.h"
#include "support/elf_stub.h"

namespace nvbox {
namespace {

std::string library(const std::string& soname) {
  return test::elf_image({.soname = soname});
}

void make_image(const fuzz::Tree& tree, fuzz::Parts& parts) {
  const std::string_view configuration = parts.next();
  const std::string_view cache = parts.next();
  const std::string_view file = parts.next();
  const std::string_view earlier = parts.next();
  const std::string_view compat = parts.next();
  tree.add_lines(parts.next());
  tree.add_file("lib64/ld-linux-x86-64.so.2", library("ld-linux-x86-64.so.2"));
  tree.add_file("etc/ld.so.conf", configuration);
  tree.add_file("etc/ld.so.cache", cache);
  tree.add_file("usr/lib/gpu/libgpu.so.1.2", file);
  tree.add_file("usr/lib/gpu/libcuda.so.535.261.03", library("libcuda.so.1"));
  tree.add_file("usr/lib/libc.so.6", library("libc.so.6"));
  tree.add_file("etc/ld.so.conf.d/00-nvbox.conf", earlier);
  tree.add_file("etc/ld.so.conf.d/00-compat.conf", compat);
}

// An image with musl alone keeps whatever it calls a cache.
bool has_musl(const host::Root& root) {
  const auto is_there = [&](std::string_view path) {
    const auto info = root.stat(path);
    return info && *info;
  };
  return is_there("lib/ld-musl-x86_64.so.1") || is_there("lib/ld-musl-aarch64.so.1");
}

void require_good_cache(const host::Root& root) {
  if (has_musl(root)) return;
  const auto written = root.read("etc/ld.so.cache");
  if (!written || !*written) return;
  fuzz::require_ld_cache_rules(**written);
  fuzz::require(host::parse_ld_cache(**written).has_value(), "what is written can be read");
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  fuzz::Parts parts(fuzz::text_of(data, size));
  const fuzz::Tree tree;
  make_image(tree, parts);
  std::vector<std::string> folders = fuzz::lines_of(parts.next(), 8);
  if (folders.empty()) folders = {"/usr/lib/gpu"};
  const host::Root root = tree.root();
  bool is_closed = false;
  Log log;
  log.add(LogFormat::plain, [&](std::string_view line) {
    is_closed = is_closed || line.find("may not find the GPU driver") != std::string_view::npos;
  });
  for (int start = 0; start < 2; ++start) {
    const auto updated = hook::update_ld_cache(root, folders, "", log);
    tree.require_host_unchanged();
    if (updated && !is_closed) require_good_cache(root);
  }
  return 0;
}
