# Warnings are errors, for every target of the project and no dependency's headers.
add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers)

# GCC 12 reports overlaps in std::string's own code when it inlines it (its bug 105329).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Wno-restrict)
endif()

# GCC 12 takes members of a union for uninitialised where the thread sanitizer's calls stand between.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_FLAGS MATCHES "fsanitize")
  add_compile_options(-Wno-maybe-uninitialized)
endif()
