import { randomBytes } from 'node:crypto';

/** Secrets that a test plants, to look afterwards where they have got to. */
export class Planted {
  private readonly secrets = new Map<string, string>();

  /** A secret that stands nowhere else in the world, in letters and digits. */
  plant(what: string, prefix = ''): string {
    return this.know(what, `${prefix}${randomBytes(18).toString('hex')}`);
  }

  /** One that was made elsewhere. */
  know(what: string, secret: string): string {
    this.secrets.set(what, secret);
    return secret;
  }

  get size(): number {
    return this.secrets.size;
  }

  /** Which of them a text holds: as they are, in base64 of any alignment, in hexadecimal digits, or reversed. */
  foundIn(text: string): string[] {
    const small = text.toLowerCase();
    return [...this.secrets].flatMap(([what, secret]) => {
      const exact = [secret, ...base64Forms(secret)].some((form) => text.includes(form));
      const hex = Buffer.from(secret, 'utf8').toString('hex');
      return exact || small.includes(hex) || text.includes(Array.from(secret).reverse().join('')) ? [what] : [];
    });
  }
}

/** What any base64 text must hold whose bytes hold the secret, wherever among them it begins. */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret, 'utf8')]);
    const whole = bytes.subarray(0, bytes.length - (bytes.length % 3));
    // The first group holds what stands before the secret.
    const [standard, url] = (['base64', 'base64url'] as const).map((form) =>
      whole.toString(form).slice(offset === 0 ? 0 : 4),
    );
    return [standard ?? '', url ?? ''];
  });
}
