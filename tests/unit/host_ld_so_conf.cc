#include "host/ld_so_conf.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/make_host.h"

namespace nvbox::host {
namespace {

using Strings = std::vector<std::string>;

Strings paths_of(const LdSoConf& configuration) {
  Strings paths;
  for (const LibraryDirectory& directory : configuration.directories) {
    paths.push_back(directory.path);
  }
  return paths;
}

Strings directories_of(const test::Host& host, std::string_view ignored = "") {
  return paths_of(read_ld_so_conf(host.root(), ignored));
}

TEST(LdSoConf, without_a_file_there_are_the_directories_of_the_distribution) {
  const test::Host debian(R"(
f /etc/debian_version
d /usr/lib/x86_64-linux-gnu
d /usr/lib64
l /lib -> usr/lib
)");
  EXPECT_EQ(directories_of(debian), (Strings{"/lib/x86_64-linux-gnu", "/lib"}));
  const test::Host other(R"(
d /usr/lib
d /usr/lib64
d /lib64
l /lib -> usr/lib
)");
  EXPECT_EQ(directories_of(other), (Strings{"/lib", "/lib64", "/usr/lib64"}));
}

TEST(LdSoConf, configured_directories_come_first_in_their_order) {
  const test::Host host(R"(
f /etc/ld.so.conf <<EOF
/opt/b   # with a comment
	/opt/a/
# /opt/comment
hwcap 1 nosegneg
relative/path
/opt/missing

/usr/lib
EOF
d /opt/a
d /opt/b
d /opt/comment
d /relative/path
d /usr/lib
d /lib
)");
  EXPECT_EQ(directories_of(host), (Strings{"/opt/b", "/opt/a", "/usr/lib", "/lib"}));
}

TEST(LdSoConf, includes_are_patterns_relative_to_the_including_file) {
  const test::Host host(R"(
f /etc/ld.so.conf <<EOF
include ld.so.conf.d/*.conf /etc/more/?/x.conf
include /etc/no/such.conf
EOF
f /etc/ld.so.conf.d/b.conf <<EOF
/b
EOF
f /etc/ld.so.conf.d/a.conf <<EOF
/a
include c.list
EOF
f /etc/ld.so.conf.d/c.list <<EOF
/c
EOF
f /etc/ld.so.conf.d/.hidden.conf <<EOF
/hidden
EOF
f /etc/more/1/x.conf <<EOF
/one
EOF
f /etc/more/12/x.conf <<EOF
/twelve
EOF
d /a
d /b
d /c
d /hidden
d /one
d /twelve
)");
  EXPECT_EQ(directories_of(host), (Strings{"/a", "/c", "/b", "/one"}));
}

TEST(LdSoConf, an_ignored_file_adds_nothing) {
  const test::Host host(R"(
f /etc/ld.so.conf <<EOF
include /etc/ld.so.conf.d/*.conf
EOF
f /etc/ld.so.conf.d/00-nvbox.conf <<EOF
/ours
EOF
f /etc/ld.so.conf.d/x.conf <<EOF
/theirs
EOF
d /ours
d /theirs
)");
  EXPECT_EQ(directories_of(host, "/etc/ld.so.conf.d/00-nvbox.conf"), (Strings{"/theirs"}));
}

TEST(LdSoConf, names_of_one_directory_count_once) {
  const test::Host host(R"(
f /etc/ld.so.conf <<EOF
/usr/lib
/opt/link
EOF
d /usr/lib
l /lib -> usr/lib
l /opt/link -> ../lib
)");
  EXPECT_EQ(directories_of(host), (Strings{"/usr/lib"}));
}

TEST(LdSoConf, includes_that_form_a_loop_end) {
  const test::Host host(R"(
f /etc/ld.so.conf <<EOF
include /etc/ld.so.conf /etc/*
/opt/a
EOF
f /etc/other <<EOF
include /etc/*
include ../etc/./ld.so.conf
EOF
d /opt/a
)");
  EXPECT_EQ(directories_of(host), (Strings{"/opt/a"}));
}

// An image needs only two lines for a file that has names without end.
TEST(LdSoConf, a_file_that_includes_itself_under_ever_longer_names_is_read_once) {
  const test::Host host(R"(
f /etc/ld.so.conf <<EOF
include /d/F
EOF
f /d/F <<EOF
include ../d/F
include ../other/../d/F
/opt/a
EOF
l /other -> d
d /opt/a
)");
  const LdSoConf configuration = read_ld_so_conf(host.root(), "");
  EXPECT_EQ(paths_of(configuration), (Strings{"/opt/a"}));
  EXPECT_EQ(configuration.problems, Strings{});
}

TEST(LdSoConf, an_ignored_file_is_ignored_under_every_name) {
  const test::Host host(R"(
f /etc/ld.so.conf <<EOF
include ld.so.conf.d/../ld.so.conf.d/00-nvbox.conf /etc/link
EOF
f /etc/ld.so.conf.d/00-nvbox.conf <<EOF
/ours
EOF
l /etc/link -> ld.so.conf.d/00-nvbox.conf
d /ours
)");
  EXPECT_EQ(directories_of(host, "/etc/ld.so.conf.d/00-nvbox.conf"), Strings{});
}

// glibc's ldconfig has no limits; the largest configuration of a distribution has some 1 KiB.
class LdSoConfLimits : public testing::Test {
 protected:
  void put(const std::string& file, const std::string& text) const {
    std::ofstream(host_.path() + file) << text;
  }
  void expect_cut_off(std::string_view problem) const {
    const LdSoConf configuration = read_ld_so_conf(host_.root(), "");
    EXPECT_EQ(paths_of(configuration), Strings{"/usr/lib"});
    ASSERT_EQ(configuration.problems.size(), 1U);
    EXPECT_TRUE(configuration.problems[0].contains(problem)) << configuration.problems[0];
  }

  test::Host host_{"d /etc/c\nd /opt/late\nd /usr/lib\n"};
};

TEST_F(LdSoConfLimits, bytes_of_all_files_count_together) {
  for (int file = 0; file < 20; ++file) {
    put("/etc/c/" + std::to_string(file), std::string(size_t{60} * 1024, '#') + "\n");
  }
  put("/etc/ld.so.conf", "include /etc/c/*\n/opt/late\n");
  expect_cut_off("includes too much");
}

TEST_F(LdSoConfLimits, lines_of_all_files_count_together) {
  for (int file = 0; file < 3; ++file) {
    put("/etc/c/" + std::to_string(file), std::string(30'000, '\n'));
  }
  put("/etc/ld.so.conf", "include /etc/c/*\n/opt/late\n");
  expect_cut_off("includes too much");
}

TEST_F(LdSoConfLimits, files_that_include_each_other_are_followed_to_a_depth) {
  for (int file = 0; file < 40; ++file) {
    put("/etc/c/" + std::to_string(file), "include " + std::to_string(file + 1) + "\n");
  }
  put("/etc/c/40", "/opt/late\n");
  put("/etc/ld.so.conf", "include c/0\n");
  expect_cut_off("too deep");
}

TEST_F(LdSoConfLimits, names_that_a_pattern_is_held_against_count_together) {
  std::filesystem::create_directories(host_.path() + "/many");
  for (int file = 0; file < 1000; ++file) put("/many/" + std::to_string(file), "");
  for (int link = 0; link < 20; ++link) {
    std::filesystem::create_symlink("/many", host_.path() + "/etc/c/" + std::to_string(link));
  }
  put("/etc/ld.so.conf", "include /etc/c/*/*x\n/opt/late\n");
  expect_cut_off("includes too much");
}

TEST(LdSoConf, links_out_of_the_root_stay_inside) {
  const test::Host host(R"(
l /etc/ld.so.conf -> ../../../../../../conf
f /conf <<EOF
/opt/out
include ../../../../../more
EOF
f /more <<EOF
/inside
EOF
l /opt/out -> ../../../../../../etc
d /inside
)");
  EXPECT_EQ(directories_of(host), (Strings{"/opt/out", "/inside"}));
}

TEST(LdSoConf, what_cannot_be_read_is_a_problem_and_no_more) {
  const test::Host host(R"(
f /etc/ld.so.conf <<EOF
include /etc/directory
include /etc/fifo
include /etc/huge
/opt/a
EOF
d /etc/directory
d /opt/a
)");
  ASSERT_EQ(mkfifo((host.path() + "/etc/fifo").c_str(), 0644), 0);
  std::ofstream(host.path() + "/etc/huge") << "/opt/b\n";
  std::filesystem::resize_file(host.path() + "/etc/huge", std::uintmax_t{8} << 30);
  const LdSoConf configuration = read_ld_so_conf(host.root(), "");
  EXPECT_EQ(paths_of(configuration), (Strings{"/opt/a"}));
  EXPECT_EQ(configuration.problems.size(), 3U);
}

TEST(LdSoConf, endless_configuration_is_cut_off) {
  const test::Host host("d /etc\nd /opt/late\n");
  {
    std::ofstream file(host.path() + "/etc/ld.so.conf");
    for (int line = 0; line < 5000; ++line) file << "/n" << line << "\n";
    file << "/opt/late\n";
  }
  const LdSoConf configuration = read_ld_so_conf(host.root(), "");
  EXPECT_EQ(paths_of(configuration), Strings{});
  EXPECT_EQ(configuration.problems,
            Strings{"/etc/ld.so.conf: includes too much, the rest is ignored"});
}

}  // namespace
}  // namespace nvbox::host
