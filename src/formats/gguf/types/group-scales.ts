/**
 * Scales and minimums of the eight groups of a Q4_K or Q5_K block, 6 bits each, from 12 bytes at
 * `at`. Scales of groups 0-3 and then their minimums fill the lower 6 bits of bytes 0-7. For groups
 * 4-7, the lower 4 bits are in the halves of bytes 8-11 (scale, then minimum), and the other two on
 * top of the byte that belongs to the group four before.
 */
export const readGroupScales = (
  blocks: Uint8Array,
  at: number,
  scales: Uint8Array,
  minimums: Uint8Array,
): void => {
  for (let group = 0; group < 4; group++) {
    const scale = blocks[at + group] as number
    const minimum = blocks[at + 4 + group] as number
    const later = blocks[at + 8 + group] as number
    scales[group] = scale & 63
    minimums[group] = minimum & 63
    scales[group + 4] = (later & 15) | ((scale >> 6) << 4)
    minimums[group + 4] = (later >> 4) | ((minimum >> 6) << 4)
  }
}
