#include "hook/application_profile.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace nvbox::hook {
namespace {

namespace fs = std::filesystem;

class ApplicationProfile : public testing::Test {
 protected:
  ApplicationProfile() {
    root_ = (fs::temp_directory_path() / "nvbox-profile-XXXXXX").string();
    EXPECT_NE(mkdtemp(root_.data()), nullptr);
    fs::create_directories(root_ + "/dev");
    log_.add(LogFormat::text, [this](std::string_view line) { log_lines_.emplace_back(line); });
  }
  ~ApplicationProfile() override { fs::remove_all(root_); }

  // A fixture's stand-in for a device node.
  void put_node(const std::string& name, const std::string& text) const {
    std::ofstream(root_ + "/dev/" + name) << text;
  }
  // The directories as an image might have them, so that a plain user can write below.
  void put_directories() const { fs::create_directories(directory()); }

  void update() {
    const host::Root root = host::Root::open(root_, host::Nodes::written).value();
    const Result<> updated = update_application_profile(root, log_);
    EXPECT_TRUE(updated) << updated.error().message();
  }

  std::string directory() const { return root_ + "/etc/nvidia/nvidia-application-profiles-rc.d"; }
  std::string file() const { return directory() + "/10-container.conf"; }
  std::string content() const {
    std::ifstream stream(file());
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  mode_t mode_of(const std::string& path) const {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0);
    return info.st_mode & mode_t{07777};
  }

  std::string root_;
  Log log_;
  std::vector<std::string> log_lines_;
};

std::string profile(const std::string& mask) {
  return R"({"profiles":[{"name":"_container_","settings":["EGLVisibleDGPUDevices",)" + mask +
         R"(]}],"rules":[{"pattern":[],"profile":"_container_"}]})";
}

TEST_F(ApplicationProfile, the_mask_has_a_bit_for_the_minor_of_each_gpu) {
  put_directories();
  put_node("nvidia0", "c 195:1");
  put_node("nvidia12", "c 195:15");
  update();
  EXPECT_EQ(content(), profile("0x8002"));
}

TEST_F(ApplicationProfile, other_nodes_of_the_driver_do_not_count) {
  put_directories();
  put_node("nvidia0", "c 195:0");
  put_node("nvidiactl", "c 195:255");
  put_node("nvidia-uvm", "c 511:0");
  put_node("nvidia-modeset", "c 195:254");
  put_node("nvidia", "c 195:3");
  put_node("nvidia1x", "c 195:4");
  put_node("null", "c 1:3");
  update();
  EXPECT_EQ(content(), profile("0x1"));
}

TEST_F(ApplicationProfile, what_is_no_character_device_does_not_count) {
  put_directories();
  put_node("nvidia0", "b 195:0");
  put_node("nvidia1", "a file");
  fs::create_directories(root_ + "/dev/nvidia2");
  fs::create_symlink("nvidia3", root_ + "/dev/nvidia4");
  put_node("nvidia3", "c 195:3");
  update();
  EXPECT_EQ(content(), profile("0x8"));
}

TEST_F(ApplicationProfile, the_largest_minor_is_63_and_larger_ones_are_dropped_with_a_warning) {
  put_directories();
  put_node("nvidia63", "c 195:63");
  put_node("nvidia64", "c 195:64");
  update();
  EXPECT_EQ(content(), profile("0x8000000000000000"));
  ASSERT_EQ(log_lines_.size(), 1U);
  EXPECT_TRUE(log_lines_[0].contains("/dev/nvidia64: minor number 64 does not fit"));
}

TEST_F(ApplicationProfile, without_a_gpu_nothing_is_made) {
  put_node("nvidiactl", "c 195:255");
  put_node("nvidia70", "c 195:70");
  update();
  EXPECT_FALSE(fs::exists(root_ + "/etc"));
  fs::remove_all(root_ + "/dev");
  update();
  EXPECT_FALSE(fs::exists(root_ + "/etc"));
}

TEST_F(ApplicationProfile, an_older_profile_is_replaced) {
  put_directories();
  std::ofstream(file()) << "old";
  put_node("nvidia0", "c 195:0");
  update();
  EXPECT_EQ(content(), profile("0x1"));
}

// Debian Policy 10.9: directories have mode 755. NVIDIA's have 0555, in which their owner cannot
// remove or replace anything.
TEST_F(ApplicationProfile, directories_belong_to_their_owner_and_the_file_is_read_only) {
  umask(022);
  put_node("nvidia0", "c 195:0");
  update();
  EXPECT_EQ(mode_of(root_ + "/etc"), mode_t{0755});
  EXPECT_EQ(mode_of(root_ + "/etc/nvidia"), mode_t{0755});
  EXPECT_EQ(mode_of(directory()), mode_t{0755});
  EXPECT_EQ(mode_of(file()), mode_t{0444});
}

}  // namespace
}  // namespace nvbox::hook
