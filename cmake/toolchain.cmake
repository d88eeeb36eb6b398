# Language, build types, compiler cache, linker, warnings, sanitizers.

include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_COLOR_DIAGNOSTICS ON) # Ninja takes the colours out where there is no terminal.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE
      RelWithDebInfo
      CACHE STRING "Debug or RelWithDebInfo" FORCE)
endif()

# No build type defines NDEBUG, and the library's own assertions stay on: a wrong index stops a
# replica instead of changing its state. Optimised, the debug info is what a backtrace and a profile
# need, names and lines: all of it takes half as long again to compile. Tests, and commands that
# people type, are not optimised themselves (HOLDFAST_QUICK_TO_COMPILE), only what they run.
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g -gsplit-dwarf")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
# With a sanitizer -O2 takes half as long again to compile as -O1, and -O0 is hardly quicker. What
# fuzzers search with runs for hours.
if(HOLDFAST_SANITIZE AND NOT HOLDFAST_FUZZ)
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
endif()
set(HOLDFAST_QUICK_TO_COMPILE "$<$<CONFIG:RelWithDebInfo>:-O0>")
add_compile_definitions(_GLIBCXX_ASSERTIONS)

# ccache refuses precompiled headers unless it is told that macros and time stamps in them are fine.
find_program(HOLDFAST_CCACHE_PROGRAM ccache)
mark_as_advanced(HOLDFAST_CCACHE_PROGRAM)
if(HOLDFAST_CCACHE
   AND HOLDFAST_CCACHE_PROGRAM
   AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros
      "${HOLDFAST_CCACHE_PROGRAM}")
endif()

find_program(HOLDFAST_MOLD_PROGRAM NAMES mold ld.mold)
find_program(HOLDFAST_LLD_PROGRAM ld.lld)
mark_as_advanced(HOLDFAST_MOLD_PROGRAM HOLDFAST_LLD_PROGRAM)
if(HOLDFAST_MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
  set(holdfast_linker mold)
elseif(HOLDFAST_LLD_PROGRAM)
  add_link_options(-fuse-ld=lld)
  set(holdfast_linker lld)
else()
  set(holdfast_linker "the compiler's own")
endif()
message(STATUS "Holdfast: ${CMAKE_BUILD_TYPE}, linker ${holdfast_linker}, "
               "compiler launcher '${CMAKE_CXX_COMPILER_LAUNCHER}'")

# Thrift's binary protocol puts the type byte from the wire into an enumeration before it refuses it
# (TBinaryProtocol.tcc, readFieldBegin), so that one check is off.
if(HOLDFAST_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=enum -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(HOLDFAST_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(HOLDFAST_SANITIZE)
  message(FATAL_ERROR "HOLDFAST_SANITIZE may be address or thread, not '${HOLDFAST_SANITIZE}'.")
endif()

# The warnings are a target and not global flags, so that generated code is compiled without them.
add_library(holdfast_warnings INTERFACE)
target_compile_options(
  holdfast_warnings
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wsign-conversion
            -Wold-style-cast
            -Wswitch-enum
            # Designated initialisers that leave members at their defaults are our style.
            -Wno-missing-field-initializers
            # When it optimises, GCC 12 sees overruns inside std::string and uninitialised parts of
            # std::variant that are not there.
            $<$<NOT:$<CONFIG:Debug>>:-Wno-array-bounds>
            $<$<NOT:$<CONFIG:Debug>>:-Wno-restrict>
            $<$<NOT:$<CONFIG:Debug>>:-Wno-stringop-overflow>
            $<$<NOT:$<CONFIG:Debug>>:-Wno-maybe-uninitialized>
            -Werror)
