import type { ConnectPlace, Program } from './place.ts'
import { quotedForDart } from './quoting.ts'

/** For `fastport_client` as it is published, which knows one exact topic a subscription and seals all it sends. */
export function dartProgram({ url, name }: ConnectPlace): Program {
  const code = `// dart pub add fastport_client
// BROKER_PASSWORD=... BROKER_AES_KEY=... dart run bin/reader.dart
import 'dart:io';
import 'package:fastport_client/fastport_client.dart';

Future<void> main() async {
  final fastPort = FastPort(
    serverUrl: ${quotedForDart(url)},
    sessionName: ${quotedForDart(name)},
    password: Platform.environment['BROKER_PASSWORD'] ?? '',
    // 32 bytes in Base64, the same for all that share messages.
    aesKey: Platform.environment['BROKER_AES_KEY'] ?? '',
  );
  try {
    await fastPort.init();
  } catch (error) {
    // "Failed to connect: Invalid password", and it would try for ever.
    stderr.writeln(error);
    exit(1);
  }
  fastPort.get('orders/created', (message, timestamp) {
    print(message);
  });
  await fastPort.emit('orders/seen', 'Order 1');
}`
  return { code, missing: null }
}
