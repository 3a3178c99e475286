import { type ChildProcess, fork } from 'node:child_process'

/** A child process that is asked one thing at a time; its first message says that it is ready. */
export class Worker {
  readonly #child: ChildProcess
  #failure = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stderr?.on('data', (text) => {
      this.#failure += text
    })
  }

  /** Throws with what the process complained of when it cannot start. */
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
