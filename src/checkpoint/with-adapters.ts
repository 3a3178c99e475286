import { UserError } from '../errors.ts'
import type { NamedTensors } from '../files/named-tensors.ts'
import { architectureOf } from '../formats/huggingface/config.ts'
import { type ImportedParameters, importParameters } from '../formats/huggingface/weights.ts'
import type { OpenModel } from '../formats/open-model.ts'
import type { AdapterFolder } from '../formats/peft/adapter-folder.ts'
import { type Adapter, checkAlike, type ReplacedTensor } from '../formats/peft/lora/adapter.ts'
import { updatesOf } from '../formats/peft/lora/merge.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { createModel, type Model, type ModelConfig, stacksOf } from '../models/model.ts'
import { fitRows } from '../text/fit-rows.ts'
import { tokenizerHash } from '../text/hash.ts'
import { growVocabulary } from './grow-vocabulary.ts'

/**
 * A model with what adapters put in the place of its own: tensors, tokenizer, chat template;
 * `merge`: their updates, too, are added to its weights. Throws UserError where they do not belong
 * together.
 */
export function withAdapters<C extends ModelConfig>(
  base: OpenModel<C>,
  folders: readonly AdapterFolder[],
  { merge = false }: { merge?: boolean } = {},
): OpenModel<C> {
  if (folders.length === 0) return base
  const adapters = folders.map(({ adapter }) => adapter)
  checkAlike(adapters)
  const replacing = adapters.find(({ replaced }) => replaced.size > 0)
  const grown = withRoomFor(base, adapters, replacing, merge)
  const rows = stacksOf(grown.config)[0]?.vocabSize ?? 0
  const own = textsOf(folders)
  const texts = own && { ...own, tokenizer: fitRows(own.tokenizer, rows).tokenizer }
  const { vocabSize } = texts?.tokenizer ?? { vocabSize: 0 }
  if (vocabSize > rows)
    throw new UserError(
      `${folders.find((folder) => folder.texts)?.adapter.name}: the adapter's tokenizer has ` +
        `${vocabSize} tokens, but the model was made for ${rows}; they do not belong together`,
    )
  const model = createModel(grown.config)
  const replaced = replacing && replacedBy(replacing, model)
  const updates = merge ? updatesOf(model, adapters) : undefined
  return {
    ...grown,
    ...(texts && adaptedTexts(base, texts)),
    read: async (name, out) => {
      const values = await (replaced?.has(name) ? replaced : grown).read(name, out)
      await replaced?.checkCopies(name, values)
      updates?.get(name)?.(values)
      return values
    },
    locate: async (name) => (merge || replaced?.has(name) ? undefined : grown.locate(name)),
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
      `${first.adapter.name} and ${other.adapter.name} have different tokenizers; they cannot be ` +
        'used together',
    )
  return first.texts
}

/** What the adapters do not say is as the base has it; a text ends where either says so. */
function adaptedTexts(base: OpenModel, texts: NonNullable<AdapterFolder['texts']>) {
  const { eosId } = texts.tokenizer
  const ends = [base.generation.eos_token_id ?? []].flat()
  const all = eosId === undefined || ends.includes(eosId) ? ends : [eosId, ...ends]
  return {
    ...texts,
    chatTemplate: texts.chatTemplate ?? base.chatTemplate,
    generation: { ...base.generation, ...(all.length > 0 && { eos_token_id: all }) },
  }
}

const [OUTPUT, EMBEDDING] = ['lm_head.weight', 'model.embed_tokens.weight']

/** A decoder with rows for the tokens that an adapter brings along, and an output of its own. */
function withRoomFor<C extends ModelConfig>(
  base: OpenModel<C>,
  adapters: readonly Adapter[],
  replacing: Adapter | undefined,
  merge: boolean,
): OpenModel<C> {
  if (base.config.kind !== 'decoder') return base
  const tensors = [...(replacing?.replaced ?? [])]
  const embedding = tensors.find(([name]) => /(embed_tokens|wte)\.weight$/.test(name))
  const decoder = base as OpenModel as OpenModel<DecoderConfig>
  const grown = growVocabulary(decoder, embedding?.[1].shape[0] ?? 0)
  const { head, tied } = grown.config
  const isUntied = !head && tied && changesOutput(adapters, merge)
  return (isUntied ? untied(grown) : grown) as OpenModel as OpenModel<C>
}

/**
 * Whether adapters make the output another matrix than the embedding: they bring it along, or,
 * where they are merged, update it. In PEFT's class an update of the output leaves the embedding as
 * it is.
 */
const changesOutput = (adapters: readonly Adapter[], merge: boolean): boolean =>
  adapters.some(
    ({ replaced, updates }) => replaced.has(OUTPUT) || (merge && updates.has('lm_head')),
  )

/** A decoder whose output is a matrix of its own, so far a copy of the embedding. */
const untied = (model: OpenModel<DecoderConfig>): OpenModel<DecoderConfig> => ({
  ...model,
  config: { ...model.config, tied: false },
  read: (name, out) => model.read(name === OUTPUT ? EMBEDDING : name, out),
  locate: (name) => model.locate(name === OUTPUT ? EMBEDDING : name),
})

/** The parameters that an adapter's own tensors take the place of. */
function replacedBy({ name, replaced }: Adapter, model: Model): ImportedParameters {
  const file: NamedTensors = {
    tensors: replaced,
    readFloat32: async (tensor, out, from = 0) => {
      const { values } = replaced.get(tensor) as ReplacedTensor
      if (!out) return values.slice()
      out.set(values.subarray(from, from + out.length))
      return out
    },
  }
  const parameters = importParameters(architectureOf(model.config), model, file)
  const [unused] = parameters.unused
  if (unused === undefined) return parameters
  throw new UserError(`${name}: the adapter's tensor ${unused} has no place in the model`)
}
