import type { Files } from '../models/files/folder.ts'
import { encodeSafetensors } from '../models/files/safetensors.ts'
import { familyOf, writeConfig } from '../models/huggingface/config.ts'
import { exportTensors } from '../models/huggingface/weights.ts'
import { type Model, type ModelConfig, stacksOf } from '../models/model.ts'
import type { DeviceTensor } from '../runtime/engine.ts'
import { tokenizerConfigOf } from '../text/token-roles.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

/** What a model's folder says besides its weights. */
export interface ModelDescription {
  tokenizer: Tokenizer
  /** Jinja template of conversations; a model without one only continues text. */
  chatTemplate?: string
  /** Defaults of generation, by the names of generation_config.json. */
  generation?: Readonly<Record<string, unknown>>
}

export interface ModelFilesOptions extends ModelDescription {
  model: Model
  /** Memory of each parameter. */
  values: { tensor(name: string): DeviceTensor }
}

/** The files of a model in Hugging Face's layout; the weights are read when their turn comes. */
export function modelFiles({ model, values, ...description }: ModelFilesOptions): Files {
  const family = familyOf(model.config)
  const read = async (name: string) => (await values.tensor(name).read()) as Float32Array
  return {
    ...descriptionFiles(model.config, description),
    'model.safetensors': encodeSafetensors(exportTensors(family, model, read)),
  }
}

/** All files but the weights, which are of the type `torchDtype`. */
export function descriptionFiles(
  config: ModelConfig,
  { tokenizer, chatTemplate, generation }: ModelDescription,
  torchDtype = 'float32',
): Files {
  const { bosId, eosId } = tokenizer
  const ids = { bos_token_id: bosId, eos_token_id: eosId }
  return {
    'config.json': json({ ...writeConfig(config, tokenizer), torch_dtype: torchDtype }),
    'generation_config.json': json({ ...ids, ...generation }),
    'tokenizer.json': json(tokenizer.toJSON()),
    'tokenizer_config.json': json({
      ...tokenizerConfigOf(tokenizer),
      model_max_length: Math.max(...stacksOf(config).map(({ context }) => context)),
      chat_template: chatTemplate,
    }),
  }
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
