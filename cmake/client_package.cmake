# What is installed of the client library (docs/decisions/0028-the-installed-client-library.md).
#
#   holdfast_client_package(HEADERS client/session.h … FOUNDATIONS zab/base/ids.h …)
#
# HEADERS are for users, FOUNDATIONS what those include; both named from the root of the repository.
# Installed as the component dev: the headers below include/holdfast, one static library with
# everything of ours in it, a package for CMake (find_package(holdfast), holdfast::client), one for
# pkg-config (holdfast), and the IDL.

include_guard(GLOBAL)
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
# Debian's place for libraries, below every prefix and not only /usr.
if(CMAKE_LIBRARY_ARCHITECTURE AND CMAKE_INSTALL_LIBDIR STREQUAL "lib")
  set(CMAKE_INSTALL_LIBDIR "lib/${CMAKE_LIBRARY_ARCHITECTURE}")
endif()

# Installed headers find each other by the way from one to the other. Words like "client/error.h"
# are found by the compiler in a program's own folders first.
function(_holdfast_installed_header header out)
  string(REGEX REPLACE "[^/]+" ".." up "${header}")
  string(REGEX REPLACE "\\.\\.$" "" up "${up}")
  set(target "${CMAKE_BINARY_DIR}/include/holdfast/${header}")
  get_filename_component(folder "${target}" DIRECTORY)
  file(MAKE_DIRECTORY "${folder}")
  add_custom_command(
    OUTPUT "${target}"
    COMMAND sed "s,^#include \"\\([a-z]*/\\),#include \"${up}\\1," "${PROJECT_SOURCE_DIR}/${header}"
            > "${target}"
    DEPENDS "${PROJECT_SOURCE_DIR}/${header}"
    VERBATIM)
  get_filename_component(folder "${header}" DIRECTORY)
  install(
    FILES "${target}"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/holdfast/${folder}"
    COMPONENT dev)
  set(${out} "${target}" PARENT_SCOPE)
endfunction()

# The archives of the layers as one, without what only replicas say to each other and write.
function(_holdfast_merged_library)
  set(thrift_objects "$<TARGET_OBJECTS:holdfast_thrift_generated>")
  add_library(
    holdfast_client_installed STATIC
    $<TARGET_OBJECTS:holdfast_client>
    $<$<TARGET_EXISTS:holdfast_recipes>:$<TARGET_OBJECTS:holdfast_recipes>>
    $<TARGET_OBJECTS:holdfast_thrift>
    $<FILTER:${thrift_objects},EXCLUDE,/\(peer|record\)_> $<TARGET_OBJECTS:holdfast_zab_base>
    $<TARGET_OBJECTS:holdfast_dep_asio>)
  set_target_properties(
    holdfast_client_installed
    PROPERTIES OUTPUT_NAME holdfast_client
               EXPORT_NAME client
               LINKER_LANGUAGE CXX
               ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/installed")
  target_include_directories(
    holdfast_client_installed INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>"
                                        "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/holdfast>")
  target_compile_features(holdfast_client_installed INTERFACE cxx_std_20)
  target_compile_definitions(holdfast_client_installed
                             INTERFACE "HOLDFAST_CLIENT_BOOST_VERSION=${HOLDFAST_BOOST_VERSION}")
  target_link_libraries(
    holdfast_client_installed INTERFACE "$<INSTALL_INTERFACE:holdfast::thrift>"
                                        "$<INSTALL_INTERFACE:holdfast::cares>" Threads::Threads)
  if(NOT HOLDFAST_SANITIZE AND CMAKE_STRIP)
    add_custom_command(
      TARGET holdfast_client_installed
      POST_BUILD
      COMMAND "${CMAKE_STRIP}" --strip-debug "$<TARGET_FILE:holdfast_client_installed>"
      VERBATIM)
  endif()
endfunction()

function(_holdfast_client_files)
  set(cmake_folder "${CMAKE_INSTALL_LIBDIR}/cmake/holdfast")
  install(
    TARGETS holdfast_client_installed
    EXPORT holdfast
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev)
  install(
    EXPORT holdfast
    NAMESPACE holdfast::
    FILE holdfastTargets.cmake
    DESTINATION "${cmake_folder}"
    COMPONENT dev)
  configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/holdfastConfig.cmake.in"
    "${CMAKE_BINARY_DIR}/installed/holdfastConfig.cmake" INSTALL_DESTINATION "${cmake_folder}")
  # Before 1.0 every minor version may change the API.
  write_basic_package_version_file(
    "${CMAKE_BINARY_DIR}/installed/holdfastConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
  install(
    FILES "${CMAKE_BINARY_DIR}/installed/holdfastConfig.cmake"
          "${CMAKE_BINARY_DIR}/installed/holdfastConfigVersion.cmake"
    DESTINATION "${cmake_folder}"
    COMPONENT dev)
  # Found from where it lies, so that an installation can be moved.
  string(REGEX REPLACE "[^/]+" ".." HOLDFAST_PC_TO_PREFIX "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/holdfast.pc.in"
                 "${CMAKE_BINARY_DIR}/installed/holdfast.pc" @ONLY)
  install(
    FILES "${CMAKE_BINARY_DIR}/installed/holdfast.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
    COMPONENT dev)
  install(
    FILES "${PROJECT_SOURCE_DIR}/thrift/lockservice.thrift"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/holdfast"
    COMPONENT dev)
endfunction()

function(holdfast_client_package)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "HEADERS;FOUNDATIONS")
  _holdfast_check_arguments(holdfast_client_package "${arg_UNPARSED_ARGUMENTS}" "${arg_HEADERS}")
  set(headers)
  foreach(header IN LISTS arg_HEADERS arg_FOUNDATIONS)
    _holdfast_installed_header("${header}" made)
    list(APPEND headers "${made}")
  endforeach()
  add_custom_target(holdfast_client_headers ALL DEPENDS ${headers})
  _holdfast_merged_library()
  _holdfast_client_files()
endfunction()
