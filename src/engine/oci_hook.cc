#include "engine/oci_hook.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/path.h"
#include "base/text.h"
#include "data/json.h"

namespace nvbox::engine {
namespace {

using data::Json;

constexpr std::string_view search_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The hook's own directory comes last, where it is none of the usual ones.
std::string search_path_with(std::string_view directory) {
  const auto usual = split(search_path, ':');
  const bool is_usual = std::ranges::find(usual, directory) != usual.end();
  return is_usual ? std::string(search_path) : cat(search_path, ":", directory);
}

}  // namespace

Result<std::string> oci_hook(std::string_view hook) {
  if (!hook.starts_with('/')) {
    return Error(cat("the path of the hook, ", quote(hook), ", is not absolute"));
  }
  const Json document = {
      {"version", "1.0.0"},
      {"hook",
       {{"path", hook},
        {"args", Json::array({path::base_name(hook), "prestart"})},
        {"env", Json::array({cat("PATH=", search_path_with(path::parent(hook)))})}}},
      {"when", {{"always", true}, {"commands", Json::array({".*"})}}},
      {"stages", Json::array({"prestart"})},
  };
  return data::dump_json(document, data::JsonIndentation{2}).in(hook);
}

}  // namespace nvbox::engine
