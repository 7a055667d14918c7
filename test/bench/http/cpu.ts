/** What a measured server tells the bench: its ports, and on every message the µs of processor time it has used so far. */
export function tellCpu(...ports: number[]): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpu: user + system })
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ ports })
}
