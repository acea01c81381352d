#include <nvc.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "base/text.h"
#include "libnvidia_container/session.h"

namespace nvbox::libnvidia_container {
namespace {

template <typename Options>
struct Word {
  std::string_view text;
  void (*take)(Options& options);
};

template <auto member, typename Options>
void set(Options& options) {
  options.*member = true;
}

template <driver::Capabilities one>
void want(ContainerOptions& options) {
  options.capabilities = options.capabilities | one;
}

constexpr Word<InitOptions> init_words[] = {
    {"load-kmods", set<&InitOptions::load_kmods>},
    {"no-create-imex-channels", set<&InitOptions::no_create_imex_channels>},
};

constexpr Word<DriverOptions> driver_words[] = {
    {"no-glvnd", set<&DriverOptions::no_glvnd>},
    {"no-uvm", set<&DriverOptions::no_uvm>},
    {"no-modeset", set<&DriverOptions::no_modeset>},
    {"no-mps", set<&DriverOptions::no_mps>},
    {"no-persistenced", set<&DriverOptions::no_persistenced>},
    {"no-fabricmanager", set<&DriverOptions::no_fabricmanager>},
    {"no-gsp-firmware", set<&DriverOptions::no_gsp_firmware>},
};

constexpr Word<ContainerOptions> container_words[] = {
    {"supervised", set<&ContainerOptions::supervised>},
    {"standalone", set<&ContainerOptions::standalone>},
    {"no-cgroups", set<&ContainerOptions::no_cgroups>},
    {"no-devbind", set<&ContainerOptions::no_devbind>},
    {"utility", want<driver::Capabilities::utility>},
    {"compute", want<driver::Capabilities::compute>},
    {"video", want<driver::Capabilities::video>},
    {"graphics", want<driver::Capabilities::graphics>},
    {"display", want<driver::Capabilities::display>},
    {"ngx", want<driver::Capabilities::ngx>},
    {"compat32", want<driver::Capabilities::compat32>},
};

struct CompatWord {
  std::string_view text;
  apply::CompatMode mode;
};

constexpr CompatWord compat_words[] = {
    {"cuda-compat-mode=disabled", apply::CompatMode::disabled},
    {"cuda-compat-mode=mount", apply::CompatMode::mount},
    {"cuda-compat-mode=ldconfig", apply::CompatMode::ldconfig},
};

template <typename Options>
bool take(std::span<const Word<Options>> known, std::string_view word, Options& options) {
  const auto row = std::ranges::find(known, word, &Word<Options>::text);
  if (row == known.end()) return false;
  row->take(options);
  return true;
}

Error unknown(std::string_view word) {
  return Error(cat("invalid option: ", printable(word)));
}

Result<std::vector<std::string_view>> words_of(const char* words) {
  if (strnlen(words, NVC_ARG_MAX) == NVC_ARG_MAX) return Error("too many options");
  std::vector<std::string_view> out = split(words, ' ');
  std::erase(out, "");
  return out;
}

template <typename Options>
Result<Options> parse(std::span<const Word<Options>> known, const char* words) {
  Options options;
  if (words == nullptr) return options;
  for (const std::string_view word : NVBOX_TRY(words_of(words))) {
    if (!take(known, word, options)) return unknown(word);
  }
  return options;
}

Result<> take_compat(std::string_view word, ContainerOptions& options) {
  const auto row = std::ranges::find(compat_words, word, &CompatWord::text);
  if (row == std::end(compat_words)) return unknown(word);
  if (options.compat) return Error("only one cuda-compat-mode can be specified at a time");
  options.compat = row->mode;
  return {};
}

}  // namespace

Result<InitOptions> init_options(const char* words) {
  return parse<InitOptions>(init_words, words);
}

Result<DriverOptions> driver_options(const char* words) {
  return parse<DriverOptions>(driver_words, words);
}

Result<ContainerOptions> container_options(const char* words) {
  constexpr const char* usual = "standalone no-cgroups no-devbind utility";
  ContainerOptions options;
  for (const std::string_view word : NVBOX_TRY(words_of(words == nullptr ? usual : words))) {
    if (!take<ContainerOptions>(container_words, word, options))
      NVBOX_TRY(take_compat(word, options));
  }
  if (options.supervised == options.standalone) return Error("invalid mode of operation");
  return options;
}

}  // namespace nvbox::libnvidia_container
