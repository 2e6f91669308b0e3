// Two entries that Jazzer.js's own libFuzzer has and the distribution's has not: without the place of a comparison its
// operands still go into the table that mutations are made from.
#include <cstdint>

extern "C" {

void __sanitizer_cov_trace_const_cmp8(std::uint64_t a, std::uint64_t b);
void __sanitizer_cov_trace_pc_indir(std::uintptr_t callee);

void __sanitizer_cov_trace_const_cmp8_with_pc(std::uintptr_t, std::uint64_t a, std::uint64_t b) {
  __sanitizer_cov_trace_const_cmp8(a, b);
}

void __sanitizer_cov_trace_pc_indir_with_pc(void*, std::uintptr_t callee) { __sanitizer_cov_trace_pc_indir(callee); }
}
