#!/usr/bin/env bats
# Images that lead what nvbox reads to what is not theirs, with a real dockerd: a file of root's on a
# volume, which came back readable for everybody, and /proc/kmsg, whose reader waits for the kernel's
# next message (proc(5)) and took the engine's lock on the container with it.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash; text for an inner shell

load ../e2e/helpers

setup_file() {
  require dockerd docker containerd runc jq unshare
  DOCKER_DIR=$(mktemp -d)
  export DOCKER_DIR DOCKER_HOST=unix://$DOCKER_DIR/docker.sock
  on_host a100x8 runc "$support/docker.sh" start --storage vfs --default-runtime plain \
    --runtime nvidia=/usr/bin/nvidia-container-runtime \
    --runtime legacy=/usr/bin/nvidia-container-runtime.legacy \
    --runtime plain=/usr/local/lib/simhost/runc "$DOCKER_DIR" 3>&-
  local kind
  for kind in glibc musl; do
    import_leading_to /secret "secret-$kind" "$kind"
    import_leading_to /proc/kmsg "kmsg-$kind" "$kind"
  done
  # The one link with which it was found, on an image that is otherwise as it should be.
  "$support/images.sh" --copy "$BATS_FILE_TMPDIR/plain" musl
  ln -s /secret "$BATS_FILE_TMPDIR/plain/etc/ld-musl-x86_64.path"
  "$support/docker.sh" import "$DOCKER_DIR" path-musl "$BATS_FILE_TMPDIR/plain"
}

teardown_file() {
  "$support/docker.sh" stop "$DOCKER_DIR"
  rm -rf "$DOCKER_DIR"
}

# import_leading_to TARGET NAME KIND
import_leading_to() {
  image_that_leads_to "$1" "$BATS_FILE_TMPDIR/$2" "$3"
  "$support/docker.sh" import "$DOCKER_DIR" "$2" "$BATS_FILE_TMPDIR/$2"
}

# The ways to GPUs, as words for `docker run`.
ways=('--runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=all' '--runtime=legacy -e NVIDIA_VISIBLE_DEVICES=all'
  '--gpus all')

# as_user WAY IMAGE COMMAND...: without any rights, and with root's file at /secret.
as_user() {
  local words
  read -ra words <<<"$1"
  run timeout 120 docker run --rm --network=none --user 1000 --cap-drop ALL \
    --security-opt no-new-privileges "${words[@]}" -v "$BATS_TEST_TMPDIR/secret:/secret:ro" "${@:2}"
}

@test "a file of root's on a volume does not become readable by a link to it" {
  secret_options
  for image in secret-glibc secret-musl path-musl; do
    for way in "${ways[@]}"; do
      as_user "$way" "$image" "${show_copies[@]}"
      has_line looked
      has_no_text "$secret_text"
      as_user "$way" "$image" sh -c 'cat /etc/ld-musl-x86_64.path /etc/ld.so.conf /etc/ld.so.conf.d/* /etc/ld.so.cache'
      has_no_text "$secret_text"
    done
  done
}

# Or the test above would pass whatever happens.
@test "the same file is there, and is root's alone" {
  secret_options
  as_user "${ways[0]}" path-musl cat /secret
  [ "$status" -ne 0 ]
  has_text 'Permission denied'
  run docker run --rm --network=none -v "$BATS_TEST_TMPDIR/secret:/secret:ro" path-musl cat /secret
  [ "$status" -eq 0 ]
  has_line "$secret_text"
}

@test "a link to the kernel's log holds up neither the container nor the engine" {
  for image in kmsg-glibc kmsg-musl; do
    for way in "${ways[@]}"; do
      read -ra words <<<"$way"
      run timeout 120 docker run --rm --network=none --name kmsg "${words[@]}" "$image" echo started
      [ "$status" -eq 0 ]
      has_line started
      run timeout 60 docker ps --all --quiet
      [ "$status" -eq 0 ]
      [ -z "$output" ]
    done
  done
}
