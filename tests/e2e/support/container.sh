#!/bin/bash
# One container, from a new bundle to its end, by nvidia-container-runtime. See README.md.
#
# usage: container.sh [BUNDLE_OPTION...] IMAGE [--] ARG...
#
# The options are bundle.sh's. The bundle's config.json as the runtime left it is kept in
# $CONTAINER_SPEC if that is set. Runs inside a simulated host.
set -euo pipefail

support_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
options=()
while (($#)); do
  case $1 in
    --env | --annotation | --mount) options+=("$1" "$2"); shift 2 ;;
    -*) options+=("$1"); shift ;;
    *) break ;;
  esac
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$support_dir/bundle.sh" "${options[@]}" "$work/bundle" "$@"
status=0
nvidia-container-runtime --log "$work/log" --log-format json --root "$work/state" \
  run --bundle "$work/bundle" "container-$$" </dev/null || status=$?
[[ -z ${CONTAINER_SPEC-} ]] || cp "$work/bundle/config.json" "$CONTAINER_SPEC"
if ((status != 0)) && [[ -s $work/log ]]; then
  # What an engine would show its user.
  jq -r 'select(.level == "error") | "log: " + .msg' "$work/log" >&2
fi
exit "$status"
