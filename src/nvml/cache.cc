#include "nvml/cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "base/version.h"
#include "data/json.h"
#include "host/root_write.h"
#include "nvml/answer.h"
#include "sys/file.h"

namespace nvbox::nvml {
namespace {

using data::Json;

constexpr std::string_view directory = "/run/nvbox";
constexpr std::string_view file = "/run/nvbox/nvml.json";

// What changes when what is there is made anew: its inode, or the time when that was first looked
// up. NVML numbers MIG devices in the order in which they are made, so new ones may have other
// numbers, however like the old ones they are.
std::string identity_of(const host::Root& host, const std::string& path) {
  const auto status = host.stat(path);
  if (!status || !*status) return "";
  const struct stat& found = **status;
  return cat(found.st_ino, ".", found.st_mtim.tv_sec, ".", found.st_mtim.tv_nsec);
}

// Everything that NVML's answers depend on.
std::string key_of(const host::Root& host, const driver::Inventory& inventory) {
  constexpr std::string_view proc = "/proc/driver/nvidia";
  const auto boot = host.read("/proc/sys/kernel/random/boot_id");
  if (!boot || !*boot) return "";
  std::string key = cat(trim(**boot), " ", version(), " ", inventory.driver.version, "=",
                        identity_of(host, cat(proc, "/version")), " ", inventory.driver.root);
  for (const driver::Gpu& gpu : inventory.gpus) {
    key += cat(" ", gpu.bus_id, "=", identity_of(host, cat(proc, "/gpus/", gpu.bus_id)));
    for (const driver::Mig& mig : gpu.mig) {
      const std::string folder =
          cat(driver::capabilities_directory, "/", driver::instance_folders(gpu.minor, mig).back());
      key += cat(",", mig.gpu_instance, "/", mig.compute_instance, "=", identity_of(host, folder));
    }
  }
  return key;
}

bool is_roots_alone(int fd) {
  struct stat status {};
  constexpr mode_t others_write = S_IWGRP | S_IWOTH;
  return fstat(fd, &status) == 0 && status.st_uid == 0 && (status.st_mode & others_write) == 0;
}

bool has_gpu(const Json& answer, std::string_view bus_id) {
  const auto gpus = answer.find("gpus");
  return gpus != answer.end() && std::ranges::any_of(*gpus, [&](const Json& gpu) {
           const auto member = gpu.is_object() ? gpu.find("busId") : gpu.end();
           return gpu.is_object() && member != gpu.end() && *member == bus_id;
         });
}

// Those of `more` come first. Both have the form of an answer, in which any member may be missing.
Json merged(Json more, const Json& old) {
  const auto gpus = old.find("gpus");
  if (gpus == old.end()) return more;
  for (const Json& gpu : *gpus) {
    const auto bus_id = gpu.find("busId");
    if (bus_id == gpu.end() || !bus_id->is_string()) continue;
    if (!has_gpu(more, bus_id->get_ref<const std::string&>())) more["gpus"].push_back(gpu);
  }
  return more;
}

}  // namespace

AnswerCache::AnswerCache(const host::Root& host, const driver::Inventory& inventory)
    : host_(host), key_(key_of(host, inventory)) {}

std::optional<Json> AnswerCache::read() const {
  if (key_.empty()) return std::nullopt;
  const auto folder = host_.open_at(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder || !is_roots_alone(folder->get())) return std::nullopt;
  const auto open = host_.open_at(file, O_RDONLY | O_NOFOLLOW);
  if (!open || !is_roots_alone(open->get())) return std::nullopt;
  const auto text = sys::read_all(open->get(), answer_limits.bytes);
  if (!text) return std::nullopt;
  auto document = data::parse_json(*text, answer_limits);
  if (!document || !document->is_object()) return std::nullopt;
  const auto key = document->find("key");
  const auto answer = document->find("answer");
  if (key == document->end() || answer == document->end() || *key != key_) return std::nullopt;
  // Held to its form, so that whoever uses it need not look again.
  if (!read_answer(*answer)) return std::nullopt;
  return std::move(*answer);
}

std::optional<Json> AnswerCache::find(const std::vector<std::string>& bus_ids) const {
  auto answer = read();
  if (!answer) return std::nullopt;
  const bool has_all = std::ranges::all_of(
      bus_ids, [&](const std::string& bus_id) { return has_gpu(*answer, bus_id); });
  return has_all ? std::move(answer) : std::nullopt;
}

void AnswerCache::keep(const Json& answer) const {
  if (key_.empty() || geteuid() != 0) return;
  const auto old = read();
  const Json document = {{"key", key_}, {"answer", old ? merged(answer, *old) : answer}};
  const auto text = data::dump_json(document);
  if (!text || text->size() > answer_limits.bytes) return;
  const auto folder = host::make_directories(host_, directory);
  if (!folder || !is_roots_alone(folder->get())) return;
  // Its owner and mode would stay, and nobody would believe it.
  if (!old) (void)host::remove_file(host_, file);
  (void)host::write_file(host_, file, *text);
}

}  // namespace nvbox::nvml
