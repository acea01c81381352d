// How not to do it: the jobs of nvbox's programs with paths that are joined as text, links that the
// kernel follows, files that are read whole, and root's rights throughout. It is what the matrix is
// held against (matrix --naive), and it must only run on the matrix's hosts. What it does wrong is
// what the stack's CVEs were about; no line of it is anybody else's.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Words = std::vector<std::string>;

const std::string root = "/rootfs";
const std::string libraries = "/usr/lib/x86_64-linux-gnu";

// Whatever opens, and all of it.
std::string read_whole(int file) {
  std::string text;
  constexpr size_t piece = size_t{1} << 16;
  while (true) {
    const size_t before = text.size();
    text.resize(before + piece);
    const ssize_t size = read(file, text.data() + before, piece);
    text.resize(before + static_cast<size_t>(size < 0 ? 0 : size));
    if (size <= 0) return text;
  }
}

std::string read_whole(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY);
  if (file < 0) return "";
  std::string text = read_whole(file);
  close(file);
  return text;
}

// Without a word when it fails: that is one of its mistakes.
void write_file(const std::string& path, std::string_view text) {
  FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) std::exit(1);
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
}

void make_directories(const std::string& path) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    mkdir(path.substr(0, at).c_str(), 0755);
  }
  mkdir(path.c_str(), 0755);
}

std::string parent(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

Words names_in(const std::string& directory) {
  Words names;
  DIR* const stream = opendir(directory.c_str());
  if (stream == nullptr) return names;
  while (const dirent* const entry = readdir(stream)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  closedir(stream);
  return names;
}

// With every file that it includes, for as long as the stack lasts.
std::string configuration(const std::string& path) {
  std::string all;
  const std::string text = read_whole(path);
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with("include ")) {
      all += line + "\n";
      continue;
    }
    const std::string included = line.substr(std::strlen("include "));
    if (!included.ends_with("/*.conf")) {
      all += configuration(root + included);
      continue;
    }
    const std::string directory = root + parent(included);
    for (const std::string& name : names_in(directory)) {
      all += configuration(directory + "/" + name);
    }
  }
  return all;
}

void update_cache(const Words& folders) {
  std::string text =
      read_whole(root + "/etc/ld.so.cache") + configuration(root + "/etc/ld.so.conf");
  for (const std::string& folder : folders) {
    for (const std::string& name : names_in(root + folder)) {
      if (!name.starts_with("lib")) continue;
      const std::string library = read_whole(root + folder + "/" + name);
      text += folder + "/" + name + " " + std::to_string(library.size()) + "\n";
    }
  }
  make_directories(root + "/etc/ld.so.conf.d");
  write_file(root + "/etc/ld.so.conf.d/00-nvbox.conf", libraries + "\n");
  write_file(root + "/etc/ld.so.cache~", text);
  write_file(root + "/etc/ld.so.cache", text);
  const std::string musl = root + "/etc/ld-musl-x86_64.path";
  write_file(musl, read_whole(musl) + libraries + "\n");
}

void make_link(const std::string& target, const std::string& link) {
  const std::string path = root + link;
  make_directories(parent(path));
  unlink(path.c_str());
  if (symlink(target.c_str(), path.c_str()) != 0) std::exit(1);
}

void make_links(const Words& pairs) {
  for (const std::string& pair : pairs) {
    const size_t at = pair.find("::");
    make_link(pair.substr(0, at), pair.substr(at + 2));
  }
}

void enable_compat() {
  const std::string compat = root + "/usr/local/cuda/compat";
  for (const std::string& name : names_in(compat)) read_whole(compat + "/" + name);
  make_directories(root + "/etc/ld.so.conf.d");
  write_file(root + "/etc/ld.so.conf.d/00-compat.conf", "/usr/local/cuda/compat\n");
}

void mask_params() {
  const std::string params = root + "/proc/driver/nvidia/params";
  const std::string masked = root + "/tmp/masked";
  write_file(masked, read_whole(params));
  mount(masked.c_str(), params.c_str(), nullptr, MS_BIND, nullptr);
}

void write_profile() {
  const std::string directory = root + "/etc/nvidia/nvidia-application-profiles-rc.d";
  make_directories(directory);
  write_file(directory + "/10-container.conf", "{}");
}

// As libnvidia-container's file_create() was before 1.16.2 (CVE-2024-0133).
void mount_file(const std::string& source, const std::string& path) {
  const std::string target = root + path;
  make_directories(parent(target));
  const int file = open(target.c_str(), O_WRONLY | O_CREAT, 0644);
  if (file >= 0) close(file);
  mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr);
}

// CVE-2024-0132: whatever the image's names lead to comes into the container.
void mount_compat() {
  const std::string compat = root + "/usr/local/cuda/compat";
  for (const std::string& name : names_in(compat)) {
    mount_file(compat + "/" + name, libraries + "/" + name);
  }
}

void configure(const std::string& pid) {
  const int mounts = open(("/proc/" + pid + "/ns/mnt").c_str(), O_RDONLY);
  if (setns(mounts, CLONE_NEWNS) != 0) std::exit(1);
  mount_file("/driver" + libraries + "/libcuda.so.535.1", libraries + "/libcuda.so.535.1");
  mount_file("/driver/usr/bin/nvidia-smi", "/usr/bin/nvidia-smi");
  mount_file("/driver/lib/firmware/nvidia/535.1/gsp_ga10x.bin",
             "/lib/firmware/nvidia/535.1/gsp_ga10x.bin");
  mount_file("/driver/run/nvidia-persistenced/socket", "/run/nvidia-persistenced/socket");
  mount_file("/driver/dev/nvidia0", "/dev/nvidia0");
  make_link("libcuda.so.535.1", libraries + "/libcuda.so.1");
  mount_compat();
  mask_params();
  write_profile();
  update_cache({libraries});
}

// The pid of an OCI state on standard input.
std::string pid_of_state() {
  const std::string state = read_whole(STDIN_FILENO);
  const std::string name = "\"pid\":";
  const size_t at = state.find(name) + name.size();
  return state.substr(at, state.find_first_not_of("0123456789", at) - at);
}

void install() {
  for (const char* name :
       {"/usr/local/bin", "/usr/local/lib/nvbox", "/usr/bin", "/etc/nvidia-container-runtime"}) {
    make_directories(root + name);
  }
  read_whole(root + "/etc/docker/daemon.json");
  for (const std::string& name : names_in(root + "/var/lib/dpkg/info")) {
    read_whole(root + "/var/lib/dpkg/info/" + name);
  }
  const std::string manifest = root + "/usr/local/lib/nvbox/installed";
  write_file(manifest, read_whole(manifest) + "/usr/local/bin/nvbox\n");
  write_file(root + "/usr/local/bin/nvbox", "program");
  make_link("nvbox", "/usr/local/bin/nvidia-container-cli");
  write_file(root + "/etc/nvidia-container-runtime/config.toml", "");
}

// The values of an option, as --NAME=VALUE and as --NAME VALUE.
Words values_of(const Words& words, const std::string& name) {
  Words values;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with(name + "=")) values.push_back(words[i].substr(name.size() + 1));
    if (words[i] == name && i + 1 < words.size()) values.push_back(words[i + 1]);
  }
  return values;
}

void combined_hook(const Words& words) {
  make_links(values_of(words, "--link"));
  const std::string compat = root + "/usr/local/cuda/compat";
  for (const std::string& name : names_in(compat)) read_whole(compat + "/" + name);
  update_cache(values_of(words, "--folder"));
  mask_params();
  write_profile();
}

void cdi_hook(const Words& words) {
  const std::string hook = words.at(1);
  if (hook == "update-ldcache") update_cache(values_of(words, "--folder"));
  if (hook == "create-symlinks") make_links(values_of(words, "--link"));
  if (hook == "enable-cuda-compat") enable_compat();
  if (hook == "disable-device-node-modification") mask_params();
  if (hook == "update-application-profile") write_profile();
  if (hook != "chmod") return;
  for (const std::string& path : values_of(words, "--path")) {
    const std::string target = root + path;
    chmod(target.c_str(), 0711);
  }
}

}  // namespace

int main(int argc, char** argv) {
  // The end of a recursion without end comes soon, however busy the machine is.
  const rlimit stack = {rlim_t{512} << 10, rlim_t{512} << 10};
  setrlimit(RLIMIT_STACK, &stack);
  const Words words(argv + 1, argv + argc);
  const std::string program = words.empty() ? "" : words.front();
  if (program == "nvbox-hook") combined_hook(words);
  if (program == "nvidia-container-runtime-hook") configure(pid_of_state());
  if (program == "nvidia-container-cli") configure(values_of(words, "--pid").at(0));
  if (program == "nvidia-cdi-hook") cdi_hook(words);
  if (program == "nvbox") install();
  return 0;
}
