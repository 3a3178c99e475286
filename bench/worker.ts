import { type ChildProcess, fork } from 'node:child_process'

/** A child process that answers one request at a time; its first message says it is ready. */
export class Worker {
  readonly #child: ChildProcess
  #failure = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stderr?.on('data', (text) => {
      this.#failure += text
    })
  }

  /** Throws with the process's standard error if it cannot start. */
  static async start(file: string, args: readonly string[]): Promise<Worker> {
    const worker = new Worker(fork(file, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }))
    await worker.#answer()
    return worker
  }

  async ask<T>(request: object): Promise<T> {
    this.#child.send(request)
    return (await this.#answer()) as T
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect()
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error(`the process ended: ${this.#failure.trim()}`))
      this.#child.once('exit', ended)
      this.#child.once('message', (answer) => {
        this.#child.off('exit', ended)
        resolve(answer)
      })
    })
  }
}

/** The other end of a `Worker`: answers requests until the parent disconnects. */
export function serveRequests<R>(answer: (request: R) => Promise<object>): void {
  process.on('message', async (request) => process.send?.(await answer(request as R)))
  process.on('disconnect', () => process.exit())
  process.send?.({ ready: true })
}
