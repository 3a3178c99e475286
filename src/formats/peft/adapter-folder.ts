import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import type { Files } from '../../files/folder.ts'
import { openFile } from '../../files/node-file.ts'
import { readWhole } from '../../files/read-whole.ts'
import { json, type ModelFilesOptions, textFiles } from '../huggingface/model-files.ts'
import { isThere, readJson, readTextFiles } from '../huggingface/open.ts'
import type { OpenModel } from '../open-model.ts'
import {
  encodeSafetensors,
  openSafetensors,
  type TensorToWrite,
} from '../safetensors/safetensors.ts'
import { type Adapter, readAdapterTensors } from './lora/adapter.ts'
import { type Lora, PREFIX } from './lora/lora.ts'
import { peftScale, readPeftConfig, writePeftConfig } from './peft.ts'

const CONFIG = 'adapter_config.json'
const WEIGHTS = 'adapter_model.safetensors'

/** What an adapter's folder says. */
export interface AdapterFolder {
  adapter: Adapter
  /** Folder or Hub name of the model that it was made for, as it was called then. */
  base: string | undefined
  /** Where the folder has a tokenizer of its own. */
  texts: Pick<OpenModel, 'tokenizer' | 'chatTemplate' | 'addBos'> | undefined
}

/**
 * Reads a LoRA adapter as PEFT saves it. Throws UserError with the file and what is wrong with it.
 */
export const readAdapterFolder = async (folder: string): Promise<AdapterFolder> =>
  (await readWhole(folder, readAdapter)).value

async function readAdapter(folder: string): Promise<AdapterFolder> {
  const path = join(folder, CONFIG)
  const given = await readJson(path, null)
  if (given === null)
    throw new UserError(`${path}: there is no such file; name the folder of an adapter`)
  const config = readPeftConfig(given, path)
  const file = join(folder, WEIGHTS)
  const weights = await openSafetensors(await openFile(file), file)
  try {
    const adapter = await readAdapterTensors(folder, weights, peftScale(config))
    const hasTokenizer = await isThere(folder, 'tokenizer.json')
    return {
      adapter,
      base: config.base_model_name_or_path ?? undefined,
      texts: hasTokenizer ? await readTextFiles(folder) : undefined,
    }
  } finally {
    await weights.close()
  }
}

export interface AdapterFilesOptions
  extends Pick<ModelFilesOptions, 'model' | 'values' | 'tokenizer' | 'chatTemplate'> {
  lora: Lora
  /** Folder or Hub name of the model. */
  base: string
  /** Tensors that replace those of the model's file. */
  replaced?: readonly TensorToWrite[]
}

/** The files of an adapter as PEFT has them, and those of the tokenizer. */
export function adapterFiles(options: AdapterFilesOptions): Files {
  const { lora, values, base, replaced = [] } = options
  const tensors = [...lora.parameters()].map(
    ([name, { shape }]): TensorToWrite => ({
      name,
      dtype: 'F32',
      shape,
      data: () => values.tensor(name).read(),
    }),
  )
  const others = replaced.map((tensor) => ({ ...tensor, name: PREFIX + tensor.name }))
  return {
    [CONFIG]: json(writePeftConfig(lora, base)),
    ...textFiles({ ...options, config: options.model.config }),
    [WEIGHTS]: encodeSafetensors([...tensors, ...others]),
  }
}
