import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect'

/** As much of vitest as the suites that run in the page need. */

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin)

export const expect = chai.expect

interface Test {
  name: string
  work: () => unknown
}

const tests: Test[] = []
const path: string[] = []

export const afterAll = (): void => {}

export const test = (name: string, work: () => unknown): void => {
  tests.push({ name: [...path, name].join(' > '), work })
}

export const describe = (name: string, define: () => void): void => {
  path.push(name)
  define()
  path.pop()
}

describe.each =
  <T extends { name: string }>(items: readonly T[]) =>
  (_: string, define: (item: T) => void): void => {
    for (const item of items) describe(item.name, () => define(item))
  }

/** Runs all tests, one after another; resolves with what failed. */
export async function runTests(): Promise<{ count: number; failures: string[] }> {
  const failures: string[] = []
  for (const { name, work } of tests) {
    try {
      await work()
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`)
    }
  }
  return { count: tests.length, failures }
}
