import { Reader } from 'protobufjs/minimal.js'
import { UserError } from '../../errors.ts'

/** What a piece is for. Text makes `normal` ones, and `byte` ones where there is no other. */
export type PieceKind = 'normal' | 'unknown' | 'control' | 'user' | 'unused' | 'byte'

export interface Piece {
  readonly text: string
  readonly score: number
  readonly kind: PieceKind
}

/** A SentencePiece model (Kudo and Richardson 2018): its vocabulary by id, and its normalizer. */
export interface SentencePieceModel {
  readonly type: 'unigram' | 'bpe' | 'char'
  readonly pieces: readonly Piece[]
  readonly byteFallback: boolean
  /** Text replacements, see `charsmapNormalizer`; base64, empty if there are none. */
  readonly charsmap: string
  /** Whether a text begins with a blank. */
  readonly addDummyPrefix: boolean
  /** Whether runs of blanks become one, and those around a text none. */
  readonly removeExtraWhitespaces: boolean
}

/** In the order of their numbers in sentencepiece_model.proto, from 1 on. */
const KINDS: readonly PieceKind[] = ['normal', 'unknown', 'control', 'user', 'unused', 'byte']

/** By their numbers in `TrainerSpec`; 3, whole words, is not supported. */
const TYPES: ReadonlyMap<number, SentencePieceModel['type']> = new Map([
  [1, 'unigram'],
  [2, 'bpe'],
  [4, 'char'],
])

/**
 * Reads a `.model` file (google/sentencepiece, sentencepiece_model.proto). Throws UserError if it
 * is damaged, or of a kind that Hugging Face's format cannot hold.
 */
export function readSentencePieceModel(bytes: Uint8Array): SentencePieceModel {
  const pieces: Piece[] = []
  let [trainer, normalizer] = [new Fields(), new Fields()]
  try {
    for (const [field, value] of fieldsOf(Reader.create(bytes))) {
      if (field === 1) pieces.push(readPiece(value as Uint8Array))
      if (field === 2) trainer = new Fields(value as Uint8Array)
      if (field === 3) normalizer = new Fields(value as Uint8Array)
    }
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError('this is no SentencePiece model, or it is damaged; get the file again', {
      cause: error,
    })
  }
  const type = trainer.number(3, 1)
  const known = TYPES.get(type)
  if (!known) {
    throw new UserError(
      `the SentencePiece model is of type ${type}; Unigram (1), BPE (2) and characters (4) are ` +
        'supported',
    )
  }
  if (trainer.number(24, 0) === 1 || normalizer.number(5, 1) === 0) {
    throw new UserError(
      'the SentencePiece model puts blanks at the ends of words or keeps them as they are, ' +
        'which is not supported',
    )
  }
  const unknown = pieces.filter(({ kind }) => kind === 'unknown').length
  if (unknown !== 1) {
    throw new UserError(`the SentencePiece model has ${unknown} unknown pieces; expected one`)
  }
  return {
    type: known,
    pieces,
    byteFallback: trainer.number(35, 0) === 1,
    charsmap: base64Of(normalizer.bytes(2)),
    addDummyPrefix: normalizer.number(3, 1) === 1,
    removeExtraWhitespaces: normalizer.number(4, 1) === 1,
  }
}

function readPiece(bytes: Uint8Array): Piece {
  const fields = new Fields(bytes)
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(fields.bytes(1))
  const kind = KINDS[fields.number(3, 1) - 1]
  const score = fields.number(2, 0)
  if (text === '' || !kind || !Number.isFinite(score)) throw new TypeError('a piece is not valid')
  return { text, score, kind }
}

type Value = number | Uint8Array

/** The fields of a message, the last of each. */
class Fields extends Map<number, Value> {
  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    super(fieldsOf(Reader.create(bytes)))
  }

  number(field: number, otherwise: number): number {
    const value = this.get(field)
    return typeof value === 'number' ? value : otherwise
  }

  bytes(field: number): Uint8Array {
    const value = this.get(field)
    return value instanceof Uint8Array ? value : new Uint8Array(0)
  }
}

/** Every field of a message: numbers and bytes; throws where the message ends too early. */
function* fieldsOf(reader: Reader): Generator<[number, Value]> {
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const [field, wire] = [tag >>> 3, tag & 7]
    if (wire === 0) yield [field, reader.int32()]
    else if (wire === 2) yield [field, reader.bytes()]
    else if (wire === 5) yield [field, reader.float()]
    else reader.skipType(wire)
  }
}

function base64Of(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
