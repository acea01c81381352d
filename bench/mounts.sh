#!/bin/bash
# What bind mounts cost where crun and runc make them: create, start and delete of a container with 0, 20 and
# 60 files mounted, as nvbox mounts a driver's, and with one directory of 60 files.
#
#   bench/mounts.sh
#
# RUNS sets how often each is measured (40), by turns. Needs root. It runs in a simulated GPU host, where
# crun's cgroups are as tests/e2e has them; no GPU is asked for.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname -- "$here")
runs=${RUNS:-40} rounds=4

# shellcheck source=bench/lib.sh
. "$here/lib.sh"
need hyperfine jq crun runc

if [[ -z ${MOUNTS_INSIDE-} ]]; then
  MOUNTS_INSIDE=1 exec "$top/tests/simhost/simhost" t4x1 -- "${BASH_SOURCE[0]}"
fi

work=$(mktemp -d --tmpdir=/run)
trap 'rm -rf "$work"' EXIT

# As an engine does it.
cat >"$work/lifecycle" <<'SCRIPT'
#!/bin/sh
set -e
"$1" --root "$3/root" create --bundle "$2" mounts </dev/null >/dev/null 2>&1
"$1" --root "$3/root" start mounts
"$1" --root "$3/root" delete --force mounts
SCRIPT
chmod +x "$work/lifecycle"

mkdir "$work/driver"
for ((number = 0; number < 60; ++number)); do : >"$work/driver/libdriver$number.so.1"; done
bundle "$work/bundle"

options='["ro", "nosuid", "nodev", "rbind", "rprivate"]'
with_mounts() { # with_mounts NAME JSON: the bundle with these mounts more
  cp -a "$work/bundle" "$work/$1"
  jq --argjson more "$2" '.mounts += $more' "$work/bundle/config.json.original" >"$work/$1/config.json"
}
files() { # files COUNT: the mounts of the first files
  jq -n --argjson count "$1" --argjson options "$options" --arg from "$work/driver" '[range($count) |
    {destination: "/usr/lib/x86_64-linux-gnu/libdriver\(.).so.1", source: "\($from)/libdriver\(.).so.1",
     type: "bind", options: $options}]'
}
with_mounts '0 files' '[]'
with_mounts '20 files' "$(files 20)"
with_mounts '60 files' "$(files 60)"
with_mounts '1 directory' "[{\"destination\": \"/usr/lib/driver\", \"source\": \"$work/driver\", \"type\": \"bind\",
  \"options\": $options}]"

for ((round = 0; round < rounds; ++round)); do
  for runtime in crun runc; do
    for name in '0 files' '20 files' '60 files' '1 directory'; do
      hyperfine -N --warmup 1 --runs $((runs / rounds)) --export-json "$work/result" \
        "'$work/lifecycle' $runtime '$work/$name' '$work'" >/dev/null 2>&1
      jq -c '.results[0].times | map(. * 1000)' "$work/result" >>"$work/$runtime $name.times"
    done
  done
done

printf '%-8s %-12s %10s %10s %22s\n' '' 'mounted' 'median ms' 'min ms' 'more than none'
for runtime in crun runc; do
  for name in '0 files' '20 files' '60 files' '1 directory'; do
    read -r median min < <(jq -rs 'add | sort | "\(.[length / 2 | floor]) \(.[0])"' "$work/$runtime $name.times")
    [[ $name != '0 files' ]] || none=$min
    printf '%-8s %-12s %10.2f %10.2f %22.2f\n' "$runtime" "$name" "$median" "$min" \
      "$(jq -n "$min - $none")"
  done
done
