#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <vector>

#include "huge_pages.h"

namespace bpls {

/// Temporary memory of one call, kept from call to call so that batches do not allocate. `reset` forgets what was
/// taken; `release` gives the memory back.
class Scratch {
 public:
  template <typename T>
  T* take(std::int64_t count) {
    if (count > std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(2 * sizeof(T)))
      throw std::bad_array_new_length();
    const std::size_t bytes = (static_cast<std::size_t>(std::max<std::int64_t>(count, 1)) * sizeof(T) + 63) / 64 * 64;
    if (blocks_.empty() || used_ + bytes > blocks_.back().bytes()) {
      blocks_.push_back(Block(bytes));
      used_ = 0;
    }
    std::byte* start = blocks_.back().memory.get() + used_;
    used_ += bytes;
    return reinterpret_cast<T*>(start);
  }

  template <typename T>
  T* take_zeroed(std::int64_t count) {
    T* start = take<T>(count);
    std::fill_n(start, count, T(0));
    return start;
  }

  /// Several blocks become one of their total size, so that the next call like this one finds it whole.
  void reset() {
    if (blocks_.size() > 1) {
      std::size_t total = 0;
      for (const Block& block : blocks_) total += block.bytes();
      blocks_.clear();
      blocks_.push_back(Block(total));
    }
    used_ = 0;
  }

  void release() {
    blocks_.clear();
    used_ = 0;
  }

 private:
  struct Free {
    std::size_t bytes;
    /// The allocator may lend it to anyone next, a child process among them.
    void operator()(std::byte* memory) const {
      share_with_children(memory, bytes, true);
      ::operator delete[](memory, std::align_val_t(64));
    }
  };
  struct Block {
    explicit Block(std::size_t size)
        : memory(static_cast<std::byte*>(::operator new[](size, std::align_val_t(64))), Free{size}) {
      prefer_huge_pages(memory.get(), size);
      share_with_children(memory.get(), size, false);
    }
    std::size_t bytes() const { return memory.get_deleter().bytes; }
    std::unique_ptr<std::byte, Free> memory;
  };

  std::vector<Block> blocks_;
  std::size_t used_ = 0;
};

}  // namespace bpls
