import type { Imported } from '../../deploy/import-model.ts'
import { importOptions } from '../../deploy/options.ts'
import type { StackConfig } from '../../models/stack-config.ts'
import { formatCount } from '../../train/report/format.ts'
import { defineCommand } from '../command.ts'
import { formatTable } from '../format.ts'

export const importCommand = defineCommand({
  name: 'import',
  summary: 'Make a model folder of a GGUF file, a llama2.c model, or another folder.',
  options: importOptions,
  argument: {
    name: 'source',
    help: 'model.gguf, model.bin of llama2.c, or a folder',
    required: true,
  },
  help: {
    Files: {
      out: '`DIR` that is made',
      tokenizer:
        '`PATH` of the vocabulary, where the source has none (llama2.c) or another is wanted',
    },
    Weights: {
      dtype: 'type of the weights that are written',
      shardSize: 'gigabytes of a file of weights, at most',
    },
  },
  examples: [
    'chatwright import model.Q8_0.gguf --out my-model',
    'chatwright import stories15M.bin --tokenizer tokenizer.bin --out stories',
  ],
  run: async (options) => {
    const { importModel } = await import('../../deploy/import-model.ts')
    const { stacksOf } = await import('../../models/model.ts')
    const { stackSchema } = await import('../../models/stack-config.ts')
    const result = await importModel(options)
    return {
      result,
      text: describe(result, stacksOf(result.config), Object.keys(stackSchema.shape)),
    }
  },
})

/** What was understood, so that a mistake shows; `order` is that of the options. */
function describe(
  imported: Imported,
  stacks: readonly StackConfig[],
  order: readonly string[],
): string {
  const settings = stacks.flatMap((stack, i, { length }) => [
    ...(length > 1 ? [[['encoder', 'decoder'][i] ?? '', '']] : []),
    ...Object.entries(stack)
      .sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
      .filter(([name, value]) => !isOff(value) && (MATTERS[name]?.(stack) ?? true))
      .map(([name, value]) => [name, shown(value)]),
  ])
  return [
    formatTable([
      ['architecture', imported.architecture],
      ...settings,
      ['parameters', formatCount(imported.parameters)],
      ['tokens', String(imported.tokens)],
      ['chat template', imported.hasChatTemplate ? 'yes' : 'none'],
    ]),
    `wrote ${imported.out}`,
  ].join('\n')
}

const isOff = (value: unknown): boolean => !value || value === 'none'

/** Options that say something only together with others, or that most models share. */
const MATTERS: Readonly<Record<string, (stack: StackConfig) => boolean>> = {
  ropeTheta: ({ positions }) => positions === 'rotary',
  buckets: ({ positions }) => positions === 'buckets',
  embeddingScale: ({ embeddingScale }) => embeddingScale !== 1,
  firstNorm: () => false,
}

const shown = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value)
