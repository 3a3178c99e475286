import { defineConfig } from 'vitest/config'

/** Checks against data beside the repository and the peers installed in `peers/`. */
export default defineConfig({
  test: {
    // What needs more than CI installs stands in `optional/`, and is run by its name:
    // `OPTIONAL=1 npm run crosscheck -- hub`.
    include: [process.env.OPTIONAL ? 'crosscheck/**/*.test.ts' : 'crosscheck/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // Peers are large: two files at a time, whatever the machine.
    maxWorkers: 2,
  },
})
