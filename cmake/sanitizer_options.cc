// Linked into every program of a sanitized build, so that each runs alike however it is started;
// ASAN_OPTIONS, UBSAN_OPTIONS and TSAN_OPTIONS still override.

// NOLINTBEGIN(bugprone-reserved-identifier): the runtimes give the names.

extern "C" {
const char* __asan_default_options();
const char* __ubsan_default_options();
const char* __tsan_default_options();
const char* __tsan_default_suppressions();
}

// The chaos tests load a library before the sanitizer's, on purpose (tests/chaos/shim.c).
const char* __asan_default_options() {
  return "detect_stack_use_after_return=1:check_initialization_order=1:strict_init_order=1:"
         "strict_string_checks=1:verify_asan_link_order=0";
}

const char* __ubsan_default_options() {
  return "print_stacktrace=1";
}

const char* __tsan_default_options() {
  return "second_deadlock_stack=1:history_size=4";
}

// The C library guards its time zone with a lock of its own, which ThreadSanitizer does not see;
// glog asks for the time zone on each line.
const char* __tsan_default_suppressions() {
  return "race:tzset_internal";
}

// NOLINTEND(bugprone-reserved-identifier)
