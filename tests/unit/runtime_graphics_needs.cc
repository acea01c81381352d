#include "runtime/graphics_needs.h"

#include <gtest/gtest.h>

#include <string>

#include "support/make_host.h"

namespace nvbox::runtime {
namespace {

std::string missing_in(std::string_view image) {
  const test::Host host(image);
  return missing_for_graphics(host.root());
}

// As libxext6 and libegl1 of Debian 12 have them.
TEST(GraphicsNeeds, are_there_where_the_image_has_the_packages) {
  EXPECT_EQ(missing_in(R"(
f /usr/lib/x86_64-linux-gnu/libXext.so.6.4.0
l /usr/lib/x86_64-linux-gnu/libXext.so.6 -> libXext.so.6.4.0
f /usr/lib/x86_64-linux-gnu/libEGL.so.1.1.0
l /usr/lib/x86_64-linux-gnu/libEGL.so.1 -> libEGL.so.1.1.0
l /lib -> usr/lib
f /usr/lib/aarch64-linux-gnu/libXext.so.6
f /usr/lib/aarch64-linux-gnu/libEGL.so.1
)"),
            "");
}

// As libXext and libglvnd-egl of Fedora have them.
TEST(GraphicsNeeds, are_found_in_lib64) {
  EXPECT_EQ(missing_in("f /usr/lib64/libXext.so.6\nf /usr/lib64/libEGL.so.1\n"), "");
}

TEST(GraphicsNeeds, are_named_with_what_to_install) {
  EXPECT_EQ(missing_in("f /usr/lib64/libXext.so.6\n"),
            "the image has no libEGL.so.1, which the driver's OpenGL, EGL and Vulkan need; install "
            "Debian's libegl1, or what it is called there, in the image");
  EXPECT_EQ(missing_in("d /usr/lib\n"),
            "the image has no libXext.so.6 and no libEGL.so.1, which the driver's OpenGL, EGL and "
            "Vulkan need; install Debian's libxext6 and libegl1, or what it is called there, in "
            "the image");
}

// A link of the image leads nowhere but inside it, and one that dangles is no library.
TEST(GraphicsNeeds, are_looked_for_inside_the_image) {
  const test::Host host(R"(
d /image/usr/lib64
f /libXext.so.6
l /image/usr/lib64/libXext.so.6 -> ../../../libXext.so.6
f /image/usr/lib64/libEGL.so.1
)");
  EXPECT_TRUE(missing_for_graphics(host.root("/image")).starts_with("the image has no libXext"));
}

}  // namespace
}  // namespace nvbox::runtime
