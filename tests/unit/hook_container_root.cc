#include "hook/container_root.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "sys/fd.h"

namespace nvbox::hook {
namespace {

namespace fs = std::filesystem;

class ContainerRoot : public testing::Test {
 protected:
  ContainerRoot() {
    bundle_ = fs::canonical(fs::temp_directory_path()).string() + "/nvbox-bundle-XXXXXX";
    EXPECT_NE(mkdtemp(bundle_.data()), nullptr);
    fs::create_directories(bundle_ + "/rootfs");
  }
  ~ContainerRoot() override { fs::remove_all(bundle_); }

  void put_config(const std::string& text) const {
    std::ofstream(bundle_ + "/config.json") << text;
  }

  // The root's path, or the error.
  static std::string open(const spec::OciState& state) {
    const Result<host::Root> root = open_container_root(state);
    return root ? root->path() : root.error().message();
  }

  std::string bundle_;
};

TEST_F(ContainerRoot, a_relative_root_of_the_configuration_lies_in_the_bundle) {
  put_config(R"({"root":{"path":"rootfs"}})");
  EXPECT_EQ(open({.bundle = bundle_}), bundle_ + "/rootfs");
}

TEST_F(ContainerRoot, an_absolute_root_of_the_configuration_stands_for_itself) {
  put_config(R"({"root":{"path":")" + bundle_ + R"(/rootfs"}})");
  EXPECT_EQ(open({.bundle = bundle_}), bundle_ + "/rootfs");
}

TEST_F(ContainerRoot, the_states_root_comes_first_and_the_configuration_is_not_read) {
  EXPECT_EQ(open({.bundle = bundle_, .root = "rootfs"}), bundle_ + "/rootfs");
  EXPECT_EQ(open({.root = bundle_ + "/rootfs"}), bundle_ + "/rootfs");
}

TEST_F(ContainerRoot, the_hosts_root_is_refused_under_every_name) {
  const std::string climbing = "../../../../../../..";
  put_config(R"({"root":{"path":"/"}})");
  EXPECT_EQ(open({.bundle = bundle_}), "the container's root / is the host's root directory");
  EXPECT_TRUE(open({.bundle = bundle_, .root = climbing}).ends_with("the host's root directory"));
  fs::create_directory_symlink("/", bundle_ + "/link");
  EXPECT_TRUE(open({.bundle = bundle_, .root = "link"}).ends_with("the host's root directory"));
}

TEST_F(ContainerRoot, a_state_or_configuration_without_a_root_is_an_error_of_one_line) {
  EXPECT_EQ(open({}), "the container state names no bundle");
  const std::string config = bundle_ + "/config.json";
  EXPECT_EQ(open({.bundle = bundle_}), "open " + config + ": No such file or directory");
  const std::string missing = "the container of bundle " + bundle_ + " has no root.path";
  for (const char* text : {"{}", R"({"root":{}})", R"({"root":{"path":""}})", R"({"root":null})"}) {
    put_config(text);
    EXPECT_EQ(open({.bundle = bundle_}), missing) << text;
  }
  put_config(R"({"root":{"path":1}})");
  EXPECT_EQ(open({.bundle = bundle_}), config + ": root.path: expected a string, found number");
  put_config(R"({"root":{"path":"gone"}})");
  EXPECT_EQ(open({.bundle = bundle_}),
            "the container's root: open directory " + bundle_ + "/gone: No such file or directory");
}

// fifo(7): opening one for reading waits for a writer, and open(2) does not wait with O_NONBLOCK.
TEST_F(ContainerRoot, a_fifo_for_a_configuration_is_an_error_and_hangs_nobody) {
  const std::string config = bundle_ + "/config.json";
  ASSERT_EQ(mkfifo(config.c_str(), 0600), 0);
  // Ends a program that waits.
  alarm(20);
  EXPECT_TRUE(open({.bundle = bundle_}).starts_with(config + ": "));
  // Somebody who holds it open and says nothing.
  const sys::Fd silent(::open(config.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(silent);
  EXPECT_TRUE(open({.bundle = bundle_}).starts_with(config + ": "));
  alarm(0);
}

TEST_F(ContainerRoot, the_state_is_read_to_its_end) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const sys::Fd reader(ends[0]);
  sys::Fd writer(ends[1]);
  const std::string text = R"({"id":"web"})" + std::string(8192, '\n');
  ASSERT_EQ(write(writer.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  writer.reset();
  EXPECT_EQ(read_state(reader.get())->id, "web");
}

}  // namespace
}  // namespace nvbox::hook
