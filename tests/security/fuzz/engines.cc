// Configurations of engines, which other people wrote. Parts: a letter for the engine and one for
// each wish, the file that is changed, and a second one.
#include <nlohmann/json.hpp>

#include "data/json.h"
#include "data/toml.h"
#include "engine/containerd.h"
#include "engine/crio.h"
#include "engine/docker.h"
#include "engine/podman.h"
#include "security/fuzz/fuzz.h"

namespace nvbox {
namespace {

using engine::RuntimeRequest;
using fuzz::require;

void docker(const std::string& text, const RuntimeRequest& request) {
  const auto changed = engine::configure_docker(text, request);
  if (!changed) return;
  require(data::parse_json(*changed).has_value(), "daemon.json is JSON");
  const auto again = engine::configure_docker(*changed, request);
  require(again && *again == *changed, "a second time changes nothing");
}

void podman(const std::string& text, const RuntimeRequest& request) {
  const auto changed = engine::configure_podman(text, request);
  if (!changed) return;
  require(data::parse_toml(*changed).has_value(), "containers.conf is TOML");
  const auto again = engine::configure_podman(*changed, request);
  require(again && *again == *changed, "a second time changes nothing");
}

void crio(const std::string& text, const std::string& other, const RuntimeRequest& request) {
  const engine::NamedText sources[] = {{"crio.conf", other}};
  const auto changed = engine::configure_crio(text, sources, request);
  if (!changed) return;
  require(data::parse_toml(*changed).has_value(), "crio.conf is TOML");
  const auto again = engine::configure_crio(*changed, sources, request);
  require(again && *again == *changed, "a second time changes nothing");
}

void containerd(const std::string& text, std::optional<std::string> drop_in,
                const RuntimeRequest& request) {
  engine::ContainerdFiles files;
  files.config_path = "/etc/containerd/config.toml";
  files.config = text;
  if (drop_in) {
    files.drop_in_path = "/etc/containerd/conf.d/99-nvidia.toml";
    files.drop_in = *drop_in;
  }
  const auto changed = engine::configure_containerd(files, request);
  if (!changed) return;
  require(data::parse_toml(changed->config).has_value(), "config.toml is TOML");
  require(!changed->drop_in || data::parse_toml(*changed->drop_in), "a drop-in is TOML");
  files.config = changed->config;
  if (changed->drop_in) files.drop_in = *changed->drop_in;
  const auto again = engine::configure_containerd(files, request);
  require(again && again->config == changed->config && again->drop_in == changed->drop_in,
          "a second time changes nothing");
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  fuzz::Parts parts(fuzz::text_of(data, size));
  const std::string_view wishes = parts.next();
  const std::string text(parts.next());
  const std::string other(parts.next());
  const RuntimeRequest request = {.path = "/usr/bin/nvidia-container-runtime",
                                  .set_as_default = wishes.find('d') != std::string::npos,
                                  .enable_cdi = wishes.find('c') != std::string::npos};
  switch (wishes.empty() ? 0 : wishes[0]) {
    case 'D':
      docker(text, request);
      break;
    case 'P':
      podman(text, request);
      break;
    case 'O':
      crio(text, other, request);
      break;
    case 'C':
      containerd(text, std::nullopt, request);
      break;
    case 'I':
      containerd(text, other, request);
      break;
    default:
      break;
  }
  return 0;
}
