import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError } from '../../files/file-error.ts'
import type { Synonyms } from './operations.ts'

/** Parts of speech, each with regular endings and what they stand for (WordNet's morphy). */
const PARTS = {
  noun: 's: ses:s ves:f xes:x zes:z ches:ch shes:sh men:man ies:y',
  verb: 's: ies:y es:e es: ed:e ed: ing:e ing:',
  adj: 'er: est: er:e est:e',
  adv: '',
} as const

interface Part {
  /** Words of one synset with a word, by the word in lower case. */
  synonyms: ReadonlyMap<string, ReadonlySet<string>>
  endings: readonly (readonly [inflected: string, base: string])[]
}

/**
 * Synonyms of Princeton's WordNet (Miller 1995): the words that share a synset with a word or with
 * what it may be a regular form of, in any sense and part of speech, as in EDA. `folder` has the
 * files of its `dict`. Throws UserError where one is missing.
 */
export async function readWordNet(folder: string): Promise<Synonyms> {
  const read = async (name: string) => {
    const path = join(folder, name)
    const content = await readFile(path, 'utf8').catch((error) => {
      throw fileError(error, `cannot read ${path}, a file of WordNet`)
    })
    return content.split('\n')
  }
  const parts = await Promise.all(
    Object.entries(PARTS).map(
      async ([name, endings]): Promise<Part> => ({
        synonyms: synsetsOf(await read(`data.${name}`)),
        endings: endings
          .split(' ')
          .filter((pair) => pair !== '')
          .map((pair) => pair.split(':') as [string, string]),
      }),
    ),
  )
  const known = new Map<string, readonly string[]>()
  return (word) => {
    const kept = known.get(word)
    if (kept) return kept
    const found = new Set(parts.flatMap((part) => basesOf(word, part).flatMap(synonymsIn(part))))
    found.delete(word)
    const list = [...found]
    known.set(word, list)
    return list
  }
}

const synonymsIn =
  ({ synonyms }: Part) =>
  (base: string): string[] => [...(synonyms.get(base) ?? [])]

/** The word itself, and what it may be an inflected form of. */
function basesOf(word: string, { endings }: Part): string[] {
  const regular = endings.flatMap(([inflected, base]) =>
    word.endsWith(inflected) ? [word.slice(0, word.length - inflected.length) + base] : [],
  )
  return [word, ...regular]
}

/**
 * Lines of data.noun and its like: offset, file, part of speech, the number of words in
 * hexadecimal, then each word and a number. License lines begin with a blank.
 */
function synsetsOf(lines: readonly string[]): Map<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const line of lines) {
    if (!/^\d/.test(line)) continue
    const fields = line.split(' ', 600)
    const count = Number.parseInt(fields[3] ?? '0', 16)
    const words = Array.from({ length: count }, (_, i) =>
      // Adjectives may end with where they stand: "ready(p)".
      (fields[4 + 2 * i] ?? '').replace(/\(.*\)$/, '').replaceAll('_', ' '),
    )
    for (const word of words) {
      const lower = word.toLowerCase()
      const others = found.get(lower) ?? new Set()
      for (const other of words) if (other.toLowerCase() !== lower) others.add(other)
      found.set(lower, others)
    }
  }
  return found
}
