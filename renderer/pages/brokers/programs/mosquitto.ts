import { noMqttPort, partsOf, usualMqttPort, type ConnectPlace, type Program } from './place.ts'
import { quotedForShell } from './quoting.ts'

/** Two commands, for two terminals. */
export function mosquittoProgram({ url, name, mqttPort }: ConnectPlace): Program {
  const { host } = partsOf(url)
  const to = `-h ${host} -p ${mqttPort ?? usualMqttPort} -u ${quotedForShell(name)} -P "$BROKER_PASSWORD"`
  const code = `# apt install mosquitto-clients, or brew install mosquitto
# In both terminals: read -rs BROKER_PASSWORD; export BROKER_PASSWORD

# One listens. With -c -i shop-1 in place of -I, which gives each copy
# a name of its own, what comes while it is away is kept for it.
mosquitto_sub ${to} \\
  -I "$(hostname)-" -q 1 -v -t 'orders/#'

# The other one sends.
mosquitto_pub ${to} \\
  -I "$(hostname)-" -q 1 -t orders/created -m 'Order 1'`
  return { code, missing: mqttPort === null ? noMqttPort : null }
}
