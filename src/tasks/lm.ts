import { z } from 'zod'
import { evenly } from '../data/evenly.ts'
import { allExamples, type ExampleSet, exampleReader } from '../data/example-set.ts'
import { type WholeDocuments, wholeDocuments } from '../data/readers/whole-documents.ts'
import { documentSeparator } from '../data/sources/reading-options.ts'
import type { Dataset } from '../data/store/dataset.ts'
import { targetBytes } from '../data/target-texts.ts'
import { encodePrompt } from '../generate/prompt.ts'
import { stacksOf } from '../models/model.ts'
import { nextToken } from '../objectives/language-model.ts'
import { resumedAs } from '../options.ts'
import type { Expected } from '../predict/completions.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { type MeasuredRows, ROWS, smoothing, type Task, type TrainingRows } from './task.ts'
import { measuredText, openText, packedRows, readTokens } from './text.ts'

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
      rows: (dataset, { model, tokenizer }, most) => {
        const cut = documents === 'whole' ? wholeRows : packedRows
        const rows = cut(dataset, { length: most, seed: source.seed, tokenizer })
        return {
          ...rows,
          objective: nextToken(model, rows.length, { labelSmoothing }),
          evaluationObjective: nextToken(model, rows.length, { evaluation: true }),
        }
      },
    }),
  measure: async ({ corpus }, { model, tokenizer }, { documents }) => {
    const context = stacksOf(model.config)[0]?.context ?? 0
    const text = await readTokens(corpus, tokenizer)
    if (documents === 'packed') {
      const rows = measuredText(text, { length: context, tokenizer })
      const evaluationObjective = nextToken(model, rows.length, { evaluation: true })
      return { ...rows, evaluationObjective, notices: text.notices }
    }
    const whole = wholeDocuments(text.tokens, tokenizer)
    const length = Math.min(context, whole.longest)
    const set = whole.examples(length)
    return {
      ...measuredDocuments(set, tokenizer),
      length,
      evaluationObjective: nextToken(model, length, { evaluation: true }),
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
  { train, validation, hash }: Dataset,
  { length: most, seed, tokenizer }: { length: number; seed: number; tokenizer: Tokenizer },
): Omit<TrainingRows, 'objective' | 'evaluationObjective'> {
  const documents = wholeDocuments(train, tokenizer)
  const held = validation && wholeDocuments(validation, tokenizer)
  const length = Math.min(most, Math.max(documents.longest, held?.longest ?? 0))
  const [learned, measured] = [documents.examples(length), held?.examples(length)]
  return {
    length,
    trainingTokens: documents.count * length,
    reader: (rows) => exampleReader(learned, { rows, seed }),
    validation:
      held &&
      measured &&
      (() => ({
        ...measuredDocuments(measured, tokenizer),
        expected: beginnings(held, tokenizer),
      })),
    // A model that has only seen whole documents needs the token that they begin with.
    addBos: true,
    identity: { length, data: hash },
    notices: [
      ...learned.notices,
      ...(measured?.notices ?? []).map((notice) => `for validation: ${notice}`),
    ],
  }
}

/** Documents whose beginnings are shown, with what follows. */
const SHOWN = 3

/** The first halves of documents as prompts, and the second halves as what is right. */
function beginnings(documents: WholeDocuments, tokenizer: Tokenizer): Expected[] {
  const numbers = Array.from({ length: documents.count }, (_, i) => i)
  return evenly(numbers, SHOWN).map((i) => {
    const characters = [...tokenizer.decode(documents.tokens(i))]
    const half = Math.ceil(characters.length / 2)
    const given = characters.slice(0, half).join('')
    return {
      given,
      prompt: { ids: encodePrompt({ tokenizer, addBos: true }, given) },
      text: characters.slice(half).join(''),
    }
  })
}
