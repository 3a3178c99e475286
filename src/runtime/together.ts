/** Calls `make`; if it throws, disposes everything that it passed to `track`. */
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
