import { UserError } from '../errors.ts'
import { templateProcessing } from './input-template.ts'
import { addedToken, type TokenizerJson } from './tokenizer-json.ts'

/** Separates the documents of a decoder whose tokenizer is trained here. */
export const END_OF_TEXT = '<|endoftext|>'

/** The special tokens of ChatML: what begins and what ends a message. */
export const CHAT_TOKENS: readonly string[] = ['<|im_start|>', '<|im_end|>']

/** What a model does: continue a text (GPT), read one (BERT), or rewrite one (T5). */
export type ModelKind = 'decoder' | 'encoder' | 'encoder-decoder'

/** Placeholders of the gaps that T5 fills (Raffel et al. 2020); as many as in its vocabulary. */
const SENTINELS = 100

/**
 * The special tokens of a new tokenizer. A decoder's documents are parted by the first, and its
 * chats use ChatML's two; the others have the names that BERT and T5 have.
 */
export function specialTokensFor(kind: ModelKind): readonly string[] {
  switch (kind) {
    case 'decoder':
      return [END_OF_TEXT, ...CHAT_TOKENS]
    case 'encoder':
      return ['[PAD]', '[CLS]', '[SEP]', '[MASK]']
    case 'encoder-decoder': {
      const sentinels = Array.from({ length: SENTINELS }, (_, i) => `<extra_id_${i}>`)
      return ['<pad>', '</s>', ...sentinels]
    }
  }
}

/**
 * The `post_processor` of such a tokenizer: what its model expects around texts. Throws UserError
 * where a special token that is needed has no id.
 */
export function postProcessorFor(
  kind: ModelKind,
  ids: Readonly<Record<string, number>>,
): object | null {
  for (const token of needed[kind]) {
    if (ids[token] !== undefined) continue
    throw new UserError(
      `specialTokens lack ${token}, which an ${kind} needs; give ${needed[kind].join(' and ')} too`,
    )
  }
  switch (kind) {
    case 'decoder':
      return null
    case 'encoder':
      return templateProcessing('[CLS] $A [SEP]', '[CLS] $A [SEP] $B:1 [SEP]:1', ids)
    case 'encoder-decoder':
      return templateProcessing('$A </s>', '$A </s> $B </s>', ids)
  }
}

const needed: Readonly<Record<ModelKind, readonly string[]>> = {
  decoder: [],
  encoder: ['[CLS]', '[SEP]'],
  'encoder-decoder': ['</s>'],
}

/**
 * A tokenizer.json with the special tokens that it lacks, their ids after all others: what
 * instruction tuning needs of a base model's tokenizer. Throws UserError when one is an ordinary
 * token already.
 */
export function withSpecialTokens<T extends TokenizerJson>(
  json: T,
  contents: readonly string[],
): T {
  const { vocab } = json.model
  const ids = new Map<unknown, unknown>(
    Array.isArray(vocab) ? vocab.map((piece, id) => [piece?.[0], id]) : Object.entries(vocab ?? {}),
  )
  const added = [...json.added_tokens]
  let next = 0
  for (const id of [...ids.values(), ...added.map((token) => token.id)]) {
    next = Math.max(next, Number(id) + 1)
  }
  for (const content of contents) {
    const known = added.find((token) => token.content === content)
    if (known?.special) continue
    if (content === '' || known || ids.has(content)) {
      throw new UserError(
        `${JSON.stringify(content)} cannot become a special token: the tokenizer has it for ` +
          'ordinary text; choose another, or a chat template without it',
      )
    }
    added.push(addedToken(next++, content, { special: true }))
  }
  return { ...json, added_tokens: added }
}
