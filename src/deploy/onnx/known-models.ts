import { UserError } from '../../errors.ts'
import { architectureOf, unsaidOptions } from '../../formats/huggingface/config.ts'
import type { Task } from '../../models/head-config.ts'
import type { ModelConfig } from '../../models/model.ts'
import { own } from '../../own.ts'

const ENCODER_TASKS: readonly Task[] = ['mlm', 'classify', 'regress', 'tag', 'embed']

/** Architectures of transformers.js 4.3, with the tasks of each (`src/models/registry.js`). */
const KNOWN: Readonly<Record<string, readonly (Task | 'write')[]>> = {
  gpt2: ['write'],
  llama: ['write'],
  mistral: ['write'],
  qwen2: ['write'],
  qwen3: ['write'],
  qwen3_moe: ['write'],
  gemma2: ['write'],
  gemma3_text: ['write'],
  bert: ENCODER_TASKS,
  roberta: ENCODER_TASKS,
  distilbert: ENCODER_TASKS,
  modernbert: ENCODER_TASKS,
  t5: ['write'],
}

/** Throws UserError, with the reason, if transformers.js cannot run the model. */
export function expectKnown(config: ModelConfig, folder: string): void {
  const { modelType } = architectureOf(config)
  const known = own(KNOWN, modelType)
  const task = ('head' in config && config.head?.task) || 'write'
  if (known?.includes(task)) return
  const fail = (problem: string) => new UserError(`${folder}: ${problem}`)
  if (modelType === 'chatwright') {
    const { nearest, options } = unsaidOptions(config)
    throw fail(
      `Hugging Face's formats cannot express this model's ${options.join(', ')} (the nearest ` +
        `architecture is ${nearest}), so transformers.js cannot run it`,
    )
  }
  if (known) throw fail(`transformers.js has no ${modelType} whose task is ${task}`)
  throw fail(`transformers.js has no ${modelType}; it has ${Object.keys(KNOWN).join(', ')}`)
}
