import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // OpenBLAS's thread count belongs to the process, so test files do not share one.
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // .ci/run counts the tests from this file.
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'build/test-report.json' }]] : ['default'],
  },
});
