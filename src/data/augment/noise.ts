import type { Random } from '../../random.ts'
import { similarCharacters } from './similar-characters.ts'
import { splitGraphemes } from './words.ts'

/**
 * Words with typing errors in `share` of their letters and digits, one at least (Belinkov & Bisk
 * 2018): each such character is left out, changes places with the next one of its word, or becomes
 * another: for Latin letters and digits a neighbor on the keyboard (QWERTY), for Chinese a
 * character of the same sound or of similar shape. No word is left empty.
 */
export function addNoise(
  words: readonly string[],
  { share, random }: { share: number; random: Random },
): string[] {
  const split = words.map(splitGraphemes)
  const places = split.flatMap((word, row) =>
    word.flatMap((character, column) => (LETTER.test(character) ? [{ row, column }] : [])),
  )
  const count = Math.max(1, Math.floor(share * places.length))
  for (let n = 0; n < count && places.length > 0; n++) {
    const [{ row, column }] = places.splice(random.integer(places.length), 1) as [Place]
    const word = split[row] as string[]
    const character = word[column] as string
    const others = errorsFor(character)
    const kind = random.integer(3)
    // '' marks what was left out, so that columns stay.
    const isAlone = word.filter((one) => one !== '').length < 2
    const next = word[column + 1]
    if (kind === 0 && !isAlone) word[column] = ''
    else if (kind === 1 && next) [word[column], word[column + 1]] = [next, character]
    else if (others.length > 0) {
      const other = others[random.integer(others.length)] as string
      word[column] = character === character.toLowerCase() ? other : other.toUpperCase()
    }
  }
  return split.map((word) => word.join(''))
}

interface Place {
  row: number
  column: number
}

const LETTER = /^[\p{L}\p{N}]/u

/** Characters that are typed or written instead of this one. */
const errorsFor = (character: string): readonly string[] =>
  NEIGHBORS.get(character.toLowerCase()) ?? similarCharacters(character)

/** Rows of the keyboard with how far each stands to the right, in keys. */
const ROWS = [
  ['1234567890', 0],
  ['qwertyuiop', 0.5],
  ['asdfghjkl', 0.75],
  ['zxcvbnm', 1.25],
] as const

/** Letters and digits beside each key: those less than 1.3 keys away, a letter for a letter. */
const NEIGHBORS: ReadonlyMap<string, readonly string[]> = neighbors()

function neighbors(): Map<string, readonly string[]> {
  const keys = ROWS.flatMap(([row, offset], y) =>
    [...row].map((key, i) => ({ key, x: i + offset, y })),
  )
  const isDigit = (key: string) => /\d/.test(key)
  return new Map(
    keys.map(({ key, x, y }) => [
      key,
      keys
        .filter((other) => other.key !== key && isDigit(other.key) === isDigit(key))
        .filter((other) => Math.hypot(other.x - x, other.y - y) < 1.3)
        .map((other) => other.key),
    ]),
  )
}
