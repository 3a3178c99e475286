import type { Files } from '../../files/folder.ts'
import { type Model, type ModelConfig, stacksOf } from '../../models/model.ts'
import type { DeviceTensor } from '../../runtime/engine.ts'
import { tokenizerConfigOf } from '../../text/token-roles.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { encodeSafetensors } from '../safetensors/safetensors.ts'
import { sentenceFiles } from '../sentence-transformers/sentence-transformers.ts'
import { architectureOf, writeConfig } from './config.ts'
import { exportTensors } from './weights.ts'

/** Where parameters lie. */
export interface ParameterValues {
  tensor(name: string): Pick<DeviceTensor, 'read'>
}

/** What a model's folder says besides its weights. */
export interface ModelDescription {
  tokenizer: Tokenizer
  /** Jinja template of conversations; a model without one only continues text. */
  chatTemplate?: string
  /** Defaults of generation, by the names of generation_config.json. */
  generation?: Readonly<Record<string, unknown>>
  /** Prompts begin with BOS. */
  addBos?: boolean
}

export interface ModelFilesOptions extends ModelDescription {
  model: Model
  /** Memory of each parameter. */
  values: ParameterValues
}

/** The files of a model in Hugging Face's layout; the weights are read when their turn comes. */
export function modelFiles(options: ModelFilesOptions): Files {
  const { model, values } = options
  const architecture = architectureOf(model.config)
  const read = async (name: string) => (await values.tensor(name).read()) as Float32Array
  return {
    ...descriptionFiles({ ...options, config: model.config }),
    'model.safetensors': encodeSafetensors(exportTensors(architecture, model, read)),
  }
}

export interface DescriptionOptions extends ModelDescription {
  config: ModelConfig
  /** Fields of config.json and tokenizer_config.json besides. */
  fields?: object
  settings?: object
  /** Default: the tokenizer's own. */
  tokenizerJson?: object
}

/** All files of a model but its weights. */
export function descriptionFiles(options: DescriptionOptions): Record<string, string> {
  const { config, tokenizer, generation, fields } = options
  const { bosId, eosId } = tokenizer
  return {
    'config.json': json({ ...writeConfig(config, tokenizer), ...fields }),
    'generation_config.json': json({ bos_token_id: bosId, eos_token_id: eosId, ...generation }),
    ...textFiles(options),
    ...Object.fromEntries(
      Object.entries(sentenceFiles(config)).map(([name, content]) => [name, json(content)]),
    ),
  }
}

/** The files that say how a model reads and writes text. */
export const textFiles = ({
  config,
  tokenizer,
  chatTemplate,
  addBos,
  settings,
  tokenizerJson = tokenizer.toJSON(),
}: DescriptionOptions): Record<string, string> => ({
  'tokenizer.json': json(tokenizerJson),
  'tokenizer_config.json': json({
    ...tokenizerConfigOf(tokenizer),
    model_max_length: Math.max(...stacksOf(config).map(({ context }) => context)),
    chat_template: chatTemplate,
    ...(addBos && { add_bos_token: true }),
    ...settings,
  }),
})

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
