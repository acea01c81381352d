# shellcheck shell=bash disable=SC2034,SC2154 # _nvbox_table, which nvbox writes, sets variables of the caller
_nvbox() {
  local current=${COMP_WORDS[COMP_CWORD]} call=${COMP_WORDS[0]##*/}
  local commands options valued word index expects_value=no
  COMPREPLY=()
  _nvbox_table "$call"
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if [[ $word == '=' ]]; then
      # Words are split there, too.
      expects_value=yes
    elif [[ $expects_value == yes ]]; then
      expects_value=no
    elif [[ " $valued " == *" $word "* ]]; then
      expects_value=yes
    elif [[ " $commands " == *" $word "* ]]; then
      if [[ $call == "$_nvbox_starter" && " $_nvbox_programs " == *" $word "* ]]; then
        call=$word
      else
        call="$call $word"
      fi
      _nvbox_table "$call"
    fi
  done
  # Without an answer bash completes the names of files.
  [[ $expects_value == no && $current != '=' ]] || return 0
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
  fi
}
