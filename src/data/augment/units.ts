import type { Random } from '../../random.ts'
import type { Augmentation } from './augmentation.ts'

const SEGMENTERS = {
  word: new Intl.Segmenter('und', { granularity: 'word' }),
  character: new Intl.Segmenter('und', { granularity: 'grapheme' }),
}

/** What a text is made of, for an augmentation. */
export type Unit = keyof typeof SEGMENTERS

/**
 * A text as words, each with the spaces and marks that follow it, or as characters as readers see
 * them (Unicode TR 29; Chinese words by dictionary). Joined, they are the text again.
 */
export function splitUnits(text: string, unit: Unit): string[] {
  const units: string[] = []
  for (const { segment, isWordLike } of SEGMENTERS[unit].segment(text)) {
    if (unit === 'character' || isWordLike || units.length === 0) units.push(segment)
    else units[units.length - 1] += segment
  }
  return units
}

/** `text` with its words or characters varied. */
export const augmentText = (
  text: string,
  unit: Unit,
  augment: Augmentation<string>,
  random: Random,
): string => augment(splitUnits(text, unit), random).join('')
