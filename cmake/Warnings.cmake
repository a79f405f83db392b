# Warnings are errors, for every target of the project and no dependency's headers.
add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers)
