import { z } from 'zod'
import { type CellResult, defineExperiment } from './experiment.ts'
import { byCell, differences, formatMean, markdownTable, meanOf } from './summary.ts'
import {
  type Classified,
  DATA_SETS,
  type DataSetName,
  draw,
  trainClassifier,
  writeRecords,
} from './text-classification.ts'

const options = {
  /** Numbers of training examples. */
  sizes: z.array(z.number().int().min(10)).min(1).default([500, 2000]),
  steps: z.number().int().min(1).default(600),
  /** EDA's alpha: the share of words that each operation changes. */
  share: z.number().gt(0).max(1).default(0.1),
  /** A dictionary for ChnSentiCorp; without one, words are deleted and swapped only. */
  chineseSynonyms: z.string().min(1).optional(),
  synonyms: z.string().min(1).default('wordnet'),
  threads: z.number().int().min(1).optional(),
}

interface Settings {
  data: DataSetName
  size: number
  steps: number
  augment?: Record<string, number>
  synonyms?: string | undefined
  threads?: number | undefined
}

/**
 * EDA's experiment (Wei & Zou 2019, table 2): does a classifier that learns from few examples gain
 * by synonym replacement, random insertion, swap and deletion? Both arms have equally many steps,
 * and the model of the least loss on a tenth of the examples is measured.
 */
export const eda = defineExperiment<typeof options, Settings, Classified>({
  name: 'eda',
  summary: 'Accuracy of classifiers that learn from 500 and 2,000 examples, with and without EDA.',
  options,
  help: {
    sizes: 'numbers of training examples',
    steps: 'steps of each training, with and without augmentation',
    share: 'share of words that each operation changes',
    synonyms: '`wordnet|FILE` English synonyms',
    chineseSynonyms: '`FILE` Chinese synonyms (default: words are deleted and swapped only)',
    threads: 'threads to compute with (default: as many as the machine runs at once)',
  },
  cells: ({ sizes, steps, share, synonyms, chineseSynonyms, threads }) => {
    const named = (names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [name, share]))
    const words = ['deletion', 'swap']
    const all = [...words, 'replacement', 'insertion']
    const cells: Record<string, Settings> = {}
    for (const data of Object.keys(DATA_SETS) as DataSetName[])
      for (const size of sizes) {
        const dictionary = data === 'chnsenticorp' ? chineseSynonyms : synonyms
        const plain = { data, size, steps, threads }
        cells[`${data} ${size}`] = plain
        cells[`${data} ${size} EDA`] = {
          ...plain,
          augment: named(dictionary ? all : words),
          synonyms: dictionary,
        }
      }
    return cells
  },
  run: async ({ data, size, steps, augment, synonyms, threads }, context) => {
    const { train, test } = await DATA_SETS[data](context.read)
    const isChinese = data === 'chnsenticorp'
    return trainClassifier(context, {
      data: [await writeRecords(context, 'train', draw(train, size, context.seed))],
      test,
      augment,
      synonyms,
      tokenizer: 'bpe',
      vocab: isChinese ? 4096 : 2048,
      architecture: 'bert',
      layers: 2,
      dim: 96,
      heads: 4,
      context: isChinese ? 96 : 48,
      dropout: 0.1,
      batch: 32,
      lr: 1e-3,
      steps,
      evalEvery: Math.max(1, Math.floor(steps / 10)),
      threads,
    })
  },
  summarize: (results) => {
    const cells = byCell(results)
    const percent = ({ result }: CellResult<Settings, Classified>) => 100 * result.accuracy
    const show = (values: number[]) => (values.length > 0 ? formatMean(meanOf(values), 1) : '')
    const rows = [...cells].flatMap(([cell, plain]) => {
      if (cell.endsWith(' EDA')) return []
      const augmented = cells.get(`${cell} EDA`) ?? []
      const values = [plain.map(percent), augmented.map(percent)]
      return [[cell, ...values.map(show), show(differences(augmented, plain, percent))]]
    })
    return markdownTable(['data and examples', 'without, %', 'with EDA, %', 'gain'], rows)
  },
})
