import { defineConfig } from 'vitest/config';

/** What takes minutes, or wants the machine for itself: `npm run test:hard`. */
export default defineConfig({
  test: {
    include: ['test/hard/**/*.hard.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 120_000,
  },
});
