// The official JavaScript client, in the newest version and in the one most widely deployed, in either format.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as newest from 'centrifuge';
import * as newestProtobuf from 'centrifuge/build/protobuf';
import * as deployed from 'centrifuge-5-7-4';
import * as deployedProtobuf from 'centrifuge-5-7-4/build/protobuf';
import WebSocket from 'ws';
import { hosts } from '../server.mjs';

/** What an application hands to a client, and gets of it: values in JSON, bytes in Protobuf. */
const values = { encode: (value) => value, decode: (value) => value };
const bytes = {
  encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
  decode: (data) => JSON.parse(new TextDecoder().decode(data)),
};

export const sdks = [
  { name: '5.8.0 in JSON', Centrifuge: newest.Centrifuge, ...values },
  { name: '5.8.0 in Protobuf', Centrifuge: newestProtobuf.Centrifuge, ...bytes },
  { name: '5.7.4 in JSON', Centrifuge: deployed.Centrifuge, ...values },
  { name: '5.7.4 in Protobuf', Centrifuge: deployedProtobuf.Centrifuge, ...bytes },
];

/** Takes the certificate that a test has made for itself. */
class TrustingWebSocket extends WebSocket {
  constructor(url, protocols, options) {
    super(url, protocols, { ...options, rejectUnauthorized: false });
  }
}

const plainly = Object.entries(hosts).map(([name, args]) =>
  ({ name: `the ${name}`, args: () => args, wireOf: (wire) => wire, WebSocket, end: () => {} }));

function overTls() {
  let folder;
  return {
    name: 'the loop over wss',
    args() {
      folder = mkdtempSync(join(tmpdir(), 'sluice-sdk-'));
      const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
      execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
        '-subj', '/CN=localhost', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
      return ['--certificate', certificate, '--certificate-key', key];
    },
    wireOf: (wire) => wire.replace(/^ws:/, 'wss:'),
    WebSocket: TrustingWebSocket,
    end: () => rmSync(folder, { recursive: true }),
  };
}

/** What carries a client's messages. */
export const carriers = [...plainly, overTls()];
