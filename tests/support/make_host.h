// Hosts as text: a directory tree made from one line for each thing in it, gone with the object.
//     d PATH                    directory
//     f PATH                    empty file
//     f PATH <<EOF              file with the lines up to EOF
//     x PATH                    file with execute bits
//     l PATH -> TARGET          symbolic link
//     c PATH MAJOR:MINOR [MODE] character device, written (Nodes::written); mode 0666 if not said
//     s PATH                    socket
//     so PATH SONAME [KIND]     ELF library of KIND x86_64 (default of the default), i386, aarch64
//     root PATH                 the driver root, where it is not /
// Parents are made as needed. Blank lines and lines that begin with '#' say nothing, nor do the
// first and last line of a .host file, which make it a string literal for #include.
#pragma once

#include <elf.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "host/root.h"
#include "support/elf_stub.h"

namespace nvbox::test {

inline std::string elf_of(const std::string& soname, const std::string& kind) {
  if (kind == "i386") return elf_image({.is_64 = false, .machine = EM_386, .soname = soname});
  return elf_image(
      {.machine = static_cast<std::uint16_t>(kind == "aarch64" ? EM_AARCH64 : EM_X86_64),
       .soname = soname});
}

class Host {
 public:
  explicit Host(std::string_view text, std::string_view default_kind = "x86_64")
      : path_(make_directory()), default_kind_(default_kind) {
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) add(line, lines);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  // Where the tree is, without links.
  const std::string& path() const { return path_; }

  // What the driver is installed in, below path(); empty where that is it.
  const std::string& driver_root() const { return driver_root_; }

  host::Root root(const std::string& below = "") const {
    return host::Root::open(path_ + below, host::Nodes::written).value();
  }

 private:
  // All files of a host are equally old.
  static std::filesystem::file_time_type installed() {
    return std::chrono::file_clock::from_sys(
        std::chrono::sys_seconds(std::chrono::hours(24 * 365)));
  }

  static std::string make_directory() {
    std::string name =
        std::filesystem::canonical(std::filesystem::temp_directory_path()) / "nvbox-host-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    return name;
  }

  std::string make_parents(const std::string& path) const {
    const std::filesystem::path place = path_ + path;
    std::filesystem::create_directories(place.parent_path());
    return place;
  }

  void write(const std::string& path, std::string_view text, std::filesystem::perms mode) const {
    const std::string place = make_parents(path);
    std::ofstream(place, std::ios::binary) << text;
    std::filesystem::permissions(place, mode);
    std::filesystem::last_write_time(place, installed());
  }

  static std::string here_document(std::istringstream& lines) {
    std::string text;
    for (std::string line; std::getline(lines, line) && line != "EOF";) text += line + "\n";
    return text;
  }

  void add(const std::string& line, std::istringstream& lines) {
    std::istringstream words(line);
    std::string kind;
    std::string path;
    std::string more;
    std::string extra;
    words >> kind >> path >> more >> extra;
    if (kind.empty() || kind[0] == '#' || kind[0] == 'R' || kind[0] == ')') return;
    if (path.empty() || path[0] != '/') throw std::runtime_error("host line: " + line);
    constexpr auto plain = std::filesystem::perms(0644);
    if (kind == "root") {
      driver_root_ = path;
    } else if (kind == "d") {
      std::filesystem::create_directories(path_ + path);
    } else if (kind == "f") {
      write(path, more == "<<EOF" ? here_document(lines) : "", plain);
    } else if (kind == "x") {
      write(path, "", std::filesystem::perms(0755));
    } else if (kind == "l") {
      std::filesystem::create_symlink(extra, make_parents(path));
    } else if (kind == "c") {
      const unsigned long mode = extra.empty() ? 0666 : std::stoul(extra, nullptr, 8);
      write(path, "c " + more + "\n", std::filesystem::perms(mode));
    } else if (kind == "s") {
      if (mknod(make_parents(path).c_str(), S_IFSOCK | 0666, 0) != 0)
        throw std::runtime_error(line);
    } else if (kind == "so") {
      write(path, elf_of(more, extra.empty() ? default_kind_ : extra), plain);
    } else {
      throw std::runtime_error("host line: " + line);
    }
  }

  std::string path_;
  std::string driver_root_;
  std::string default_kind_;
};

}  // namespace nvbox::test
