import { rotarySettings } from '../models/positions.ts'
import type { StackConfig } from '../models/stack-config.ts'
import { rotaryTables } from '../nn/index.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'

/** Positions of the first tables; each larger pair has twice as many. */
const FIRST = 1024

/**
 * The tables of rotary positions that decoding reads, for as many positions as are in use: a
 * model's context may be millions of tokens. Outgrown tables stay for steps bound to them; all
 * together take less than twice the memory of the last.
 */
export class RotaryMemory {
  readonly #engine: Engine
  readonly #stack: StackConfig
  readonly #tables = new Map<number, Record<string, DeviceTensor>>()

  constructor(engine: Engine, stack: StackConfig) {
    this.#engine = engine
    this.#stack = stack
  }

  /** Positions of the tables that serve sequences of up to `length` tokens. */
  rows(length: number): number {
    let rows = FIRST
    while (rows < length) rows *= 2
    return Math.min(rows, this.#stack.context)
  }

  /** Tables by the names of inputs, see `InPlaceCache`; none unless positions are rotary. */
  tables(length: number): Readonly<Record<string, DeviceTensor>> {
    const rows = this.rows(length)
    const made = this.#tables.get(rows) ?? this.#make(rows)
    this.#tables.set(rows, made)
    return made
  }

  #make(rows: number): Record<string, DeviceTensor> {
    const { context, headDim } = this.#stack
    const made: Record<string, DeviceTensor> = {}
    for (const [name, settings] of Object.entries(rotarySettings(this.#stack))) {
      const tables = rotaryTables({ ...settings, context, headDim, rows })
      for (const [i, part] of (['cos', 'sin'] as const).entries()) {
        const tensor = this.#engine.tensor('float32', [rows, headDim / 2])
        tensor.write(tables[i] as Float32Array)
        made[`${name}.${part}`] = tensor
      }
    }
    return made
  }

  dispose(): void {
    for (const made of this.#tables.values())
      for (const tensor of Object.values(made)) tensor.dispose()
    this.#tables.clear()
  }
}
