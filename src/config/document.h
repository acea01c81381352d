// config.toml as text that people write: the document of a fresh installation, and changes to one
// that keep everything else in it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "host/root.h"

namespace nvbox::config {

// What the default document says of the machine.
struct DocumentHost {
  // /sbin/ldconfig is a wrapper for /sbin/ldconfig.real, as on Ubuntu.
  enum class Ldconfig { plain, wrapped } ldconfig = Ldconfig::plain;
  // SUSE gives device nodes to the group video.
  enum class Family { other, suse } family = Family::other;

  bool operator==(const DocumentHost&) const = default;
};

DocumentHost document_host(const host::Root& host);

// What holds where no file says otherwise: Config's own defaults, and those of this host alone.
Config default_config(const DocumentHost& host);

// NVIDIA's document. Some keys are comments there, with a value that shows what they are for.
std::string default_document(const DocumentHost& host);

// The settings of one --set: "key=value", and "key" alone for a boolean. NVIDIA's parser takes a
// comma for the beginning of another setting; here it is one only in front of a key, so that it
// can stand in lists as well.
std::vector<std::string> split_settings(std::string_view text);

struct Document {
  std::string name;  // for messages: the file's path
  std::string text;
};

struct Settings {
  std::vector<std::string> each{};  // "key[=value]", made in this order
  // Between the elements of a list; a value that does not have it is taken apart at commas.
  std::string separator = ":";
};

// The document's text with the settings made. "nil" removes a feature flag. A key that the document
// has as a comment takes the comment's place. Errors name the key, or the line of what is wrong
// with the document or would be.
Result<std::string> change_document(const Document& document, const Settings& settings);

// Settings that belong together.
struct Profile {
  std::string_view name;
  std::string_view meaning;
  std::span<const std::string_view> settings;
};

std::span<const Profile> profiles();

// The settings of the profile; the error lists the profiles that there are.
Result<std::vector<std::string>> profile_settings(std::string_view name);

// Type, default, meaning and words of a key, of the keys of a table, or with "" of every key, and
// where the document sets them.
Result<std::string> explain(std::string_view name, const Document& document,
                            const Config& defaults = {});

}  // namespace nvbox::config
