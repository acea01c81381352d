#!/bin/bash
# One container whose config.json has createContainer hooks as CDI specifications write them.
#
# usage: cdi_hooks.sh LOW_LEVEL HOOKS [BUNDLE_OPTION...] IMAGE [--] ARG...
#
# HOOKS is a JSON array with the arguments of each hook, the first being the program's name. The rest
# is bundle.sh's. Runs inside a simulated host. $STRACE, if set, is the file that gets every execve.
# $HOOK_ENV is the hooks' environment as JSON, one harmless variable unless set; with null they have none.
set -euo pipefail

support_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
low_level=/usr/local/lib/simhost/$1 hooks=$2
shift 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
options=()
while (($#)); do
  case $1 in
    --env | --annotation | --mount) options+=("$1" "$2"); shift 2 ;;
    -*) options+=("$1"); shift ;;
    *) break ;;
  esac
done
"$support_dir/bundle.sh" "${options[@]}" "$work/bundle" "$@"

# shellcheck disable=SC2016 # jq's variables
jq --argjson hooks "$hooks" --argjson env "${HOOK_ENV-[\"NVIDIA_CTK_DEBUG=false\"]}" '.hooks.createContainer =
  ($hooks | map({path: "/usr/bin/\(.[0])", args: .} + if $env then {env: $env} else {} end))' \
  "$work/bundle/config.json" >"$work/config.json"
mv "$work/config.json" "$work/bundle/config.json"

trace=()
[[ -z ${STRACE-} ]] || trace=(strace -f -qq -e trace=execve -o "$STRACE")
"${trace[@]}" "$low_level" --root "$work/state" run --bundle "$work/bundle" "container-$$" </dev/null
