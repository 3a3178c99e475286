import { readFile } from 'node:fs/promises'
import { load } from '../src/generate/load.ts'
import { peakMemory } from '../src/runtime/memory.ts'
import type { LoadAnswer } from './load.ts'

/** Loads a model, or reads a file twice: arguments `load|read PATH THREADS`. */
const [what, path, threads] = process.argv.slice(2) as ['load' | 'read', string, string]

const started = performance.now()
if (what === 'load') await load(path, { engine: 'cpu', threads: Number(threads) })
else for (let time = 0; time < 2; time++) await readFile(path)
const milliseconds = performance.now() - started

const answer: LoadAnswer = { milliseconds, peakBytes: peakMemory() }
console.log(JSON.stringify(answer))
process.exit()
