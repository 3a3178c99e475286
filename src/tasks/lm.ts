import { z } from 'zod'
import { evenly } from '../data/evenly.ts'
import { allExamples, type ExampleSet, exampleReader } from '../data/example-set.ts'
import { joinSets } from '../data/join-sets.ts'
import { shareNotices } from '../data/readers/mixture.ts'
import { type WholeDocuments, wholeDocuments } from '../data/readers/whole-documents.ts'
import { documentSeparator } from '../data/sources/reading-options.ts'
import { targetBytes } from '../data/target-texts.ts'
import { encodePrompt } from '../generate/prompt.ts'
import { type Model, stacksOf } from '../models/model.ts'
import { nextToken } from '../objectives/language-model.ts'
import { resumedAs } from '../options.ts'
import type { Expected } from '../predict/completions.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { type MeasuredRows, ROWS, smoothing, type Task } from './task.ts'
import {
  measuredText,
  openText,
  type PackedRowsOptions,
  packedRows,
  readTokens,
  type TextData,
  type TextRows,
} from './text.ts'

const options = {
  ...resumedAs('fixed', {
    /** One stream of documents that rows are cut from, or one document a row. */
    documents: z.enum(['packed', 'whole']).default('packed'),
  }),
  ...resumedAs('derived', { documentSeparator }),
}

/** Options of text that is tokenized into files. */
export const storeOptions = resumedAs('free', {
  /** Folder of tokenized data that several runs share; default: `data` in the run's own. */
  dataFolder: z.string().min(1).optional(),
})

const learning = { ...smoothing, ...storeOptions }

/** Language modeling: the next token of text (Bengio et al. 2003). */
export const lm: Task<typeof options, typeof learning> = {
  kinds: ['decoder'],
  architecture: 'gpt2',
  data: 'text',
  options,
  learning,
  open: async (source, { documents, labelSmoothing, dataFolder }) =>
    openText(source, {
      whole: documents === 'whole',
      shared: dataFolder,
      rows: (data, { model, tokenizer }, most) => {
        const { seed, augmenter } = source
        const cut = documents === 'whole' ? wholeRows : packedRows
        const rows = cut(data, { length: most, seed, augmenter, tokenizer })
        return {
          ...rows,
          objective: nextToken(model, rows.length, { labelSmoothing }),
          evaluationObjective: nextToken(model, rows.length, { evaluation: true }),
          objectiveOf: (other) => nextToken(other, rows.length, { evaluation: true }),
        }
      },
    }),
  measure: async ({ corpus }, { model, tokenizer }, { documents }) => {
    const context = stacksOf(model.config)[0]?.context ?? 0
    const text = await readTokens(corpus, tokenizer)
    if (documents === 'packed') {
      const rows = measuredText(text, { length: context, tokenizer })
      const objectiveOf = (other: Model) => nextToken(other, rows.length, { evaluation: true })
      return {
        ...rows,
        evaluationObjective: objectiveOf(model),
        objectiveOf,
        notices: text.notices,
      }
    }
    const whole = wholeDocuments(text.tokens, tokenizer)
    const length = Math.min(context, whole.longest)
    const set = whole.examples(length)
    const objectiveOf = (other: Model) => nextToken(other, length, { evaluation: true })
    return {
      ...measuredDocuments(set, tokenizer),
      length,
      evaluationObjective: objectiveOf(model),
      objectiveOf,
      notices: set.notices,
    }
  },
}

const measuredDocuments = (set: ExampleSet, tokenizer: Tokenizer): MeasuredRows => {
  const batches = () => allExamples(set, { rows: ROWS })
  return {
    batches,
    bytes: targetBytes(batches(), tokenizer),
    documents: set.count,
    measures: ['perplexity', 'documents'],
  }
}

/** One document a row. */
function wholeRows(
  { parts, validation, hash }: TextData,
  { length: most, seed, augmenter, tokenizer }: PackedRowsOptions,
): TextRows {
  const texts = parts.map(({ train }) => wholeDocuments(train, tokenizer))
  const held = validation.map((text) => wholeDocuments(text, tokenizer))
  const length = Math.min(most, Math.max(...[...texts, ...held].map(({ longest }) => longest)))
  const mixed = parts.map(({ name, weight }, i) => {
    return { name, weight, set: (texts[i] as WholeDocuments).examples(length) }
  })
  const learned = joinSets(mixed)
  const measured =
    held.length > 0
      ? joinSets(
          held.map((text, i) => {
            return { name: parts[i]?.name ?? '', weight: 1, set: text.examples(length) }
          }),
        )
      : undefined
  const sizes = mixed.map(({ set, ...part }) => ({ ...part, count: set.count }))
  return {
    length,
    trainingTokens: learned.count * length,
    reader: (rows) => exampleReader(learned, { rows, seed, augmenter }),
    examples: augmenter ? undefined : learned,
    validation:
      measured &&
      (() => ({
        ...measuredDocuments(measured, tokenizer),
        expected: beginnings(held, tokenizer),
      })),
    // A model that has only seen whole documents needs the token that they begin with.
    addBos: true,
    identity: { length, data: hash },
    notices: [
      ...shareNotices(sizes, 'rows'),
      ...learned.notices,
      ...(measured?.notices ?? []).map((notice) => `for validation: ${notice}`),
    ],
  }
}

/** Documents whose beginnings are shown, with what follows. */
const SHOWN = 3

/** The first halves of documents as prompts, and the second halves as what is right. */
function beginnings(texts: readonly WholeDocuments[], tokenizer: Tokenizer): Expected[] {
  const all = texts.flatMap((text) => Array.from({ length: text.count }, (_, i) => ({ text, i })))
  return evenly(all, SHOWN).map(({ text, i }) => {
    const characters = [...tokenizer.decode(text.tokens(i))]
    const half = Math.ceil(characters.length / 2)
    const given = characters.slice(0, half).join('')
    return {
      given,
      prompt: { ids: encodePrompt({ tokenizer, addBos: true }, given) },
      text: characters.slice(half).join(''),
    }
  })
}
