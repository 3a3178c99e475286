/** A tokenized conversation; `mask` is 1 on the tokens to learn, the assistant's. */
export interface EncodedConversation {
  readonly ids: ArrayLike<number>
  readonly mask: ArrayLike<number>
}

export interface Packing {
  /** For each row, the indices of its conversations. */
  readonly rows: readonly (readonly number[])[]
  /** Conversations cut at the end because they are longer than a row. */
  readonly truncated: number
  /** Tokens lost by that. */
  readonly cutTokens: number
  /** Conversations left out because nothing to learn is left of them. */
  readonly leftOut: number
}

/**
 * Packs conversations into rows of `length` positions by best fit decreasing (Johnson 1973): the
 * longest first, each into the fullest row that has room. A conversation of n tokens takes n - 1
 * positions, since its last token is a target only; at most `length` + 1 of its tokens are kept.
 */
export function packConversations(
  conversations: readonly EncodedConversation[],
  length: number,
): Packing {
  const rows: number[][] = []
  /** Rows by the positions they have left. */
  const room: number[][][] = Array.from({ length: length + 1 }, () => [])
  let truncated = 0
  let cutTokens = 0
  let leftOut = 0
  const sized: { index: number; size: number }[] = []
  conversations.forEach(({ ids, mask }, index) => {
    const size = Math.min(ids.length - 1, length)
    if (ids.length - 1 > length) {
      truncated++
      cutTokens += ids.length - 1 - length
    }
    if (learnsFrom(mask, size)) sized.push({ index, size })
    else leftOut++
  })
  sized.sort((a, b) => b.size - a.size || a.index - b.index)
  for (const { index, size } of sized) {
    let left = size
    while (left <= length && room[left]?.length === 0) left++
    let row = room[left]?.pop()
    if (!row) {
      row = []
      rows.push(row)
      left = length
    }
    row.push(index)
    room[left - size]?.push(row)
  }
  return { rows, truncated, cutTokens, leftOut }
}

const learnsFrom = (mask: ArrayLike<number>, size: number): boolean => {
  for (let i = 1; i <= size; i++) if (mask[i]) return true
  return false
}
