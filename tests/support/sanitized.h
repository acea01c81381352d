// Whether this is a build with sanitizers, whose runtime makes system calls of its own (pipe(2), to
// find out what memory can be read): a program like that cannot keep to a list of calls.
#pragma once

namespace nvbox::test {

inline constexpr bool is_sanitized =
#if defined(__SANITIZE_ADDRESS__)
    true;
#else
    false;
#endif

}  // namespace nvbox::test
