const LONGEST = 80

/** A name in quotes, for a message: control characters escaped, and cut where it is long. */
export const quote = (name: string): string =>
  JSON.stringify(name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name)
