/**
 * Makes several things of an engine; when one cannot be made, those that `track` was told of are
 * disposed.
 */
export function together<T>(make: (track: <D extends { dispose(): void }>(one: D) => D) => T): T {
  const made: { dispose(): void }[] = []
  try {
    return make((one) => {
      made.push(one)
      return one
    })
  } catch (error) {
    for (const one of made) one.dispose()
    throw error
  }
}
