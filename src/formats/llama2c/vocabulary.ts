import { UserError } from '../../errors.ts'
import { sentencePieceJson } from '../../text/convert/sentencepiece.ts'
import type { Piece, PieceKind } from '../../text/convert/sentencepiece-model.ts'
import type { TokenizerJson } from '../../text/tokenizer-json.ts'

const LLAMA = { tokenizer_class: 'LlamaTokenizer' }

/**
 * The tokenizer.json of a vocabulary of karpathy/llama2.c (`tokenizer.bin`, `tok512.bin`): an int32
 * with the length of the longest token; then for each token its score (float32), the number of its
 * bytes (int32) and these, little-endian. It is a SentencePiece BPE in which blanks stand for `▁`;
 * ids 0 to 2 are unknown, BOS and EOS. Throws UserError for any other file.
 */
export function llama2cTokenizer(bytes: Uint8Array): TokenizerJson {
  const pieces = readPieces(bytes)
  const hasBytes = pieces.filter(({ kind }) => kind === 'byte').length === 256
  if (pieces.length < 3 || new Set(pieces.map(({ text }) => text)).size < pieces.length) {
    throw damaged(bytes.length)
  }
  return sentencePieceJson(
    {
      type: 'bpe',
      pieces,
      byteFallback: hasBytes,
      charsmap: '',
      addDummyPrefix: true,
      removeExtraWhitespaces: false,
    },
    LLAMA,
  )
}

const RESERVED: readonly Piece[] = [
  { text: '<unk>', score: 0, kind: 'unknown' },
  { text: '<s>', score: 0, kind: 'control' },
  { text: '</s>', score: 0, kind: 'control' },
]

function readPieces(bytes: Uint8Array): Piece[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const pieces: Piece[] = []
  for (let at = 4; at < bytes.length; ) {
    const start = at + 8
    if (start > bytes.length) throw damaged(at)
    const [score, length] = [view.getFloat32(at, true), view.getInt32(at + 4, true)]
    at = start + length
    if (!(length >= 0 && at <= bytes.length && Number.isFinite(score))) throw damaged(start)
    const reserved = RESERVED[pieces.length]
    try {
      const text = utf8.decode(bytes.subarray(start, at)).replaceAll(' ', '▁')
      const kind: PieceKind = /^<0x[0-9A-F]{2}>$/.test(text) ? 'byte' : 'normal'
      pieces.push(reserved ?? { text, score, kind })
    } catch {
      throw damaged(start)
    }
  }
  return pieces
}

const damaged = (at: number): UserError =>
  new UserError(
    `this is no vocabulary of llama2.c, or it is damaged (at byte ${at}); give its tokenizer.bin`,
  )
