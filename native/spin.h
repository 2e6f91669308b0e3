#pragma once

#include <chrono>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bpls {

inline void pause() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

/// True once `ready` is; false after a while. Calls follow each other closely, and a sleeping thread is slow to wake.
template <typename Ready>
bool spin_until(const Ready& ready) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      pause();
    }
    // Another may need this core to make the next call: the event loop, where there are as many threads as cores.
    std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < give_up);
  return ready();
}

}  // namespace bpls
