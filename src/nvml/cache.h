// NVML's answers about this machine, until it or its driver is started again or its MIG devices
// change: a file below /run that only root can have written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "driver/inventory.h"
#include "host/root.h"

namespace nvbox::nvml {

class AnswerCache {
 public:
  // Of the machine as the inventory has it.
  AnswerCache(const host::Root& host, const driver::Inventory& inventory);

  // The answer, in the form of nvml/answer.h, if it has all of these GPUs. What cannot be
  // read or trusted counts as absent.
  std::optional<data::Json> find(const std::vector<std::string>& bus_ids) const;

  // Adds an answer to what there is. Without the right to write there it is not kept.
  void keep(const data::Json& answer) const;

 private:
  std::optional<data::Json> read() const;

  const host::Root& host_;
  std::string key_;
};

}  // namespace nvbox::nvml
