#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace bpls {

#if defined(__linux__)
/// Advice on the pages of 2 MiB that lie wholly within.
inline void advise(const void* start, std::size_t bytes, int advice) {
  constexpr std::uintptr_t page = std::uintptr_t{2} << 20;
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  const std::uintptr_t first = (address + page - 1) / page * page, last = (address + bytes) / page * page;
  if (last > first) madvise(reinterpret_cast<void*>(first), last - first, advice);
}
#endif

/// Asks for pages of 2 MiB, where the system leaves that to programs (`madvise`, the usual setting): `fork` has 512
/// times fewer entries to copy. It is advice: where it is not taken, nothing changes.
inline void prefer_huge_pages(const void* start, std::size_t bytes) {
#if defined(__linux__)
  advise(start, bytes, MADV_HUGEPAGE);
#else
  (void)start, (void)bytes;
#endif
}

/// Whether a child process has the memory, too, until it becomes another program. What it has, the next write here
/// copies, page by page, and in pages of 4 KiB; what it lacks costs nothing.
inline void share_with_children(const void* start, std::size_t bytes, bool shared) {
#if defined(__linux__)
  advise(start, bytes, shared ? MADV_DOFORK : MADV_DONTFORK);
#else
  (void)start, (void)bytes, (void)shared;
#endif
}

}  // namespace bpls
