import { arcChallenge, arcEasy } from './arc.ts'
import type { Benchmark } from './benchmark.ts'
import { blimp } from './blimp.ts'
import { chnsenticorp } from './chnsenticorp.ts'
import { cmmlu } from './cmmlu.ts'
import { gsm8k } from './gsm8k.ts'
import { hellaswag } from './hellaswag.ts'
import { lambada } from './lambada.ts'
import { mmlu } from './mmlu.ts'
import { sst2 } from './sst2.ts'
import { trec } from './trec.ts'
import { wikitext } from './wikitext.ts'

/** All benchmarks, by the name that the command line takes. */
export const BENCHMARKS = {
  hellaswag,
  mmlu,
  cmmlu,
  'arc-easy': arcEasy,
  'arc-challenge': arcChallenge,
  lambada,
  blimp,
  gsm8k,
  wikitext,
  sst2,
  trec,
  chnsenticorp,
} as const satisfies Readonly<Record<string, Benchmark>>

export type BenchmarkName = keyof typeof BENCHMARKS

export const BENCHMARK_NAMES = Object.keys(BENCHMARKS) as [BenchmarkName, ...BenchmarkName[]]
