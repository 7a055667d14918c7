/** A client of the delivery engine without a wire: keeps what it is sent, and is as slow as it is told to be. */
import type { Delivery, EndReason, Link, Message, Receipt } from '../../server/brokers/engine/model.ts'

let nextId = 1

export class FakeLink implements Link {
  readonly id = nextId++
  readonly protocol = 'json'
  readonly address = '127.0.0.1'
  readonly connectedAt = 0
  readonly name: string
  isStalled = false
  room = true
  readonly received: { id: string; topic: string; tries: number; at: number }[] = []
  readonly receipts: Receipt[] = []
  readonly logs: string[] = []
  ended: EndReason | null = null
  private readonly now: () => number

  constructor(name: string, now: () => number = () => 0) {
    this.name = name
    this.now = now
  }

  ready(): boolean {
    return this.room && this.ended === null
  }
  send({ message: { id, topic }, tries }: Delivery): boolean {
    this.received.push({ id, topic, tries, at: this.now() })
    return true
  }
  sendOnce({ id, topic }: Message): void {
    this.received.push({ id, topic, tries: 0, at: this.now() })
  }
  log(text: string): void {
    this.logs.push(text)
  }
  relay(): boolean {
    return true
  }
  whenDrained(callback: () => void): void {
    callback()
  }
  accepted(receipt: Receipt): void {
    this.receipts.push(receipt)
  }
  end(reason: EndReason): void {
    this.ended = reason
  }
  failed(error: unknown): void {
    throw error
  }
}
