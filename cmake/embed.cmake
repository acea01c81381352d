# nvbox_embed(OUTPUT FILE...): a source file that holds the bytes of the files, as
# applets/nvbox/embedded.h declares them, named without their directory.
function(nvbox_embed output)
  set(rows "")
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    file(READ ${CMAKE_CURRENT_SOURCE_DIR}/${file} bytes HEX)
    string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
    string(REGEX MATCHALL "................................................................|.+$" lines "${bytes}")
    list(JOIN lines "\"\n     \"" text)
    string(APPEND rows "    {\"${name}\",\n     \"${text}\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"#include \"nvbox/embedded.h\"

namespace nvbox::applets {

std::span<const EmbeddedFile> embedded_files() {
  static constexpr EmbeddedFile files[] = {
@rows@  };
  return files;
}

}  // namespace nvbox::applets
")
endfunction()

# nvbox_text_header(OUTPUT FILE...): a header that has each text as a constant, completion.zsh as
# nvbox::completion_zsh.
function(nvbox_text_header output)
  set(constants "")
  foreach(file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER ${name} name)
    file(READ ${CMAKE_CURRENT_SOURCE_DIR}/${file} text)
    string(APPEND constants "inline constexpr std::string_view ${name} = R\"text(${text})text\";\n")
  endforeach()
  file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"#pragma once

#include <string_view>

namespace nvbox {

@constants@
}  // namespace nvbox
")
endfunction()
