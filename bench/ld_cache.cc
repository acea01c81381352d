// The loader's cache of a usual distribution image: 1,300 libraries.
#include "host/ld_cache.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/text.h"

namespace nvbox {
namespace {

constexpr int libraries = 1300;

std::vector<host::LdCacheEntry> entries() {
  // FLAG_X8664_LIB64 | FLAG_ELF_LIBC6 of glibc's ldconfig.h.
  constexpr int flags = 0x0303;
  std::vector<host::LdCacheEntry> out;
  for (int i = 0; i < libraries; ++i) {
    const std::string name = cat("libsomething-", i, ".so.", i % 7);
    out.push_back({.name = name, .path = cat("/lib/x86_64-linux-gnu/", name), .flags = flags});
  }
  return out;
}

void write_cache(benchmark::State& state) {
  const std::vector<host::LdCacheEntry> list = entries();
  for (auto _ : state) benchmark::DoNotOptimize(host::write_ld_cache(list, "nvbox"));
}
BENCHMARK(write_cache);

void parse_cache(benchmark::State& state) {
  const std::string bytes = host::write_ld_cache(entries(), "nvbox");
  for (auto _ : state) benchmark::DoNotOptimize(host::parse_ld_cache(bytes));
}
BENCHMARK(parse_cache);

}  // namespace
}  // namespace nvbox
