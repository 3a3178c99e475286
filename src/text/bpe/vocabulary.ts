import { UserError } from '../../errors.ts'
import { type AddedToken, type BpeModel, readMerge } from '../tokenizer-json.ts'
import { byteOfCharacter, characterOfByte } from './bytes.ts'
import { Merges } from './merges.ts'
import { grown } from './word-table.ts'

/** A byte-level BPE model in tables: ids and bytes of its tokens, and its merges. */
export interface Vocabulary {
  /** Ids are 0 .. size - 1; some may be unused. */
  size: number
  /** The model's tokens by id, spelled in the byte alphabet. */
  tokens: (string | undefined)[]
  /** The unknown token's for a byte without one, or -1 if there is none. */
  idOfByte: Int32Array
  /** Bytes without a token that text may have: vocabularies of few languages lack some. */
  missing: ReadonlySet<number>
  merges: Merges
  /** Bytes of an id, added tokens included; none for an unused id. */
  bytesOf(id: number): Uint8Array
}

/** Throws a UserError if vocabulary, merges and added tokens do not fit together. */
export function readVocabulary(model: BpeModel, added: readonly AddedToken[]): Vocabulary {
  const tokens: (string | undefined)[] = []
  const ids = new Map<string, number>()
  for (const token in model.vocab) {
    const id = model.vocab[token]!
    if (tokens[id] !== undefined) {
      throw new UserError(
        `tokenizer.json: id ${id} is both ${JSON.stringify(tokens[id])} ` +
          `and ${JSON.stringify(token)}`,
      )
    }
    tokens[id] = token
    ids.set(token, id)
  }
  const size = added.reduce((most, { id }) => Math.max(most, id + 1), tokens.length)
  const unknown = typeof model.unk_token === 'string' ? ids.get(model.unk_token) : undefined
  const missing = new Set<number>()
  const idOfByte = Int32Array.from(characterOfByte, (code, byte) => {
    const id = ids.get(String.fromCharCode(code))
    if (id === undefined && occurs(byte)) missing.add(byte)
    return id ?? unknown ?? -1
  })
  return {
    size,
    tokens,
    idOfByte,
    missing,
    merges: readMerges(model.merges, ids),
    bytesOf: packedBytes(size, tokens, added),
  }
}

/** False for the bytes that UTF-8 never has. */
const occurs = (byte: number): boolean => byte !== 0xc0 && byte !== 0xc1 && byte < 0xf5

function readMerges(pairs: readonly unknown[], ids: ReadonlyMap<string, number>): Merges {
  const merges = new Merges(pairs.length)
  for (let rank = 0; rank < pairs.length; rank++) {
    const idOf = (token: string): number => {
      const id = ids.get(token)
      if (id !== undefined) return id
      throw new UserError(
        `tokenizer.json: merges[${rank}] needs ${JSON.stringify(token)}, which is not in the ` +
          'vocabulary',
      )
    }
    const [left, right] = readMerge(pairs[rank], rank)
    merges.add(idOf(left), idOf(right), idOf(left + right))
  }
  return merges
}

/** All tokens' bytes in one array: many thousands of small ones would take ten times the memory. */
function packedBytes(
  size: number,
  tokens: readonly (string | undefined)[],
  added: readonly AddedToken[],
): (id: number) => Uint8Array {
  const encoder = new TextEncoder()
  const contents = new Map(added.map((token) => [token.id, token.content]))
  const starts = new Int32Array(size + 1)
  let all = new Uint8Array(1 << 16)
  let end = 0
  for (let id = 0; id < size; id++) {
    const content = contents.get(id)
    const text = content ?? tokens[id] ?? ''
    while (end + 3 * text.length > all.length) all = grown(all)
    const spelled = content === undefined ? spell(text, all, end) : -1
    end = spelled < 0 ? end + encoder.encodeInto(text, all.subarray(end)).written : spelled
    starts[id + 1] = end
  }
  const bytes = all.slice(0, end)
  return (id) => bytes.subarray(starts[id], starts[id + 1])
}

/** Writes the bytes that `token` spells. Returns their end, -1 for a foreign character. */
function spell(token: string, bytes: Uint8Array, at: number): number {
  for (let i = 0; i < token.length; i++) {
    const byte = byteOfCharacter[token.charCodeAt(i)]
    if (!byte) return -1
    bytes[at++] = byte - 1
  }
  return at
}
