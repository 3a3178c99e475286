import { UserError } from '../../errors.ts'
import { blobSource } from '../../files/byte-source.ts'
import { fitTokenizer } from '../../formats/fit-tokenizer.ts'
import { readConfig } from '../../formats/huggingface/config.ts'
import { importTensors } from '../../formats/huggingface/weights.ts'
import { openSafetensors } from '../../formats/safetensors/safetensors.ts'
import { LanguageModel } from '../../generate/language-model.ts'
import { createModel, type WritingModel } from '../../models/model.ts'
import { parameterMemory } from '../../models/parameters.ts'
import type { Engine } from '../../runtime/engine.ts'
import { loadTokenizer } from '../../text/load.ts'
import type { TokenizerConfig } from '../../text/tokenizer-json.ts'

const WEIGHTS = 'model.safetensors'

/**
 * Loads a writing model from the URL, ending in `/`, of a folder in Hugging Face's layout. Calls
 * `onBytes` with the bytes of weights so far, and in all. Throws UserError for a missing file.
 */
export async function loadModel(
  address: string,
  engine: Engine,
  onBytes: (loaded: number, total: number) => void,
): Promise<LanguageModel> {
  const json = async (name: string) => (await fetched(address, name)).json()
  const { config, architecture } = readConfig(await json('config.json'))
  const settings: TokenizerConfig = await json('tokenizer_config.json')
  const read = loadTokenizer(await json('tokenizer.json'), settings)
  const { tokenizer } = fitTokenizer(`${address}tokenizer.json`, read, config)
  const model = createModel(config) as WritingModel
  const packed = parameterMemory(model)
  const blob = await toBlob(await fetched(address, WEIGHTS), onBytes)
  const weights = await openSafetensors(blobSource(blob), WEIGHTS)
  await importTensors(architecture, model, weights, (name) => packed[name] as Float32Array)
  const { chat_template: template, add_bos_token: addBos } = settings
  return LanguageModel.create({
    engine,
    model,
    tokenizer,
    weights: { packed },
    chatTemplate: typeof template === 'string' ? template : undefined,
    generation: await json('generation_config.json'),
    addBos: addBos === true,
  })
}

async function fetched(address: string, name: string): Promise<Response> {
  const response = await fetch(address + name)
  if (!response.ok) throw new UserError(`${address}${name} is unavailable: HTTP ${response.status}`)
  return response
}

async function toBlob(
  response: Response,
  onBytes: (loaded: number, total: number) => void,
): Promise<Blob> {
  const total = Number(response.headers.get('Content-Length') ?? 0)
  const parts: BlobPart[] = []
  let loaded = 0
  const reader = response.body?.getReader()
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done || !value) return new Blob(parts)
    parts.push(value)
    loaded += value.length
    onBytes(loaded, total)
  }
}
