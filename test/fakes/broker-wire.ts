/** A line without a socket: says what was asked of it, and holds as much unsent as it is told to. */
import type { Wire } from '../../server/brokers/connections/shared/wire.ts'

export class FakeWire implements Wire {
  readonly address = '127.0.0.1'
  readonly pings: boolean
  unsent = 0
  /** `pause`, `resume`, `ping`, `destroy`, `close 1001`, in their order. */
  readonly asked: string[] = []

  constructor({ pings = true } = {}) {
    this.pings = pings
  }

  write(bytes: Buffer): void {
    this.unsent += bytes.length
  }
  frame(packet: Buffer): Buffer {
    return packet
  }
  ping(): void {
    this.asked.push('ping')
  }
  pause(): void {
    this.asked.push('pause')
  }
  resume(): void {
    this.asked.push('resume')
  }
  close(code: number): void {
    this.asked.push(`close ${code}`)
  }
  destroy(): void {
    this.asked.push('destroy')
  }
}
