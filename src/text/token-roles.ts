import { UserError } from '../errors.ts'
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts'
import { isObject } from './tokenizer-json.ts'

/** What a special token may be for, and the field of tokenizer_config.json that names it. */
export const roleFields = {
  bosId: 'bos_token',
  eosId: 'eos_token',
  padId: 'pad_token',
  unkId: 'unk_token',
  maskId: 'mask_token',
  clsId: 'cls_token',
  sepId: 'sep_token',
} as const

type Role = keyof typeof roleFields
const roles = Object.keys(roleFields) as Role[]

/** Ids of special tokens by what they are for; see `Tokenizer`. */
export type TokenRoles = { readonly [role in Role]?: number | undefined }

/** Names by which a file's special tokens are recognized when nothing says which is which. */
const usualNames: Readonly<Record<Role, readonly string[]>> = {
  bosId: ['<|bos|>', '<|begin_of_text|>', '<|startoftext|>', '<bos>', '<s>', '<|endoftext|>'],
  eosId: ['<|eos|>', '<|end_of_text|>', '<eos>', '</s>', '<|endoftext|>', '<|im_end|>'],
  padId: ['[PAD]', '<pad>', '<|pad|>', '<|padding|>'],
  unkId: ['[UNK]', '<unk>'],
  maskId: ['[MASK]', '<mask>'],
  clsId: ['[CLS]'],
  sepId: ['[SEP]'],
}

/**
 * The roles of special tokens: what `config` says (a field that is null: there is no such token),
 * else what tokenizer.json does, else by well-known names. Throws a UserError if `config` names a
 * BOS or EOS that is not among the added tokens; any other that the tokenizer lacks is undefined.
 */
export function rolesOf(json: TokenizerJson, config: TokenizerConfig): TokenRoles {
  const added = new Map(json.added_tokens.map((token) => [token.content, token]))
  const idOf = (role: Role): number | undefined => {
    const value = config[roleFields[role]]
    const name = isObject(value) ? value.content : value
    if (typeof name === 'string') {
      const id = added.get(name)?.id
      if (id !== undefined) return id
      if (role !== 'bosId' && role !== 'eosId') return idInModel(json, name)
      throw new UserError(
        `tokenizer_config.json: ${roleFields[role]} is ${JSON.stringify(name)}, which is not ` +
          'among the added_tokens of tokenizer.json',
      )
    }
    if (value === null) return undefined
    const usual = usualNames[role].find((known) => added.get(known)?.special)
    return ownRole(json, role) ?? added.get(usual ?? '')?.id
  }
  return Object.fromEntries(roles.map((role) => [role, idOf(role)]))
}

/** Roles in tokenizer.json itself: its model's unknown token, and those of post-processors. */
function ownRole(json: TokenizerJson, role: Role): number | undefined {
  if (role === 'unkId') {
    const { unk_id, unk_token } = json.model
    if (typeof unk_token === 'string') return idInModel(json, unk_token)
    return typeof unk_id === 'number' ? unk_id : undefined
  }
  const { cls, sep }: Record<string, unknown> = isObject(json.post_processor)
    ? json.post_processor
    : {}
  const pair = role === 'clsId' ? cls : role === 'sepId' ? sep : undefined
  return Array.isArray(pair) && typeof pair[1] === 'number' ? pair[1] : undefined
}

function idInModel({ model: { vocab } }: TokenizerJson, content: string): number | undefined {
  if (Array.isArray(vocab)) {
    const id = vocab.findIndex((piece) => Array.isArray(piece) && piece[0] === content)
    return id < 0 ? undefined : id
  }
  const id = isObject(vocab) && Object.hasOwn(vocab, content) ? vocab[content] : undefined
  return typeof id === 'number' ? id : undefined
}

/** The tokenizer_config.json of a tokenizer; null marks what it lacks. */
export const tokenizerConfigOf = (tokenizer: Parameters<typeof roleNames>[0]): object => ({
  tokenizer_class: 'PreTrainedTokenizerFast',
  clean_up_tokenization_spaces: false,
  ...Object.fromEntries(Object.values(roleFields).map((field) => [field, null])),
  ...roleNames(tokenizer),
})

/** Special tokens by the fields of tokenizer_config.json; absent ones are left out. */
export function roleNames(
  tokenizer: TokenRoles & { readonly specialTokens: Readonly<Record<string, number>> },
): Record<string, string> {
  const contents = new Map(Object.entries(tokenizer.specialTokens).map(([name, id]) => [id, name]))
  return Object.fromEntries(
    roles.flatMap((role) => {
      const name = contents.get(tokenizer[role] ?? -1)
      return name === undefined ? [] : [[roleFields[role], name]]
    }),
  )
}
