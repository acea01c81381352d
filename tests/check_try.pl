#!/usr/bin/perl
# NVBOX_TRY in a braced list behind another element: when it returns, gcc 12 does not destroy what the
# elements before it made, so the list leaks (src/base/result.h).
#
#   check_try.pl FILE...       tells such places, status 1 if there is one
#   check_try.pl --self-test   holds the check against the lines at the end of this file
use strict;
use warnings;

# Lines of `text` with such a place. A brace whose own level has a semicolon is a block; a comma there
# separates elements.
sub places {
  my ($text) = @_;
  # Comments, raw strings, strings and characters mean nothing; their line feeds count.
  $text =~ s{(//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\g2"|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\.|[^'\\\n])+')}
            {(my $blank = $1) =~ s/[^\n]//g; $blank}gse;
  my ($line, @open, @found) = (1);
  while ($text =~ /(\n|[{}()\[\];,]|\bNVBOX_TRY\b)/g) {
    my $token = $1;
    if ($token eq "\n") { ++$line }
    elsif ($token =~ /[{(\[]/) { push @open, {kind => $token, commas => 0, tries => [], block => 0} }
    elsif ($token eq ';') { $open[-1]{block} = 1 if @open }
    elsif ($token eq ',') { ++$open[-1]{commas} if @open }
    elsif ($token eq 'NVBOX_TRY') {
      # Each list around it sees it at the element that it has come to.
      push @{$_->{tries}}, [$line, $_->{commas}] for @open;
    }
    else {
      my $closed = pop @open or next;
      next if $closed->{kind} ne '{';
      if ($closed->{block}) {
        # What a lambda returns from is its own body.
        my %inside = map { $_->[0] => 1 } @{$closed->{tries}};
        for my $outer (@open) { $outer->{tries} = [grep { !$inside{$_->[0]} } @{$outer->{tries}}] }
        next;
      }
      push @found, map { $_->[0] } grep { $_->[1] > 0 } @{$closed->{tries}};
    }
  }
  my %seen;
  return sort { $a <=> $b } grep { !$seen{$_}++ } @found;
}

sub self_test {
  my $text = join '', <DATA>;
  my @lines = split /\n/, $text;
  my @marked = grep { $lines[$_ - 1] =~ m{// leaks} } 1 .. @lines;
  my @found = places($text);
  return 0 if "@marked" eq "@found";
  print STDERR "check_try.pl: found lines @found of its own examples, and not @marked\n";
  return 1;
}

exit self_test() if "@ARGV" eq '--self-test';
my $status = 0;
for my $path (@ARGV) {
  open my $file, '<', $path or die "$path: $!\n";
  my $text = do { local $/; <$file> };
  for my $line (places($text)) {
    print "$path:$line: NVBOX_TRY behind another element of a braced list: use a variable\n";
    $status = 1;
  }
}
exit $status;

__DATA__
Result<Host> good() {
  const Name name = NVBOX_TRY(read_name());
  Host host = {.name = NVBOX_TRY(read_name()), .size = 1};  // {a, NVBOX_TRY(b)}
  const auto text = "{a, NVBOX_TRY(b)}"; const char quote = '"'; const long million = 1'000'000;
  use(name, NVBOX_TRY(read_size()));
  run({name, [&]() -> Result<> { NVBOX_TRY(read_size()); return {}; }});
  for (const auto& [key, value] : NVBOX_TRY(pairs())) use({key, value});
  if (name.empty()) return Host{NVBOX_TRY(read_name())};
  return NVBOX_TRY(make({name, 1}));
}
Result<Host> bad() {
  Host host = {.name = read_name(), .size = NVBOX_TRY(read_size())};  // leaks
  hosts.push_back({read_name(), NVBOX_TRY(read_size())});  // leaks
  return Host{
      .name = NVBOX_TRY(read_name()),
      .size = use(NVBOX_TRY(read_size())),  // leaks
      .more = {NVBOX_TRY(read_size())}};  // leaks
}
