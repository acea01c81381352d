#include "driver/extensions.h"

#include <gtest/gtest.h>

namespace nvbox::driver {
namespace {

TEST(Extensions, are_one_a_line) {
  EXPECT_EQ(
      parse_extensions("# our tools\n"
                       "library compute,video libsite.so   # with a comment\n"
                       "library\tall\t/opt/site/lib/libsite.so.2\r\n"
                       "\n"
                       "binary utility site-smi\n"
                       "file graphics /usr/share/site/profile.json",
                       "site.conf"),
      (Extensions{
          .rows = {
              {ExtensionKind::library, Capabilities::compute | Capabilities::video, "libsite.so"},
              {ExtensionKind::library, Capabilities::all, "/opt/site/lib/libsite.so.2"},
              {ExtensionKind::binary, Capabilities::utility, "site-smi"},
              {ExtensionKind::file, Capabilities::graphics, "/usr/share/site/profile.json"}}}));
}

TEST(Extensions, that_are_wrong_are_named_by_line_and_the_others_are_kept) {
  EXPECT_EQ(
      parse_extensions("library compute\n"
                       "folder compute /x\n"
                       "library computing libx.so\n"
                       "library compute libx.so.1\n"
                       "library compute x/liby.so\n"
                       "file compute relative\n"
                       "file compute /a/../b\n"
                       "binary utility tool extra\n"
                       "binary utility tool\n",
                       "site.conf"),
      (Extensions{
          .rows = {{ExtensionKind::binary, Capabilities::utility, "tool"}},
          .problems = {
              "site.conf:1: expected library|binary|file CAPABILITIES NAME-OR-PATH",
              "site.conf:2: \"folder\" is none of library, binary and file",
              "site.conf:3: \"computing\" is not a driver capability",
              "site.conf:4: \"libx.so.1\" does not end with .so, as the name of a library without "
              "its version does",
              "site.conf:5: \"x/liby.so\" is neither a name nor an absolute path",
              "site.conf:6: \"relative\" is not an absolute path",
              "site.conf:7: \"/a/../b\" is not a plain path; write /b",
              "site.conf:8: expected library|binary|file CAPABILITIES NAME-OR-PATH"}}));
}

}  // namespace
}  // namespace nvbox::driver
