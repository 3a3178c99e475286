import { input, type Tensor } from '../../src/graph/index.ts'
import type { Decoder } from '../../src/models/decoder.ts'
import type { Encoder } from '../../src/models/encoder.ts'

/** Rows of tokens; the second and third are padded where there is a mask. */
export const IDS = [
  [3, 7, 4, 12, 5, 9, 2],
  [6, 5, 3, 5, 8, 9, 7],
  [9, 3, 2, 13, 8, 4, 6],
]
export const MASK = [
  [1, 1, 1, 1, 1, 1, 1],
  [1, 1, 1, 1, 1, 0, 0],
  [1, 1, 1, 0, 0, 0, 0],
]
export const TARGETS = [
  [7, 4, 12, 5, 9, 2, 3],
  [5, 3, 5, 8, 9, 7, 16],
  [3, 2, 13, 8, 4, 6, 0],
]
export const PLACES = IDS.map((row) => row.map((_, place) => place))
export const [ROWS, LENGTH] = [3, 7]

export interface Texts {
  ids: number[][]
  mask: number[][]
  types?: number[][]
}

/** Padding of these rows is the model's own, and so are the kinds of tokens. */
export function textsFor({ config }: Encoder | Decoder, rows: number[][]): Texts {
  const { positionOffset, tokenTypes } = config
  const padId = Math.max(0, positionOffset - 1)
  return {
    ids: rows.map((row, i) => row.map((x, j) => (MASK[i]?.[j] ? x : padId))),
    mask: MASK,
    ...(tokenTypes > 0 && { types: rows.map((row) => row.map((_, j) => j % tokenTypes)) }),
  }
}

export const namedForPeer = ({ ids, mask, types }: Texts, start = '') => ({
  [`${start}ids`]: ids,
  [`${start}mask`]: mask,
  ...(types && { [`${start}token_types`]: types }),
})

/** Lengths are open, so positions must be given too. */
export const open = (name: string): Tensor => input(name, 'int32', ['batch', 'length'])
export const openMask = (): Tensor => input('mask', 'float32', ['batch', 'length'])

export function openHidden(model: Encoder | Decoder) {
  const mask = openMask()
  const types = model.config.tokenTypes > 0 ? open('types') : undefined
  return { hidden: model.hidden(open('ids'), { mask, types, positions: open('positions') }), mask }
}

/** The first row's targets at these places do not count. */
export const without = (targets: number[][], places: number[]): number[][] =>
  targets.map((row, i) => row.map((x, j) => (i === 0 && places.includes(j) ? -100 : x)))

export const counted = (targets: number[][]): number => targets.flat().filter((x) => x >= 0).length
