import type { Files } from '../models/files/folder.ts'
import { encodeSafetensors } from '../models/files/safetensors.ts'
import { familyOf, writeConfig } from '../models/huggingface/config.ts'
import { exportTensors } from '../models/huggingface/weights.ts'
import { type Model, type ModelConfig, stacksOf } from '../models/model.ts'
import type { DeviceTensor } from '../runtime/engine.ts'
import { tokenizerConfigOf } from '../text/token-roles.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

export interface ModelFilesOptions {
  model: Model
  /** Memory of each parameter. */
  values: { tensor(name: string): DeviceTensor }
  tokenizer: Tokenizer
  /** Jinja template of conversations; a model without one only continues text. */
  chatTemplate?: string
  /** Defaults of generation, by the names of generation_config.json. */
  generation?: Readonly<Record<string, unknown>>
}

/** The files of a model in Hugging Face's layout; the weights are read when their turn comes. */
export function modelFiles(options: ModelFilesOptions): Files {
  const { model, values } = options
  const family = familyOf(model.config)
  const read = async (name: string) => (await values.tensor(name).read()) as Float32Array
  return {
    ...descriptionFiles({ ...options, config: model.config }),
    'model.safetensors': encodeSafetensors(exportTensors(family, model, read)),
  }
}

export interface DescriptionOptions
  extends Pick<ModelFilesOptions, 'tokenizer' | 'chatTemplate' | 'generation'> {
  config: ModelConfig
  /** Fields of config.json and tokenizer_config.json besides. */
  fields?: object
  settings?: object
  /** Default: the tokenizer's own. */
  tokenizerJson?: object
}

/** All files of a model but its weights. */
export function descriptionFiles(options: DescriptionOptions): Record<string, string> {
  const { config, tokenizer, chatTemplate, generation, fields, settings } = options
  const { tokenizerJson = tokenizer.toJSON() } = options
  const { bosId, eosId } = tokenizer
  return {
    'config.json': json({ ...writeConfig(config, tokenizer), ...fields }),
    'generation_config.json': json({ bos_token_id: bosId, eos_token_id: eosId, ...generation }),
    'tokenizer.json': json(tokenizerJson),
    'tokenizer_config.json': json({
      ...tokenizerConfigOf(tokenizer),
      model_max_length: Math.max(...stacksOf(config).map(({ context }) => context)),
      chat_template: chatTemplate,
      ...settings,
    }),
  }
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
