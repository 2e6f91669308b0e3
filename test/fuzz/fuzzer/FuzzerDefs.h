// What Jazzer.js uses of LLVM's header of this name, which Debian's libFuzzer comes without.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fuzzer {

using UserCallback = int (*)(const std::uint8_t* data, std::size_t size);
int FuzzerDriver(int* argc, char*** argv, UserCallback callback);

}  // namespace fuzzer
