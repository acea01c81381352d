// The YAML that programs write, without libyaml.
#pragma once

#include <optional>
#include <string_view>

#include "data/yaml.h"

namespace nvbox::data {

// A CDI specification of a host with eight GPUs has a thousand lines, and libyaml takes 0.7 ms for
// them: a third of all that the start of a container may cost. Such files are written by programs
// and use little of YAML: mappings and sequences in block style, one line for each scalar or
// comment, and only as much punctuation as no reader can take for anything else. Of such a document
// this is the value, five times as fast. nullopt for every other document, correct or not: that one
// is the business of the complete reader, which also has the words for what is wrong with it.
std::optional<Json> read_block_yaml(std::string_view text, const YamlLimits& limits);

}  // namespace nvbox::data
