#include "spec/oci_state.h"

#include <nlohmann/json.hpp>

#include "data/json.h"
#include "data/json_read.h"

namespace nvbox::spec {
namespace {

Result<OciState> read_members(const data::Json& document) {
  const data::JsonPlace state(document);
  OciState out;
  out.id = NVBOX_TRY(state.string("id")).value_or("");
  out.pid = NVBOX_TRY(state.integer("pid"));
  out.bundle = NVBOX_TRY(state.string("bundle")).value_or("");
  if (out.bundle.empty()) out.bundle = NVBOX_TRY(state.string("bundlePath")).value_or("");
  out.root = NVBOX_TRY(state.string("root")).value_or("");
  return out;
}

}  // namespace

Result<OciState> parse_oci_state(std::string_view text) {
  const data::Json document =
      NVBOX_TRY(data::parse_json_like_go(text, {.bytes = oci_state_limit}).in("container state"));
  return read_members(document).in("container state");
}

}  // namespace nvbox::spec
