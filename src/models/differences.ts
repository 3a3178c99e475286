export interface DifferencesOptions {
  /** Names that are not looked at. */
  ignore?: ReadonlySet<string>
  /** Numbers are equal that differ by this share of the larger. */
  tolerance?: number
}

/**
 * The paths, such as `experts.count`, at which two plain values differ; a field that is undefined
 * is none.
 */
export function differences(a: unknown, b: unknown, options: DifferencesOptions = {}): string[] {
  const { ignore, tolerance = 1e-9 } = options
  const found: string[] = []
  const compare = (a: unknown, b: unknown, path: string) => {
    if (typeof a === 'number' && typeof b === 'number') {
      if (!(Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b)))) found.push(path)
    } else if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) {
      if (a !== b) found.push(path)
    } else {
      const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
      for (const name of new Set([...Object.keys(a), ...Object.keys(b)]))
        if (!ignore?.has(name)) compare(left[name], right[name], path ? `${path}.${name}` : name)
    }
  }
  compare(a, b, '')
  return found
}
