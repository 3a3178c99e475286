/** Looks up a foreign name, which may be `__proto__` or `constructor`, in one of our tables. */
export const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined
