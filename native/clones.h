#pragma once

// One binary for every x86-64: the loader picks the widest clone that the processor runs. Sanitizers and clang do
// not take the attribute; they get the plain function.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define BPLS_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define BPLS_CLONES
#endif
#define BPLS_INLINE __attribute__((always_inline)) inline
