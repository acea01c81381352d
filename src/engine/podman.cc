#include "engine/podman.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/list.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "data/toml_edit.h"
#include "engine/toml_runtime.h"
#include "host/locate.h"

namespace nvbox::engine {

Result<std::string> configure_podman(std::string_view document, const RuntimeRequest& request) {
  auto conf = NVBOX_TRY(data::TomlDocument::parse(std::string(document)));
  NVBOX_TRY(set_default(conf, {"engine", "runtime"}, request));
  // Podman takes the first of the paths that exists.
  NVBOX_TRY(conf.set({"engine", "runtimes", request.name}, std::vector{request.path}));
  return conf.checked_text();
}

namespace {

using data::Json;

// The usual directories, and last the hook's own where it is none of them.
std::string search_path_with(std::string_view directory) {
  std::vector<std::string> directories = host::program_directories("");
  add_once(directories, std::string(directory));
  return join(directories, ":");
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
