/**
 * What a table of our own has under a name that comes from elsewhere: `__proto__` and `constructor`
 * are names like any other.
 */
export const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined
