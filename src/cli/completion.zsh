# "commands", "options" and "words" are zsh's own, so _nvbox_table sets others.
_nvbox() {
  local call=${words[1]:t} word expects_value=no
  local -i index
  local -a nvbox_commands nvbox_options nvbox_valued
  _nvbox_table "$call"
  for ((index = 2; index < CURRENT; index++)); do
    word=${words[index]}
    if [[ $expects_value == yes ]]; then
      expects_value=no
    elif ((${nvbox_valued[(Ie)$word]})); then
      expects_value=yes
    elif [[ $word != -* ]] && ((${nvbox_commands[(I)${(b)word}:*]})); then
      if [[ $call == $_nvbox_starter ]] && ((${_nvbox_programs[(Ie)$word]})); then
        call=$word
      else
        call="$call $word"
      fi
      _nvbox_table "$call"
    fi
  done
  if [[ $expects_value == yes ]]; then
    _files
  elif [[ $PREFIX == --*=* ]]; then
    compset -P '*='
    _files
  elif [[ $PREFIX == -* ]]; then
    _describe -o option nvbox_options
  elif (($#nvbox_commands)); then
    _describe command nvbox_commands
  else
    _files
  fi
}
