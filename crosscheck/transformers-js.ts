import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ENTRY = new URL(
  '../peers/node_modules/@huggingface/transformers/dist/transformers.node.mjs',
  import.meta.url,
)

/** The parts of transformers.js that the checks use, as far as they use them. */
export interface TransformersJs {
  env: { allowRemoteModels: boolean; localModelPath: string }
  pipeline(task: string, folder: string, options?: object): Promise<Pipeline>
  AutoModelForCausalLM: { from_pretrained(folder: string, options?: object): Promise<PeerModel> }
  Tensor: new (type: string, data: BigInt64Array, dims: number[]) => PeerTensor
}

export interface Pipeline {
  (input: unknown, options?: object): Promise<unknown>
  model: PeerModel
  tokenizer: (texts: string | readonly string[], options?: object) => Record<string, PeerTensor>
  dispose(): Promise<void>
}

export interface PeerModel {
  (inputs: Record<string, unknown>): Promise<Record<string, PeerTensor>>
  generate(options: Record<string, unknown>): Promise<PeerTensor>
  dispose(): Promise<void>
}

export interface PeerTensor {
  dims: number[]
  data: Float32Array | BigInt64Array
  tolist(): unknown
}

/**
 * The library as it is installed in `peers/`, reading local folders only. Throws where there is
 * none.
 */
export async function openTransformersJs(): Promise<TransformersJs> {
  if (!existsSync(ENTRY))
    throw new Error(`there is no ${fileURLToPath(ENTRY)}; run npm ci in peers`)
  const library: TransformersJs = await import(ENTRY.href)
  library.env.allowRemoteModels = false
  library.env.localModelPath = '/'
  return library
}
