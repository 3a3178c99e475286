import type { Files } from '../models/files/folder.ts'
import { encodeSafetensors } from '../models/files/safetensors.ts'
import { familyOf, writeConfig } from '../models/huggingface/config.ts'
import { exportTensors } from '../models/huggingface/weights.ts'
import { type Model, stacksOf } from '../models/model.ts'
import type { DeviceTensor } from '../runtime/engine.ts'
import { tokenizerConfigOf } from '../text/token-roles.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

/** Where parameters lie. */
export interface ParameterValues {
  tensor(name: string): Pick<DeviceTensor, 'read'>
}

export interface ModelFilesOptions {
  model: Model
  /** Memory of each parameter. */
  values: ParameterValues
  tokenizer: Tokenizer
  /** Jinja template of conversations; a model without one only continues text. */
  chatTemplate?: string
  /** Defaults of generation, by the names of generation_config.json. */
  generation?: Readonly<Record<string, unknown>>
}

/** The files of a model in Hugging Face's layout; the weights are read when their turn comes. */
export function modelFiles(options: ModelFilesOptions): Files {
  const { model, values, tokenizer, generation } = options
  const { bosId, eosId } = tokenizer
  const family = familyOf(model.config)
  const read = async (name: string) => (await values.tensor(name).read()) as Float32Array
  const ids = { bos_token_id: bosId, eos_token_id: eosId }
  return {
    'config.json': json(writeConfig(model.config, tokenizer)),
    'generation_config.json': json({ ...ids, ...generation }),
    ...textFiles(options),
    'model.safetensors': encodeSafetensors(exportTensors(family, model, read)),
  }
}

/** The files that say how a model reads and writes text. */
export const textFiles = ({
  model,
  tokenizer,
  chatTemplate,
}: Pick<ModelFilesOptions, 'model' | 'tokenizer' | 'chatTemplate'>): Files => ({
  'tokenizer.json': json(tokenizer.toJSON()),
  'tokenizer_config.json': json({
    ...tokenizerConfigOf(tokenizer),
    model_max_length: Math.max(...stacksOf(model.config).map(({ context }) => context)),
    chat_template: chatTemplate,
  }),
})

export const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
