// The CSV files of a Tegra. Parts: drivers.csv, another CSV file, patterns of links to leave out,
// and lines that make the rest of the machine (tree.h).
#include "driver/tegra.h"
#include "driver/discover.h"
#include "driver/tegra_csv.h"
#include "security/fuzz/tree.h"

namespace nvbox {
namespace {

bool is_one_line(std::string_view text) {
  return printable(text) == text;
}

void require_place(const host::Root& root, const std::string& path, const std::string& place) {
  const std::string& in_container = place.empty() ? path : place;
  fuzz::require(in_container == path::clean(in_container) && in_container.starts_with('/'),
                "a place in a container is a clean path");
  fuzz::require(in_container != "/", "no container gets a root directory");
  fuzz::require(driver::is_plain_path(in_container), "what is given can be written down");
  const auto there = root.stat(path);
  fuzz::require(there && *there, "what is given is below the root");
}

void require_link(const driver::HostLink& link) {
  fuzz::require(!link.target.empty() && link.link.starts_with('/'), "a link has both its ends");
}

}  // namespace
}  // namespace nvbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nvbox;
  fuzz::Parts parts(fuzz::text_of(data, size));
  const fuzz::Tree tree;
  const std::string_view main = parts.next();
  const std::string_view other = parts.next();
  driver::Search search = {.kind = driver::DriverKind::tegra};
  for (const std::string& line : fuzz::lines_of(parts.next(), 16)) {
    search.csv.ignored_links.push_back(line);
  }
  tree.add_lines(parts.next());
  const std::string folder(driver::CsvSearch::usual_directory.substr(1));
  tree.add_file(folder + "/drivers.csv", main);
  tree.add_file(folder + "/other.csv", other);
  const driver::CsvList list = driver::parse_csv(main);
  fuzz::require(list.entries.size() <= driver::most_csv_entries, "entries are limited");
  fuzz::require((list.skipped == 0) == list.first_skipped.empty(), "what is skipped is told");
  const host::Root root = tree.root();
  const auto found = driver::discover({root, root, root}, search, {.all_csv_files = true});
  if (found) {
    for (const driver::Library& library : found->libraries) {
      require_place(root, library.path, library.container_path);
      for (const driver::HostLink& link : library.links) require_link(link);
    }
    for (const driver::HostFile& file : found->files) {
      require_place(root, file.path, file.container_path);
    }
    for (const driver::HostLink& link : found->extra_links) require_link(link);
    fuzz::require(found->gpus.size() == 1 && found->gpus[0].problem, "no node can be made here");
    fuzz::require(found->problems.size() < 16, "files do not decide how much is told");
    for (const driver::Problem& problem : found->problems) {
      fuzz::require(is_one_line(problem.text), "a problem is one line");
    }
  }
  (void)driver::parse_l4t_release(main);
  tree.require_host_unchanged();
  return 0;
}
