import type { RotaryFrequencies, RotaryOptions } from './rotary.ts'

/**
 * How rotary positions are stretched over a longer context; names and defaults are Hugging Face's.
 */
export type RopeScaling =
  | { kind: 'linear'; factor: number }
  | { kind: 'dynamic'; factor: number; original: number }
  | Yarn
  | Llama3

interface Yarn {
  kind: 'yarn'
  factor: number
  /** Context of the training, in tokens. */
  original: number
  /** Turns within the original context above which a frequency stays as it is. */
  betaFast: number
  /** Turns below which it is divided by `factor`. */
  betaSlow: number
  /** Factor on cosines and sines; default 0.1 ln(factor) + 1. */
  attentionFactor?: number
  /** Whether the limits between the frequencies are rounded to whole pairs. */
  truncate: boolean
}

interface Llama3 {
  kind: 'llama3'
  factor: number
  original: number
  /** Turns within the original context: fewer than `low` are slow, more than `high` fast. */
  low: number
  high: number
}

type Scale<S> = (frequencies: number[], scaling: S, options: RotaryOptions) => RotaryFrequencies

export function scaleFrequencies(
  frequencies: number[],
  scaling: RopeScaling,
  options: RotaryOptions,
): RotaryFrequencies {
  if (scaling.kind === 'linear') return linear(frequencies, scaling, options)
  if (scaling.kind === 'dynamic') return dynamic(frequencies, scaling, options)
  if (scaling.kind === 'yarn') return yarn(frequencies, scaling, options)
  return llama3(frequencies, scaling, options)
}

/** Position interpolation (Chen et al. 2023): positions are divided by the factor. */
const linear: Scale<{ factor: number }> = (frequencies, { factor }) => ({
  frequencies: frequencies.map((f) => f / factor),
  factor: 1,
})

/**
 * Dynamic NTK-aware scaling (bloc97, emozilla 2023): beyond the original context the base grows
 * with the length, here with that of the tables: of a text in training, of the whole context in
 * use.
 */
const dynamic: Scale<{ factor: number; original: number }> = (
  frequencies,
  { factor, original },
  { context, theta, headDim },
) => {
  if (context <= original) return { frequencies, factor: 1 }
  const stretch = (factor * context) / original - (factor - 1)
  const base = theta * stretch ** (headDim / (headDim - 2))
  return { frequencies: frequencies.map((_, i) => base ** (-(2 * i) / headDim)), factor: 1 }
}

/**
 * YaRN (Peng et al. 2024): frequencies that turn often within the original context stay, slow ones
 * are divided by the factor, those between are mixed along a ramp.
 */
const yarn: Scale<Yarn> = (frequencies, scaling, { theta, headDim }) => {
  const { factor, original, betaFast, betaSlow, truncate } = scaling
  const pairOfTurns = (turns: number) =>
    (headDim * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta))
  const limits = [pairOfTurns(betaFast), pairOfTurns(betaSlow)] as const
  const low = Math.max(0, truncate ? Math.floor(limits[0]) : limits[0])
  const high = Math.min(headDim - 1, truncate ? Math.ceil(limits[1]) : limits[1])
  const width = high === low ? 0.001 : high - low
  return {
    frequencies: frequencies.map((f, i) => {
      const slow = Math.min(1, Math.max(0, (i - low) / width))
      return (f / factor) * slow + f * (1 - slow)
    }),
    factor: scaling.attentionFactor ?? (factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1),
  }
}

/** Llama 3.1 (Grattafiori et al. 2024): as YaRN's ramp, by wavelengths. */
const llama3: Scale<Llama3> = (frequencies, { factor, original, low, high }) => ({
  frequencies: frequencies.map((f) => {
    const turns = (original * f) / (2 * Math.PI)
    if (turns < low) return f / factor
    if (turns > high) return f
    const fast = (turns - low) / (high - low)
    return (1 - fast) * (f / factor) + fast * f
  }),
  factor: 1,
})
