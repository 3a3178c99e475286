import { defineConfig } from 'vitest/config'

/** Checks against data beside the repository and the peers installed in `peers/`. */
export default defineConfig({
  test: {
    include: ['crosscheck/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // Peers are large, and some checks compare speeds: one file at a time.
    fileParallelism: false,
  },
})
