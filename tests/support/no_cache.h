// Tests neither read nor fill the cache of whoever runs them. To be included by one file of a test program.
#pragma once

#include <cstdlib>

namespace nnc::test {

inline const int kNoCache = setenv("NNC_CACHE", "off", 1);

}  // namespace nnc::test
