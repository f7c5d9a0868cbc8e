import { createPrivateKey, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';

/** What a client or a server of TLS shows, in PEM. */
export interface Certified {
  readonly certificate: string;
  /** PKCS 8. */
  readonly key: string;
  /** The authority that signed it. */
  readonly ca: string;
}

/** A certificate for 127.0.0.1 and localhost, for clients and servers alike, by an authority made for it alone. */
export async function makeCertificates(name = 'carillon test'): Promise<Certified> {
  return new Authority().certify(name);
}

/** Signs certificates that are good for a day. X.509 v3 (RFC 5280), as much of it as TLS asks for. */
export class Authority {
  private readonly pair = newPair();
  private readonly name = distinguishedName('carillon test authority');
  readonly certificate = this.sign(this.name, this.pair.publicKey, [
    extension([2, 5, 29, 19], sequence(Buffer.from([0x01, 0x01, 0xff]))), // basic constraints: a CA
  ]);

  certify(commonName: string): Certified {
    const { publicKey, privateKey } = newPair();
    const names = sequence(
      der(0x82, Buffer.from('localhost')), // a DNS name
      der(0x87, Buffer.from([127, 0, 0, 1])), // an IP address
    );
    const certificate = this.sign(distinguishedName(commonName), publicKey, [extension([2, 5, 29, 17], names)]);
    return { certificate, key: privateKey, ca: this.certificate };
  }

  private sign(subject: Buffer, publicKey: Buffer, extensions: readonly Buffer[]): string {
    const day = 86_400_000;
    const algorithm = sequence(oid([1, 2, 840, 10045, 4, 3, 2])); // ECDSA with SHA-256
    const body = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))), // version 3
      der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])), // serial number
      algorithm,
      this.name,
      sequence(utcTime(Date.now() - day), utcTime(Date.now() + day)),
      subject,
      publicKey,
      der(0xa3, sequence(...extensions)),
    );
    const signature = createSign('sha256').update(body).sign(createPrivateKey(this.pair.privateKey));
    const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
    const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  }
}

function newPair(): { publicKey: Buffer; privateKey: string } {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function oid([first = 0, second = 0, ...rest]: readonly number[]): Buffer {
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return der(0x06, Buffer.from(bytes));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid([2, 5, 4, 3]), der(0x0c, Buffer.from(commonName)))));
}

function extension(id: readonly number[], value: Buffer): Buffer {
  return sequence(oid(id), der(0x04, value));
}

function utcTime(at: number): Buffer {
  const text = new Date(at).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${text}Z`));
}
