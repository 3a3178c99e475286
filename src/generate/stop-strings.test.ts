import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StopStrings } from './stop-strings.ts'

const through = (stops: string[], pieces: string[]): { pushed: string[]; end: string } => {
  const filter = new StopStrings(stops)
  const pushed: string[] = []
  for (const piece of pieces) {
    pushed.push(filter.push(piece))
    if (filter.stopped) break
  }
  return { pushed, end: filter.end() }
}

test('a stop string in pieces never shows, not even its beginning', () => {
  const found = through(['\nUser:'], ['Hello', '\nUs', 'ual', '\n', 'User', ': more'])
  expect(found).toEqual({ pushed: ['Hello', '', '\nUsual', '', '', ''], end: '' })
})

test('what was held back comes at the end', () => {
  expect(through(['stop'], ['do not st'])).toEqual({ pushed: ['do not '], end: 'st' })
})

test('of several stop strings the one that is complete first counts', () => {
  expect(through(['cd', 'abc'], ['xabcd'])).toEqual({ pushed: ['x'], end: '' })
  expect(through(['a', 'bab'], ['ba', 'b'])).toEqual({ pushed: ['b'], end: '' })
})

test('overlapping beginnings', () => {
  expect(through(['aab'], ['a', 'a', 'a', 'b', 'c']).pushed).toEqual(['', '', 'a', ''])
})

/** The text up to the stop string that is complete first. */
function letterByLetter(whole: string, stops: string[]): string {
  for (let size = 1; size <= whole.length; size++) {
    const text = whole.slice(0, size)
    const places = stops.filter((one) => text.endsWith(one)).map((one) => size - one.length)
    if (places.length > 0) return whole.slice(0, Math.min(...places))
  }
  return whole
}

test('any cut into pieces gives the text before the first stop string', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 })
  const stop = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.array(text), fc.array(stop, { minLength: 1, maxLength: 3 }), (pieces, stops) => {
      const whole = pieces.join('')
      const { pushed, end } = through(stops, pieces)
      expect(pushed.join('') + end).toBe(letterByLetter(whole, stops))
    }),
    { numRuns: 1000 },
  )
})
