import { UserError } from '../../errors.ts'
import type { AddedToken, BpeModel } from '../tokenizer-json.ts'
import { bytesOfToken, characterOfByte } from './byte-alphabet.ts'
import { Merges } from './merges.ts'

/** A byte-level BPE model in tables: ids and bytes of its tokens, and its merges. */
export interface Vocabulary {
  /** Ids are 0 .. size - 1; some may be unused. */
  size: number
  /** The model's tokens by id, spelled in the byte alphabet. */
  tokens: (string | undefined)[]
  idOfByte: Int32Array
  merges: Merges
  /** Bytes of an id, added tokens included; none for an unused id. */
  bytesOf(id: number): Uint8Array
}

/** Throws a UserError if vocabulary, merges and added tokens do not fit together. */
export function readVocabulary(model: BpeModel, added: readonly AddedToken[]): Vocabulary {
  const tokens: (string | undefined)[] = []
  for (const [token, id] of Object.entries(model.vocab)) {
    if (tokens[id] !== undefined) {
      throw new UserError(
        `tokenizer.json: id ${id} is both ${JSON.stringify(tokens[id])} and ${JSON.stringify(token)}`,
      )
    }
    tokens[id] = token
  }
  const size = Math.max(tokens.length, ...added.map((token) => token.id + 1))
  return {
    size,
    tokens,
    idOfByte: Int32Array.from(characterOfByte, (code) => {
      const id = model.vocab[String.fromCharCode(code)]
      if (id !== undefined) return id
      throw new UserError(
        `tokenizer.json: the byte ${JSON.stringify(String.fromCharCode(code))} is not in the vocabulary`,
      )
    }),
    merges: readMerges(model),
    bytesOf: packedBytes(size, tokens, added),
  }
}

function readMerges({ vocab, merges: pairs }: BpeModel): Merges {
  const ids = new Map(Object.entries(vocab))
  const merges = new Merges(pairs.length)
  pairs.forEach(([left, right], rank) => {
    const [leftId, rightId, merged] = [left, right, left + right].map((token) => {
      const id = ids.get(token)
      if (id !== undefined) return id
      throw new UserError(
        `tokenizer.json: merges[${rank}] needs ${JSON.stringify(token)}, which is not in the vocabulary`,
      )
    }) as [number, number, number]
    merges.add(leftId, rightId, merged)
  })
  return merges
}

/** All tokens' bytes in one array: a hundred thousand small arrays would take ten times the room. */
function packedBytes(
  size: number,
  tokens: readonly (string | undefined)[],
  added: readonly AddedToken[],
): (id: number) => Uint8Array {
  const encoder = new TextEncoder()
  const contents = new Map(added.map((token) => [token.id, token.content]))
  const parts = Array.from({ length: size }, (_, id) => {
    const content = contents.get(id)
    if (content !== undefined) return encoder.encode(content)
    const token = tokens[id] ?? ''
    return bytesOfToken(token) ?? encoder.encode(token)
  })
  const starts = new Int32Array(size + 1)
  for (let id = 0; id < size; id++) starts[id + 1] = starts[id]! + parts[id]!.length
  const all = new Uint8Array(starts[size]!)
  parts.forEach((part, id) => {
    all.set(part, starts[id])
  })
  return (id) => all.subarray(starts[id], starts[id + 1])
}
