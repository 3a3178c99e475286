import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { globSync } from 'tinyglobby'
import { defineConfig } from 'vitest/config'

const all = globSync('{src,bench,experiments,test}/**/*.test.ts')
/** Browsers, GPUs in software, soaks, whole trainings: `npm test` leaves them to `test:all`. */
const long = all.filter((file) => file.endsWith('.long.test.ts'))
/** What these mock, load and measure is of their whole process. */
const ALONE = /vi\.(mock|doMock|resetModules)\(|\/(memory|neighbor)\.ts'/
const alone = all.filter((file) => !long.includes(file) && ALONE.test(readFileSync(file, 'utf8')))
/** Files that share a process load its modules once, which takes as long as many tests. */
const shared = all.filter((file) => !long.includes(file) && !alone.includes(file))

export default defineConfig({
  test: {
    testTimeout: 60_000,
    // Files that share a process share what is decided at import, also whether there are colors.
    env: { NO_COLOR: '1' },
    pool: 'forks',
    // Vitest leaves one core to itself, but has little to do: on two cores half would be idle.
    maxWorkers: availableParallelism(),
    projects: [
      { extends: true, test: { name: 'shared', include: shared, isolate: false } },
      { extends: true, test: { name: 'alone', include: alone } },
      { extends: true, test: { name: 'long', include: long } },
    ],
  },
})
