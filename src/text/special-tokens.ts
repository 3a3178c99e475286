import { UserError } from '../errors.ts'
import { templateProcessing } from './input-template.ts'
import { addedToken, type TokenizerJson } from './tokenizer-json.ts'

/** Separates the documents of a decoder whose tokenizer is trained here. */
export const END_OF_TEXT = '<|endoftext|>'

/** The special tokens of ChatML: what begins and what ends a message. */
export const CHAT_TOKENS: readonly string[] = ['<|im_start|>', '<|im_end|>']

/** What a model does: continue a text (GPT), read one (BERT), or rewrite one (T5). */
export type ModelKind = 'decoder' | 'encoder' | 'encoder-decoder'

interface KindTokens {
  readonly tokens: readonly string[]
  /** What its inputs look like, see `templateProcessing`; none: there is nothing around a text. */
  readonly template?: readonly [single: string, pair: string]
  /** Those of its tokens that the template has. */
  readonly needed: readonly string[]
}

/** Placeholders of the gaps that T5 fills (Raffel et al. 2020); as many as in its vocabulary. */
const SENTINELS = Array.from({ length: 100 }, (_, i) => `<extra_id_${i}>`)

const KINDS: Readonly<Record<ModelKind, KindTokens>> = {
  // Documents are separated by the first, and chats use ChatML's two.
  decoder: { tokens: [END_OF_TEXT, ...CHAT_TOKENS], needed: [] },
  // BERT's.
  encoder: {
    tokens: ['[PAD]', '[CLS]', '[SEP]', '[MASK]'],
    template: ['[CLS] $A [SEP]', '[CLS] $A [SEP] $B:1 [SEP]:1'],
    needed: ['[CLS]', '[SEP]'],
  },
  // T5's.
  'encoder-decoder': {
    tokens: ['<pad>', '</s>', ...SENTINELS],
    template: ['$A </s>', '$A </s> $B </s>'],
    needed: ['</s>'],
  },
}

/** The special tokens of a new tokenizer. */
export const specialTokensFor = (kind: ModelKind): readonly string[] => KINDS[kind].tokens

/**
 * The `post_processor` of such a tokenizer: what its model expects around texts. Throws UserError
 * where a special token that is needed has no id.
 */
export function postProcessorFor(
  kind: ModelKind,
  ids: Readonly<Record<string, number>>,
): object | null {
  const { template, needed } = KINDS[kind]
  const missing = needed.find((token) => ids[token] === undefined)
  if (missing !== undefined)
    throw new UserError(
      `specialTokens lack ${missing}, which an ${kind} needs; give ${needed.join(' and ')} too`,
    )
  return template ? templateProcessing(...template, ids) : null
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
