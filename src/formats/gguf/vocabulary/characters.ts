import { byteOfCharacter, tokenOfBytes } from '../../../text/bpe/bytes.ts'
import { characterJson } from '../../../text/char.ts'
import { addedToken, type TokenizerJson } from '../../../text/tokenizer-json.ts'
import type { GgufToken } from './tokens.ts'

/**
 * A vocabulary of characters as a byte-level BPE: its tokens, spelled in bytes, and merges that put
 * together the bytes of each, which need not be tokens themselves. The first byte of a character is
 * never that of another's middle, so that nothing else merges. Characters that the vocabulary lacks
 * are nothing to llama.cpp; here they are errors, or `<unk>`.
 */
export function writeCharacters(json: TokenizerJson): { tokens: GgufToken[]; merges: string[] } {
  const encoder = new TextEncoder()
  const tokens: GgufToken[] = []
  const merges = new Set<string>()
  for (const [character, id] of Object.entries(json.model.vocab as Record<string, number>)) {
    const text = tokenOfBytes(encoder.encode(character))
    tokens[id] = { text, kind: 'normal' }
    for (let i = 1; [...character].length === 1 && i < text.length; i++)
      merges.add(`${text.slice(0, i)} ${text[i]}`)
  }
  // Short ones first: a character is made of its first bytes before its last.
  return { tokens, merges: [...merges].sort((a, b) => a.length - b.length) }
}

/**
 * The tokenizer.json of such a vocabulary; undefined where a token that text makes is no character.
 */
export function readCharacters(tokens: readonly GgufToken[]): TokenizerJson | undefined {
  const characters = tokens.map(({ text, kind }) =>
    kind === 'normal' ? characterOf(text) : undefined,
  )
  const isText = tokens.map(({ kind }) => kind === 'normal')
  if (characters.some((character, i) => isText[i] && character === undefined)) return undefined
  const json = characterJson([], false)
  const vocab = Object.fromEntries(
    characters.flatMap((character, id) => (character === undefined ? [] : [[character, id]])),
  )
  return {
    ...json,
    model: { ...json.model, vocab },
    added_tokens: tokens.flatMap(({ text }, id) =>
      isText[id] ? [] : [addedToken(id, text, { special: true })],
    ),
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function characterOf(token: string): string | undefined {
  const bytes = Uint8Array.from(token, (letter) => (byteOfCharacter[letter.charCodeAt(0)] ?? 0) - 1)
  try {
    const text = utf8.decode(bytes)
    return [...text].length === 1 ? text : undefined
  } catch {
    return undefined
  }
}
