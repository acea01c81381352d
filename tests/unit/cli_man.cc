#include "cli/man.h"

#include <gtest/gtest.h>

namespace nvbox::cli {
namespace {

TEST(RoffText, means_itself) {
  EXPECT_EQ(roff_text("a-b \\ 'c' `d` ^~\""), "a\\-b \\e \\(aqc\\(aq \\(gad\\(ga \\(ha\\(ti\\(dq");
}

TEST(RoffText, has_no_requests) {
  EXPECT_EQ(roff_text(".TH x\n'br\n.. y.z"), "\\&.TH x\n\\&\\(aqbr\n\\&.. y.z");
}

const CommandPage tool = {
    .names = {"my-tool"},
    .summary = "does it",
    .options = {{.words = {"--file", "-f"},
                 .takes = Takes::value,
                 .value = "FILE",
                 .help = "where",
                 .preset = "/x",
                 .variables = {"A", "B"}},
                {.words = {"--user", "-u"}, .takes = Takes::optional_value, .value = "UID"}},
    .commands = {{.names = {"group"},
                  .summary = "of more",
                  .commands = {{.names = {"leaf", "l"},
                                .summary = "acts",
                                .operands = "PATH",
                                .options = {{.words = {"--dry-run"}, .help = "only look"}}}}}}};

TEST(ManText, has_the_sections_of_a_manual_page_in_their_order) {
  constexpr std::string_view paragraphs[] = {"First.", "Second."};
  constexpr Topic environment[] = {{"HOME", "Where one lives."}};
  constexpr std::string_view see[] = {"sh(1)", "ls(1)"};
  EXPECT_EQ(man_text({.section = "8",
                      .version = "1.2.3",
                      .date = "2026-11-21T03:26+0000",
                      .paragraphs = paragraphs,
                      .environment = environment,
                      .see_also = see},
                     tool),
            R"(.TH MY\-TOOL 8 "2026\-11\-21" "nvbox 1.2.3" "GPUs in containers"
.SH NAME
my\-tool \- does it
.SH SYNOPSIS
\fBmy\-tool\fR [\fIoption\fR...] \fIcommand\fR [\fIargument\fR...]
.SH DESCRIPTION
.PP
First.
.PP
Second.
.SH OPTIONS
.TP
\fB\-\-file\fR=\fIFILE\fR, \fB\-f\fR \fIFILE\fR
where (default: /x) [$A, $B]
.TP
\fB\-\-user\fR[=\fIUID\fR], \fB\-u\fR[\fIUID\fR]

.SH COMMANDS
.SS "\fBgroup\fR"
of more
.SS "\fBgroup leaf\fR \fIPATH\fR"
acts
.TP
\fB\-\-dry\-run\fR
only look
.SH ENVIRONMENT
.TP
\fBHOME\fR
Where one lives.
.SH SEE ALSO
sh(1),
ls(1)
)");
}

TEST(ManText, has_the_synopsis_that_the_page_gives) {
  constexpr std::string_view synopsis[] = {"COMMAND", "--version"};
  const std::string text =
      man_text({.section = "1", .version = "1", .synopsis = synopsis}, {.names = {"x"}});
  EXPECT_NE(text.find(".SH SYNOPSIS\n\\fBx\\fR COMMAND\n.br\n\\fBx\\fR \\-\\-version\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace nvbox::cli
