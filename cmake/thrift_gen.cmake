# holdfast_thrift_gen(TARGET <library> FILES a.thrift b.thrift …)
#
# Runs the Thrift compiler over the files into <build>/generated/thrift/gen and compiles the result
# once, into one static library, without our warnings. Who links it includes
# "thrift/gen/LockService.h" or "thrift/gen/record_types.h"; for them it is a system header.
#
# The generator's options: templates, because read() and write() over a concrete protocol and buffer
# have no virtual call a field; moveable_types, because records are moved through the pipeline.
#
# Thrift takes any number from the wire into an enumeration. The generated ones get a fixed
# underlying type, so that a number without a name is a legal value, to be refused by who reads it,
# and not undefined behaviour.

include_guard(GLOBAL)

set(holdfast_thrift_options templates,moveable_types,no_skeleton)

# The names of the services that a file declares.
function(_holdfast_thrift_services file out_services)
  file(STRINGS "${file}" services REGEX "^[ \t]*service[ \t]+[A-Za-z0-9_]+")
  list(TRANSFORM services REPLACE "^[ \t]*service[ \t]+([A-Za-z0-9_]+).*" "\\1")
  set(${out_services} "${services}" PARENT_SCOPE)
endfunction()

# The names of what the compiler will write, from the declarations in the file: Ninja has to know
# them before the compiler has run.
function(_holdfast_thrift_outputs file folder out_sources out_headers)
  get_filename_component(stem "${file}" NAME_WE)
  set(sources "${folder}/${stem}_types.cpp")
  set(headers "${folder}/${stem}_types.h" "${folder}/${stem}_types.tcc")
  file(STRINGS "${file}" constants REGEX "^[ \t]*const[ \t]")
  if(constants)
    list(APPEND sources "${folder}/${stem}_constants.cpp")
    list(APPEND headers "${folder}/${stem}_constants.h")
  endif()
  _holdfast_thrift_services("${file}" services)
  foreach(service IN LISTS services)
    list(APPEND sources "${folder}/${service}.cpp")
    list(APPEND headers "${folder}/${service}.h" "${folder}/${service}.tcc")
  endforeach()
  set(${out_sources} "${sources}" PARENT_SCOPE)
  set(${out_headers} "${headers}" PARENT_SCOPE)
endfunction()

function(holdfast_thrift_gen)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET" "FILES")
  _holdfast_check_arguments(holdfast_thrift_gen "${arg_UNPARSED_ARGUMENTS}" "${arg_TARGET}")
  find_program(HOLDFAST_THRIFT_COMPILER thrift)
  mark_as_advanced(HOLDFAST_THRIFT_COMPILER)
  _holdfast_need("${HOLDFAST_THRIFT_COMPILER}" thrift-compiler "The Thrift compiler")
  holdfast_find_dependency(holdfast_dep_thrift)

  set(root "${CMAKE_BINARY_DIR}/generated")
  set(folder "${root}/thrift/gen")
  file(MAKE_DIRECTORY "${folder}")
  list(TRANSFORM arg_FILES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE paths)
  # A new service or constant changes the list of outputs, so CMake has to look again.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${paths}")
  set(all_sources)
  set(all_headers)
  foreach(path IN LISTS paths)
    get_filename_component(name "${path}" NAME)
    _holdfast_thrift_outputs("${path}" "${folder}" sources headers)
    add_custom_command(
      OUTPUT ${sources} ${headers}
      COMMAND "${HOLDFAST_THRIFT_COMPILER}" --gen cpp:${holdfast_thrift_options} -I
              "${CMAKE_CURRENT_SOURCE_DIR}" -out "${folder}" "${path}"
      COMMAND sed -i "s/^  enum type {$/  enum type : ::std::int32_t {/" ${headers}
      DEPENDS ${paths}
      COMMENT "Thrift: ${name}"
      VERBATIM)
    list(APPEND all_sources ${sources})
    list(APPEND all_headers ${headers})
  endforeach()

  # The headers alone, for tools that only read the code: `ninja holdfast_thrift_headers`.
  if(NOT TARGET holdfast_thrift_headers)
    add_custom_target(holdfast_thrift_headers)
  endif()
  add_custom_target(${arg_TARGET}_headers DEPENDS ${all_headers})
  add_dependencies(holdfast_thrift_headers ${arg_TARGET}_headers)

  add_library(${arg_TARGET} STATIC ${all_sources} ${all_headers})
  add_dependencies(${arg_TARGET} ${arg_TARGET}_headers)
  target_include_directories(${arg_TARGET} SYSTEM PUBLIC "${root}")
  # Nobody steps through generated code, and its calls are not where the time goes.
  target_compile_options(${arg_TARGET} PRIVATE -w -g1 $<$<CONFIG:RelWithDebInfo>:-O1>)
  target_link_libraries(${arg_TARGET} PUBLIC holdfast_dep_thrift)
endfunction()
