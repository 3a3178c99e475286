import { UserError } from '../errors.ts'
import type { NamedTensors } from '../files/named-tensors.ts'
import { architectureOf } from '../formats/huggingface/config.ts'
import { importTensors } from '../formats/huggingface/weights.ts'
import type { Adapter, ReplacedTensor } from '../formats/peft/lora/adapter.ts'
import { checkAlike } from '../formats/peft/lora/check-alike.ts'
import { mergeAdapters } from '../formats/peft/lora/merge.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { createModel, type ModelConfig, stacksOf } from '../models/model.ts'
import { fitRows } from '../text/fit-rows.ts'
import { tokenizerHash } from '../text/hash.ts'
import type { AdapterFolder } from './adapter-folder.ts'
import { growVocabulary } from './grow-vocabulary.ts'
import type { ModelFolder } from './model-folder.ts'
import { changesOutput, untied } from './untie.ts'

/**
 * A model's folder with what adapters put in the place of its own: tensors, tokenizer, chat
 * template;
 * `merge`: their updates, too, are added to its weights. Throws UserError where they do not belong
 * together.
 */
export function withAdapters<C extends ModelConfig>(
  base: ModelFolder<C>,
  folders: readonly AdapterFolder[],
  { merge = false }: { merge?: boolean } = {},
): ModelFolder<C> {
  if (folders.length === 0) return base
  const adapters = folders.map(({ adapter }) => adapter)
  checkAlike(adapters)
  const replaced = adapters.find(({ replaced }) => replaced.size > 0)
  const withRows = replaced ? grownFor(base, replaced) : base
  const grown = changesOutput(adapters, merge) ? untiedFor(withRows) : withRows
  const rows = stacksOf(grown.config)[0]?.vocabSize ?? 0
  const own = textsOf(folders)
  const texts = own && { ...own, tokenizer: fitRows(own.tokenizer, rows).tokenizer }
  const { vocabSize } = texts?.tokenizer ?? { vocabSize: 0 }
  if (vocabSize > rows)
    throw new UserError(
      `${folders.find((folder) => folder.texts)?.adapter.name}: the adapter's tokenizer has ${vocabSize} tokens, but the model was made for ${rows}; they do not belong together`,
    )
  return {
    ...grown,
    ...(texts && adaptedTexts(base, texts)),
    fill: async (memory, options) => {
      // Where nothing takes the place of the model's own, its weights stay in their file.
      const unused = await grown.fill(memory, merge || replaced ? {} : options)
      const model = createModel(grown.config)
      if (replaced) await fillReplaced(replaced, model, memory)
      if (merge) mergeAdapters(model, adapters, memory)
      return unused
    },
  }
}

/** The tokenizer that all have that have one. */
function textsOf(folders: readonly AdapterFolder[]): AdapterFolder['texts'] {
  const [first, ...others] = folders.filter(({ texts }) => texts)
  if (!first?.texts) return undefined
  const hash = tokenizerHash(first.texts.tokenizer)
  const other = others.find(({ texts }) => texts && tokenizerHash(texts.tokenizer) !== hash)
  if (other)
    throw new UserError(
      `${first.adapter.name} and ${other.adapter.name} have different tokenizers; they cannot be used together`,
    )
  return first.texts
}

/** What the adapters do not say is as the base has it; a text ends where either says so. */
function adaptedTexts(base: ModelFolder, texts: NonNullable<AdapterFolder['texts']>) {
  const { eosId } = texts.tokenizer
  const ends = [base.generation.eos_token_id ?? []].flat()
  const all = eosId === undefined || ends.includes(eosId) ? ends : [eosId, ...ends]
  return {
    ...texts,
    chatTemplate: texts.chatTemplate ?? base.chatTemplate,
    generation: { ...base.generation, ...(all.length > 0 && { eos_token_id: all }) },
  }
}

/** Room for the tokens that an adapter brings along. */
function grownFor<C extends ModelConfig>(base: ModelFolder<C>, adapter: Adapter): ModelFolder<C> {
  const { config } = base
  if (config.kind !== 'decoder') return base
  const embedding = [...adapter.replaced].find(([name]) => /(embed_tokens|wte)\.weight$/.test(name))
  const rows = embedding?.[1].shape[0] ?? 0
  const decoder = base as ModelFolder & ModelFolder<DecoderConfig>
  return growVocabulary(decoder, rows) as ModelFolder as ModelFolder<C>
}

/** Of a decoder whose output is the embedding. */
function untiedFor<C extends ModelConfig>(base: ModelFolder<C>): ModelFolder<C> {
  const { config } = base
  if (config.kind !== 'decoder' || config.head || !config.tied) return base
  return untied(base as ModelFolder & ModelFolder<DecoderConfig>) as ModelFolder as ModelFolder<C>
}

async function fillReplaced(
  { name, replaced }: Adapter,
  model: ReturnType<typeof createModel>,
  memory: (name: string) => Float32Array,
): Promise<void> {
  const tensors = namedTensors(replaced)
  const left = await importTensors(architectureOf(model.config), model, tensors, memory, {
    partial: true,
  })
  if (left.length > 0)
    throw new UserError(`${name}: the adapter's tensor ${left[0]} has no place in the model`)
}

const namedTensors = (tensors: ReadonlyMap<string, ReplacedTensor>): NamedTensors => ({
  tensors,
  readFloat32: async (name, out) => {
    const { values } = tensors.get(name) as ReplacedTensor
    out?.set(values)
    return out ?? values
  },
  close: async () => {},
})
