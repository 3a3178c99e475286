import { growVocabulary } from '../checkpoint/grow-vocabulary.ts'
import { hashParameters, loadParameters } from '../checkpoint/load-parameters.ts'
import { architectureOf } from '../formats/huggingface/config.ts'
import type { ModelFilesOptions } from '../formats/huggingface/model-files.ts'
import { exportTensors } from '../formats/huggingface/weights.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { adapterFiles, readAdapterFolder } from '../formats/peft/adapter-folder.ts'
import { Lora, type LoraConfig, PREFIX } from '../formats/peft/lora/lora.ts'
import type { TensorToWrite } from '../formats/safetensors/safetensors.ts'
import type { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import type { Tensors } from '../runtime/bound.ts'
import type { Engine } from '../runtime/engine.ts'
import type { SessionAdapter } from '../train/session.ts'
import type { ParsedTuneOptions } from './options.ts'
import { quantizeFrozen } from './quantize-frozen.ts'

export interface LoraSessionOptions {
  options: ParsedTuneOptions
  engine: Engine
  /** Has rows for the tokens of `files.tokenizer`. */
  model: Decoder
  base: OpenModel<DecoderConfig>
  files: Pick<ModelFilesOptions, 'tokenizer' | 'chatTemplate'>
}

/**
 * Attaches a fresh adapter to a model whose weights are loaded once, to be read only. Where the
 * tokenizer has more tokens than the base's had, their rows travel with the adapter.
 */
export async function loraSession(
  session: LoraSessionOptions,
): Promise<SessionAdapter & { identity: Record<string, unknown> }> {
  const { options, engine, model, base, files } = session
  const lora = new Lora(model, loraConfig(options))
  const grown = growVocabulary(base, files.tokenizer.vocabSize, base.tokenizer.vocabSize)
  const loaded = await loadParameters(engine, model, grown)
  const baseHash = await hashParameters(base.path, loaded)
  const { baseBits } = options
  const frozen = baseBits ? await quantizeFrozen(engine, model, loaded, baseBits) : loaded
  const replaced = grown === base ? [] : tokenRows(model, frozen)
  return {
    lora,
    frozen,
    identity: { adapter: lora.config, baseBits: baseBits ?? null, base: baseHash },
    files: (values) =>
      adapterFiles({ ...files, model, lora, values, replaced, base: nameOf(options.model) }),
    read: readAdapterValues,
  }
}

async function readAdapterValues(folder: string, parameters: Tensors): Promise<void> {
  const { adapter } = await readAdapterFolder(folder)
  for (const [module, { down, up }] of adapter.updates) {
    parameters[`${PREFIX}${module}.lora_A.weight`]?.write(down)
    parameters[`${PREFIX}${module}.lora_B.weight`]?.write(up)
  }
}

/** OWNER/NAME of a model in the Hub's cache; else the folder. */
function nameOf(folder: string): string {
  const [, owner, name] = /models--([^\\/]+?)--([^\\/]+)[\\/]snapshots[\\/]/.exec(folder) ?? []
  return owner === undefined ? folder : `${owner}/${name}`
}

function loraConfig(options: ParsedTuneOptions): LoraConfig {
  const { rank, alpha = 2 * rank, adapterDropout: dropout, adapterLayers, rslora } = options
  const [first = ''] = adapterLayers
  const isPattern =
    adapterLayers.length === 1 && (first === 'all-linear' || !/^[\w.]+$/.test(first))
  return { rank, alpha, dropout, rslora, layers: isPattern ? first : adapterLayers }
}

/** The tensors of the file that have a row for each token. */
const tokenRows = (model: Decoder, frozen: Tensors): TensorToWrite[] =>
  exportTensors(
    architectureOf(model.config),
    model,
    async (name) => (await frozen[name]?.read()) as Float32Array,
  ).filter(({ name }) => /(embed_tokens|wte|lm_head)\.weight$/.test(name))
