"""All that the library decides, without input, output, clock or thread.

Given messages, time and calls it says what is to be done: same inputs, same outputs. The rules are
those of the C++ client (client/*.h), file by file. Times are whole milliseconds of a clock that
goes on during suspension.
"""
