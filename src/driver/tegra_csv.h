// What containers get on a Tegra, as NVIDIA's board support packages say it: CSV files in
// /etc/nvidia-container-runtime/host-files-for-container.d, one entry a line,
//     dev, /dev/nvmap
//     lib, /usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1
// of dev (a character device), dir (a directory), lib (a file) or sym (a link, and what it leads
// to), with a path or a pattern of paths. The first comma ends the type. Every release and board
// has files of its own, and they name more than any one board has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/context.h"

namespace nvbox::driver {

enum class CsvKind { device, directory, file, link };

struct CsvEntry {
  CsvKind kind = CsvKind::file;
  std::string path;   // or a pattern (base/pattern.h)
  unsigned line = 0;  // counted from 1

  bool operator==(const CsvEntry&) const = default;
};

struct CsvList {
  std::vector<CsvEntry> entries{};
  // Lines that are no entry, without blank ones and those that begin with '#', and what is wrong
  // with the first of them: "line 3: unknown type \"bin\"".
  size_t skipped = 0;
  std::string first_skipped{};

  bool operator==(const CsvList&) const = default;
};

// Whether a path is what a configuration, a hook's arguments and a log can hold: not every name on
// a host is, and what a container cannot be given should not keep it from its start.
bool is_plain_path(std::string_view path);

// Real files have some 300 lines.
inline constexpr size_t most_csv_entries = 8192;
inline constexpr size_t most_csv_bytes = size_t{1024} * 1024;

// Never fails: what is no entry is skipped. So is what is behind the first most_csv_entries.
CsvList parse_csv(std::string_view text);

struct CsvFile {
  std::string path;  // of the host
  CsvList list{};
};

// Those that are to be read (Search::csv, Need::all_csv_files), in their order. A file that cannot
// be read, has no entry or lines that are none is a problem; an error when no file has an entry.
Result<std::vector<CsvFile>> read_csv_files(const Context& context);

// "/etc/.../drivers.csv:12", for messages.
std::string place_of(const CsvFile& file, const CsvEntry& entry);

}  // namespace nvbox::driver
