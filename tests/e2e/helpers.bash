# Shared by the end-to-end tests.
# shellcheck disable=SC2154,SC2034 # $output is bats'; the tests use the variables

e2e_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
support=$e2e_dir/support
simhost=$e2e_dir/../simhost/simhost
nvbox=${NVBOX_BINARY:-$e2e_dir/../../build/nvbox}

# A test that cannot run here is skipped, or fails where NVBOX_MUST_RUN names e2e.
require() {
  local reason=
  [ "$(id -u)" -eq 0 ] || reason='needs root'
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || reason="needs $tool"
  done
  [ -n "$reason" ] || return 0
  case ,${NVBOX_MUST_RUN-}, in
    *,e2e,*)
      echo "must run, but $reason" >&2
      return 1
      ;;
  esac
  skip "$reason"
}

# on_host PROFILE LOW_LEVEL COMMAND...: in a simulated host with nvbox installed, for at most
# $MOST_SECONDS if that is set.
on_host() {
  local limit=()
  [[ -z ${MOST_SECONDS-} ]] || limit=(timeout --signal=KILL "$MOST_SECONDS")
  SIMHOST_RUNTIMES=/usr/local/lib/simhost/$2 "${limit[@]}" "$simhost" --install "$nvbox" "$1" -- "${@:3}"
}

# start PROFILE LOW_LEVEL CONTAINER_SH_ARGUMENT...
start() {
  on_host "$1" "$2" "$support/container.sh" "${@:3}"
}

# image_with_compat DIRECTORY VERSION: with compatibility libraries for CUDA, which have no note.
image_with_compat() {
  "$support/images.sh" --copy "$1" glibc
  mkdir -p "$1/usr/local/cuda-12/compat"
  ln -s cuda-12 "$1/usr/local/cuda"
  printf 'const char *nvbox_stub_name(void) { return "%s"; }\n' "libcuda.so.$2" |
    gcc -xc - -shared -nostdlib -fPIC -Wl,-soname,libcuda.so.1 \
      -o "$1/usr/local/cuda-12/compat/libcuda.so.$2"
}

# image_that_leads_to TARGET DIRECTORY KIND: whatever nvbox reads of it is a link to TARGET.
image_that_leads_to() {
  local place
  "$support/images.sh" --copy "$2" "$3"
  mkdir -p "$2/etc/ld.so.conf.d" "$2/usr/lib/x86_64-linux-gnu" "$2/usr/lib64"
  for place in etc/ld.so.conf etc/ld.so.cache etc/ld.so.conf.d/{00-nvbox,00-compat-1,a}.conf \
    etc/ld-musl-x86_64.path usr/lib/x86_64-linux-gnu/libfoo.so.1 usr/lib64/libfoo.so.1; do
    ln -sfn "$1" "$2/$place"
  done
}

# A file that only root may read, as a volume, and what shows where its text came to be.
secret_text=/opt/of-the-host-alone
secret_options() {
  (umask 077 && echo "$secret_text" >"$BATS_TEST_TMPDIR/secret")
  secret=(--mount "$BATS_TEST_TMPDIR/secret:/secret")
  # Not through links: root of the container may follow them.
  # shellcheck disable=SC2016 # the inner shell's $1
  show_copies=(busybox sh -c 'busybox find /etc /usr/lib /usr/lib64 -type f -exec busybox grep -H "$1" {} +
    echo looked' sh "$secret_text")
}

# add_cuda_note DIRECTORY VERSION: to them, with the bytes of NVIDIA's libcuda.so of that version.
add_cuda_note() {
  local bytes library=$1/usr/local/cuda-12/compat/libcuda.so.$2
  bytes=$(jq -er --arg version "$2" '.notes[$version] | gsub("(?<byte>..)"; "\\x\(.byte)")' \
    "$e2e_dir/../vectors/cuda_compat.json")
  printf '%b' "$bytes" >"$BATS_TEST_TMPDIR/note"
  objcopy --add-section .note.cuda.fwd_compatibility="$BATS_TEST_TMPDIR/note" \
    --set-section-flags .note.cuda.fwd_compatibility=readonly "$library"
  objcopy --set-section-alignment .note.cuda.fwd_compatibility=4 "$library"
}

has_line() {
  grep -qxF -- "$1" <<<"$output" || {
    printf 'no line %s in:\n%s\n' "$1" "$output" >&2
    return 1
  }
}

has_text() {
  grep -qF -- "$1" <<<"$output" || {
    printf 'no %s in:\n%s\n' "$1" "$output" >&2
    return 1
  }
}

has_no_text() {
  ! grep -qF -- "$1" <<<"$output" || {
    printf '%s is in:\n%s\n' "$1" "$output" >&2
    return 1
  }
}
