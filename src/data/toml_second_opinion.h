// What toml11, which shares no code with our own reader and editor, says of a TOML text that is
// about to replace a file of somebody's. A mistake of the editor must not take a node's containerd
// down, so no such file is replaced on one reader's word.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "data/toml.h"
#include "data/toml_edit.h"

namespace nvbox::data {

// An error unless toml11 reads in `after` what it reads in `before`, but for the changes, made in
// their order; tables that a removal leaves empty may go with what was in them. The message names
// the first key that differs, or the line that toml11 refuses; it says nothing of files.
Result<> check_toml_edit(std::string_view before, std::span<const TomlChange> changes,
                         std::string_view after);

// An error unless toml11 reads the tree in `text`, whatever its order and lines.
Result<> check_toml_text(std::string_view text, const Toml& intended);

}  // namespace nvbox::data
