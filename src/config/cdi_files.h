// One directory of CDI specifications, file by file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/cdi_registry.h"

namespace nvbox::config {

// "vendor/class" of each qualified name, without repetition.
std::vector<std::string> kinds_of(std::span<const std::string> names);

// Whether a file with this text may define a device of one of the kinds; false only when it cannot.
//
// A kind is one word, so wherever a document has it, its bytes stand there in one piece: quotes,
// tags, anchors and block styles stand around a word, and YAML's folded lines put a blank into it.
// Only an escape sequence can take it apart ("\u006evidia.com\/gpu"), and so can an encoding other
// than UTF-8, which YAML announces with a byte order mark.
bool may_define(std::string_view text, const std::vector<std::string>& kinds);

// The specifications of one directory are added to contents.files and what cannot be used to
// contents.problems. A directory that does not exist is empty. Of files that cannot define one of
// the kinds nothing is parsed; no kind at all means every kind.
void read_cdi_directory(const host::Root& root, const std::string& directory,
                        const std::vector<std::string>& kinds, CdiContents& contents);

}  // namespace nvbox::config
