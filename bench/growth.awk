# Reads the CSV of growth.sh. A series is the rows of one name; what an item costs is the difference from the
# row before, divided by the items that came.
#
#   form=text      a line for each row
#   form=markdown  a line for each series, its rows one behind the other
#   form=judge     status 1 when sixteen GPUs cost too much

BEGIN { FS = "," }
FNR == 1 { next }
!($1 in rows) { names[++count] = $1 }
{
  row = ++rows[$1]
  items[$1, row] = $2; instructions[$1, row] = $3; calls[$1, row] = $4; min[$1, row] = $5; median[$1, row] = $6
}

# What is missing has no difference, and of what runs at once each row is about one already.
function each(value, name, row, scale, format) {
  if (row == 1 || value[name, row] == "" || name ~ /^at once/) return ""
  return sprintf(format, (value[name, row] - value[name, row - 1]) / (items[name, row] - items[name, row - 1]) * scale)
}

function text(name, row, format) {
  format = "%-56s %6s %13s %10s %8s %8s %9s %9s %9s\n"
  printf format, "", "items", "instructions", "an item", "calls", "an item", "min ms", "median ms", "us an item"
  for (i = 1; i <= count; ++i) for (row = 1; row <= rows[name = names[i]]; ++row) {
    printf format, row == 1 ? name : "", items[name, row], instructions[name, row], each(instructions, name, row, 1, "%.0f"),
      calls[name, row], each(calls, name, row, 1, "%.1f"), min[name, row], median[name, row], each(min, name, row, 1000, "%.2f")
  }
}

function add(more) { if (more != "") cell = cell (cell == "" ? "" : ", ") more }
function flush() { printf " %s |", cell; cell = "" }

function markdown(name, row, n) {
  print "| what | sizes | 10⁶ instructions | 10³ instructions an item | system calls | calls an item | ms | µs an item |"
  print "|---|---|---|---|---|---|---|---|"
  for (i = 1; i <= count; ++i) {
    n = rows[name = names[i]]
    printf "| %s |", name
    for (row = 1; row <= n; ++row) add(items[name, row])
    flush()
    for (row = 1; row <= n; ++row) if (instructions[name, row] != "") add(sprintf("%.2f", instructions[name, row] / 1e6))
    flush()
    for (row = 1; row <= n; ++row) add(each(instructions, name, row, 0.001, "%.1f"))
    flush()
    for (row = 1; row <= n; ++row) add(calls[name, row])
    flush()
    for (row = 1; row <= n; ++row) add(each(calls, name, row, 1, "%.1f"))
    flush()
    for (row = 1; row <= n; ++row) add(sprintf("%.2f", min[name, row]))
    flush()
    for (row = 1; row <= n; ++row) add(each(min, name, row, 1000, "%.1f"))
    flush()
    print ""
  }
}

function judge(name, factor, is_bad) {
  for (i = 1; i <= count; ++i) {
    if ((name = names[i]) !~ /^GPUs: /) continue
    factor = instructions[name, 3] / instructions[name, 2]
    printf "%s: 16 cost %.2f times the instructions and %.2f times the time of 8\n", name, factor, min[name, 3] / min[name, 2]
    if (factor > 1.3 && name !~ /cdi generate/) { print "growth.sh: that is over 1.3 times"; is_bad = 1 }
  }
  exit is_bad
}

END {
  if (form == "text") text()
  if (form == "markdown") markdown()
  if (form == "judge") judge()
}
