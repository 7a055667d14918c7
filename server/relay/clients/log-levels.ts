/** The levels of log messages that the protocol has, from the least to the gravest. */
const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

export function isLevelOrAbove(level: string, least: string): boolean {
  return levels.indexOf(level) >= levels.indexOf(least)
}
