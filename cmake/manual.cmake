# What a program prints about itself, made by running it and installed with it.
#
#   holdfast_manual(PROGRAM holdfast SECTION 1 COMPONENT client): its manual pages
#   holdfast_completion(PROGRAM holdfast COMPONENT client): its completion in bash and zsh

include_guard(GLOBAL)
include(GNUInstallDirs)

function(holdfast_manual)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "PROGRAM;SECTION;COMPONENT" "")
  set(folder "${CMAKE_BINARY_DIR}/manual/man${arg_SECTION}")
  set(first "${folder}/${arg_PROGRAM}.${arg_SECTION}")
  add_custom_command(
    OUTPUT "${first}"
    COMMAND "${CMAKE_COMMAND}" -E rm -rf "${folder}"
    COMMAND ${arg_PROGRAM} man "${folder}"
    COMMAND sh -c "exec gzip --best --no-name --keep \"${folder}\"/*"
    DEPENDS ${arg_PROGRAM}
    VERBATIM)
  add_custom_target(${arg_PROGRAM}_manual ALL DEPENDS "${first}")
  install(
    DIRECTORY "${folder}"
    DESTINATION "${CMAKE_INSTALL_MANDIR}"
    COMPONENT ${arg_COMPONENT}
    FILES_MATCHING
    PATTERN "${arg_PROGRAM}*.${arg_SECTION}.gz")
endfunction()

function(holdfast_completion)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "PROGRAM;COMPONENT" "")
  set(bash "${CMAKE_BINARY_DIR}/completion/${arg_PROGRAM}")
  set(zsh "${CMAKE_BINARY_DIR}/completion/_${arg_PROGRAM}")
  file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/completion")
  add_custom_command(
    OUTPUT "${bash}" "${zsh}"
    COMMAND ${arg_PROGRAM} completion bash > "${bash}"
    COMMAND ${arg_PROGRAM} completion zsh > "${zsh}"
    DEPENDS ${arg_PROGRAM}
    VERBATIM)
  add_custom_target(${arg_PROGRAM}_completion ALL DEPENDS "${bash}" "${zsh}")
  install(
    FILES "${bash}"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions"
    COMPONENT ${arg_COMPONENT})
  install(
    FILES "${zsh}"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions"
    COMPONENT ${arg_COMPONENT})
endfunction()
