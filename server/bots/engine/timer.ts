/** Somebody has set after how long what is said in a chat vanishes. */
export interface TimerHappening {
  type: 'timer'
  chat: string
  /** 0: it stays. */
  seconds: number
}
