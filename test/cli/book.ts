import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../../src/random.ts'

const NAMES = ['the captain', 'a sailor', 'the whale', 'an old man', 'the cook', 'his mate']
const VERBS = ['saw', 'feared', 'followed', 'forgot', 'loved', 'hunted']
const PLACES = ['at sea', 'in the night', 'under the stars', 'before dawn', 'by the mast']

/** About 20,000 characters of sentences, the same each time. */
export function bookText(sentences = 500): string {
  const random = new Random(7)
  const pick = (words: readonly string[]) => words[random.integer(words.length)]
  const sentence = () => `${pick(NAMES)} ${pick(VERBS)} ${pick(NAMES)} ${pick(PLACES)}.`
  return Array.from({ length: sentences }, sentence).join('\n')
}

/** A folder of its own with `book.txt` in it. */
export async function workFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'chatwright-cli-'))
  await writeFile(join(path, 'book.txt'), bookText())
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** A training of a second or two. */
export const TINY = [
  ...['train', '--data', 'book.txt', '--tokenizer', 'char'],
  ...['--layers', '1', '--heads', '2', '--dim', '32', '--context', '32', '--batch', '8'],
]
