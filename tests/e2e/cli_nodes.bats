#!/usr/bin/env bats
# Which device nodes nvidia-container-cli makes, and when: for what is asked for, once nothing stands
# against the request.

# shellcheck disable=SC2154,SC2016 # variables of helpers.bash; text for an inner shell

load helpers

setup() {
  require unshare
}

# cli_sh PROFILE SCRIPT: in a simulated host.
cli_sh() {
  run "$simhost" --install "$nvbox" "$1" -- bash -c "$2"
}

# Every name below /dev with type, mode, owner, inode, number and change time.
listing='listing() { find /dev -exec stat -c "%n %F %a %u:%g %i %t:%T %z" {} + | sort; }'

# The kernel has no undo for a node that somebody opened.
@test "configure makes no node before it has checked the whole request" {
  cli_sh a100mig "$listing"'
    nvidia-container-cli --load-kmods info >/dev/null
    made=/dev/nvidia-caps; rm -r $made; before=$(listing)
    while read -r arguments; do
      for option in "" --load-kmods; do
        nvidia-container-cli $option configure $arguments /rootfs && echo "not refused: $arguments"
        [ "$(listing)" = "$before" ] || { echo "changed: $option $arguments"; rm -rf $made; before=$(listing); }
      done
    done <<"CASES"
--mig-monitor=foo
--mig-config=0 --device=all
--mig-monitor=all --device=9
--device=9,1:0
--device=1:0,x
--device=0:0
--device=all --mig-config=all --require=cuda>=99
--device=1:0 --require=cuda>=99
--device=MIG-GPU-86a10000-0000-4a10-8000-000000000001/7/0 --mig-config=all
CASES
    nvidia-container-cli configure --device=0 /rootfs; [ "$(listing)" = "$before" ] || echo "changed: one GPU"
    nvidia-container-cli configure --device=all --mig-monitor=all /rootfs; ls /dev/nvidia-caps | wc -l'
  has_no_text 'not refused'
  has_no_text changed
  has_text "mig-monitor error: foo: only 'all' devices are currently supported"
  has_text 'device error: 9: unknown device'
  # mig/config, mig/monitor and two for each of seven instances, as their capability files say.
  [ "${lines[-1]}" = 16 ]
}

@test "configure makes no IMEX channel before it has checked the whole request" {
  cli_sh h200x8 "$listing"'
    cli="nvidia-container-cli --load-kmods"
    $cli info >/dev/null; made="/dev/nvidia-caps-imex-channels/channel1 /dev/nvidia-caps-imex-channels/channel3"; rm $made; before=$(listing)
    while read -r arguments; do
      $cli configure $arguments /rootfs && echo "not refused: $arguments"
      [ "$(listing)" = "$before" ] || { echo "changed: $arguments"; rm -rf $made; before=$(listing); }
    done <<"CASES"
--imex-channel=1 --device=9
--imex-channel=1 --device=0 --require=cuda>=99
--imex-channel=1 --device=0 --mig-config=x
--imex-channel=1,1048575 --device=0
CASES
    $cli --no-create-imex-channels configure --imex-channel=1 --device=0 /rootfs; ls /dev/nvidia-caps-imex-channels | wc -l
    $cli configure --imex-channel=1 --device=0 /rootfs; ls /dev/nvidia-caps-imex-channels'
  has_no_text 'not refused'
  has_no_text changed
  has_line 2
  has_line channel1
  has_no_text channel3
}

@test "--load-kmods makes no capability node for what does not exist" {
  cli_sh a100mig '
    rm -r /dev/nvidia-caps
    while read -r arguments; do
      nvidia-container-cli --load-kmods $arguments && echo "not refused: $arguments"
      [ ! -e /dev/nvidia-caps ] || { echo "made: $arguments"; rm -r /dev/nvidia-caps; }
    done <<"CASES"
list --device=99
list --device=x --mig-config=all
configure --device=0 --imex-channel=5 /rootfs
CASES
    nvidia-ctk cdi generate --output=/run/x.yaml --device-id=99 && echo "not refused: generate"
    [ ! -e /dev/nvidia-caps ] || echo made: generate
    nvidia-container-cli --load-kmods list --device=1 --mig-config=all | grep -c /dev/nvidia-caps/'
  has_no_text 'not refused'
  has_no_text made:
  has_text 'channel5: no such file or directory; the loaded driver has no such channel'
  [ "${lines[-1]}" -gt 0 ]
}

@test "--load-kmods makes device nodes that are missing, as gVisor expects of info" {
  cli_sh a100x8 'rm /dev/nvidia3 /dev/nvidiactl /dev/nvidia-uvm
    nvidia-container-cli --load-kmods info >/dev/null
    stat -c "%n %t:%T %a" /dev/nvidia3 /dev/nvidiactl /dev/nvidia-uvm'
  [ "$status" -eq 0 ]
  has_line '/dev/nvidia3 c3:3 666'
  has_line '/dev/nvidiactl c3:ff 666'
  has_line '/dev/nvidia-uvm 1fe:0 666'
}
