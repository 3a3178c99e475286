import { appendFile, readFile, rename, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { hashParameters, loadParameters } from '../../checkpoint/load-parameters.ts'
import { recordsHash } from '../../data/records-hash.ts'
import { type Corpus, type CorpusOptions, openCorpus } from '../../data/sources/corpus.ts'
import { printDataEvents } from '../../data/sources/data-event.ts'
import { UserError } from '../../errors.ts'
import { ifThere } from '../../files/file-error.ts'
import { findDamage, hashFile, writtenSchema } from '../../files/hashed-files.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { parseJson } from '../../files/parse-json.ts'
import { replaceFile } from '../../files/write-aside.ts'
import type { OpenModel } from '../../formats/open-model.ts'
import { generateFromTokens } from '../../generate/from-tokens.ts'
import { LanguageModel } from '../../generate/language-model.ts'
import { chatOptions } from '../../generate/options.ts'
import { createModel, type WritingModel } from '../../models/model.ts'
import { withEngine } from '../../runtime/open.ts'
import type { TaskName } from '../../tasks/index.ts'
import type { TrainContext } from '../../train/train-task.ts'
import type { ParsedDistillOptions } from './options.ts'
import { documentPrompts, promptsFor, type ToWrite } from './prompts.ts'

/** Texts that are written together. */
const BATCH = 32
const MANIFEST = 'generated.json'
const [TEXTS, PART] = ['texts.jsonl', 'texts.jsonl.part']

const manifestSchema = z.object({
  identity: z.string(),
  /** Once all are written. */
  files: writtenSchema.optional(),
})

export interface GeneratedFrom {
  teacher: OpenModel
  task: TaskName
  template: string | undefined
  context: TrainContext
}

/**
 * Sequence-level distillation (Kim & Rush 2016): the teacher answers the prompts of the data, and
 * its answers take the place of those there; where there are no prompts (`lm`), its texts are added
 * to the data. They are kept in `out/generated`, and an interrupted run goes on after the last of
 * them. Gives the data to train and to validate on, and
 * text that is `added`.
 */
export async function generatedData(
  options: ParsedDistillOptions,
  from: GeneratedFrom,
): Promise<Pick<ParsedDistillOptions, 'data' | 'val' | 'encoding'> & { added?: string[] }> {
  const { generate: count, data, val, encoding, out, seed } = options
  if (count === undefined) return { data, val, encoding }
  const { teacher, task, context } = from
  const { onMessage, signal } = context
  const isText = task === 'lm'
  if (isText && encoding !== undefined)
    throw new UserError(
      `--encoding is ${encoding}, and the texts of --generate, which join the data, are UTF-8; ` +
        'convert the data to UTF-8',
    )
  const folder = join(out, 'generated')
  const reading = { ...options, report: printDataEvents(onMessage), own: out, signal }
  const prompts = isText
    ? documentPrompts(teacher, count)
    : await withCorpus(data, reading, (corpus) =>
        promptsFor(corpus, { ...options, ...from, count, folder }),
      )
  const temperature = options.generateTemperature ?? (isText ? 1 : 0)
  await withEngine(options, context.engine, async (engine) => {
    const model = createModel(teacher.config) as WritingModel
    const weights = await loadParameters(engine, model, teacher)
    try {
      const hash = await hashParameters(teacher.path, weights)
      const given = prompts.all.map(({ prompt }) => prompt)
      const identity = recordsHash([[hash, temperature, seed], given, prompts.stopIds])
      if (await isWritten(folder, identity)) return
      onMessage?.(`the teacher writes ${given.length} texts, kept in ${folder}`)
      const parts = { ...teacher, engine, model, weights: { live: weights } }
      const writer = await LanguageModel.create(parts)
      const sampling = { ...chatOptions.parse({ temperature, slide: false }), signal }
      const { stopIds } = prompts
      await writeAll(folder, prompts.all, async (some, first) => {
        const tokens = some.map(({ prompt }) => prompt)
        const given = { ...sampling, seed: seed + first, stopIds }
        const written = await generateFromTokens(writer, tokens, given)
        signal?.throwIfAborted()
        return written.map(({ text }) => text)
      }).finally(() => writer.dispose())
      await finish(folder, identity)
    } finally {
      for (const tensor of Object.values(weights)) tensor.dispose()
    }
  })
  const texts = join(folder, TEXTS)
  if (isText) return { data, val, encoding, added: [texts] }
  return {
    data: [texts],
    val: prompts.validation ? [prompts.validation] : val,
    encoding: undefined,
  }
}

/** Whether all texts are there; if others are, or none, the folder is made anew. */
async function isWritten(folder: string, identity: string): Promise<boolean> {
  const path = join(folder, MANIFEST)
  const bytes = await ifThere(readFile(path), `cannot read ${path}`)
  const found = bytes && manifestSchema.safeParse(parseJson(bytes, path)).data
  if (found?.identity === identity && found.files) {
    const damage = await findDamage(folder, found.files, { verify: true })
    if (!damage) return true
    throw new UserError(
      `${folder} is damaged: ${damage}; delete the folder, and the teacher writes its texts again`,
    )
  }
  if (found?.identity === identity) return false
  for (const name of [MANIFEST, TEXTS, PART]) await rm(join(folder, name), { force: true })
  await makeFolder(folder)
  await replaceFile(path, JSON.stringify({ identity }))
  return false
}

/** Writes the texts that are missing, whole batches of them at a time. */
async function writeAll(
  folder: string,
  all: readonly ToWrite[],
  write: (some: readonly ToWrite[], first: number) => Promise<string[]>,
): Promise<void> {
  const path = join(folder, PART)
  const text = (await ifThere(readFile(path, 'utf8'), `cannot read ${path}`)) ?? ''
  const lines = text.split('\n').slice(0, -1)
  // A kill may have cut off a line, or a batch.
  const done = lines.slice(0, lines.length - (lines.length % BATCH))
  const kept = done.map((line) => `${line}\n`).join('')
  if (kept !== text) await truncate(path, Buffer.byteLength(kept))
  for (let first = done.length; first < all.length; first += BATCH) {
    const some = all.slice(first, first + BATCH)
    const texts = await write(some, first)
    const records = some.map(({ record }, i) => `${JSON.stringify(record(texts[i] as string))}\n`)
    await appendFile(path, records.join(''))
  }
}

async function finish(folder: string, identity: string): Promise<void> {
  await rename(join(folder, PART), join(folder, TEXTS))
  const sha256 = await hashFile(join(folder, TEXTS))
  const { length: size } = await readFile(join(folder, TEXTS))
  const files = { [TEXTS]: { size, sha256 } }
  await replaceFile(join(folder, MANIFEST), JSON.stringify({ identity, files }))
}

async function withCorpus<T>(
  data: readonly string[],
  options: CorpusOptions,
  use: (corpus: Corpus) => Promise<T>,
): Promise<T> {
  const corpus = await openCorpus(data, options)
  return use(corpus).finally(() => corpus.close())
}
