// What the engines with TOML files have in common.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/toml_edit.h"
#include "engine/request.h"

namespace nvbox::engine {

// `path` and what is below it.
data::TomlPath below(data::TomlPath path, std::initializer_list<std::string> more);

// The text at `path`; nullopt when it is absent or no text.
std::optional<std::string> text_at(const data::TomlDocument& document, const data::TomlPath& path);

// Sets what the table has at `path` of the document; what the document has besides stays.
Result<> set_members(data::TomlDocument& document, const data::TomlPath& path,
                     const data::Toml& table);

// Makes the runtime the one at `path` when that is asked for, and no longer when it is not.
Result<> set_default(data::TomlDocument& document, const data::TomlPath& path,
                     const RuntimeRequest& request);

// Which runtimes a new one inherits its options from, the first that exists: the default one,
// unless that is one of NVIDIA's, and the usual ones.
std::vector<std::string> models(const std::optional<std::string>& default_runtime);

}  // namespace nvbox::engine
