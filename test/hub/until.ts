// The module itself: where a test mocks it, or fakes the clock, this waits all the same.
const timers = process.getBuiltinModule('node:timers/promises')

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await timers.setTimeout(1)
}
