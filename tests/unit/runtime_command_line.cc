#include "runtime/command_line.h"

#include <gtest/gtest.h>

#include <array>
#include <ostream>

#include "base/text.h"

namespace nvbox::runtime {

// Names the wrong fields when a whole command line differs.
static void PrintTo(const CommandLine& line, std::ostream* out) {
  *out << "command=" << line.command.value_or("(none)")
       << " bundle=" << line.bundle.value_or("(none)")
       << " config=" << line.config.value_or("(none)") << " id=" << line.container_id
       << " incomplete=" << line.incomplete_option.value_or("(none)") << " log=" << line.log_path
       << " json=" << line.log_json << " debug=" << line.debug << " version=" << line.version
       << " help=" << line.help;
}

namespace {

CommandLine parse(std::string_view text) {
  std::vector<std::string_view> arguments = split(text, ' ');
  if (text.empty()) arguments.clear();
  return parse_command_line(arguments);
}

struct Vector {
  std::string_view arguments;
  CommandLine expected;
};

void expect_all(std::span<const Vector> vectors) {
  for (const Vector& vector : vectors) {
    EXPECT_EQ(parse(vector.arguments), vector.expected) << vector.arguments;
  }
}

CommandLine create(std::string_view bundle) {
  return {.command = "create", .bundle = std::string(bundle), .container_id = "id"};
}

TEST(CommandLine, vectors_of_the_reference) {
  expect_all(std::to_array<Vector>({
      {"create --bundle /b id", create("/b")},
      {"--root /r create -b=/b id", create("/b")},
      {"create -bundle /b --bundle=/c id", create("/c")},
      {"--bundle create create id", create("create")},
      {"--bundle create start id", {.command = "start"}},
      {"create --bundle", {.command = "create", .incomplete_option = "--bundle"}},
      {"--log /l --log-format json --debug delete id",
       {.command = "delete", .log_path = "/l", .log_json = true, .debug = true}},
  }));
}

// NVIDIA's toolkit looks for the word "create" anywhere, and does not know that run creates as
// well.
TEST(CommandLine, documented_differences_from_the_peer) {
  EXPECT_FALSE(parse("start create").creates_container());
  EXPECT_FALSE(parse("--root create delete id").creates_container());
  EXPECT_EQ(parse("run --bundle /b id"),
            (CommandLine{.command = "run", .bundle = "/b", .container_id = "id"}));
  EXPECT_TRUE(parse("run --bundle /b id").creates_container());
  EXPECT_FALSE(parse("restore --bundle /b id").creates_container());
  EXPECT_EQ(parse("exec id sh --version"), CommandLine{.command = "exec"});
}

TEST(CommandLine, nothing_at_all_is_no_command) {
  EXPECT_EQ(parse(""), CommandLine{});
  EXPECT_EQ(parse("--root /r"), CommandLine{});
  EXPECT_EQ(parse("--log"), CommandLine{});
}

TEST(CommandLine, what_engines_pass) {
  expect_all(std::to_array<Vector>({
      // containerd's shim, for Docker and Kubernetes.
      {"--root /run/moby --log /t/log.json --log-format json --systemd-cgroup create --bundle /t "
       "--pid-file /t/init.pid --console-socket /p/pty.sock id",
       {.command = "create",
        .bundle = "/t",
        .container_id = "id",
        .log_path = "/t/log.json",
        .log_json = true}},
      // conmon, for Podman and CRI-O.
      {"--log-level=debug --log-format=json --log=/c/oci-log create --bundle /c/userdata "
       "--pid-file /c/pidfile id",
       {.command = "create",
        .bundle = "/c/userdata",
        .container_id = "id",
        .log_path = "/c/oci-log",
        .log_json = true}},
      {"--version", {.version = true}},
      {"-v", {.version = true}},
      {"-V", {.version = true}},
      {"features", {.command = "features"}},
  }));
}

TEST(CommandLine, forms_of_go) {
  expect_all(std::to_array<Vector>({
      {"-log /l -debug create -bundle=/b id",
       {.command = "create",
        .bundle = "/b",
        .container_id = "id",
        .log_path = "/l",
        .debug = true}},
      {"--debug=false create -b /b id", create("/b")},
      {"create id --bundle /b", create("/b")},
      {"create --no-pivot --preserve-fds 3 --bundle /b -- id", create("/b")},
      {"-- create --bundle /b id", create("/b")},
      {"--rootless true create -b /b id", create("/b")},
      {"create --bundle=/b --no-new-keyring=true id", create("/b")},
      {"create --pidfd-socket /s --bundle --odd id", create("--odd")},
      {"run -d --keep --bundle /b id", {.command = "run", .bundle = "/b", .container_id = "id"}},
      {"create -- --bundle", {.command = "create", .container_id = "--bundle"}},
      {"create -", {.command = "create", .container_id = "-"}},
  }));
}

TEST(CommandLine, forms_of_argp) {
  expect_all(std::to_array<Vector>({
      {"--cgroup-manager disabled create -b/b id", create("/b")},
      {"--cgroup-m disabled --rootl x create --bun /b id", create("/b")},
      {"--deb create --bun=/b id",
       {.command = "create", .bundle = "/b", .container_id = "id", .debug = true}},
      {"run -db /b id", {.command = "run", .bundle = "/b", .container_id = "id"}},
      {"create --p /pid -b /b id", create("/b")},
      {"--log=file:/l start id", {.command = "start", .log_path = "/l"}},
      {"--log=syslog:id start id", {.command = "start"}},
      {"--log journald:id start id", {.command = "start"}},
      {"create -f /x/spec.json -b /b id",
       {.command = "create", .bundle = "/b", .config = "/x/spec.json", .container_id = "id"}},
      {"create --config=spec.json id",
       {.command = "create", .config = "spec.json", .container_id = "id"}},
  }));
}

TEST(CommandLine, the_last_of_a_repeated_option_counts) {
  EXPECT_EQ(parse("--log /1 --log /2 --log-format json --log-format text start id"),
            (CommandLine{.command = "start", .log_path = "/2"}));
  EXPECT_EQ(parse("create -b /1 --bundle /2 id"), create("/2"));
}

TEST(CommandLine, an_unknown_option_has_the_next_word_for_a_value_unless_that_is_a_command) {
  expect_all(std::to_array<Vector>({
      {"--platform=kvm create -b /b id", create("/b")},
      {"--platform kvm create -b /b id", create("/b")},
      {"--network-host create -b /b id", create("/b")},
      {"--strace --root /r create -b /b id", create("/b")},
      {"create --unknown word -b /b id", create("/b")},
      {"create --unknown -b /b id", create("/b")},
      {"-x create -b /b id", create("/b")},
  }));
}

TEST(CommandLine, only_a_command_that_creates_has_a_bundle) {
  EXPECT_EQ(parse("--bundle /b state id"), CommandLine{.command = "state"});
  EXPECT_EQ(parse("--bundle"), CommandLine{});
}

TEST(CommandLine, a_question_for_help_or_the_version_creates_nothing) {
  expect_all(std::to_array<Vector>({
      {"create --help", {.command = "create", .help = true}},
      {"run -b /b -h id", {.command = "run", .help = true}},
      {"create -?", {.command = "create", .help = true}},
      {"--help create -b /b id", {.command = "create", .help = true}},
      {"--version create -b /b id", {.command = "create", .version = true}},
  }));
  EXPECT_FALSE(parse("create --help").creates_container());
  EXPECT_FALSE(parse("--version run id").creates_container());
}

struct SpecVector {
  std::string_view arguments;
  std::string_view path;
};

TEST(CommandLine, the_specification_is_where_the_low_level_runtime_looks) {
  constexpr SpecVector vectors[] = {
      {"create id", "config.json"},
      {"create --bundle= id", "config.json"},
      {"create --bundle /b/ id", "/b/config.json"},
      {"create --bundle b id", "b/config.json"},
      {"create --bundle /b --config config.json id", "/b/config.json"},
      {"create --bundle /b --config other.json id", "other.json"},
      {"create --bundle /b --config /x/config.json id", "/x/config.json"},
  };
  for (const SpecVector& vector : vectors) {
    const Result<std::string> path = parse(vector.arguments).spec_path();
    ASSERT_TRUE(path) << vector.arguments;
    EXPECT_EQ(*path, vector.path) << vector.arguments;
  }
}

TEST(CommandLine, an_option_without_its_value_is_named) {
  constexpr SpecVector vectors[] = {
      {"create --bundle", "option --bundle needs a value"},
      {"create id -b", "option -b needs a value"},
      {"run -bundle", "option -bundle needs a value"},
      {"create id --pid-file", "option --pid-file needs a value"},
  };
  for (const SpecVector& vector : vectors) {
    const Result<std::string> path = parse(vector.arguments).spec_path();
    ASSERT_FALSE(path) << vector.arguments;
    EXPECT_EQ(path.error().message(), vector.path) << vector.arguments;
  }
}

}  // namespace
}  // namespace nvbox::runtime
