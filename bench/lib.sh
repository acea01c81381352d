# shellcheck shell=bash
# What the benchmarks share: how they build, make bundles and libraries, and count.
# shellcheck disable=SC2154 # top and work come from the caller

need() { # need TOOL...: ends when one is missing
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || { echo "${0##*/}: $tool is missing" >&2; exit 1; }
  done
}

build() { # build TARGET...: in the build directory, with what only benchmarks need
  cmake -S "$top" -B "$top/build" -G Ninja -DNVBOX_BENCH=ON >/dev/null
  ninja -C "$top/build" --quiet "$@"
}

runtime_config() { # runtime_config FILE RUNTIME: a config.toml whose low-level runtime is RUNTIME
  printf '[nvidia-container-runtime]\nruntimes = ["%s"]\n' "$2" >"$1"
}

# A program that replaces itself tells callgrind nothing more, so where it counts, the low-level runtime
# is one that the kernel refuses to start.
refusing_config() { # refusing_config FILE
  printf 'no program' >"$1.refused"
  chmod +x "$1.refused"
  runtime_config "$1" "$1.refused"
}

bundle() { # bundle DIR [OPTION...]: with a copy of config.json to put back
  "$top/tests/e2e/support/bundle.sh" --bind-proc "${@:2}" "$1" glibc true
  cp "$1/config.json" "$1/config.json.original"
}

# The options of a bundle that asks for all GPUs.
# shellcheck disable=SC2034
all_gpus=(--env NVIDIA_VISIBLE_DEVICES=all --env 'NVIDIA_DRIVER_CAPABILITIES=compute,utility')

libraries() { # libraries DIR COUNT: libbench0001.so.1 and so on, of which each has its own name as SONAME
  printf 'int f(void) { return 0; }\n' |
    gcc -xc - -shared -nostdlib -fPIC -s -Wl,-z,noseparate-code -Wl,-soname,libbench0000.so.1 -o "$work/library"
  # shellcheck disable=SC2016 # perl's variables
  perl -e '
    my ($from, $directory, $count) = @ARGV;
    local $/;
    open my $in, "<", $from or die "$from: $!\n";
    my $library = <$in>;
    for my $number (1 .. $count) {
      my $name = sprintf "libbench%04d", $number;
      open my $out, ">", "$directory/$name.so.1" or die "$directory/$name.so.1: $!\n";
      print $out $library =~ s/libbench0000/$name/gr;
      close $out or die "$directory/$name.so.1: $!\n";
    }' "$work/library" "$1" "$2"
}

# The C library has a memcpy for every processor; this one is for all (glibc manual, "Hardware Capability
# Tunables").
same_on_all_processors() {
  export GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-EVEX
}

valgrind=(valgrind)
instructions() { # instructions COMMAND...: prints how many callgrind counts
  local count
  # A start that the kernel refuses is an error at its end.
  count=$({ "${valgrind[@]}" --tool=callgrind --callgrind-out-file=/dev/null "$@" || [[ " $* " == *' create '* ]]; } \
    2>&1 >/dev/null | sed -n 's/.*Collected : //p') || count=''
  [[ $count =~ ^[0-9]+$ ]] || { echo "${0##*/}: failed: $*" >&2; return 1; }
  echo "$count"
}

system_calls() { # system_calls COMMAND...: prints how many, and leaves them in $work/trace
  strace -f -qq -o "$work/trace" "$@" >/dev/null 2>&1 || true
  grep -c '(' "$work/trace"
}
