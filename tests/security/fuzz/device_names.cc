// Names of devices, one a line, as a container or a command line gives them.
#include <algorithm>

#include "plan/imex_channels.h"
#include "plan/nvml_question.h"
#include "plan/select.h"
#include "security/fuzz/inventory.h"

namespace nvbox {
namespace {

using plan::Selection;

const driver::Inventory& host() {
  static const driver::Inventory inventory = fuzz::inventory();
  return inventory;
}

bool is_any(const std::vector<std::string>& names, auto rule) {
  return std::ranges::any_of(names, rule);
}

void require_named(const Selection& selection, const std::vector<std::string>& names) {
  for (const size_t position : selection.gpus) {
    const driver::Gpu& gpu = host().gpus.at(position);
    fuzz::require(is_any(names, [&](auto& name) { return fuzz::may_mean(name, gpu); }),
                  "a GPU is named");
    fuzz::require(!gpu.problem, "a broken GPU is not given");
  }
  for (const auto& [position, index] : selection.migs) {
    const driver::Gpu& gpu = host().gpus.at(position);
    const driver::Mig& mig = gpu.mig.at(index);
    fuzz::require(is_any(names, [&](auto& name) { return fuzz::may_mean(name, gpu, mig); }),
                  "a MIG device is named");
  }
  for (const size_t position : selection.imex_channels) {
    const unsigned channel = host().imex_channels.at(position).minor;
    fuzz::require(is_any(names, [&](auto& name) { return fuzz::may_mean_channel(name, channel); }),
                  "an IMEX channel is named");
  }
}

void try_request(const std::vector<std::string>& names) {
  plan::Request request = {.ask = plan::Ask::listed, .devices = names};
  const auto all = plan::select(host(), request);
  if (all) require_named(*all, names);
  request.leave_out_unknown = true;
  const auto some = plan::select(host(), request);
  if (some) require_named(*some, names);
  fuzz::require(!all || some, "what is there for all names is there for some");
  (void)plan::nvml_question(host(), request);
  const auto channels = plan::select(host(), {.imex_channels = names});
  if (channels) require_named(*channels, names);
}

// A MIG device comes with its GPU there.
void try_list(const std::string& list) {
  const plan::Request request = plan::request_of_list(list);
  const auto found = plan::select(host(), request);
  if (!found || request.ask == plan::Ask::all) return;
  std::vector<std::string> names;
  for (const std::string_view name : split(list, ',')) names.emplace_back(name);
  Selection selection = *found;
  std::erase_if(selection.gpus, [&](size_t gpu) {
    return is_any(names, [&](auto& name) {
      return std::ranges::any_of(host().gpus[gpu].mig, [&](const driver::Mig& mig) {
        return fuzz::may_mean(name, host().gpus[gpu], mig);
      });
    });
  });
  require_named(selection, names);
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  const std::string_view text = fuzz::text_of(data, size);
  try_request(fuzz::lines_of(text, 16));
  try_list(std::string(text));
  (void)plan::parse_imex_channels(text);
  return 0;
}
