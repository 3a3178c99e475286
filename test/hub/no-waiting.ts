// The module itself, where `import` would give what stands in for it.
const timers = process.getBuiltinModule('node:timers/promises')

/**
 * In place of `node:timers/promises`, where a test does not wait between tries:
 *
 *     vi.mock('node:timers/promises', () => import('../../test/hub/no-waiting.ts'))
 */
const hardlyWait = (_milliseconds: number, value?: unknown, options?: { signal?: AbortSignal }) =>
  timers.setTimeout(1, value, options)

export { hardlyWait as setTimeout }
